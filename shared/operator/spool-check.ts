import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { inboxOf } from '../daemon/inboxes.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import type { InboxConfig } from '../runtime/config-schema.ts';
import { inboxFolder, inboxNames, spoolFolder, type InboxName } from '../runtime/paths.ts';
import { isMarkerOf, noteCompanion } from '../spool/companion.ts';
import { exists, markOf } from '../spool/files.ts';
import { identityOf } from '../spool/identity.ts';
import { placeOf } from '../spool/inbox.ts';
import { checkInbox } from '../spool/layout.ts';
import { reasonSuffix, unnumbered } from '../spool/names.ts';
import {
  adoptDone,
  companionOf,
  deliveryAt,
  findDelivery,
  unfinished,
  wasDone,
  type Delivery,
} from '../store/deliveries.ts';
import { settledAfter } from '../store/delivery-lists.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/**
 * Whether the ledger and the last folders of the inboxes agree. They do not when the store was restored from an older
 * backup: files that were processed since are then unknown to it.
 */

/** Rows and files taken at a time. */
const pageSize = 200;

export interface Difference {
  readonly inbox: string;
  /** `unknown`: a file without a row; `changed`: not the bytes of its row; `missing`: a row without its file. */
  readonly kind: 'unknown' | 'changed' | 'missing';
  /** Relative to the spool. */
  readonly place: string;
  /** Number in the ledger, where there is a row. */
  readonly file: number | null;
}

export interface SpoolReport {
  readonly files: number;
  readonly rows: number;
  readonly differences: readonly Difference[];
}

/** One inbox, for the check. */
interface Checked {
  readonly name: InboxName;
  readonly settings: InboxConfig;
  readonly spool: string;
  readonly db: Db;
}

/** A file in done/, rejected/ or hold/. */
interface Archived {
  readonly folder: 'done' | 'rejected' | 'hold';
  readonly path: string;
  readonly place: string;
}

/** Reads every archived file of every inbox. @throws Fault SPOOL_MISSING, SPOOL_DEVICES */
export async function checkSpool(loaded: LoadedConfig, db: Db): Promise<SpoolReport> {
  const differences: Difference[] = [];
  let files = 0;
  let rows = 0;
  for (const inbox of inboxesOf(loaded, db)) {
    for await (const archived of archivedFiles(loaded, inbox)) {
      files++;
      const difference = await judge(inbox, archived);
      if (difference) differences.push(difference);
    }
    for await (const row of settledRows(inbox)) {
      rows++;
      if (await isMissing(inbox, row)) {
        differences.push({ inbox: inbox.name, kind: 'missing', place: row.place ?? '', file: row.id });
      }
    }
  }
  return { files, rows, differences };
}

/**
 * Enters files of done/ that the ledger does not know as processed, so that the same are duplicates when they come
 * again. Their records are not loaded: whoever misses them drops the file again and has it loaded as a duplicate.
 *
 * @throws Fault SPOOL_MISSING, SPOOL_DEVICES
 */
export async function adoptForgotten(loaded: LoadedConfig, db: Db, operator: Operator): Promise<Delivery[]> {
  const adopted: Delivery[] = [];
  for (const inbox of inboxesOf(loaded, db)) {
    const forgotten: Archived[] = [];
    for await (const archived of archivedFiles(loaded, inbox)) {
      if (archived.folder === 'done' && (await judge(inbox, archived))?.kind === 'unknown')
        forgotten.push(archived);
    }
    for (let from = 0; from < forgotten.length; from += pageSize) {
      const page = forgotten.slice(from, from + pageSize);
      adopted.push(...(await inTransaction(db, (trx) => adoptPage(trx, inbox, page, operator))));
    }
  }
  return adopted;
}

/** Places in done/ and rejected/ with a file that no row accounts for, without reading any. */
export async function* unrecordedFiles(loaded: LoadedConfig, db: Db): AsyncGenerator<string> {
  for (const inbox of inboxesOf(loaded, db)) {
    for await (const { folder, path, place } of archivedFiles(loaded, inbox)) {
      if (folder === 'hold' || (await deliveryAt(db, place)) !== undefined) continue;
      if ((await belongsToAnother(inbox, path)) || (await isOnItsWay(inbox, path))) continue;
      yield place;
    }
  }
}

async function adoptPage(
  trx: Db,
  inbox: Checked,
  page: readonly Archived[],
  operator: Operator,
): Promise<Delivery[]> {
  const adopted: Delivery[] = [];
  for (const { path, place } of page) {
    const mark = await markOf(path);
    const digest = await digestOf(path);
    if (mark === undefined || digest === null) continue;
    const name = await senderName(path);
    const identity = identityOf({ id: 0, name, digest, reload: null }, inbox.settings.duplicate);
    const companion = await companionBeside(inbox, path);
    const file = { inbox: inbox.name, name, mark, digest, identity, place, companion };
    const row = await adoptDone(trx, file, operator.now);
    if (!row) continue;
    await audit(trx, operator, {
      action: 'spool.adopt',
      subject: `file ${row.id}`,
      before: null,
      after: { place, digest },
    });
    adopted.push(row);
  }
  return adopted;
}

