import type { Key, PrivateKey, PublicKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { readPrivateFile } from '../runtime/secrets.ts';
import {
  keyFilesIn,
  keyPlaces,
  keysOfFile,
  own,
  ownFolder,
  partnerFolder,
  partnersIn,
  readPublicFile,
  type KeyPlace,
} from './key-files.ts';
import { decryptKey } from './library.ts';
import { pgpConfig } from './settings.ts';

/** The keys as they were when they were loaded; a change on disk counts after the next loading only. */
export interface KeyRing {
  /** Our private keys that are in use, unlocked, newest first: the newest signs. */
  readonly own: readonly PrivateKey[];
  /** Ours that partners may use already, and we do not yet: they open, and what they have signed is ours. */
  readonly coming: readonly PrivateKey[];
  /** Ours that nothing new is made with: they open, and what they have signed is ours. */
  readonly retired: readonly PrivateKey[];
  readonly partners: ReadonlyMap<string, readonly PublicKey[]>;
}

/**
 * Loads and unlocks the key ring of a folder: `own/*.asc`, those that are coming or retired, and
 * `partners/<party>/*.asc`.
 *
 * @param source.passphrase undefined only if our private keys are not protected by one
 * @throws Fault SECRET_EXPOSED, KEY_UNREADABLE, KEY_WRONG_PASSPHRASE, KEY_MISSING (no key of our own)
 */
export async function loadKeyRing(source: {
  readonly folder: string;
  readonly passphrase: string | undefined;
}): Promise<KeyRing> {
  const { folder, passphrase } = source;
  const ours = await fromEveryPlace(async (place) => {
    const files = await keyFilesIn(ownFolder(folder, place));
    const keys = await Promise.all(files.map((path) => loadOwnKeys(path, passphrase)));
    return newestFirst(keys.flat());
  });
  if (ours['in use'].length === 0)
    throw new Fault('KEY_MISSING', `there is no private key in ${ownFolder(folder)}`);
  return {
    own: ours['in use'],
    coming: ours.coming,
    retired: ours.retired,
    partners: await readPartnerKeys(folder),
  };
}

/**
 * Our keys, place by place in the order in which they go through them: one that is moved meanwhile is met twice rather
 * than not at all.
 */
async function fromEveryPlace<T>(read: (place: KeyPlace) => Promise<T>): Promise<Record<KeyPlace, T>> {
  const found: [KeyPlace, T][] = [];
  for (const place of keyPlaces) found.push([place, await read(place)]);
  return Object.fromEntries(found) as Record<KeyPlace, T>;
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

/** The public part of a key, whose it is, and where it lies. */
export interface PublicEntry {
  readonly party: string;
  /** A partner's is in use. */
  readonly place: KeyPlace;
  readonly key: PublicKey;
  /** Its file, in which others may lie, too. */
  readonly path: string;
}

/**
 * The public parts of every party's keys, newest first; ours before, those in use first. Needs no passphrase.
 *
 * @throws Fault KEY_UNREADABLE
 */
export async function readPublicKeys(folder: string): Promise<PublicEntry[]> {
  const ours = await fromEveryPlace(async (place) => {
    const found = await readAll(ownFolder(folder, place));
    return found.map(({ key, path }) => ({ party: own, place, key: key.toPublic(), path }));
  });
  const entries = [...ours['in use'], ...ours.coming, ...ours.retired];
  for (const party of await partnersIn(folder)) {
    const found = await readPartner(folder, party);
    entries.push(...found.map((each) => ({ party, place: 'in use' as const, ...each })));
  }
  return entries;
}

async function readPartnerKeys(folder: string): Promise<Map<string, PublicKey[]>> {
  const ring = new Map<string, PublicKey[]>();
  for (const party of await partnersIn(folder)) {
    const found = await readPartner(folder, party);
    ring.set(
      party,
      found.map(({ key }) => key),
    );
  }
  return ring;
}

async function readPartner(folder: string, party: string): Promise<{ key: PublicKey; path: string }[]> {
  const found = await readAll(partnerFolder(folder, party));
  if (found.some(({ key }) => key.isPrivate())) {
    throw new Fault(
      'KEY_UNREADABLE',
      `a private key lies in ${partnerFolder(folder, party)}; only public ones belong there`,
    );
  }
  return Promise.all(found.map(async ({ key, path }) => ({ key: await withCopies(key, found), path })));
}

/**
 * With all that other copies of the key know, which somebody may have put beside it under another name: what is revoked in
 * one of them is revoked in each.
 */
async function withCopies(key: Key, found: readonly { readonly key: Key }[]): Promise<PublicKey> {
  let whole = key.toPublic();
  for (const { key: other } of found) {
    const isCopy = other !== key && other.getFingerprint() === key.getFingerprint();
    if (isCopy) whole = await whole.update(other.toPublic(), undefined, pgpConfig);
  }
  return whole;
}

/** Newest first. */
async function readAll(folder: string): Promise<{ key: Key; path: string }[]> {
  const files = (await keyFilesIn(folder)).map(async (path) => {
    const keys = await keysOfFile(path, await readPublicFile(path));
    return keys.map((key) => ({ key, path }));
  });
  const found = (await Promise.all(files)).flat();
  return found.toSorted((a, b) => b.key.getCreationTime().getTime() - a.key.getCreationTime().getTime());
}

const newestFirst = <K extends Key>(keys: readonly K[]): K[] =>
  keys.toSorted((a, b) => b.getCreationTime().getTime() - a.getCreationTime().getTime());

/** The keys of a party that are in use, newest first; none if the ring does not know it. */
export function keysOf(ring: KeyRing, party: string): readonly PublicKey[] {
  return party === own ? ring.own : (ring.partners.get(party) ?? []);
}

/** All private keys of ours: what may open a message, and what may have signed one. */
export const allOwnKeys = ({ own, coming, retired }: KeyRing): PrivateKey[] => [
  ...own,
  ...coming,
  ...retired,
];

/**
 * Checks that every party that the configuration names has a key, so that a missing one is found at the start.
 *
 * @throws Fault KEY_MISSING naming all parties that have none
 */
export function requireParties(ring: KeyRing, parties: readonly string[]): void {
  const missing = missingParties(ring, parties);
  if (missing) throw missing;
}

/** KEY_MISSING naming all parties that have no key; undefined when there are none. */
export function missingParties(ring: KeyRing, parties: readonly string[]): Fault | undefined {
  const missing = parties.filter((party) => keysOf(ring, party).length === 0);
  if (missing.length === 0) return undefined;
  return new Fault('KEY_MISSING', `no key of ${[...new Set(missing)].join(', ')}`);
}
