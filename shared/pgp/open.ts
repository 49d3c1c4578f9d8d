import type { DecryptMessageResult, KeyID, Message, PrivateKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { isArmoured, removeArmour } from './armour.ts';
import { checkEnvelope } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';
import { encryptionProblem } from './key-use.ts';
import { decryptionReason } from './library-errors.ts';
import { decrypt, readMessage } from './library.ts';
import { decryptionConfig, maxSessionKeyPackets, pgpConfig } from './settings.ts';
import { settleSignatures, verificationKeys, type SignaturePolicy, type Signer } from './signatures.ts';

export interface OpenPolicy extends SignaturePolicy {
  /** What the message may unpack to, the few bytes of packet headers included. */
  readonly maxPlaintextBytes: number;
}

export interface Opened {
  readonly bytes: Uint8Array;
  readonly signer: Signer | null;
  /** Key id of our key that opened it. */
  readonly decryptedWith: string;
  /** The sender used a key of ours that is not the current one: it should be told. */
  readonly retiredKey: boolean;
}

/**
 * Opens one OpenPGP message, binary or armoured. Nothing of the content is given out before its integrity and all its
 * signatures are settled. The file name inside the message is ignored.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, TOO_LARGE, PGP_TOO_MANY_RECIPIENTS, PGP_NO_INTEGRITY, PGP_NO_KEY,
 *   PGP_INTEGRITY, PGP_BOMB, PGP_WEAK_ALGORITHM, and what `settleSignatures` throws
 */
export async function openMessage(
  bytes: Uint8Array,
  ring: KeyRing,
  policy: OpenPolicy,
  now = new Date(),
): Promise<Opened> {
  const binary = isArmoured(bytes) ? removeArmour(bytes) : bytes;
  checkEnvelope(binary, maxSessionKeyPackets);
  const keys = verificationKeys(ring, policy.signedBy);
  const { ownKey, data, signatures } = await decryptWithOneOf(ring.own, binary, async (message, ownKey) => {
    const result = await decrypt({
      message,
      decryptionKeys: ownKey,
      verificationKeys: keys.map(({ key }) => key),
      format: 'binary',
      date: now,
      config: decryptionConfig(policy.maxPlaintextBytes),
    });
    return { ownKey, data: result.data as Uint8Array, signatures: result.signatures };
  });
  if (data.length > policy.maxPlaintextBytes)
    throw new Fault('PGP_BOMB', 'it unpacks to more than is allowed');
  const signer = await settleSignatures(signatures, keys, policy, now);
  return {
    bytes: data,
    signer,
    decryptedWith: ownKey.getKeyID().toHex(),
    retiredKey: ownKey !== (await currentKey(ring.own, now)),
  };
}

interface Decrypted {
  readonly ownKey: PrivateKey;
  readonly data: Uint8Array;
  readonly signatures: DecryptMessageResult['signatures'];
}

/**
 * Tries our keys that the message may be encrypted to, newest first; usually that is one.
 *
 * @throws Fault PGP_NO_KEY, PGP_MALFORMED, and what `decryptionReason` knows
 */
async function decryptWithOneOf(
  ownKeys: readonly PrivateKey[],
  binary: Uint8Array,
  attempt: (message: Message<Uint8Array>, key: PrivateKey) => Promise<Decrypted>,
): Promise<Decrypted> {
  const recipients = (await read(binary)).getEncryptionKeyIDs();
  const candidates = ownKeys.filter((key) => recipients.some((id) => key.getKeys(id).length > 0));
  let failure = noKey(recipients);
  for (const key of candidates) {
    // A message can be decrypted once only: the library lets go of the encrypted data.
    const message = await read(binary);
    try {
      return await attempt(message, key);
    } catch (error) {
      const { code, why } = decryptionReason(error);
      if (code !== 'PGP_INTEGRITY') throw new Fault(code, why);
      // Of a hidden recipient only this much is known: with our key it does not come out right.
      if (recipients.some((id) => !isHidden(id) && key.getKeys(id).length > 0))
        failure = new Fault(code, why);
    }
  }
  throw failure;
}

/** @throws Fault PGP_MALFORMED */
async function read(binary: Uint8Array): Promise<Message<Uint8Array>> {
  return readMessage({ binaryMessage: binary, config: pgpConfig }).catch((error: unknown) => {
    const { code, why } = decryptionReason(error);
    throw new Fault(code, why);
  });
}

function noKey(recipients: readonly KeyID[]): Fault {
  if (recipients.length === 0)
    return new Fault('PGP_NO_KEY', 'it names no key that it is encrypted to; encrypted with a password?');
  const ids = recipients.map((id) => (isHidden(id) ? 'a hidden recipient' : id.toHex()));
  return new Fault('PGP_NO_KEY', `encrypted to ${ids.join(', ')}; none of these is a key of ours`);
}

/** The key id of all zeros, which stands for a recipient that is not named (RFC 9580, section 5.1.8). */
const isHidden = (id: KeyID): boolean => /^0+$/.test(id.toHex());

/** The key that senders should be using: the newest to which one can encrypt now. */
async function currentKey(ownKeys: readonly PrivateKey[], now: Date): Promise<PrivateKey | undefined> {
  for (const key of ownKeys) if ((await encryptionProblem(key, now)) === undefined) return key;
  return undefined;
}
