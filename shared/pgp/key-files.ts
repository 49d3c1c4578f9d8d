import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Key } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { unreadable } from '../runtime/secrets.ts';
import { readKeys } from './library.ts';
import { pgpConfig } from './settings.ts';

/**
 * Where a key of ours stands, by the folder that its file lies in: `coming` is known to partners before we use it, `in use`
 * is what new files are made with, `retired` only opens what was made before. It goes through them in this order.
 */
export const keyPlaces = ['coming', 'in use', 'retired'] as const;
export type KeyPlace = (typeof keyPlaces)[number];

/**
 * Where the keys lie: `own/*.asc` private and in use, `own/coming/*.asc` and `own/retired/*.asc` private too,
 * `partners/<party>/*.asc` public; and `own/revocations/*.asc`, with which a lost key is revoked.
 */
export const ownFolder = (folder: string, place: KeyPlace = 'in use'): string =>
  place === 'in use' ? join(folder, 'own') : join(folder, 'own', place);
export const revocationFolder = (folder: string): string => join(folder, 'own', 'revocations');
const partnersFolder = (folder: string): string => join(folder, 'partners');
export const partnerFolder = (folder: string, party: string): string => join(partnersFolder(folder), party);

/** Our own party's name; every other party is a partner. */
export const own = 'own';

/** A partner's name as it is in folders, configuration and reports. */
export const isPartnerName = (name: string): boolean =>
  name !== own && /^[a-z0-9][a-z0-9-]{0,31}$/.test(name);

const block = /^-----BEGIN PGP (PUBLIC|PRIVATE) KEY BLOCK-----[^]*?^-----END PGP \1 KEY BLOCK-----/gm;

/**
 * All keys of a file's content: armoured, in one block or several, or binary.
 *
 * @throws whatever the library throws on what is not a key, with no key material in it
 */
export async function parseKeys(content: Uint8Array | string): Promise<Key[]> {
  const text = typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
  const blocks = text.match(block) ?? [];
  if (blocks.length === 0 && typeof content !== 'string') {
    return readKeys({ binaryKeys: content, config: pgpConfig });
  }
  const keys = await Promise.all(blocks.map((armoredKeys) => readKeys({ armoredKeys, config: pgpConfig })));
  return keys.flat();
}

/**
 * The keys of one file of the key ring.
 *
 * @throws Fault KEY_UNREADABLE
 */
export async function keysOfFile(path: string, text: string): Promise<Key[]> {
  const keys = await parseKeys(text).catch((): Key[] => []);
  if (keys.length === 0) throw new Fault('KEY_UNREADABLE', `${path} holds no OpenPGP key`);
  return keys;
}

/**
 * @throws Fault KEY_UNREADABLE
 */
export async function readPublicFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw unreadable(path, error);
  });
}

/** Paths of the key files in a folder, in the order of their names; none if there is no such folder. */
export async function keyFilesIn(folder: string): Promise<string[]> {
  const names = await namesIn(folder);
  return names.filter((name) => name.endsWith('.asc')).map((name) => join(folder, name));
}

/**
 * The partners that have a folder.
 *
 * @throws Fault KEY_UNREADABLE naming a folder that cannot be a party's
 */
export async function partnersIn(folder: string): Promise<string[]> {
  const names = await namesIn(partnersFolder(folder));
  const wrong = names.find((name) => !isPartnerName(name));
  if (wrong !== undefined) {
    throw new Fault(
      'KEY_UNREADABLE',
      `${partnerFolder(folder, wrong)} is not named like a partner (a-z, 0-9, hyphen)`,
    );
  }
  return names;
}

/**
 * Everything in the key ring whose change is a change of keys, the folders among them. A folder that cannot be read has
 * nothing in it here: whoever reads the keys is told why.
 */
export async function keyRingPaths(folder: string): Promise<string[]> {
  const inFolder = async (path: string) => [path, ...(await keyFilesIn(path).catch((): string[] => []))];
  const partners = partnersFolder(folder);
  const parties = await namesIn(partners).catch((): string[] => []);
  const paths = await Promise.all([
    ...keyPlaces.map((place) => inFolder(ownFolder(folder, place))),
    ...parties.map((party) => inFolder(join(partners, party))),
  ]);
  return [partners, ...paths.flat()];
}

async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(folder, error);
  });
  return names.filter((name) => !name.startsWith('.')).sort();
}
