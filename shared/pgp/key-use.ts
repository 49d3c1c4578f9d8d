import type { PublicKey } from 'openpgp';

import { keyReason, type Reason } from './library-errors.ts';
import { pgpConfig } from './settings.ts';

const notMeantForIt: Reason = { code: 'KEY_MISSING', why: 'the key is not made for this use' };

/** Why the key cannot sign at that time; undefined if it can. */
export async function signingProblem(key: PublicKey, at: Date): Promise<Reason | undefined> {
  return problemOf(key.getSigningKey(undefined, at, undefined, pgpConfig));
}

/** Why nothing can be encrypted to the key at that time; undefined if it can. */
export async function encryptionProblem(key: PublicKey, at: Date): Promise<Reason | undefined> {
  return problemOf(key.getEncryptionKey(undefined, at, undefined, pgpConfig));
}

async function problemOf(use: Promise<unknown>): Promise<Reason | undefined> {
  try {
    await use;
    return undefined;
  } catch (error) {
    return keyReason(error) ?? notMeantForIt;
  }
}