const inboxesOf = (loaded: LoadedConfig, db: Db): Checked[] =>
  inboxNames(loaded.config).map((name) => ({
    name,
    settings: inboxOf(loaded.config, name),
    spool: spoolFolder(loaded),
    db,
  }));

async function* archivedFiles(loaded: LoadedConfig, inbox: Checked): AsyncGenerator<Archived> {
  const folders = await checkInbox(inboxFolder(loaded, inbox.name));
  for (const folder of ['done', 'rejected', 'hold'] as const) {
    for await (const path of filesBelow(folders[folder])) {
      yield { folder, path, place: placeOf(inbox, path) };
    }
  }
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else yield path;
  }
}

/** What is wrong with a file; undefined when nothing is. */
async function judge(inbox: Checked, archived: Archived): Promise<Difference | undefined> {
  const { path, place } = archived;
  const row = await deliveryAt(inbox.db, place);
  const digest = await digestOf(path);
  // A file that was refused unread has no digest.
  if (row !== undefined && (row.digest === null || row.digest === digest)) return undefined;
  if (row !== undefined) return { inbox: inbox.name, kind: 'changed', place, file: row.id };
  if (await belongsToAnother(inbox, path)) return undefined;
  if (archived.folder === 'done' && digest !== null && (await isDone(inbox, path, digest))) return undefined;
  if (await isOnItsWay(inbox, path)) return undefined;
  return { inbox: inbox.name, kind: 'unknown', place, file: null };
}

/** A reason, a marker or a manifest: it is looked at with its file. */
async function belongsToAnother(inbox: Checked, path: string): Promise<boolean> {
  if (path.endsWith(reasonSuffix)) return exists(path.slice(0, -reasonSuffix.length));
  for (const name of [path, unnumbered(path)]) {
    if (isMarkerOf(inbox.settings, name) && (await exists(name.slice(0, -inbox.settings.marker.length))))
      return true;
    // The inbox may have had another marker then.
    const suffix = /\.[A-Za-z0-9]+$/.exec(name)?.[0] ?? '';
    const row = await deliveryAt(inbox.db, placeOf(inbox, name.slice(0, name.length - suffix.length)));
    if (row && companionOf(row)?.suffix === suffix) return true;
  }
  return false;
}

/** Whether the ledger knows these bytes, from another place: somebody has moved or copied the file. */
async function isDone(
  { db, name: inbox, settings }: Checked,
  path: string,
  digest: string,
): Promise<boolean> {
  const name = await senderName(path);
  const identity = identityOf({ id: 0, name, digest, reload: null }, settings.duplicate);
  return (await wasDone(db, inbox, identity)) !== undefined;
}

/** A daemon has settled it, and is about to note its place. */
async function isOnItsWay({ db, name }: Checked, path: string): Promise<boolean> {
  const mark = await markOf(path);
  if (mark === undefined) return true;
  const rows = await unfinished(db, name);
  return rows.some((row) => row.inode === mark.inode && row.settled_at !== null);
}

/** The name under which it came: a number was added where that name was taken, so the other file lies beside it. */
async function senderName(path: string): Promise<string> {
  const plain = unnumbered(path);
  return basename(plain !== path && (await exists(plain)) ? plain : path);
}

async function companionBeside({ settings }: Checked, path: string) {
  if (settings.marker === '') return undefined;
  const beside = path + settings.marker;
  const mark = await markOf(beside);
  return mark && noteCompanion({ path: Buffer.from(beside), suffix: settings.marker, mark });
}

async function* settledRows({ db, name }: Checked): AsyncGenerator<Delivery> {
  for (let last = 0; ;) {
    const page = await settledAfter(db, name, last, pageSize);
    yield* page;
    const end = page.at(-1);
    if (end === undefined) return;
    last = end.id;
  }
}

/** Asked once more when the file is not there: a daemon or an operator may have moved it meanwhile. */
async function isMissing({ db, spool }: Checked, row: Delivery): Promise<boolean> {
  if (await exists(join(spool, row.place ?? ''))) return false;
  const now = await findDelivery(db, row.id);
  return now?.place === row.place && now.state === row.state;
}

/** SHA-256 of a file of any size, hex; null when it is no regular file, or gone. */
async function digestOf(path: string): Promise<string | null> {
  const stat = await lstat(path).catch(() => undefined);
  if (!stat?.isFile()) return null;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex');
}
