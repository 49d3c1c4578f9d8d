import { createDecipheriv, createHash, type Decipheriv } from 'node:crypto';

import type { DecryptedSessionKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { altered } from './library-errors.ts';

/*
 * Encrypted data with a modification detection code (version 1, RFC 9580, section 5.13.1), as a stream. The library
 * reads these in memory as a whole, unless it is allowed to give out what nobody knows to be intact (EFAIL).
 */

/** A session key as the library gives it. */
export interface SessionKey {
  readonly data: Uint8Array;
  readonly algorithm: NonNullable<DecryptedSessionKey['algorithm']>;
}

/** The same as Node takes it. */
export interface DataKey {
  readonly data: Uint8Array;
  readonly cipher: string;
  readonly blockBytes: number;
}

const ciphers: ReadonlyMap<string, Omit<DataKey, 'data'>> = new Map([
  ['aes128', { cipher: 'aes-128-cfb', blockBytes: 16 }],
  ['aes192', { cipher: 'aes-192-cfb', blockBytes: 16 }],
  ['aes256', { cipher: 'aes-256-cfb', blockBytes: 16 }],
  ['tripledes', { cipher: 'des-ede3-cfb', blockBytes: 8 }],
]);
const versionBytes = 1;
const digestBytes = 20;
/** The digest, and before it the header of its packet. */
const codeBytes = 2 + digestBytes;

/**
 * The session key with which the data come out as they were encrypted. Nothing of the content is looked at. All keys
 * are tried on all of the data: what stands before them may give several.
 *
 * @param data body of the packet
 * @throws Fault PGP_INTEGRITY, PGP_WEAK_ALGORITHM (a cipher that is not to be had, for all of the keys)
 */
export async function keyThatFits(
  data: AsyncIterable<Uint8Array>,
  sessionKeys: readonly SessionKey[],
): Promise<DataKey> {
  const keys = sessionKeys.flatMap(({ data, algorithm }) => {
    const cipher = ciphers.get(algorithm);
    return cipher === undefined ? [] : [{ data, ...cipher }];
  });
  if (keys.length === 0) {
    throw new Fault('PGP_WEAK_ALGORITHM', 'it is encrypted with a cipher that is not read from large files');
  }
  const attempts = keys.map((key) => ({ key, decryption: new Decryption(key) }));
  for await (const piece of data) for (const { decryption } of attempts) decryption.update(piece);
  const [fitting] = attempts.filter(({ decryption }) => decryption.isIntact());
  if (fitting === undefined) throw altered();
  return fitting.key;
}

/**
 * The packets inside the data, to be read only of data whose code was checked in an earlier reading.
 *
 * @param data body of the packet
 * @throws Fault PGP_INTEGRITY at the end, if these are other data than those
 */
export async function* decryptedPackets(
  data: AsyncIterable<Uint8Array>,
  key: DataKey,
): AsyncGenerator<Uint8Array, void> {
  const decryption = new Decryption(key);
  for await (const piece of data) yield decryption.update(piece);
  if (!decryption.isIntact()) throw altered();
}

class Decryption {
  readonly #decipher: Decipheriv;
  readonly #digest = createHash('sha1');
  /** Bytes still to be passed over: the version, in the clear, and the random prefix of the packets. */
  #version = versionBytes;
  #prefix: number;
  /** The last bytes so far, which may be the code. */
  #held = Buffer.alloc(0);

  constructor({ data, cipher, blockBytes }: DataKey) {
    this.#decipher = createDecipheriv(cipher, data, Buffer.alloc(blockBytes));
    // Its last two bytes come twice.
    this.#prefix = blockBytes + 2;
  }

  /** @returns what is sure to belong to the packets */
  update(bytes: Uint8Array): Uint8Array {
    const encrypted = bytes.subarray(this.#version);
    this.#version -= bytes.length - encrypted.length;
    const plain = Buffer.concat([this.#held, this.#decipher.update(encrypted)]);
    const end = Math.max(plain.length - codeBytes, 0);
    this.#held = plain.subarray(end);
    const hashed = plain.subarray(0, end);
    this.#digest.update(hashed);
    const packets = hashed.subarray(this.#prefix);
    this.#prefix -= hashed.length - packets.length;
    return packets;
  }

  /** Whether all of the bytes came out as they were encrypted. To be asked once, at the end. */
  isIntact(): boolean {
    const digest = this.#digest.update(this.#held.subarray(0, -digestBytes)).digest();
    return digest.equals(this.#held.subarray(-digestBytes));
  }
}
