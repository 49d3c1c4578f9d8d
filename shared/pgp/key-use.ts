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

/** A date behind all others: what can be used then does not expire. */
const endOfTime = new Date(Date.UTC(9999, 0));

/**
 * Until when the key can do everything that it was made for: signing, being encrypted to, or both. A subkey that ends
 * does not count where another goes on.
 *
 * @returns null when it does not end
 */
export async function usableUntil(key: PublicKey): Promise<Date | null> {
  const parts = await Promise.all([
    key.getExpirationTime(undefined, pgpConfig),
    ...key.subkeys.map((subkey) => subkey.getExpirationTime(null as unknown as undefined, pgpConfig)),
  ]);
  const ends = parts.filter((end) => end instanceof Date).sort((a, b) => b.getTime() - a.getTime());
  const uses = await Promise.all(
    [signingProblem, encryptionProblem].map((judge) => lastOf(key, ends, judge)),
  );
  const lasting = uses.filter((end) => end !== undefined).sort((a, b) => a.getTime() - b.getTime());
  const first = lasting[0] ?? ends.at(-1) ?? endOfTime;
  return first === endOfTime ? null : first;
}

/** The last of the ends before which the key can be used so; undefined: it is not made for this use. */
async function lastOf(key: PublicKey, ends: readonly Date[], judge: Judge): Promise<Date | undefined> {
  if ((await judge(key, endOfTime)) === undefined) return endOfTime;
  for (const end of ends) {
    if ((await judge(key, new Date(end.getTime() - 1000))) === undefined) return end;
  }
  return undefined;
}
