import { isDeepStrictEqual } from 'node:util';

import { moveKeyFiles, removeKeyFile, revokeOwnKey, type RevocationReason } from '../pgp/change-own.ts';
import { generateOwnKey } from '../pgp/generate.ts';
import { importOwnKey, importPartnerKey, type ImportedKey } from '../pgp/import-keys.ts';
import { own } from '../pgp/key-files.ts';
import { readPublicKeys, type PublicEntry } from '../pgp/key-ring.ts';
import { encryptionProblem, signingProblem } from '../pgp/key-use.ts';
import { keyIdsOf, listKeys } from '../pgp/list-keys.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { Fault } from '../runtime/faults.ts';
import { keysFolder } from '../runtime/paths.ts';
import { recordAudit } from '../store/audit.ts';
import { inTurn } from '../store/in-turn.ts';
import type { Db } from '../store/tables.ts';
import { filesThatNeed } from './key-need.ts';
import { keyStanding, placesOf } from './key-rules.ts';
import type { Operator } from './operator.ts';

/*
 * Changes of the key ring by hand. Daemons notice by themselves; each key whose standing has changed has a row in the
 * audit. One change at a time, under a lock of the store: that of a table which few write, in place of the folder.
 */

/** Whoever brings in a key need not say why. */
type Changer = Omit<Operator, 'reason'> & { readonly reason: string | null };

/**
 * Makes a new key of ours that is coming: it opens files from now on, and partners may be given it. Its name is that of the
 * key in use.
 *
 * @returns its fingerprint
 * @throws Fault NOT_ALLOWED when one is coming already, KEY_MISSING when none is in use
 */
export function rotateKey(
  loaded: LoadedConfig,
  db: Db,
  operator: Operator,
  passphrase: string,
): Promise<string> {
  return changing(loaded, db, operator, 'key.rotate', async (folder) => {
    const ring = await readPublicKeys(folder);
    const coming = comingKey(ring);
    if (coming) {
      const fingerprint = coming.key.getFingerprint();
      throw new Fault('NOT_ALLOWED', `key ${fingerprint} is coming already: enrol keys rotate --activate`);
    }
    const [current] = keysInUse(ring);
    if (!current) throw new Fault('KEY_MISSING', 'no key of ours is in use: enrol keys generate');
    const { name = '', email = '', userID = '' } = current.key.users[0]?.userID ?? {};
    // Without an address, the library reads the name as nothing but the whole.
    const owner = email === '' ? { name: userID } : { name, email };
    return generateOwnKey({ folder, passphrase, ...owner, place: 'coming', now: operator.now });
  });
}

/**
 * From now on we sign with the key that is coming, and seal for it; those that were in use are retired, which open what was
 * sealed for them.
 *
 * @returns its fingerprint
 * @throws Fault NOT_ALLOWED when none is coming, or it cannot be used
 */
export function activateKey(loaded: LoadedConfig, db: Db, operator: Operator): Promise<string> {
  return changing(loaded, db, operator, 'key.activate', async (folder) => {
    const ring = await readPublicKeys(folder);
    const coming = comingKey(ring);
    if (!coming) throw new Fault('NOT_ALLOWED', 'no key of ours is coming: enrol keys rotate makes one');
    const fingerprint = coming.key.getFingerprint();
    const problem =
      (await signingProblem(coming.key, operator.now)) ?? (await encryptionProblem(coming.key, operator.now));
    if (problem) throw new Fault('NOT_ALLOWED', `key ${fingerprint} cannot be used: ${problem.why}`);
    // In this order: at every moment there is one in use, and the newest of them is used.
    const before = [...new Set(keysInUse(ring).map(({ path }) => path))];
    await moveKeyFiles(folder, [
      { path: coming.path, place: 'in use' },
      ...before.map((path) => ({ path, place: 'retired' as const })),
    ]);
    return fingerprint;
  });
}

/**
 * Revokes a key of ours; it goes on opening files. Partners have to be given it.
 *
 * @param wanted fingerprint, or its end
 * @returns its fingerprint
 * @throws Fault NOT_FOUND, BAD_INPUT, NOT_ALLOWED when nothing could be made without it; KEY_…
 */
