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
import { openMessage, type Opened, type OpenPolicy } from '../../shared/pgp/open.ts';
import { verifyMessage, type MessageSource } from '../../shared/pgp/open-stream.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import type { Fault } from '../../shared/runtime/faults.ts';

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
  coming: [],
  retired: [],
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

/** The same with AEAD (version 2), by the library. */
export async function encryptPacketsAead(
  content: Uint8Array,
  options: Pick<EncryptOptions, 'encryptionKeys' | 'config'>,
): Promise<Uint8Array> {
  const message = await createMessage({ binary: new Uint8Array() });
  message.packets.write = () => content;
  const result: unknown = await encrypt({ config: pgpConfig, ...options, message, format: 'binary' });
  return result as Uint8Array;
}

/** The same in GnuPG's own form (packet type 20, LibrePGP), with OCB in one chunk, as GnuPG 2.4 does it. */
export async function encryptPacketsGnupg(content: Uint8Array, to: PublicKey): Promise<Uint8Array> {
  const data = randomBytes(32);
  const session = await encryptSessionKey({
    data,
    algorithm: 'aes256',
    encryptionKeys: to,
    format: 'binary',
    config: pgpConfig,
  });
  // Version 1, AES-256, OCB, chunks of 2^(10 + 6) bytes.
  const start = Uint8Array.of(1, 9, 2, 10);
  const nonce = randomBytes(15);
  const seal = (index: number, plain: Uint8Array, ...more: Uint8Array[]): Uint8Array => {
    const own = nonce.with(14, (nonce[14] ?? 0) ^ index);
    const cipher = createCipheriv('aes-256-ocb', data, own, { authTagLength: 16 });
    cipher.setAAD(join(Uint8Array.of(0xd4), start, bigEndian(index), ...more), {
      plaintextLength: plain.length,
    });
    return join(cipher.update(plain), cipher.final(), cipher.getAuthTag());
  };
  const last = seal(1, new Uint8Array(), bigEndian(content.length));
  return join(session, packet(20, join(start, nonce, seal(0, content), last)));
}

/** In eight bytes. */
function bigEndian(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
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

/** The bytes in pieces of that many. */
export const inPieces = (bytes: Uint8Array, size: number): MessageSource =>
  async function* () {
    for (let at = 0; at < bytes.length; at += size)
      yield await Promise.resolve(bytes.subarray(at, at + size));
  };

export async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  for await (const piece of pieces) collected.push(piece);
  return join(...collected);
}

/** Opens a message as a stream and keeps all of it. */
export async function openStreamed(
  bytes: Uint8Array,
  ring: KeyRing,
  policy: OpenPolicy,
  now?: Date,
  pieceBytes = 1000,
): Promise<Opened> {
  const { content, ...verified } = await verifyMessage(inPieces(bytes, pieceBytes), ring, policy, now);
  return { bytes: await collect(content()), ...verified };
}

/**
 * Opens a message in memory and as a stream, which have to give the same: the content and all that is said about it, or
 * a fault of the same code.
 */
export async function openBothWays(...message: Parameters<typeof openMessage>): Promise<Opened> {
  const [inMemory, streamed] = await Promise.allSettled([openMessage(...message), openStreamed(...message)]);
  const [one, other] = [inMemory, streamed].map(outcome);
  if (one !== other) throw new Error(`in memory: ${String(one)}; streamed: ${String(other)}`);
  if (inMemory.status === 'rejected') throw inMemory.reason;
  return inMemory.value;
}

function outcome(opening: PromiseSettledResult<Opened>): string {
  if (opening.status === 'rejected') return (opening.reason as Partial<Fault>).code ?? String(opening.reason);
  const { bytes, ...rest } = opening.value;
  return JSON.stringify({ ...rest, digest: createHash('sha256').update(bytes).digest('hex') });
}
