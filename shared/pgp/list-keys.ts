import type { PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { readPublicKeys } from './key-ring.ts';
import { encryptionProblem, signingProblem } from './key-use.ts';
import { armor, enums } from './library.ts';
import { pgpConfig } from './settings.ts';

/** A key as the command line shows it. */
export interface KeyInfo {
  readonly party: string;
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** For example `ed25519Legacy` or `rsa3072`. */
  readonly algorithm: string;
  readonly created: Date;
  /** Null: does not expire. */
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
  const described = [...ring].flatMap(([party, keys]) => keys.map((key) => describe(party, key, now)));
  return Promise.all(described);
}

/** Ids of our keys and of their subkeys, in hex. Needs no passphrase. @throws Fault KEY_UNREADABLE */
export async function ownKeyIds(folder: string): Promise<ReadonlySet<string>> {
  const keys = (await readPublicKeys(folder)).get('own') ?? [];
  return new Set(keys.flatMap((key) => key.getKeyIDs().map((id) => id.toHex())));
}

async function describe(party: string, key: PublicKey, now: Date): Promise<KeyInfo> {
  const { algorithm, bits, curve } = key.getAlgorithmInfo();
  const expires = await key.getExpirationTime(undefined, pgpConfig);
  return {
    party,
    fingerprint: key.getFingerprint(),
    userIds: key.getUserIDs(),
    algorithm: bits === undefined ? (curve ?? algorithm) : `rsa${bits}`,
    created: key.getCreationTime(),
    expires: expires instanceof Date ? expires : null,
    revoked: await key.isRevoked(undefined, undefined, now, pgpConfig),
    canSign: (await signingProblem(key, now)) === undefined,
    canEncrypt: (await encryptionProblem(key, now)) === undefined,
  };
}

/**
 * A party's public keys as one armoured block, newest first, for handing over. Needs no passphrase.
 *
 * @throws Fault KEY_MISSING, KEY_UNREADABLE
 */
export async function exportPublicKey(folder: string, party: string): Promise<string> {
  const keys = (await readPublicKeys(folder)).get(party) ?? [];
  if (keys.length === 0) throw new Fault('KEY_MISSING', `no key of ${party}`);
  const packets = Buffer.concat(keys.map((key) => key.write()));
  return armor(enums.armor.publicKey, packets, undefined, undefined, undefined, true, pgpConfig);
}