export function revokeKey(
  loaded: LoadedConfig,
  db: Db,
  operator: Operator,
  wanted: string,
  how: { readonly because: RevocationReason; readonly passphrase: string },
): Promise<string> {
  return changing(loaded, db, operator, 'key.revoke', async (folder) => {
    const ring = await readPublicKeys(folder);
    const entry = findKey(ring, wanted);
    const fingerprint = entry.key.getFingerprint();
    if (entry.party !== own) {
      throw new Fault('NOT_ALLOWED', `key ${fingerprint} is ${entry.party}'s, who alone can revoke it`);
    }
    requireAlone(ring, entry);
    const others = keysInUse(ring).filter(({ key }) => key !== entry.key);
    if (entry.place === 'in use' && (await isMissed(entry, others, operator.now))) {
      const way = 'enrol keys rotate, then enrol keys rotate --activate';
      throw new Fault('NOT_ALLOWED', `key ${fingerprint} is the only one that can be used; first ${way}`);
    }
    await revokeOwnKey({ path: entry.path, now: operator.now, ...how });
    // Nothing comes of it any more, and another one may come.
    if (entry.place === 'coming') await moveKeyFiles(folder, [{ path: entry.path, place: 'retired' }]);
    return fingerprint;
  });
}

/**
 * Removes a key for good.
 *
 * @param wanted fingerprint, or its end
 * @param giveUpDone files in done/ may become unreadable
 * @returns its fingerprint
 * @throws Fault NOT_FOUND, BAD_INPUT; NOT_ALLOWED when it is in use, or files need it
 */
export async function removeKey(
  loaded: LoadedConfig,
  db: Db,
  operator: Operator,
  wanted: string,
  giveUpDone: boolean,
): Promise<string> {
  const ring = await readPublicKeys(keysFolder(loaded));
  const entry = findKey(ring, wanted);
  requireAlone(ring, entry);
  // Before the change: to look at many files takes minutes, in which nobody else could write into the store.
  if (entry.party === own) await requireUnneeded(loaded, ring, entry, { now: operator.now, giveUpDone });
  else await requireAnother(loaded, ring, entry, operator.now);
  return changing(loaded, db, operator, 'key.remove', async (folder) => {
    await requireUnchanged(folder, ring);
    await removeKeyFile(entry.path);
    return entry.key.getFingerprint();
  });
}

/** Of two keys that are removed at the same time, each may be what lets the other go. @throws Fault NOT_ALLOWED */
async function requireUnchanged(folder: string, ring: readonly PublicEntry[]): Promise<void> {
  const stateOf = (entries: readonly PublicEntry[]) =>
    entries.map(({ party, place, path, key }) => [party, place, path, Buffer.from(key.write())]);
  if (isDeepStrictEqual(stateOf(ring), stateOf(await readPublicKeys(folder)))) return;
  throw new Fault('NOT_ALLOWED', 'other keys were changed meanwhile, and nothing was removed: try again');
}

/** Brings in keys of a partner, a revocation among them. @throws Fault as `importPartnerKey` */
export const importPartner = (
  loaded: LoadedConfig,
  db: Db,
  operator: Changer,
  { party, content }: { readonly party: string; readonly content: Uint8Array },
): Promise<string[]> =>
  changing(loaded, db, operator, 'key.import', (folder) =>
    importPartnerKey({ folder, party, armoredOrBinary: content, now: operator.now }),
  );

/** Brings in keys of our own. @throws Fault as `importOwnKey` */
export const importOwn = (
  loaded: LoadedConfig,
  db: Db,
  operator: Changer,
  { passphrase, content }: { readonly passphrase: string; readonly content: Uint8Array },
): Promise<ImportedKey[]> =>
  changing(loaded, db, operator, 'key.import', (folder) =>
    importOwnKey({ folder, passphrase, armoredOrBinary: content, now: operator.now }),
  );

/** Changes the files, and writes into the audit what has become of which key: that is undone when the files fail. */
function changing<T>(
  loaded: LoadedConfig,
  db: Db,
  { who, reason, now }: Changer,
  action: string,
  change: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = keysFolder(loaded);
  return inTurn(db, 'module_property', async (trx) => {
    const before = await standings(folder, now);
    const result = await change(folder);
    const after = await standings(folder, now);
    for (const subject of new Set([...before.keys(), ...after.keys()])) {
      const [was, is] = [before.get(subject) ?? null, after.get(subject) ?? null];
      if (JSON.stringify(was) === JSON.stringify(is)) continue;
      await recordAudit(trx, { action, subject, before: was, after: is, who, reason }, now);
    }
    return result;
  });
}

