import type { KeyID, PublicKey } from 'openpgp';

import { keyReason, signatureReason, type Reason } from './library-errors.ts';
import { pgpConfig } from './settings.ts';

const notMeantForIt: Reason = { code: 'KEY_MISSING', why: 'the key is not made for this use' };

const useReason = (error: unknown): Reason => keyReason(error) ?? notMeantForIt;

type Judge = (key: PublicKey, at: Date, keyId?: KeyID) => Promise<Reason | undefined>;

/**
 * Judges a key once in a second, which is the unit of all dates in OpenPGP: whoever opens many messages asks for the same
 * again and again. Keys do not change while they are in use.
 */
function oncePerSecond(judge: Judge): Judge {
  const known = new WeakMap<PublicKey, { readonly of: string; readonly judgement: ReturnType<Judge> }>();
  return (key, at, keyId) => {
    const second = Math.floor(at.getTime() / 1000);
    const of = `${second} ${keyId?.toHex() ?? ''}`;
    const last = known.get(key);
    if (last?.of === of) return last.judgement;
    const judgement = judge(key, new Date(second * 1000), keyId);
    known.set(key, { of, judgement });
    return judgement;
  };
}

/** Why the key cannot sign at that time; undefined if it can. */
export const signingProblem: Judge = oncePerSecond((key, at) =>
  problemOf(key.getSigningKey(undefined, at, undefined, pgpConfig), useReason),
);

/** Why nothing can be encrypted to the key at that time; undefined if it can. */
export const encryptionProblem: Judge = oncePerSecond((key, at) =>
  problemOf(key.getEncryptionKey(undefined, at, undefined, pgpConfig), useReason),
);

/** Why a signature by this key, or by its subkey of that id, does not count at that time; undefined if it does. */
export const verificationProblem: Judge = oncePerSecond((key, at, keyId) =>
  problemOf(key.getSigningKey(keyId, at, undefined, pgpConfig), signatureReason),
);

async function problemOf(
  use: Promise<unknown>,
  reasonOf: (error: unknown) => Reason,
): Promise<Reason | undefined> {
  try {
    await use;
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
