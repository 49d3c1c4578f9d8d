import { createCipheriv, createHash, randomBytes } from 'node:crypto';

import type { PrivateKey, PublicKey } from 'openpgp';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import {
  armor,
  createMessage,
  encrypt,
  encryptSessionKey,
  enums,
  generateKey,
  sign,
} from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';

type KeyOptions = Omit<Parameters<typeof generateKey>[0], 'format'>;

/** An unprotected key of the kind that we make ourselves, unless told otherwise. */
export async function makeKey(options: Partial<KeyOptions> = {}): Promise<PrivateKey> {
  const { privateKey } = await generateKey({
    type: 'ecc',
    curve: 'curve25519Legacy',
    userIDs: { name: 'Test' },
    config: pgpConfig,
    ...options,
    format: 'object',
  });
  return privateKey;
}

/** A ring in memory. */
export const ringOf = (own: PrivateKey[], partners: Record<string, PublicKey[]> = {}): KeyRing => ({
  own,
  partners: new Map(Object.entries(partners)),
});

type EncryptOptions = Omit<Parameters<typeof encrypt>[0], 'message' | 'format'>;

/** Encrypts (and signs) with the library alone, the way a partner's program would. */
export async function encryptBytes(
  bytes: Uint8Array,
  options: EncryptOptions,
  filename = '',
): Promise<Uint8Array> {
  const message = await createMessage({ binary: bytes, filename });
  const result: unknown = await encrypt({ config: pgpConfig, ...options, message, format: 'binary' });
  return result as Uint8Array;
}

/**
 * Encrypts any bytes as the content of a message with a correct integrity check (RFC 9580, section 5.13.1): what a
 * hostile sender can do.
 */
export async function encryptPackets(
  content: Uint8Array,
  to: PublicKey,
  wildcard = false,
): Promise<Uint8Array> {
  const sessionKey = randomBytes(32);
  const session = await encryptSessionKey({
    data: sessionKey,
    algorithm: 'aes256',
    encryptionKeys: to,
    wildcard,
    format: 'binary',
    config: pgpConfig,
  });
  const prefix = randomBytes(16);
  const hashed = Buffer.concat([prefix, prefix.subarray(14), content, Uint8Array.of(0xd3, 0x14)]);
  const plain = Buffer.concat([hashed, createHash('sha1').update(hashed).digest()]);
  const cipher = createCipheriv('aes-256-cfb', sessionKey, Buffer.alloc(16));
  const data = Buffer.concat([Uint8Array.of(1), cipher.update(plain), cipher.final()]);
  return join(session, packet(18, data));
}

/** The body of a literal data packet: binary, without date, and usually without name. */
export const literalBody = (text: string, filename = ''): Uint8Array =>
  join(Uint8Array.of(0x62, filename.length), Buffer.from(filename), Buffer.alloc(4), Buffer.from(text));

export const literal = (text: string, filename = ''): Uint8Array => packet(11, literalBody(text, filename));

type SignOptions = Omit<Parameters<typeof sign>[0], 'message' | 'format' | 'signingKeys'>;

/** A signed but unencrypted message: one-pass signature, literal, signature. */
export async function signPackets(
  text: string,
  signingKeys: PrivateKey | PrivateKey[],
  options: SignOptions = {},
): Promise<Uint8Array> {
  const message = await createMessage({ binary: Buffer.from(text) });
  const result: unknown = await sign({
    config: pgpConfig,
    ...options,
    message,
    signingKeys,
    format: 'binary',
  });
  return result as Uint8Array;
}

export const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));

/** The message in armour, with checksum. */
export const armourOf = (bytes: Uint8Array): string =>
  armor(enums.armor.message, bytes, undefined, undefined, undefined, true, pgpConfig);

/** One packet in the new format of RFC 9580, section 4.2.1, with a length of five bytes. */
export function packet(tag: number, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(6);
  header.writeUInt8(0xc0 | tag);
  header.writeUInt8(255, 1);
  header.writeUInt32BE(body.length, 2);
  return join(header, body);
}

/** The packets of a message in the new format, with partial lengths put together. */
export function splitPackets(bytes: Uint8Array): { tag: number; body: Uint8Array }[] {
  const found: { tag: number; body: Uint8Array }[] = [];
  let at = 0;
  const next = (): number => bytes[at++] ?? 0;
  while (at < bytes.length) {
    const tag = next() & 0x3f;
    const parts: Uint8Array[] = [];
    for (let partial = true; partial;) {
      const first = next();
      partial = first >= 224 && first < 255;
      const length = partial
        ? 2 ** (first & 0x1f)
        : first < 192
          ? first
          : first < 224
            ? ((first - 192) << 8) + 192 + next()
            : next() * 2 ** 24 + (next() << 16) + (next() << 8) + next();
      parts.push(bytes.subarray(at, at + length));
      at += length;
    }
    found.push({ tag, body: join(...parts) });
  }
  return found;
}

/** The message with one packet's body changed. */
export function changePacket(
  bytes: Uint8Array,
  tag: number,
  change: (body: Uint8Array) => Uint8Array,
): Uint8Array {
  const packets = splitPackets(bytes).map(({ tag: own, body }) =>
    packet(own, own === tag ? change(body) : body),
  );
  return join(...packets);
}