async function standings(folder: string, now: Date) {
  const ring = await listKeys(folder, now);
  return new Map(
    ring.map((key) => [
      `key ${key.party} ${key.fingerprint}`,
      {
        standing: keyStanding(key, ring, now),
        expires: key.expires?.toISOString() ?? null,
      },
    ]),
  );
}

const keysInUse = (ring: readonly PublicEntry[]): PublicEntry[] =>
  ring.filter(({ party, place }) => party === own && place === 'in use');

const comingKey = (ring: readonly PublicEntry[]): PublicEntry | undefined =>
  ring.find(({ party, place }) => party === own && place === 'coming');

/** Letters and digits of a fingerprint that tell a key from others. */
const enough = 8;

/** @throws Fault NOT_FOUND, BAD_INPUT */
function findKey(ring: readonly PublicEntry[], wanted: string): PublicEntry {
  const end = wanted.replace(/^0x|\s/gi, '').toLowerCase();
  if (!/^[0-9a-f]+$/.test(end) || end.length < enough) {
    throw new Fault(
      'BAD_INPUT',
      `${JSON.stringify(wanted)} is no fingerprint, nor the last ${enough} of one`,
    );
  }
  const found = ring.filter(({ key }) => key.getFingerprint().endsWith(end));
  const [entry, another] = found;
  if (!entry) throw new Fault('NOT_FOUND', `there is no key ${wanted}: enrol keys list`);
  if (another) {
    const names = found.map(({ party, key, path }) => `${party} ${key.getFingerprint()} (${path})`);
    throw new Fault('BAD_INPUT', `there are several: ${names.join(', ')}`);
  }
  return entry;
}

/** @throws Fault NOT_ALLOWED */
function requireAlone(ring: readonly PublicEntry[], { path, key }: PublicEntry): void {
  if (ring.some((other) => other.path === path && other.key !== key)) {
    throw new Fault('NOT_ALLOWED', `other keys lie in ${path}, too: put each into a file of its own`);
  }
}

/** Whether something can be done with a key that can be done with none of the others. */
async function isMissed({ key }: PublicEntry, others: readonly PublicEntry[], now: Date): Promise<boolean> {
  for (const problemOf of [signingProblem, encryptionProblem]) {
    const [problem, ...rest] = await Promise.all(
      [key, ...others.map((other) => other.key)].map((each) => problemOf(each, now)),
    );
    if (problem === undefined && !rest.includes(undefined)) return true;
  }
  return false;
}

/** @throws Fault NOT_ALLOWED */
async function requireAnother(
  { config }: LoadedConfig,
  ring: readonly PublicEntry[],
  entry: PublicEntry,
  now: Date,
): Promise<void> {
  const places = placesOf(entry.party, config);
  const others = ring.filter(({ party, key }) => party === entry.party && key !== entry.key);
  if (places.length === 0 || (others.length > 0 && !(await isMissed(entry, others, now)))) return;
  throw new Fault(
    'NOT_ALLOWED',
    `it is the only key that can be used of ${entry.party}, who ${places.join(', ')}: import another first, or take the party out of signedBy and encryptTo`,
  );
}

/** @throws Fault NOT_ALLOWED */
async function requireUnneeded(
  loaded: LoadedConfig,
  ring: readonly PublicEntry[],
  { key }: PublicEntry,
  { now, giveUpDone }: { readonly now: Date; readonly giveUpDone: boolean },
): Promise<void> {
  const infos = await listKeys(keysFolder(loaded), now);
  const info = infos.find(({ fingerprint }) => fingerprint === key.getFingerprint());
  const alone = keysInUse(ring).every((entry) => entry.key === key);
  if (alone || (info && keyStanding(info, infos, now) === 'in use')) {
    throw new Fault('NOT_ALLOWED', `key ${key.getFingerprint()} is in use: enrol keys rotate replaces it`);
  }
  const others = ring.filter((entry) => entry.party === own && entry.key !== key);
  const idsOf = (keys: readonly PublicEntry['key'][]) => new Set(keys.flatMap(keyIdsOf));
  const need = await filesThatNeed(loaded, idsOf([key]), idsOf(others.map((entry) => entry.key)));
  const counted = Object.entries(need).filter(
    ([folder, files]) => files > 0 && !(folder === 'done' && giveUpDone),
  );
  if (counted.length === 0) return;
  const list = counted.map(([folder, files]) => `${files} in ${folder}/`).join(', ');
  throw new Fault('NOT_ALLOWED', `only key ${key.getFingerprint()} opens these files: ${list}`);
}
