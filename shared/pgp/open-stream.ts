import type { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web';

import type { Config, Message, PrivateKey, PublicKey, SessionKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { Envelope, type Protection } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';
import { decryptionFault, tooLarge } from './library-errors.ts';
import { readMessage } from './library.ts';
import { binaryForm, Reading, type MessageSource } from './message-source.ts';
import { decryptedPackets, keyThatFits, type DataKey } from './modification-code.ts';
import type { Opened, OpenPolicy } from './open.ts';
import { currentKey, isHidden, withOneOf } from './recipients.ts';
import { signaturesIn, type AnyMessage, type SaidSignatures } from './said-signatures.ts';
import { sessionKeysOf } from './session-keys.ts';
import { decryptionConfig, maxSessionKeyPackets, pgpConfig } from './settings.ts';
import { settleSignatures, verificationKeys, type MessageSignature } from './signatures.ts';

export type { MessageSource } from './message-source.ts';

/** A message that is too large for memory, after everything about it was settled. */
export interface Verified extends Omit<Opened, 'bytes'> {
  /**
   * The content, by another reading of the source. It is the content that was verified if the source gives the very
   * same bytes again: to make sure of that is up to the caller, before anything is done with what was read.
   *
   * @throws Fault PGP_INTEGRITY and others of the kind (the source gives other bytes), and what the source throws
   */
  readonly content: () => AsyncIterable<Uint8Array>;
}

/** With what the data are decrypted: the session key, or our key where the library does all of it. */
type Unlocking = { readonly dataKey: DataKey } | { readonly ownKey: PrivateKey };

/** How the signatures are verified. */
interface Verification {
  readonly verificationKeys: PublicKey[];
  readonly date: Date;
}

/**
 * Settles everything about one OpenPGP message, binary or armoured, by reading it several times, and keeps nothing of
 * it: the same checks as `openMessage`, for messages that are too large for memory.
 *
 * Nothing unauthenticated is ever looked at. A modification detection code (version 1) is checked over all of the data
 * in a reading of its own, before anything reads the packets inside. With AEAD (version 2) the library gives out whole
 * authenticated chunks only, and what was read of a message that turns out to be cut is discarded here.
 *
 * @throws Fault as `openMessage`; PGP_WEAK_ALGORITHM also for ciphers that are not read from large files; and what the
 *   source throws
 */
export async function verifyMessage(
  source: MessageSource,
  ring: KeyRing,
  policy: OpenPolicy,
  now = new Date(),
): Promise<Verified> {
  const protection = await checkForm(source);
  const keys = verificationKeys(ring, policy.signedBy);
  const open = (unlocking: Unlocking, verificationKeys: PublicKey[]) =>
    plaintext(source, unlocking, { verificationKeys, date: now }, policy.maxPlaintextBytes);
  const recipients = await fromBeginning(source, (message) => message.getEncryptionKeyIDs());
  const { ownKey, unlocking, signed } = await withOneOf(ring.own, recipients, async (ownKey) => {
    const unlocking =
      protection === 'aead' ? { ownKey } : { dataKey: await intactDataKey(source, ownKey, now) };
    const everybody = keys.map(({ key }) => key);
    return { ownKey, unlocking, signed: await drain(open(unlocking, everybody)) };
  });
  return {
    signer: await settleSignatures(signed.signatures, signed.said, keys, policy, now),
    decryptedWith: ownKey.getKeyID().toHex(),
    retiredKey: ownKey !== (await currentKey(ring.own, now)),
    content: () => open(unlocking, []),
  };
}

/**
 * What can be told of a message without any key: how it is protected, and the ids of the keys that it is encrypted to;
 * null for one that its sender has hidden.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_TOO_MANY_RECIPIENTS, PGP_NO_INTEGRITY, PGP_INTEGRITY, and what the source
 *   throws
 */
export async function formOf(
  source: MessageSource,
): Promise<{ protection: Protection; recipients: (string | null)[] }> {
  const protection = await checkForm(source);
  const ids = await fromBeginning(source, (message) => message.getEncryptionKeyIDs());
  return { protection, recipients: ids.map((id) => (isHidden(id) ? null : id.toHex())) };
}

/** @throws Fault as `checkEnvelope` and `removeArmour` */
async function checkForm(source: MessageSource): Promise<Protection> {
  const envelope = new Envelope(maxSessionKeyPackets);
  for await (const piece of binaryForm(source)) envelope.push(piece);
  return envelope.end();
}

async function* encryptedData(source: MessageSource): AsyncGenerator<Uint8Array, void> {
  const envelope = new Envelope(maxSessionKeyPackets);
  for await (const piece of binaryForm(source)) yield* envelope.push(piece);
}

/** @throws Fault PGP_INTEGRITY, PGP_NO_KEY, PGP_MALFORMED, PGP_WEAK_ALGORITHM */
async function intactDataKey(source: MessageSource, ownKey: PrivateKey, now: Date): Promise<DataKey> {
  const found = await fromBeginning(source, (message) => sessionKeysOf(message, ownKey, now));
  const keys = found.map(({ data, algorithm }) => {
    if (!algorithm) throw new Fault('PGP_MALFORMED', 'the session key does not belong to the data');
    return { data, algorithm };
  });
  return keyThatFits(encryptedData(source), keys);
}

/** Does something with what stands before the encrypted data. */
async function fromBeginning<T>(
  source: MessageSource,
  use: (message: Message<Uint8Array>) => T | Promise<T>,
): Promise<T> {
  const reading = new Reading(binaryForm(source));
  try {
    return await use(await readMessage({ binaryMessage: reading.stream, config: pgpConfig }));
  } catch (error) {
    throw reading.failure ?? (error instanceof Fault ? error : decryptionFault(error));
  } finally {
    await reading.close();
  }
}

/** What a decryption leaves behind, to be judged. */
interface Signed {
  readonly signatures: readonly MessageSignature[];
  readonly said: SaidSignatures;
}

/**
 * The content of a message, piece by piece. What comes before the end may turn out to be part of a message that is cut,
 * or badly signed.
 *
 * @throws Fault PGP_INTEGRITY, PGP_BOMB, PGP_MALFORMED and others of `decryptionFault`, and what the source throws
 */
async function* plaintext(
  source: MessageSource,
  unlocking: Unlocking,
  { verificationKeys, date }: Verification,
  maxPlaintextBytes: number,
): AsyncGenerator<Uint8Array, Signed> {
  const config = decryptionConfig(maxPlaintextBytes);
  const reading = new Reading(packetsToRead(source, unlocking));
  let pieces: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const [content, ...around] = await layers(reading.stream, unlocking, date, config);
    const signatures = await content.verify(verificationKeys, date, config);
    const said = signaturesIn(content);
    pieces = (content.getLiteralData() as unknown as ReadableStream<Uint8Array>).getReader();
    let bytes = 0;
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) break;
      bytes += value.length;
      if (bytes > maxPlaintextBytes) throw tooLarge();
      yield value;
    }
    // From the inside out: once an inner layer has failed, the outer ones never come to their end. The library's own
    // functions wait for these first.
    for (const layer of [content.unwrapCompressed(), content, ...around]) await readBehindData(layer);
    return { signatures, said };
  } catch (error) {
    throw reading.failure ?? (error instanceof Fault ? error : decryptionFault(error));
  } finally {
    // Not awaited, and its failure is none: what matters is that the source is let go of.
    pieces?.cancel().catch(() => undefined);
    await reading.close();
  }
}

