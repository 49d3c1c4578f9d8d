import { Fault } from '../runtime/faults.ts';

const opening = '-----BEGIN PGP ';
const messageHeader = '-----BEGIN PGP MESSAGE-----';
const messageFooter = '-----END PGP MESSAGE-----';

/** So many bytes at the beginning of a file tell whether it is in armour. */
export const bytesToTellArmour = 256;
/** The armour's own headers end within so many characters. */
const maxHeaderCharacters = 4096;
/** Padding, checksum and the space around them. */
const maxEndCharacters = 1024;
/** Text in memory is worked off in such pieces, because strings are limited in length. */
const pieceBytes = 1_048_576;

/** Whether the bytes are text in OpenPGP armour (RFC 9580, section 6.2), of a message or of anything else. */
export function isArmoured(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, bytesToTellArmour)).trimStart().startsWith(opening);
}

/**
 * Removes the armour of one message. Strict where other programs are lenient: nothing may stand before or after the
 * armour, every character of the body counts, and a checksum that is there has to be right. (RFC 9580, section 6.1,
 * would have a wrong one ignored; it means that the text was altered on its way.) The text comes in pieces of any size.
 */
export class ArmourRemover {
  /** Undefined once the body has begun. */
  #headers: string | undefined = '';
  /** Characters of the body that do not make a group of four yet. */
  #base64 = '';
  /** The last character of the body before its end. */
  #lastCharacter = '\n';
  /** From the first equals sign of the body on: padding and checksum. */
  #end = '';
  /** From the first hyphen behind the headers on. */
  #footer = '';
  #crc = crcStart;

  /**
   * Takes the next bytes.
   *
   * @returns what was in them
   * @throws Fault NOT_ENCRYPTED (armour of something else than a message), PGP_MALFORMED
   */
  push(bytes: Uint8Array): Uint8Array {
    const text = this.#withoutHeaders(latin1(bytes));
    const [body, footer] = this.#footer === '' ? splitBefore('-', text) : ['', text];
    this.#addToFooter(footer);
    const [base64, end] = this.#end === '' ? splitBefore('=', body) : ['', body];
    this.#lastCharacter = base64.at(-1) ?? this.#lastCharacter;
    this.#end += end;
    if (this.#end.length > maxEndCharacters) throw notBase64();
    return this.#decode(base64);
  }

  /**
   * Says that there is no more text.
   *
   * @returns the last bytes
   * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED
   */
  end(): Uint8Array {
    if (this.#headers !== undefined) {
      requireMessage(this.#headers);
      throw malformed('the armour has no blank line after its headers');
    }
    if (this.#footer.trimEnd() !== messageFooter) throw noFooter();
    const end = (this.#lastCharacter + this.#end).trimEnd();
    const checksum = /\n=([A-Za-z0-9+/]{4})$/.exec(end)?.[1];
    const padding = end.slice(1, checksum === undefined ? undefined : -5).replace(space, '');
    const last = this.#base64 + padding;
    if (last.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(last)) throw notBase64();
    const data = Buffer.from(last, 'base64');
    this.#crc = crc24(this.#crc, data);
    if (checksum !== undefined && checksum !== base64OfCrc(this.#crc)) {
      throw malformed('the checksum of the armour does not match: the text was altered or cut');
    }
    return data;
  }

  /** What of the text comes after the headers. */
  #withoutHeaders(text: string): string {
    if (this.#headers === undefined) return text;
    this.#headers = (this.#headers + text).trimStart();
    if (this.#headers.length >= messageHeader.length) requireMessage(this.#headers);
    const blankLine = /\n[ \t\r]*\n/.exec(this.#headers.slice(0, maxHeaderCharacters));
    if (blankLine === null) {
      if (this.#headers.length < maxHeaderCharacters) return '';
      throw malformed('the armour has no blank line after its headers');
    }
    const body = this.#headers.slice(blankLine.index + blankLine[0].length);
    this.#headers = undefined;
    return body;
  }

  #addToFooter(text: string): void {
    this.#footer += text;
    if (this.#footer.length <= messageFooter.length) return;
    this.#footer = this.#footer.trimEnd();
    if (this.#footer.length > messageFooter.length) throw noFooter();
  }

  #decode(text: string): Uint8Array {
    const base64 = this.#base64 + text.replace(space, '');
    const groups = Math.floor(base64.length / 4);
    this.#base64 = base64.slice(groups * 4);
    const data = Buffer.from(base64.slice(0, groups * 4), 'base64');
    // Buffer passes over what is not base64, and takes another form of base64 too, which has the underscore.
    if (data.length !== groups * 3 || base64.includes('_')) throw notBase64();
    this.#crc = crc24(this.#crc, data);
    return data;
  }
}

/**
 * The same for a text in memory.
 *
 * @throws Fault NOT_ENCRYPTED (armour of something else than a message), PGP_MALFORMED
 */
export function removeArmour(bytes: Uint8Array): Uint8Array {
  const armour = new ArmourRemover();
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(armour.push(bytes.subarray(at, at + pieceBytes)));
  }
  return Buffer.concat([...pieces, armour.end()]);
}

const space = /[ \t\r\n]+/g;

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');

function splitBefore(character: string, text: string): [before: string, rest: string] {
  const index = text.indexOf(character);
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index)];
}

/** @throws Fault NOT_ENCRYPTED */
function requireMessage(text: string): void {
  if (!text.startsWith(messageHeader)) {
    throw new Fault('NOT_ENCRYPTED', 'the file is in OpenPGP armour, but not an encrypted message');
  }
}

const malformed = (detail: string): Fault => new Fault('PGP_MALFORMED', detail);
const noFooter = (): Fault =>
  malformed('the armour has no footer at its end: cut off, or followed by something else');
const notBase64 = (): Fault => malformed('the armour holds something else than base64');

/** The checksum of RFC 9580, section 6.1.1. */
const crcStart = 0xb704ce;

function crc24(start: number, data: Uint8Array): number {
  let crc = start;
  let at = 0;
  for (; at + 3 <= data.length; at += 3) {
    crc ^= ((data[at] ?? 0) << 16) | ((data[at + 1] ?? 0) << 8) | (data[at + 2] ?? 0);
    crc = (afterThree[crc >>> 16] ?? 0) ^ (afterTwo[(crc >>> 8) & 0xff] ?? 0) ^ (afterOne[crc & 0xff] ?? 0);
  }
  for (; at < data.length; at++) crc = nextByte(crc ^ ((data[at] ?? 0) << 16));
  return crc;
}

/** As it stands in the armour. */
const base64OfCrc = (crc: number): string =>
  Buffer.from([crc >>> 16, (crc >>> 8) & 0xff, crc & 0xff]).toString('base64');

/** What a byte is after it went through the checksum, and after one or two more bytes followed it. */
const afterOne = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 16;
  for (let bit = 0; bit < 8; bit++) {
    crc <<= 1;
    if (crc & 0x1000000) crc ^= 0x1864cfb;
  }
  return crc & 0xffffff;
});
const nextByte = (crc: number): number => ((crc << 8) & 0xffffff) ^ (afterOne[crc >>> 16] ?? 0);
const afterTwo = afterOne.map(nextByte);
const afterThree = afterTwo.map(nextByte);
