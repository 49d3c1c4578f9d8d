import type { DecryptMessageResult, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { own } from './key-files.ts';
import { allOwnKeys, keysOf, type KeyRing } from './key-ring.ts';
import { verificationProblem } from './key-use.ts';
import { signatureReason, type Reason } from './library-errors.ts';
import { isAsAnnounced, type SaidSignatures } from './said-signatures.ts';
import { clockSkewSeconds } from './settings.ts';

export interface Signer {
  readonly party: string;
  readonly fingerprint: string;
}

export interface SignaturePolicy {
  readonly signature: 'required' | 'optional' | 'forbidden';
  /** Parties whose signature counts. */
  readonly signedBy: readonly string[];
}

export type MessageSignature = DecryptMessageResult['signatures'][number];

interface PartyKey {
  readonly party: string;
  readonly key: PublicKey;
}

/**
 * Everybody's keys, those of the allowed parties first. The library verifies with the first key that has the
 * signature's key id, so another party's key with the same id can never stand in for an allowed one.
 */
export function verificationKeys(ring: KeyRing, signedBy: readonly string[]): PartyKey[] {
  const parties = new Set([...signedBy, own, ...ring.partners.keys()]);
  const keysFor = (party: string) => (party === own ? allOwnKeys(ring) : keysOf(ring, party));
  return [...parties].flatMap((party) => keysFor(party).map((key) => ({ party, key })));
}

/**
 * Waits for every signature and judges all of them: one that does not count is enough to refuse the message.
 *
 * @param said what the message says about its signatures
 * @param keys the keys that the library verified with, in the same order
 * @returns the first signer, null if unsigned
 * @throws Fault PGP_UNSIGNED, PGP_SIGNATURE_FORBIDDEN, PGP_UNKNOWN_SIGNER, PGP_WRONG_SIGNER, PGP_BAD_SIGNATURE,
 *   PGP_KEY_EXPIRED, PGP_KEY_REVOKED, PGP_WEAK_ALGORITHM, PGP_SIGNATURE_EXPIRED, PGP_SIGNED_IN_FUTURE,
 *   PGP_SIGNED_FAR_AHEAD
 */
export async function settleSignatures(
  signatures: readonly MessageSignature[],
  said: SaidSignatures,
  keys: readonly PartyKey[],
  policy: SignaturePolicy,
  now: Date,
): Promise<Signer | null> {
  const settled = await Promise.allSettled(signatures.map((signature) => signature.verified));
  if (!(await areThoseSaid(signatures, said))) {
    throw new Fault('PGP_BAD_SIGNATURE', 'the message is signed in a way that cannot be verified');
  }
  if (signatures.length === 0 && policy.signature === 'required') {
    throw new Fault('PGP_UNSIGNED', 'the message is encrypted but not signed');
  }
  if (signatures.length > 0 && policy.signature === 'forbidden') {
    throw new Fault('PGP_SIGNATURE_FORBIDDEN', 'the message is signed');
  }
  const signers: Signer[] = [];
  for (const [i, signature] of signatures.entries()) {
    const signedBy = keys.find(({ key }) => key.getKeys(signature.keyID).length > 0);
    if (signedBy === undefined) {
      throw new Fault(
        'PGP_UNKNOWN_SIGNER',
        `signed with key ${signature.keyID.toHex()}, which is not in the key ring`,
      );
    }
    const outcome = settled[i];
    const reason = outcome?.status === 'fulfilled' ? undefined : signatureReason(outcome?.reason);
    signers.push(await judge(signature, signedBy, reason, policy, now));
  }
  return signers[0] ?? null;
}

/** Whether the library verified every signature that the message has, and none that was announced as another. */
async function areThoseSaid(
  signatures: readonly MessageSignature[],
  { announced, before, outside }: SaidSignatures,
): Promise<boolean> {
  const complete = outside === 0 && signatures.length === announced.length + before;
  if (!complete || (announced.length > 0 && before > 0)) return false;
  const packets = await Promise.all(signatures.map(async ({ signature }) => (await signature).packets[0]));
  return announced.every((onePass, index) => isAsAnnounced(packets[index], onePass));
}

async function judge(
  signature: MessageSignature,
  { party, key }: PartyKey,
  reason: Reason | undefined,
  policy: SignaturePolicy,
  now: Date,
): Promise<Signer> {
  const who = `key ${signature.keyID.toHex()} of ${party}`;
  // Without a good signature nothing says that the party had anything to do with it.
  if (reason?.code === 'PGP_BAD_SIGNATURE') throw new Fault(reason.code, `${who}: ${reason.why}`);
  if (!policy.signedBy.includes(party)) {
    throw new Fault(
      'PGP_WRONG_SIGNER',
      `signed by ${party}, allowed here: ${policy.signedBy.join(', ') || 'nobody'}`,
    );
  }
  if (reason?.code === 'PGP_SIGNED_IN_FUTURE') throw await datedAhead(signature, who, now);
  // Also now, not only at the date of the signature: that date is what the holder of the key writes.
  const problem = reason ?? (await verificationProblem(key, now, signature.keyID));
  if (problem !== undefined) throw new Fault(problem.code, `${who}: ${problem.why}`);
  return { party, fingerprint: key.getFingerprint() };
}

async function datedAhead(signature: MessageSignature, who: string, now: Date): Promise<Fault> {
  const created = (await signature.signature).packets[0]?.created?.getTime() ?? Infinity;
  const secondsAhead = Math.ceil((created - now.getTime()) / 1000);
  const code = secondsAhead <= clockSkewSeconds ? 'PGP_SIGNED_IN_FUTURE' : 'PGP_SIGNED_FAR_AHEAD';
  return new Fault(code, `${who}: the signature is dated ${secondsAhead} seconds ahead of our clock`);
}