const packetsToRead = (source: MessageSource, unlocking: Unlocking): AsyncGenerator<Uint8Array, void> =>
  'dataKey' in unlocking ? decryptedPackets(encryptedData(source), unlocking.dataKey) : binaryForm(source);

/** The content, and around it the encrypted message if it was the library that decrypted. */
async function layers(
  stream: ReadableStream<Uint8Array>,
  unlocking: Unlocking,
  date: Date,
  config: Config,
): Promise<[content: AnyMessage, ...around: AnyMessage[]]> {
  if ('dataKey' in unlocking) return [await readMessage({ binaryMessage: stream, config })];
  const message: AnyMessage = await readMessage({ binaryMessage: stream, config: pgpConfig });
  const sessionKeys = (await sessionKeysOf(message, unlocking.ownKey, date)) as SessionKey[];
  return [await message.decrypt(undefined, undefined, sessionKeys, date, config), message];
}

/** Reads what follows the data: the signatures, and whatever is wrong with the rest. */
async function readBehindData({ packets }: AnyMessage): Promise<void> {
  // The library's own, which its types do not show; null when there is nothing more.
  const { stream } = packets as { stream?: ReadableStream<unknown> | null };
  if (stream) await drain(stream[Symbol.asyncIterator]());
}

/** Reads to the end and keeps nothing. */
async function drain<R>(pieces: AsyncIterator<unknown, R>): Promise<R> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done === true) return value;
  }
}
