import { createCipheriv, createHash, hkdfSync } from 'node:crypto';

import { join, packet } from '../support/pgp.ts';
import type { Random } from './random.ts';

/**
 * Seals any bytes with a correct integrity check, as a hostile sender can who knows only our public key. The session key
 * is always the same and comes encrypted from the fixtures, so that a seed gives the same bytes everywhere.
 */

export const sessionKey = Buffer.alloc(32, 'fuzz session key');

const aes256 = 9;

/** With a modification detection code: version 1 of the packet (RFC 9580, section 5.13.1). */
export function withCode(plain: Uint8Array, random: Random): Uint8Array {
  const prefix = random.bytes(16);
  const hashed = Buffer.concat([prefix, prefix.subarray(14), plain, Uint8Array.of(0xd3, 0x14)]);
  const cipher = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16));
  const digest = createHash('sha1').update(hashed).digest();
  return packet(18, join(Uint8Array.of(1), cipher.update(Buffer.concat([hashed, digest])), cipher.final()));
}

const tagBytes = 16;
const ciphers = {
  ocb: { id: 2, name: 'aes-256-ocb', nonceBytes: 15 },
  gcm: { id: 3, name: 'aes-256-gcm', nonceBytes: 12 },
} as const;

/** With AEAD in chunks of 64 · 2^`chunk` bytes: version 2 of the packet (RFC 9580, section 5.13.2). */
export function withAead(
  plain: Uint8Array,
  random: Random,
  { kind, chunk }: { readonly kind: keyof typeof ciphers; readonly chunk: number },
): Uint8Array {
  const { id, name, nonceBytes } = ciphers[kind];
  const salt = random.bytes(32);
  const header = Uint8Array.of(2, aes256, id, chunk);
  const bound = join(Uint8Array.of(0xc0 | 18), header);
  const derived = Buffer.from(hkdfSync('sha256', sessionKey, salt, bound, 32 + nonceBytes - 8));
  const seal = (index: number, bytes: Uint8Array, more: Uint8Array): Uint8Array => {
    const nonce = join(derived.subarray(32), bigEndian(index));
    // OCB is to be told the length of its tag, which GCM takes as a type of its own.
    const cipher = createCipheriv(name as 'aes-256-ocb', derived.subarray(0, 32), nonce, {
      authTagLength: tagBytes,
    });
    cipher.setAAD(join(bound, more), { plaintextLength: bytes.length });
    return join(cipher.update(bytes), cipher.final(), cipher.getAuthTag());
  };
  const size = 64 * 2 ** chunk;
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < plain.length || at === 0; at += size) {
    chunks.push(seal(chunks.length, plain.subarray(at, at + size), new Uint8Array()));
  }
  const end = seal(chunks.length, new Uint8Array(), bigEndian(plain.length));
  return packet(18, join(header, salt, ...chunks, end));
}

function bigEndian(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
