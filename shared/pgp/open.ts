import type { Message, SessionKey } from 'openpgp';

import { isArmoured, removeArmour } from './armour.ts';
import { checkEnvelope } from './envelope.ts';
import type { KeyRing } from './key-ring.ts';
import { decryptionFault, tooLarge } from './library-errors.ts';
import { decrypt, readMessage } from './library.ts';
import { isRetired, withOneOf } from './recipients.ts';
import { noteSignatures } from './said-signatures.ts';
import { sessionKeysOf } from './session-keys.ts';
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
  /** The sender used a key of ours that is neither the current one nor coming: it should be told. */
  readonly retiredKey: boolean;
}

/**
 * Opens one OpenPGP message, binary or armoured. Nothing of the content is given out before its integrity and all its
 * signatures are settled. The file name inside the message is ignored.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, PGP_TOO_MANY_RECIPIENTS, PGP_NO_INTEGRITY, PGP_NO_KEY,
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
  let fresh: Message<Uint8Array> | undefined = await read(binary);
  const recipients = fresh.getEncryptionKeyIDs();
  const { ownKey, data, signatures, said } = await withOneOf(ring, recipients, async (ownKey) => {
    // A message can be decrypted once only: the library lets go of the encrypted data.
    const message = fresh ?? (await read(binary));
    fresh = undefined;
    const said = noteSignatures(message);
    const result = await decrypt({
      message,
      sessionKeys: (await sessionKeysOf(message, ownKey, now)) as SessionKey[],
      verificationKeys: keys.map(({ key }) => key),
      format: 'binary',
      date: now,
      config: decryptionConfig(policy.maxPlaintextBytes),
    }).catch(throwFault);
    return { ownKey, data: result.data as Uint8Array, signatures: result.signatures, said: said() };
  });
  if (data.length > policy.maxPlaintextBytes) throw tooLarge();
  return {
    bytes: data,
    signer: await settleSignatures(signatures, said, keys, policy, now),
    decryptedWith: ownKey.getKeyID().toHex(),
    retiredKey: await isRetired(ownKey, ring, now),
  };
}

/** @throws Fault PGP_MALFORMED */
const read = (binaryMessage: Uint8Array): Promise<Message<Uint8Array>> =>
  readMessage({ binaryMessage, config: pgpConfig }).catch(throwFault);

function throwFault(error: unknown): never {
  throw decryptionFault(error);
}
