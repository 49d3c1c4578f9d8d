import { chmod, mkdir, open, readdir, realpath, rename, rm, stat, statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

import { version } from '../runtime/version.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';
import { isThere } from '../runtime/is-there.ts';
import { keysFolder, spoolFolder, storeFile } from '../runtime/paths.ts';
import { storeVersion } from '../store/migrate.ts';
import { PinnedStore } from '../store/sqlite/pinned-store.ts';
import { inspectStoreCopy } from '../store/sqlite/store-copy.ts';
import type { Db } from '../store/tables.ts';
import { backupName, isEarlierDay, isUnfinished, unfinishedName } from './backup-rules.ts';
import { copyFileTo, readThrough } from './copy-file.ts';
import { bytesOf, keyOf, listFolder, listTwice, type Listing } from './listing.ts';
import { configPath, looseFiles, type LooseFile } from './loose-files.ts';
import { storePath, writeManifest, type Manifest, type SavedFile } from './manifest.ts';
import { saveSpool } from './save-spool.ts';

/**
 * A backup while everything runs. It shows one moment: for as long as the names in the spool are read, nobody writes
 * into the store, so that every file stands between two steps of its way, as in a crash at this moment; and what a crash
 * leaves, recovery brings to its end. Then all go on, and the files are copied.
 *
 * A store on a server is not in it, and nobody is kept from writing: it has to be saved before.
 */

const megabyte = 1024 * 1024;

export interface BackupRequest {
  readonly loaded: LoadedConfig;
  readonly db: Db;
  /** Folder of the backups; it has to be there. */
  readonly to: string;
  readonly withSecrets: boolean;
  readonly now: () => Date;
}

export interface BackupReport {
  readonly folder: string;
  readonly manifest: Manifest;
  /** Files that went away for good while they were copied: taken by whoever they were for, or removed by retention. */
  readonly gone: readonly string[];
  /** Files that somebody still wrote into: they come after this backup. */
  readonly changing: readonly string[];
  /** Entries of the spool that are no files. */
  readonly others: readonly string[];
  /** For how long writers of the store had to wait; null for a store on a server. */
  readonly heldMilliseconds: number | null;
  /** Folders beside it of backups that were interrupted, or are being made now. */
  readonly unfinished: readonly string[];
}

/**
 * @throws Fault BAD_INPUT, NO_SPACE, STORE_BUSY, STORE_DAMAGED, IO_ERROR, …: then nothing is left of it. After a crash
 *   there is a folder whose name says that it is unfinished
 */
export async function backUp(request: BackupRequest): Promise<BackupReport> {
  const to = resolve(request.to);
  await requireTarget(request.loaded, to);
  const unfinished = (await readdir(to)).filter(isUnfinished).sort();
  const folder = join(to, backupName(request.now()));
  const draft = unfinishedName(folder);
  await mkdir(draft, { mode: 0o700 });
  try {
    const report = await fill(draft, { ...request, to });
    failPoint('backup.written');
    await rename(draft, folder);
    await syncFolder(to);
    return { folder, ...report, unfinished };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** @throws Fault BAD_INPUT */
async function requireTarget(loaded: LoadedConfig, to: string): Promise<void> {
  const found = await stat(to).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  // Not made here: where the disk of the backups is not mounted, somebody is to notice it.
  if (found?.isDirectory() !== true)
    throw new Fault('BAD_INPUT', `${to} is not a folder: make it first, for our user alone (mode 0700)`);
  // Each backup would have all that were made before, and itself.
  for (const saved of [spoolFolder(loaded), join(loaded.home, 'config'), keysFolder(loaded)]) {
    if (!(await isThere(saved))) continue;
    const within = relative(await realpath(saved), await realpath(to));
    if (within.split('/')[0] !== '..')
      throw new Fault('BAD_INPUT', `${to} is in ${saved}, which is saved: backups belong on another disk`);
  }
}

type Filled = Omit<BackupReport, 'folder' | 'unfinished'>;

async function fill(draft: string, { loaded, db, to, withSecrets, now }: BackupRequest): Promise<Filled> {
  const { version: schema } = await storeVersion(db);
  const { moment, store } = await hold(loaded, now);
  const { listing, at } = moment;
  try {
    for (const day of listing.later) extend(listing, listFolder(spoolFolder(loaded), day));
    await requireRoom(loaded, to, listing, store?.bytes ?? 0);
    const rows = store?.rows();
    const saved = store && rows ? [await saveStore(draft, store, rows)] : [];
    store?.close(); // As long as it is open, its log grows.
    const { files: loose, leftOut } = await looseFiles(loaded, withSecrets);
    for (const each of loose) saved.push(await saveLoose(draft, each));
    const spool = await saveSpool(spoolFolder(loaded), draft, listing);
    failPoint('backup.copied');
    const about = {
      format: 1 as const,
      program: version,
      schema,
      host: hostname(),
      home: loaded.home,
      at: at.toISOString(),
      finishedAt: now().toISOString(),
      config: configPath(loaded),
      store: rows
        ? { engine: 'sqlite' as const, rows }
        : { engine: 'postgres' as const, url: loaded.config.store.url },
      folders: listing.folders.filter((folder) => folder !== ''),
      secrets: withSecrets,
      leftOut: [...leftOut],
    };
    const manifest = await writeManifest(draft, about, [...saved, ...spool.saved]);
    for (const folder of listFolder(draft).folders) await syncFolder(bytesOf(draft, folder));
    const { gone, changing } = spool;
    const heldMilliseconds = store ? moment.milliseconds : null;
    return { manifest, gone, changing, others: listing.others, heldMilliseconds };
  } finally {
    store?.close();
  }
}

interface Moment {
  readonly at: Date;
  readonly listing: Listing;
  /** That it took to see it. */
  readonly milliseconds: number;
}

/** Looks at the spool, and pins an embedded store in the same moment. */
async function hold(
  loaded: LoadedConfig,
  now: () => Date,
): Promise<{ readonly moment: Moment; readonly store: PinnedStore | undefined }> {
  const look = (): Moment => {
    const began = performance.now();
    const at = now();
    const listing = listTwice(spoolFolder(loaded), (folder) => isEarlierDay(folder, at));
    return { at, listing, milliseconds: Math.round(performance.now() - began) };
  };
  const file = storeFile(loaded);
  if (file === undefined) return { moment: look(), store: undefined };
  const { seen, store } = await PinnedStore.pin({ file, busySeconds: loaded.config.store.busySeconds }, look);
  return { moment: seen, store };
}

function extend(listing: Listing, more: Listing): void {
  for (const file of more.files) listing.files.push(file);
  listing.folders.push(...more.folders);
  listing.others.push(...more.others);
}

/** Nothing is begun that would take the room which daemons keep in reserve. @throws Fault NO_SPACE */
async function requireRoom(
  loaded: LoadedConfig,
  to: string,
  { files }: Listing,
  storeBytes: number,
): Promise<void> {
  const { spool, store } = loaded.config;
  const device = (await stat(to)).dev;
  const reserveOf = async (place: string, megabytes: number) =>
    (await stat(place)).dev === device ? megabytes * megabyte : 0;
  const reserve = Math.max(
    await reserveOf(spoolFolder(loaded), spool.reserveMegabytes),
    await reserveOf(dirname(storeFile(loaded) ?? spoolFolder(loaded)), store.reserveMegabytes),
  );
  const { bavail, bsize } = await statfs(to);
  const sizes = new Map(files.map((file) => [keyOf(file), Math.ceil(file.size / bsize) * bsize]));
  const needed = [...sizes.values()].reduce((sum, size) => sum + size, storeBytes);
  const free = Math.max(0, bavail * bsize - reserve);
  if (needed <= free) return;
  const [needs, has] = [Math.ceil(needed / megabyte), Math.floor(free / megabyte)];
  throw new Fault('NO_SPACE', `the backup needs ${needs} MB, and ${to} has ${has} MB for it; none was begun`);
}

/** @throws Fault STORE_DAMAGED when the copy is no sound store, or has not the rows of the pinned one */
async function saveStore(
  draft: string,
  store: PinnedStore,
  rows: Readonly<Record<string, number>>,
): Promise<SavedFile> {
  const path = join(draft, storePath);
  await mkdir(dirname(path), { mode: 0o700 });
  await store.copyTo(path);
  await chmod(path, 0o600);
  const { problems, rows: copied } = inspectStoreCopy(path);
  const wrong = Object.keys(rows).filter((table) => rows[table] !== copied?.[table]);
  const found = [...problems, ...wrong.map((table) => `another number of rows in ${table}`)];
  if (found.length > 0)
    throw new Fault('STORE_DAMAGED', `the store, as it was copied: ${found.slice(0, 5).join('; ')}`);
  const handle = await open(path, 'r');
  try {
    await handle.sync();
    return { path: storePath, ...(await readThrough(handle)), mode: 0o600, inode: '0', mtimeNs: '0' };
  } finally {
    await handle.close();
  }
}

async function saveLoose(draft: string, { from, path, mode }: LooseFile): Promise<SavedFile> {
  const to = join(draft, path);
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  const copied = await copyFileTo(await realpath(from), to); // Certificates are often links to the newest one.
  if (typeof copied === 'string') throw new Fault('IO_ERROR', `${from} was removed while it was copied`);
  return { path, ...copied, mode, inode: '0', mtimeNs: '0' };
}
