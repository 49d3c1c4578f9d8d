import type { Message, PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { Envelope, type Protection } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';
import { decryptionFault } from './library-errors.ts';
import { readMessage } from './library.ts';
import { binaryForm, Reading, type MessageSource } from './message-source.ts';
import { keyThatFits, type DataKey } from './modification-code.ts';
import type { Opened, OpenPolicy } from './open.ts';
import { plaintextInThread } from './plaintext-thread.ts';
import { drain, encryptedData, plaintext, type Unlocking } from './plaintext.ts';
import { isHidden, isRetired, withOneOf } from './recipients.ts';
import { sessionKeysOf } from './session-keys.ts';
import { maxSessionKeyPackets, pgpConfig } from './settings.ts';
import { settleSignatures, verificationKeys } from './signatures.ts';

export type { MessageSource } from './message-source.ts';

/**
 * Content of this size or more is decrypted in a thread of its own when it is read. To start one costs as much CPU as to
 * decrypt some 20 MB.
 */
const threadBytes = 32_000_000;

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
  const { maxPlaintextBytes } = policy;
  const open = (unlocking: Unlocking, verificationKeys: PublicKey[]) =>
    plaintext(source, unlocking, { verificationKeys, date: now }, maxPlaintextBytes);
  const recipients = await fromBeginning(source, (message) => message.getEncryptionKeyIDs());
  const { ownKey, unlocking, signed } = await withOneOf(ring, recipients, async (ownKey) => {
    const unlocking =
      protection === 'aead' ? { ownKey } : { dataKey: await intactDataKey(source, ownKey, now) };
    const everybody = keys.map(({ key }) => key);
    return { ownKey, unlocking, signed: await drain(open(unlocking, everybody)) };
  });
  return {
    signer: await settleSignatures(signed.signatures, signed.said, keys, policy, now),
    decryptedWith: ownKey.getKeyID().toHex(),
    retiredKey: await isRetired(ownKey, ring, now),
    content: () =>
      'dataKey' in unlocking && signed.bytes >= threadBytes
        ? plaintextInThread(source, { dataKey: unlocking.dataKey, date: now, maxPlaintextBytes })
        : open(unlocking, []),
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
  return { protection, recipients: await recipientsOf(source) };
}

/**
 * Ids of the keys that a message is encrypted to, from its first bytes; null for one that its sender has hidden.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, and what the source throws
 */
export const recipientsOf = (source: MessageSource): Promise<(string | null)[]> =>
  fromBeginning(source, (message) =>
    message.getEncryptionKeyIDs().map((id) => (isHidden(id) ? null : id.toHex())),
  );

/** @throws Fault as `checkEnvelope` and `removeArmour` */
async function checkForm(source: MessageSource): Promise<Protection> {
  const envelope = new Envelope(maxSessionKeyPackets);
  for await (const piece of binaryForm(source)) envelope.push(piece);
  return envelope.end();
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
