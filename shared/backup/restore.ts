import { chmod, copyFile, link, lstat, mkdir, rename, rm, utimes } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { makeFolders } from '../operator/install.ts';
import { audit, type Operator } from '../operator/operator.ts';
import { loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { syncFile, syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { Fault } from '../runtime/faults.ts';
import { isThere } from '../runtime/is-there.ts';
import { keysFolder, spoolFolder, storeFile } from '../runtime/paths.ts';
import { connectStore, inTransaction } from '../store/open-store.ts';
import { settleIn, type NewMark } from '../store/restored.ts';
import { storeOptions } from '../store/store-options.ts';
import { checkBackup, inodeKeys, type BackupCheck } from './check-backup.ts';
import { copyFileTo, sideBySide } from './copy-file.ts';
import { bytesOf, listFolder, toListed } from './listing.ts';
import { parts, readBackup, storePath, type Backup, type SavedFile } from './manifest.ts';

/**
 * Brings a backup into an installation that has no store. Nothing that is there is replaced. The store comes last and
 * under its name only when it is whole: without it no process starts.
 */

export interface RestoreRequest {
  readonly folder: string;
  readonly home: string;
  /** In place of the configuration that comes with the backup. */
  readonly configFile?: string | undefined;
  /** Leaves the spool as it is: only the store was lost. */
  readonly storeOnly: boolean;
  readonly operator: Operator;
}

export interface RestoreReport extends Pick<BackupCheck, 'manifest' | 'pending' | 'needsMigration'> {
  readonly home: string;
  readonly files: number;
  /** Files that were there already, and are not those of the backup. */
  readonly kept: readonly string[];
  readonly storeOnly: boolean;
}

/**
 * @throws Fault NOT_ALLOWED when there is a store or a spool with files; BACKUP_DAMAGED; NO_SPACE, …: then there is no store,
 *   and what was restored of the spool is to be removed
 */
export async function restore(request: RestoreRequest): Promise<RestoreReport> {
  const { folder, storeOnly, operator } = request;
  const check = await checkBackup(folder);
  requireSound(check);
  const backup = await readBackup(folder);
  const kept: string[] = [];
  const loaded = await restoreConfig(backup, request, kept);
  await requireEmpty(loaded, backup, storeOnly);
  await makeFolders(loaded);
  const spool = backup.files.filter(({ path }) => isOf(parts.spool, path));
  const marks = storeOnly ? new Map<string, NewMark>() : await restoreSpool(backup, spool, loaded);
  for (const file of backup.files) {
    const target = looseTarget(loaded, file.path);
    if (target !== undefined) await placeLoose(backup, file, target, kept);
  }
  failPoint('restore.placed');
  if (backup.manifest.store.engine === 'sqlite') await restoreStore(backup, loaded, marks, operator);
  const { manifest, pending, needsMigration } = check;
  const files = storeOnly ? 0 : spool.length;
  return { home: loaded.home, manifest, pending, needsMigration, files, kept, storeOnly };
}

/** @throws Fault BACKUP_DAMAGED */
function requireSound({ folder, damage }: BackupCheck): void {
  const [first] = damage;
  if (first === undefined) return;
  const more = damage.length > 1 ? `, and ${damage.length - 1} more` : '';
  throw new Fault('BACKUP_DAMAGED', `${folder}: ${first.path} ${first.what}${more}; nothing was restored`);
}

/** A configuration that is there counts; otherwise the one of the backup is put there. */
async function restoreConfig(
  { folder, manifest, files }: Backup,
  { home, configFile }: RestoreRequest,
  kept: string[],
): Promise<LoadedConfig> {
  if (configFile !== undefined) return loadConfig({ home, file: configFile, env: process.env });
  for (const file of files) {
    if (isOf(parts.config, file.path)) await placeLoose({ folder }, file, join(home, file.path), kept);
  }
  return loadConfig({ home, file: join(home, manifest.config), env: process.env });
}

/** @throws Fault NOT_ALLOWED */
async function requireEmpty(loaded: LoadedConfig, { manifest }: Backup, storeOnly: boolean): Promise<void> {
  const file = storeFile(loaded);
  if (manifest.store.engine === 'sqlite' && file === undefined)
    throw new Fault(
      'NOT_ALLOWED',
      'the configuration leads to a store on a server, and the backup has an embedded one',
    );
  if (manifest.store.engine === 'postgres' && storeOnly)
    throw new Fault('NOT_ALLOWED', 'the backup has no store: that is on a server, and is restored there');
  for (const suffix of ['', '-wal', '-journal']) {
    const path = `${file ?? ''}${suffix}`;
    if (manifest.store.engine === 'sqlite' && (await isThere(path)))
      throw new Fault(
        'NOT_ALLOWED',
        `${path} is there: nothing is restored over a store. Stop the processes, and move it away first`,
      );
  }
  const spool = spoolFolder(loaded);
  const [found] = storeOnly || !(await isThere(spool)) ? [] : listFolder(spool).files.filter(isNoReadme);
  if (found !== undefined)
    throw new Fault(
      'NOT_ALLOWED',
      `${join(spool, found.path)} is there: nothing is restored over a spool. Move it away first, also after a restore that was interrupted; or restore the store alone, with --store-only`,
    );
}

/** What a checkout of the program has in its spool. */
const isNoReadme = ({ path }: { readonly path: string }): boolean =>
  path !== 'README.md' && path !== '.gitignore';

const isOf = (part: string, path: string): boolean => path.startsWith(`${part}/`);
const within = (part: string, path: string): string => path.slice(part.length + 1);

/** @returns what the files are now, by the inbox and the inode that they had */
async function restoreSpool(
  { folder, manifest }: Backup,
  files: readonly SavedFile[],
  loaded: LoadedConfig,
): Promise<Map<string, NewMark>> {
  const spool = spoolFolder(loaded);
  for (const name of manifest.folders) await mkdir(bytesOf(spool, name), { recursive: true, mode: 0o750 });
  const own = files.filter(({ sameAs }) => sameAs === undefined);
  const marks = new Map<string, NewMark>();
  await sideBySide(own, async (file) => {
    const to = bytesOf(spool, within(parts.spool, file.path));
    await place(folder, file, to);
    const stat = toListed('', await lstat(to, { bigint: true }));
    for (const key of inodeKeys(file)) marks.set(key, stat);
  });
  for (const { path, sameAs } of files) {
    if (sameAs === undefined) continue;
    await link(bytesOf(spool, within(parts.spool, sameAs)), bytesOf(spool, within(parts.spool, path)));
  }
  for (const name of listFolder(spool).folders) await syncFolder(bytesOf(spool, name));
  return marks;
}

/** @throws Fault BACKUP_DAMAGED when the bytes are not those that were saved */
async function place(folder: string, file: SavedFile, to: Buffer | string): Promise<void> {
  const copied = await copyFileTo(bytesOf(folder, file.path), to);
  if (typeof copied === 'string' || copied.sha256 !== file.sha256)
    throw new Fault('BACKUP_DAMAGED', `${join(folder, file.path)} has changed while it was restored`);
  const seconds = Number(BigInt(file.mtimeNs) / 1_000_000n) / 1000;
  if (seconds > 0) await utimes(to, seconds, seconds);
  await chmod(to, file.mode & 0o777);
}

/** Where a file beside store and spool belongs; those of the configuration are there already. */
function looseTarget(loaded: LoadedConfig, path: string): string | undefined {
  if (isOf(parts.keys, path)) return join(keysFolder(loaded), within(parts.keys, path));
  if (isOf(parts.files, path)) return join(loaded.home, within(parts.files, path));
  return undefined;
}

/** Under its name it is whole: after a restore that was interrupted, what is there already counts. */
async function placeLoose(
  { folder }: Pick<Backup, 'folder'>,
  file: SavedFile,
  to: string,
  kept: string[],
): Promise<void> {
  if (await isThere(to)) {
    kept.push(to);
    return;
  }
  await mkdir(dirname(to), { recursive: true, mode: isOf(parts.config, file.path) ? 0o750 : 0o700 });
  const draft = join(dirname(to), `.${basename(to)}.restoring`);
  await rm(draft, { force: true }); // Of one that died.
  await place(folder, file, draft);
  await rename(draft, to);
  await syncFolder(dirname(to));
}

async function restoreStore(
  { folder, manifest }: Backup,
  loaded: LoadedConfig,
  marks: ReadonlyMap<string, NewMark>,
  operator: Operator,
): Promise<void> {
  const file = storeFile(loaded) ?? '';
  const draft = join(dirname(file), `.${basename(file)}.restoring`);
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(draft + suffix, { force: true }); // Of one that died.
  await copyFile(join(folder, storePath), draft);
  await chmod(draft, 0o640);
  const db = await connectStore({ ...(await storeOptions(loaded)), file: draft }, false);
  try {
    await inTransaction(db, async (trx) => {
      await settleIn(trx, marks, operator.now);
      await audit(trx, operator, {
        action: 'backup.restore',
        subject: relative(dirname(folder), folder),
        before: null,
        after: { at: manifest.at, home: loaded.home, files: marks.size },
      });
    });
  } finally {
    await db.destroy(); // The last one brings its log into the file, and removes it.
  }
  if (await isThere(`${draft}-wal`))
    throw new Fault('STORE_FAILED', `${draft}-wal could not be brought into the store`);
  await syncFile(draft);
  failPoint('restore.drafted');
  await rename(draft, file);
  await syncFolder(dirname(file));
}
