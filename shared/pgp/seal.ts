import type { PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { keysOf, requireParties, type KeyRing } from './key-ring.ts';
import { encryptionProblem, signingProblem } from './key-use.ts';
import type { Reason } from './library-errors.ts';
import { createMessage, encrypt } from './library.ts';
import { pgpConfig } from './settings.ts';

/**
 * Signs with our newest valid key and encrypts to every valid key of each party. Binary, and without a file name
 * inside.
 *
 * @throws Fault KEY_MISSING, PGP_KEY_EXPIRED, PGP_KEY_REVOKED, PGP_WEAK_ALGORITHM naming the party without a usable key
 */
export async function sealMessage(
  bytes: Uint8Array,
  ring: KeyRing,
  to: { readonly encryptTo: readonly string[] },
  now = new Date(),
): Promise<Uint8Array> {
  if (to.encryptTo.length === 0) throw new Fault('KEY_MISSING', 'there is no party to encrypt to');
  requireParties(ring, to.encryptTo);
  const [signingKey] = await usable(ring.own, 'own', (key) => signingProblem(key, now));
  const recipients = to.encryptTo.map((party) =>
    usable(keysOf(ring, party), party, (key) => encryptionProblem(key, now)),
  );
  const encryptionKeys = (await Promise.all(recipients)).flat();
  const message = await createMessage({ binary: bytes, filename: '', date: now });
  const sealed: unknown = await encrypt({
    message,
    signingKeys: signingKey as PrivateKey,
    encryptionKeys,
    date: now,
    format: 'binary',
    config: pgpConfig,
  });
  return sealed as Uint8Array;
}

/** The keys without a problem; if there is none, the problem of the newest one is the reason. */
async function usable<K extends PublicKey>(
  keys: readonly K[],
  party: string,
  problemOf: (key: K) => Promise<Reason | undefined>,
): Promise<K[]> {
  const judged = await Promise.all(keys.map(async (key) => ({ key, problem: await problemOf(key) })));
  const good = judged.filter(({ problem }) => problem === undefined).map(({ key }) => key);
  const newest = judged[0];
  if (good.length === 0 && newest?.problem !== undefined) {
    throw new Fault(
      newest.problem.code,
      `key ${newest.key.getFingerprint()} of ${party}: ${newest.problem.why}`,
    );
  }
  return good;
}
