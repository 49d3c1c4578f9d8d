import { stat } from 'node:fs/promises';

import { openKeyRing, readPassphrase } from '../daemon/keys.ts';
import { keyFilesIn, keyPlaces, own, ownFolder } from '../pgp/key-files.ts';
import { listKeys } from '../pgp/list-keys.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
import { keysFolder, passphraseFile } from '../runtime/paths.ts';
import { checksOf, type Check } from './check.ts';
import type { User } from './folder-rules.ts';
import { looking } from './looking.ts';

const keys = checksOf('Keys');

/** Whether our keys can be used, and every party has one. When keys end is told by the probes. */
export async function lookAtKeys(loaded: LoadedConfig, user: User): Promise<Check[]> {
  const passphrase = await looking(keys, 'passphrase', async () => {
    await readPassphrase(loaded);
    return [keys.ok('passphrase', 'It can be read, and by nobody else.')];
  });
  const ring = await looking(keys, 'key ring', async () => {
    const { partners } = await openKeyRing(loaded, partiesOf(loaded));
    const names = [...partners.keys()].join(', ') || 'nobody else';
    return [keys.ok('key ring', `It opens with the passphrase; keys of us, and of ${names}.`)];
  });
  return [
    ...passphrase,
    ...ring,
    ...(await looking(keys, 'key files', () => ownersOf(loaded, user))),
    ...(await useOf(loaded)),
  ];
}

/** Everybody for whom, or from whom, a daemon seals or opens files. */
function partiesOf({ config }: LoadedConfig): string[] {
  const inboxes = [
    ...Object.values(config.inboxes),
    ...Object.values(config.providers).map(({ inbox }) => inbox),
  ];
  return [
    own,
    ...inboxes.flatMap(({ encryption, signedBy }) => (encryption === 'required' ? signedBy : [])),
    ...Object.values(config.outboxes).flatMap(({ encryptTo }) => encryptTo),
  ];
}

/** Whose the private files are: root reads every file, the service its own alone. */
async function ownersOf(loaded: LoadedConfig, user: User): Promise<Check[]> {
  const folders = keyPlaces.map((place) => ownFolder(keysFolder(loaded), place));
  const files = [...(await Promise.all(folders.map(keyFilesIn))).flat(), passphraseFile(loaded)];
  const owners = await Promise.all(files.map(async (path) => ({ path, uid: await ownerOf(path) })));
  const foreign = owners.filter(({ uid }) => uid !== undefined && uid !== user.uid);
  if (foreign.length === 0) return [keys.ok('key files', 'What is private belongs to the service.')];
  const list = foreign.map(({ path, uid }) => `${path} belongs to ${uid ?? ''}`).join('; ');
  return [
    keys.wrong(
      'key files',
      `${list}; the service is ${user.uid}, and cannot read them.`,
      `Give them to the service: chown ${user.uid} ${foreign.map(({ path }) => path).join(' ')}`,
    ),
  ];
}

/** Undefined: there is no such file; a credential of the service manager may take its place. */
async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Of our newest key that is in use, both uses are needed. */
async function useOf(loaded: LoadedConfig): Promise<readonly Check[]> {
  return looking(keys, 'our key', async () => {
    const newest = (await listKeys(keysFolder(loaded))).find(
      ({ party, place }) => party === own && place === 'in use',
    );
    if (newest === undefined || (newest.canSign && newest.canEncrypt)) return [];
    const lacks = newest.canSign ? 'cannot be encrypted to' : 'cannot sign';
    return [
      keys.wrong(
        'our key',
        `${newest.fingerprint} ${lacks}.`,
        'Make another, and use it: enrol keys rotate, then enrol keys rotate --activate.',
      ),
    ];
  });
}
