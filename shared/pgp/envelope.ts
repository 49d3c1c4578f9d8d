import { Fault } from '../runtime/faults.ts';

/** Packet types of RFC 9580, section 5, that matter here, and GnuPG's own encrypted data (type 20, LibrePGP). */
const tag = {
  publicKeySessionKey: 1,
  passwordSessionKey: 3,
  unprotectedData: 9,
  marker: 10,
  protectedData: 18,
  aeadData: 20,
  padding: 21,
};
const sessionKeyTags = [tag.publicKeySessionKey, tag.passwordSessionKey];
const dataTags = [tag.unprotectedData, tag.protectedData, tag.aeadData];
const ignoredTags = [tag.marker, tag.padding];

interface Packet {
  readonly tag: number;
  /** False: the file ends before the packet does. */
  readonly complete: boolean;
}

/**
 * Checks the outer form of a binary message before the library sees it: session keys, then one packet of encrypted
 * data with integrity protection, then nothing (RFC 9580, section 10.3).
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_TOO_MANY_RECIPIENTS, PGP_NO_INTEGRITY, PGP_INTEGRITY
 */
export function checkEnvelope(bytes: Uint8Array, maxSessionKeyPackets: number): void {
  let before = 0;
  let data: Packet | undefined;
  for (const packet of packets(bytes)) {
    if (data !== undefined) {
      throw new Fault('PGP_MALFORMED', 'something follows the message: only one message may be in a file');
    }
    if (dataTags.includes(packet.tag)) data = packet;
    else if (!sessionKeyTags.includes(packet.tag) && !ignoredTags.includes(packet.tag))
      throw notAMessage(before);
    else if (!packet.complete) throw new Fault('PGP_MALFORMED', 'the file ends before the encrypted data');
    else if (++before > maxSessionKeyPackets) {
      throw new Fault(
        'PGP_TOO_MANY_RECIPIENTS',
        `more than ${maxSessionKeyPackets} packets before the encrypted data`,
      );
    }
  }
  if (data === undefined) throw notAMessage(before);
  if (data.tag === tag.unprotectedData) {
    throw new Fault('PGP_NO_INTEGRITY', 'the encrypted data can be altered unnoticed (packet type 9)');
  }
  if (!data.complete) throw new Fault('PGP_INTEGRITY', 'the file ends before the encrypted data does');
}

function notAMessage(packetsBefore: number): Fault {
  return packetsBefore === 0
    ? new Fault('NOT_ENCRYPTED', 'the file is not an encrypted OpenPGP message')
    : new Fault('PGP_MALFORMED', 'session keys without encrypted data after them');
}

/** The sequence of packets, by their headers alone (RFC 9580, section 4.2). What is no header at all has the tag -1. */
function* packets(bytes: Uint8Array): Generator<Packet> {
  let at = 0;
  while (at < bytes.length) {
    const header = bytes[at] ?? 0;
    const newFormat = (header & 0x40) !== 0;
    const isHeader = (header & 0x80) !== 0;
    const end = newFormat ? endOfNewFormat(bytes, at + 1) : endOfOldFormat(bytes, at + 1, header & 3);
    yield {
      tag: !isHeader ? -1 : newFormat ? header & 0x3f : (header & 0x3f) >> 2,
      complete: end <= bytes.length,
    };
    at = end;
  }
}

function endOfNewFormat(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const first = bytes[at];
    if (first === undefined) return Infinity;
    if (first < 192) return at + 1 + first;
    if (first < 224) return at + 2 + ((first - 192) << 8) + 192 + readNumber(bytes, at + 1, 1);
    if (first === 255) return at + 5 + readNumber(bytes, at + 1, 4);
    at += 1 + 2 ** (first & 0x1f);
  }
}

function endOfOldFormat(bytes: Uint8Array, start: number, lengthType: number): number {
  // Type 3: no length, the packet goes on to the end of the file.
  if (lengthType === 3) return bytes.length;
  const lengthBytes = 2 ** lengthType;
  return start + lengthBytes + readNumber(bytes, start, lengthBytes);
}

/** Big-endian; infinite when the file ends within the number. */
function readNumber(bytes: Uint8Array, start: number, length: number): number {
  let value = 0;
  for (let i = start; i < start + length; i++) value = value * 256 + (bytes[i] ?? Infinity);
  return value;
}
