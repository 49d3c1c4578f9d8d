import { constants } from 'node:buffer';

import { Fault } from '../runtime/faults.ts';

const opening = '-----BEGIN PGP ';
const messageHeader = '-----BEGIN PGP MESSAGE-----';
const messageFooter = '-----END PGP MESSAGE-----';

/** Whether the bytes are text in OpenPGP armour (RFC 9580, section 6.2), of a message or of anything else. */
export function isArmoured(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, 256)).trimStart().startsWith(opening);
}

/**
 * The bytes inside the armour of one message. Strict where other programs are lenient: nothing may stand before or
 * after the armour, every character of the body counts, and a checksum that is there has to be right. (RFC 9580,
 * section 6.1, would have a wrong one ignored; it means that the text was altered on its way.)
 *
 * @throws Fault NOT_ENCRYPTED (armour of something else than a message), PGP_MALFORMED, TOO_LARGE
 */
export function removeArmour(bytes: Uint8Array): Uint8Array {
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    throw new Fault('TOO_LARGE', 'a message of this size has to be sent in binary form, without armour');
  }
  const text = latin1(bytes).trim();
  if (!text.startsWith(messageHeader)) {
    throw new Fault('NOT_ENCRYPTED', 'the file is in OpenPGP armour, but not an encrypted message');
  }
  if (!text.endsWith(messageFooter)) {
    throw new Fault(
      'PGP_MALFORMED',
      'the armour has no footer at its end: cut off, or followed by something else',
    );
  }
  const blankLine = /\n[ \t\r]*\n/.exec(text.slice(0, 4096));
  if (blankLine === null) throw new Fault('PGP_MALFORMED', 'the armour has no blank line after its headers');
  const body = text.slice(blankLine.index + blankLine[0].length, -messageFooter.length).trimEnd();
  const checksum = /\n=([A-Za-z0-9+/]{4})$/.exec(body.slice(-6))?.[1];
  const data = fromBase64(checksum === undefined ? body : body.slice(0, -6));
  if (checksum !== undefined && checksum !== crc24(data)) {
    throw new Fault(
      'PGP_MALFORMED',
      'the checksum of the armour does not match: the text was altered or cut',
    );
  }
  return data;
}

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

/** @throws Fault PGP_MALFORMED */
function fromBase64(body: string): Uint8Array {
  const base64 = body.replace(/[ \t\r\n]+/g, '');
  // Buffer passes over what is not base64, so look first.
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw new Fault('PGP_MALFORMED', 'the armour holds something else than base64');
  }
  return Buffer.from(base64, 'base64');
}

/** The checksum of RFC 9580, section 6.1.1, in base64 as it stands in the armour. */
function crc24(data: Uint8Array): string {
  let crc = 0xb704ce;
  for (const byte of data) crc = ((crc << 8) & 0xffffff) ^ (crcTable[(crc >>> 16) ^ byte] ?? 0);
  return Buffer.from([crc >>> 16, (crc >>> 8) & 0xff, crc & 0xff]).toString('base64');
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 16;
  for (let bit = 0; bit < 8; bit++) {
    crc <<= 1;
    if (crc & 0x1000000) crc ^= 0x1864cfb;
  }
  return crc & 0xffffff;
});
