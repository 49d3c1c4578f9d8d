import type { PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { own, type KeyPlace } from './key-files.ts';
import { readPublicKeys, type PublicEntry } from './key-ring.ts';
import { encryptionProblem, signingProblem, usableUntil } from './key-use.ts';
import { armor, enums } from './library.ts';
import { pgpConfig } from './settings.ts';

/** A key as the command line shows it. */
export interface KeyInfo {
  readonly party: string;
  readonly place: KeyPlace;
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** For example `ed25519Legacy` or `rsa3072`. */
  readonly algorithm: string;
  readonly created: Date;
  /** When it can first not sign any more, or not be encrypted to; subkeys count. Null: does not expire. */
  readonly expires: Date | null;
  readonly revoked: boolean;
  readonly canSign: boolean;
  readonly canEncrypt: boolean;
}

/**
 * Every key of the ring, by party, newest first. Needs no passphrase.
 *
 * @throws Fault KEY_UNREADABLE
 */
export async function listKeys(folder: string, now = new Date()): Promise<KeyInfo[]> {
  const ring = await readPublicKeys(folder);
  return Promise.all(ring.map((entry) => describe(entry, now)));
}

/** Ids of our keys and of their subkeys, in hex. Needs no passphrase. @throws Fault KEY_UNREADABLE */
export async function ownKeyIds(folder: string): Promise<ReadonlySet<string>> {
  const ring = await readPublicKeys(folder);
  return new Set(ring.filter(({ party }) => party === own).flatMap(({ key }) => keyIdsOf(key)));
}

/** Ids of a key and of its subkeys, in hex. */
export const keyIdsOf = (key: PublicKey): string[] => key.getKeyIDs().map((id) => id.toHex());

async function describe({ party, place, key }: PublicEntry, now: Date): Promise<KeyInfo> {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  return {
    party,
    place,
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    algorithm: bits === undefined ? (curve ?? algorithm) : `rsa${bits}`,
    created: key.getCreationTime(),
    expires: await usableUntil(key),
    revoked: await isRevoked(key, now),
    canSign: (await signingProblem(key, now)) === undefined,
    canEncrypt: (await encryptionProblem(key, now)) === undefined,
  };
}

export const isRevoked = (key: PublicKey, now: Date): Promise<boolean> =>
  key.isRevoked(undefined, undefined, now, pgpConfig);

/**
 * A party's public keys as one armoured block, for handing over. Of ours: those in use, newest first, those that are
 * coming, and what was revoked, with its revocation; what is retired is nobody's concern. Needs no passphrase.
 *
 * @throws Fault KEY_MISSING, KEY_UNREADABLE
 */
export async function exportPublicKey(folder: string, party: string, now = new Date()): Promise<string> {
  const keys: PublicKey[] = [];
  for (const entry of await readPublicKeys(folder)) {
    const isWanted = entry.place !== 'retired' || (await isRevoked(entry.key, now));
    if (entry.party === party && isWanted) keys.push(entry.key);
  }
  if (keys.length === 0) throw new Fault('KEY_MISSING', `no key of ${party}`);
  const packets = Buffer.concat(keys.map((key) => key.write()));
  return armor(enums.armor.publicKey, packets, undefined, undefined, undefined, true, pgpConfig);
}
