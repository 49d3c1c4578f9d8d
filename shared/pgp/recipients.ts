import type { KeyID, PrivateKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { allOwnKeys, type KeyRing } from './key-ring.ts';
import { encryptionProblem } from './key-use.ts';

/**
 * Tries our keys that the message may be encrypted to, those in use first; usually that is one.
 *
 * @param attempt throws faults; with PGP_INTEGRITY the next key is tried
 * @throws Fault PGP_NO_KEY, and what the attempt throws
 */
export async function withOneOf<T>(
  ring: KeyRing,
  recipients: readonly KeyID[],
  attempt: (key: PrivateKey) => Promise<T>,
): Promise<T> {
  const candidates = allOwnKeys(ring).filter((key) => recipients.some((id) => key.getKeys(id).length > 0));
  let failure: Fault | undefined;
  for (const key of candidates) {
    try {
      return await attempt(key);
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'PGP_INTEGRITY')) throw error;
      // Of a hidden recipient only this much is known: with our key it does not come out right.
      if (recipients.some((id) => !isHidden(id) && key.getKeys(id).length > 0)) failure = error;
    }
  }
  throw failure ?? noKey(recipients);
}

function noKey(recipients: readonly KeyID[]): Fault {
  if (recipients.length === 0)
    return new Fault('PGP_NO_KEY', 'it names no key that it is encrypted to; encrypted with a password?');
  const ids = recipients.map((id) => (isHidden(id) ? 'a hidden recipient' : id.toHex()));
  return new Fault('PGP_NO_KEY', `encrypted to ${ids.join(', ')}; none of these is a key of ours`);
}

/** The key id of all zeros, which stands for a recipient that is not named (RFC 9580, section 5.1.8). */
export const isHidden = (id: KeyID): boolean => /^0+$/.test(id.toHex());

/**
 * Whether senders should be using another key of ours: the newest in use to which one can encrypt now, or one that is
 * coming.
 */
export async function isRetired(key: PrivateKey, ring: KeyRing, now: Date): Promise<boolean> {
  if (ring.coming.includes(key)) return false;
  for (const current of ring.own) {
    if ((await encryptionProblem(current, now)) === undefined) return current !== key;
  }
  return true;
}
