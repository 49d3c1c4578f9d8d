import type { Key, PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { readPrivateFile } from '../runtime/secrets.ts';
import {
  keyFilesIn,
  keysOfFile,
  own,
  ownFolder,
  partnerFolder,
  partnersIn,
  readPublicFile,
} from './key-files.ts';
import { decryptKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/** The keys as they were when they were loaded; a change on disk counts after the next loading only. */
export interface KeyRing {
  /** Our private keys, unlocked, newest first. */
  readonly own: readonly PrivateKey[];
  readonly partners: ReadonlyMap<string, readonly PublicKey[]>;
}

/**
 * Loads and unlocks the key ring of a folder: `own/*.asc` and `partners/<party>/*.asc`.
 *
 * @param source.passphrase undefined only if our private keys are not protected by one
 * @throws Fault SECRET_EXPOSED, KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, KEY_MISSING (no key of our own)
 */
export async function loadKeyRing(source: {
  readonly folder: string;
  readonly passphrase: string | undefined;
}): Promise<KeyRing> {
  const files = await keyFilesIn(ownFolder(source.folder));
  const ownKeys = await Promise.all(files.map((path) => loadOwnKeys(path, source.passphrase)));
  if (ownKeys.length === 0)
    throw new Fault('KEY_MISSING', `there is no private key in ${ownFolder(source.folder)}`);
  return { own: newestFirst(ownKeys.flat()), partners: await readPartnerKeys(source.folder) };
}

async function loadOwnKeys(path: string, passphrase: string | undefined): Promise<PrivateKey[]> {
  const keys = await keysOfFile(path, await readPrivateFile(path));
  return Promise.all(
    keys.map((key) => {
      if (!key.isPrivate())
        throw new Fault('KEY_UNREADABLE', `${path} holds a public key, not our private one`);
      return unlock(key, passphrase, path);
    }),
  );
}

/**
 * The private key, usable. The passphrase appears in no error.
 *
 * @throws Fault KEY_WRONG_PASSPHRASE, KEY_UNREADABLE if the key is not protected although there is a passphrase
 */
export async function unlock(
  key: PrivateKey,
  passphrase: string | undefined,
  path: string,
): Promise<PrivateKey> {
  if (key.isDecrypted()) {
    if (passphrase === undefined) return key;
    throw new Fault('KEY_UNREADABLE', `the private key in ${path} is not protected by the passphrase`);
  }
  if (passphrase === undefined) {
    throw new Fault(
      'KEY_WRONG_PASSPHRASE',
      `the private key in ${path} needs a passphrase and none is configured`,
    );
  }
  return decryptKey({ privateKey: key, passphrase, config: pgpConfig }).catch(() => {
    throw new Fault('KEY_WRONG_PASSPHRASE', `the passphrase does not unlock the private key in ${path}`);
  });
}

/**
 * The public parts of every party's keys, ours included, newest first. Needs no passphrase.
 *
 * @throws Fault KEY_UNREADABLE
 */
export async function readPublicKeys(folder: string): Promise<Map<string, PublicKey[]>> {
  const ours = await readAll(await keyFilesIn(ownFolder(folder)));
  return new Map([[own, newestFirst(ours.map((key) => key.toPublic()))], ...(await readPartnerKeys(folder))]);
}

async function readPartnerKeys(folder: string): Promise<Map<string, PublicKey[]>> {
  const ring = new Map<string, PublicKey[]>();
  for (const party of await partnersIn(folder)) {
    const keys = await readAll(await keyFilesIn(partnerFolder(folder, party)));
    if (keys.some((key) => key.isPrivate())) {
      throw new Fault(
        'KEY_UNREADABLE',
        `a private key lies in ${partnerFolder(folder, party)}; only public ones belong there`,
      );
    }
    ring.set(party, newestFirst(keys.map((key) => key.toPublic())));
  }
  return ring;
}

async function readAll(paths: readonly string[]): Promise<Key[]> {
  const keys = await Promise.all(paths.map(async (path) => keysOfFile(path, await readPublicFile(path))));
  return keys.flat();
}

const newestFirst = <K extends Key>(keys: readonly K[]): K[] =>
  keys.toSorted((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime());

/** The keys of a party, newest first; none if the ring does not know it. */
export function keysOf(ring: KeyRing, party: string): readonly PublicKey[] {
  return party === own ? ring.own : (ring.partners.get(party) ?? []);
}

/**
 * Checks that every party that the configuration names has a key, so that a missing one is found at the start.
 *
 * @throws Fault KEY_MISSING naming all parties that have none
 */
export function requireParties(ring: KeyRing, parties: readonly string[]): void {
  const missing = parties.filter((party) => keysOf(ring, party).length === 0);
  if (missing.length > 0) throw new Fault('KEY_MISSING', `no key of ${[...new Set(missing)].join(', ')}`);
}
