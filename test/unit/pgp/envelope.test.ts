import { describe, expect, test } from '@jest/globals';

import { checkEnvelope, Envelope } from '../../../shared/pgp/envelope.ts';
import { join, packet } from '../../support/pgp.ts';

const body = (length: number): Uint8Array => new Uint8Array(length).fill(1);
const session = packet(1, body(94));
const data = packet(18, body(300));
/** GCM in chunks of 64 bytes, of so many bytes in all. */
const aead = (length: number): Uint8Array => packet(18, join(Uint8Array.of(2, 9, 3, 0), body(length - 4)));
const marker = packet(10, Buffer.from('PGP'));

/** A packet in partial lengths: 512 bytes, then the last 100. */
const partial = join(Uint8Array.of(0xd2, 0xe9), body(512), Uint8Array.of(100), body(100));
/** Two-byte length of the new format, and the three lengths of the old format. */
const shortLength = join(Uint8Array.of(0xd2, 192, 8), body(200));
const old = (lengthType: number, length: number[], content: Uint8Array): Uint8Array =>
  join(Uint8Array.of(0x80 | (9 << 2) | lengthType, ...length), content);

function codeOf(check: () => unknown): string {
  try {
    check();
    return 'good';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Checks the bytes in pieces, and returns what came of them. */
function checkInPieces(bytes: Uint8Array, size: number) {
  const envelope = new Envelope(4);
  const data: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) data.push(...envelope.push(bytes.subarray(at, at + size)));
  return { protection: envelope.end(), data: join(...data) };
}

describe('envelope of a message', () => {
  test.each([
    ['session key and data', join(session, data), 'good'],
    ['several recipients and a password', join(session, session, packet(3, body(20)), data), 'good'],
    ['a marker first', join(marker, session, data), 'good'],
    ['AEAD data of GnuPG', join(session, packet(20, body(300))), 'good'],
    ['partial lengths', join(session, partial), 'good'],
    ['two-byte length', join(session, shortLength), 'good'],
    [
      'P02 a version that does not exist',
      join(session, packet(18, body(300).fill(3, 0, 1))),
      'PGP_MALFORMED',
    ],
    ['P02 an AEAD chunk cut within its tag', join(session, aead(4 + 32 + 80 + 15 + 16)), 'PGP_INTEGRITY'],
    ['AEAD of the standard', join(session, aead(4 + 32 + 80 + 16)), 'good'],
    ['P23 a session key as large as a file', join(packet(1, body(70_000)), data), 'PGP_MALFORMED'],
    ['P03 no integrity protection', join(session, packet(9, body(300))), 'PGP_NO_INTEGRITY'],
    ['P03 old format, one byte', join(session, old(0, [20], body(20))), 'PGP_NO_INTEGRITY'],
    ['P03 old format, two bytes', join(session, old(1, [1, 0], body(256))), 'PGP_NO_INTEGRITY'],
    ['P03 old format, four bytes', join(session, old(2, [0, 0, 1, 0], body(256))), 'PGP_NO_INTEGRITY'],
    ['P03 old format, to the end', join(session, old(3, [], body(999))), 'PGP_NO_INTEGRITY'],
    ['P02 data cut off', join(session, data).subarray(0, -1), 'PGP_INTEGRITY'],
    ['P02 partial data cut off', join(session, partial).subarray(0, -1), 'PGP_INTEGRITY'],
    ['P02 cut off between two parts', join(session, partial.subarray(0, 514)), 'PGP_INTEGRITY'],
    ['P02 cut off within the length', join(session, data.subarray(0, 3)), 'PGP_INTEGRITY'],
    ['P04 session key cut off', session.subarray(0, -1), 'PGP_MALFORMED'],
    ['P04 session key without data', session, 'PGP_MALFORMED'],
    ['P04 something else after the session key', join(session, packet(11, body(9))), 'PGP_MALFORMED'],
    ['P04 no packet after the session key', join(session, Buffer.from('hello')), 'PGP_MALFORMED'],
    ['P19 bytes after the message', join(session, data, Buffer.from('x')), 'PGP_MALFORMED'],
    ['P19 two messages', join(session, data, session, data), 'PGP_MALFORMED'],
    ['P19 a second data packet', join(session, data, data), 'PGP_MALFORMED'],
    ['P05 a CSV', Buffer.from('imei,order\n123,456\n'), 'NOT_ENCRYPTED'],
    ['P05 a CSV with byte-order mark', Buffer.from('\uFEFFimei,order\n'), 'NOT_ENCRYPTED'],
    ['P05 a literal packet', packet(11, body(20)), 'NOT_ENCRYPTED'],
    [
      'P05 a signed message',
      join(packet(4, body(13)), packet(11, body(9)), packet(2, body(90))),
      'NOT_ENCRYPTED',
    ],
    ['P05 a key', packet(6, body(50)), 'NOT_ENCRYPTED'],
    ['P05 nothing', new Uint8Array(), 'NOT_ENCRYPTED'],
    ['P23 as many session keys as allowed', join(...Array<Uint8Array>(4).fill(session), data), 'good'],
    ['P23 one more', join(...Array<Uint8Array>(5).fill(session), data), 'PGP_TOO_MANY_RECIPIENTS'],
  ])('%s', (_, bytes, expected) => {
    expect(codeOf(() => checkEnvelope(bytes, 4))).toBe(expected);
    for (const size of [1, 2, 7, 400]) expect(codeOf(() => checkInPieces(bytes, size))).toBe(expected);
  });
});

test.each([
  ['one length', data, 300],
  ['partial lengths', partial, 612],
  ['two-byte length', shortLength, 200],
])('the encrypted data come out, whatever the pieces: %s', (_, message, length) => {
  for (const size of [1, 3, 100, 10_000]) {
    const { protection, data: found } = checkInPieces(join(marker, session, message), size);
    expect(protection).toBe('modification detection code');
    expect(Buffer.from(found)).toEqual(Buffer.from(body(length)));
  }
});
