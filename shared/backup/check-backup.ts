import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { errnoOf, toFault } from '../runtime/faults.ts';
import { checkSpool, type Difference } from '../operator/spool-check.ts';
import { storeVersion } from '../store/migrate.ts';
import { inspectStoreCopy, openStoreCopy } from '../store/sqlite/store-copy.ts';
import type { Db } from '../store/tables.ts';
import { pending, receivedInHand, type Pending } from '../store/restored.ts';
import { readThrough, sideBySide } from './copy-file.ts';
import { bytesOf, listFolder } from './listing.ts';
import {
  manifestFiles,
  parts,
  readBackup,
  storePath,
  type Backup,
  type Manifest,
  type SavedFile,
} from './manifest.ts';

/** Whether a backup is what it was when it was made, and what would be restored from it. Changes nothing. */

export interface Damage {
  /** In the backup. */
  readonly path: string;
  readonly what: string;
}

export interface BackupCheck {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Every one of them makes the backup unfit. */
  readonly damage: readonly Damage[];
  /** Files that it has and does not list. */
  readonly unlisted: readonly string[];
  /** What the spool of the installation had that its store did not know, or had not: `enrol spool check` tells more. */
  readonly differences: readonly Difference[];
  /** What waits in the store, and goes on after a restore; null without a store. */
  readonly pending: Pending | null;
  /** Whether the store has to be migrated by this program first: then it is not compared with the files. */
  readonly needsMigration: boolean;
}

/** @throws Fault BACKUP_DAMAGED when it is no backup, STORE_SCHEMA when it is of a newer program, CONFIG_INVALID */
export async function checkBackup(folder: string): Promise<BackupCheck> {
  const backup = await readBackup(folder);
  const { manifest, files } = backup;
  const damage = await damagedFiles(backup);
  const listed = new Set([...files.map(({ path }) => path), ...manifestFiles]);
  const unlisted = listFolder(folder).files.flatMap(({ path }) => (listed.has(path) ? [] : [path]));
  const found = { folder, manifest, damage, unlisted, differences: [], pending: null, needsMigration: false };
  if (manifest.store.engine !== 'sqlite' || damage.some(({ path }) => path === storePath)) return found;
  const store = join(folder, storePath);
  const { problems, rows } = inspectStoreCopy(store);
  damage.push(...problems.map((what) => ({ path: storePath, what })));
  for (const [table, count] of Object.entries(manifest.store.rows)) {
    if (rows?.[table] !== count)
      damage.push({ path: storePath, what: `${table} has ${rows?.[table] ?? 'no'} rows, not ${count}` });
  }
  if (damage.length > 0) return found;
  const db = openStoreCopy(store);
  try {
    const { isCurrent } = await storeVersion(db);
    if (!isCurrent) return { ...found, needsMigration: true };
    damage.push(...(await lostInHand(db, files)));
    return { ...found, differences: await differencesOf(backup, db), pending: await pending(db) };
  } finally {
    await db.destroy();
  }
}

async function damagedFiles({ folder, files }: Backup): Promise<Damage[]> {
  const damage: Damage[] = [];
  await sideBySide(files, async (file) => {
    const what = await damageOf(folder, file);
    if (what !== undefined) damage.push({ path: file.path, what });
  });
  return damage.sort((one, other) => (one.path < other.path ? -1 : 1));
}

async function damageOf(folder: string, { path, size, sha256 }: SavedFile): Promise<string | undefined> {
  try {
    const handle = await open(bytesOf(folder, path), 'r');
    try {
      const found = await readThrough(handle);
      if (found.size !== size) return `has ${found.size} bytes, not ${size}`;
      return found.sha256 === sha256 ? undefined : 'its bytes are not those that were saved';
    } finally {
      await handle.close();
    }
  } catch (error) {
    return errnoOf(error) === 'ENOENT' ? 'is not there' : `cannot be read (${toFault(error).detail})`;
  }
}

/** Files that the store has in hand and that are in no folder of their inbox: after a restore they would be lost. */
async function lostInHand(db: Db, files: readonly SavedFile[]): Promise<Damage[]> {
  const places = new Set(files.map(({ path }) => path));
  const inodes = savedInodes(files);
  const lost: Damage[] = [];
  for (const { id, folder, name, place, inode } of await receivedInHand(db)) {
    if (place !== null && places.has(`${parts.spool}/${place}`)) continue;
    if (inode !== null && inodes.has(`${folder}:${inode}`)) continue;
    lost.push({
      path: `${parts.spool}/${place ?? folder}`,
      what: `file ${id}, ${name}, is in hand and not here`,
    });
  }
  return lost;
}

/** `inbox:inode` of the files of all inboxes. */
function savedInodes(files: readonly SavedFile[]): Set<string> {
  return new Set(files.flatMap((file) => inodeKeys(file)));
}

/** For each folder above the file, one of which is its inbox. */
export function inodeKeys({ path, inode }: Pick<SavedFile, 'path' | 'inode'>): string[] {
  const folders = path.split('/').slice(1, -1);
  return folders.map((_, index) => `${folders.slice(0, index + 1).join('/')}:${inode}`);
}

/** The spool of the backup against its store, by the rules of `enrol spool check`. */
async function differencesOf({ folder, manifest, files }: Backup, db: Db): Promise<readonly Difference[]> {
  const loaded = await configOf(folder, manifest);
  const { differences } = await checkSpool(loaded, db);
  const inHand = new Set((await receivedInHand(db)).map((row) => `${row.folder}:${row.inode ?? ''}`));
  const onTheirWay = new Set(
    files.filter((file) => inodeKeys(file).some((key) => inHand.has(key))).map(({ path }) => path),
  );
  return differences.filter(({ place }) => !onTheirWay.has(`${parts.spool}/${place}`));
}

/** The configuration in a backup, with the spool that lies there. */
async function configOf(folder: string, { config: path }: Manifest): Promise<LoadedConfig> {
  const loaded = await loadConfig({ home: folder, file: join(folder, path), env: {} });
  const spool = { ...loaded.config.spool, folder: relative(folder, join(folder, parts.spool)) };
  return { ...loaded, config: { ...loaded.config, spool } };
}
