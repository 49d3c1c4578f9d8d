import { sql, type ExpressionBuilder } from 'kysely';

import type { FaultCode } from '../runtime/fault-codes.ts';
import { bug } from '../runtime/faults.ts';
import type { KeyPage } from './key-page.ts';
import { checkMove } from './states/state-machine.ts';
import { deliveryMoves, deliveryStates, type DeliveryState } from './states/delivery.ts';
import type { Db, DeliveryPurpose, Row, Tables } from './tables.ts';
import type { Worker } from './workers.ts';

/** The ledger of files. Every change of a delivery's state goes through `move`. */

export type Delivery = Row<'delivery'>;

/** What identifies a file on disk while it is being claimed. */
export interface FileMark {
  readonly dev: string;
  readonly inode: string;
  readonly size: number;
  readonly mtimeNs: string;
}

/** The marker or manifest that came with a file, as it was when the file was claimed. */
export interface Companion {
  /** What its name has behind the name of the file. */
  readonly suffix: string;
  readonly dev: string;
  readonly inode: string;
  /** Its text; null when it is no file of text, or too long for a manifest. */
  readonly content: string | null;
}

export interface NewDelivery {
  readonly inbox: string;
  readonly name: string;
  readonly mark: FileMark;
  readonly companion?: Companion | undefined;
}

/** Row of a file that is about to be claimed; undefined when another process has it. */
export async function insertSeen(
  db: Db,
  file: NewDelivery,
  worker: Worker,
  now: Date,
): Promise<Delivery | undefined> {
  return db
    .insertInto('delivery')
    .values({
      direction: 'in',
      folder: file.inbox,
      name: file.name,
      state: 'seen',
      attempts: 0,
      crashes: 0,
      dev: file.mark.dev,
      inode: file.mark.inode,
      size: file.mark.size,
      mtime_ns: file.mark.mtimeNs,
      worker_id: worker.id,
      companion_json: file.companion === undefined ? null : JSON.stringify(file.companion),
      seen_at: now.toISOString(),
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

/** What came with the file, if anything did. */
export const companionOf = (row: Pick<Delivery, 'companion_json'>): Companion | undefined =>
  row.companion_json === null ? undefined : (JSON.parse(row.companion_json) as Companion);

/** Forgets a file that was gone, or is still in in/, before it was ours. */
export async function forgetSeen(db: Db, id: number): Promise<void> {
  await db.deleteFrom('delivery').where('id', '=', id).where('state', '=', 'seen').execute();
}

type Change = Partial<Omit<Delivery, 'id' | 'state'>>;

/** @throws Fault BUG when the delivery may not take that state, or has left the state that the caller knows */
async function move(db: Db, delivery: Delivery, to: DeliveryState, change: Change): Promise<Delivery> {
  checkMove('delivery', deliveryMoves, delivery.state, to);
  return db
    .updateTable('delivery')
    .set({ ...change, state: to })
    .where('id', '=', delivery.id)
    .where('state', '=', delivery.state)
    .returningAll()
    .executeTakeFirstOrThrow(() => bug(`delivery ${delivery.id} is no longer ${delivery.state}`));
}

/** The file lies in work/, ours alone. */
export const markClaimed = (db: Db, delivery: Delivery, place: string): Promise<Delivery> =>
  move(db, delivery, 'claimed', { place });

/** Counts an attempt before its work starts: a file that kills the process is found out by its count. */
export const countAttempt = (db: Db, delivery: Delivery, worker: Worker): Promise<Delivery> =>
  move(db, delivery, 'claimed', {
    attempts: delivery.attempts + 1,
    worker_id: worker.id,
    next_try_at: null,
  });

/** The attempt came to nothing for reasons that are not the file's. */
export const uncountAttempt = (db: Db, delivery: Delivery): Promise<Delivery> =>
  move(db, delivery, 'claimed', { attempts: delivery.attempts - 1 });

/** The process that worked on the file has died. */
export const countCrash = (db: Db, delivery: Delivery, worker: Worker): Promise<Delivery> =>
  move(db, delivery, 'claimed', { crashes: delivery.crashes + 1, worker_id: worker.id });

/** The file is what it was when it was looked at last. */
export async function remark(db: Db, delivery: Delivery, mark: FileMark): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ dev: mark.dev, inode: mark.inode, size: mark.size, mtime_ns: mark.mtimeNs })
    .where('id', '=', delivery.id)
    .execute();
}

export const defer = (
  db: Db,
  delivery: Delivery,
  code: FaultCode,
  detail: string,
  nextTry: Date,
): Promise<Delivery> =>
  move(db, delivery, 'deferred', { fault_code: code, detail, next_try_at: nextTry.toISOString() });

/**
 * The records of the file are in the store: part of the transaction that puts them there.
 *
 * @throws the database's unique violation when a file of this identity was processed from this inbox before
 */
export const settleDone = (
  db: Db,
  delivery: Delivery,
  result: {
    readonly digest: string;
    readonly identity: string;
    readonly batchId: number | null;
    readonly at: Date;
  },
): Promise<Delivery> =>
  move(db, delivery, 'done', {
    digest: result.digest,
    identity: result.identity,
    batch_id: result.batchId,
    settled_at: result.at.toISOString(),
    fault_code: null,
    detail: null,
    next_try_at: null,
  });

export interface Refusal {
  readonly code: FaultCode;
  readonly detail: string;
  readonly digest: string | null;
  readonly at: Date;
}

export const settleRefused = (
  db: Db,
  delivery: Delivery,
  to: 'rejected' | 'held',
  refusal: Refusal,
): Promise<Delivery> =>
  move(db, delivery, to, {
    fault_code: refusal.code,
    detail: refusal.detail,
    digest: refusal.digest,
    settled_at: refusal.at.toISOString(),
    next_try_at: null,
    moved_at: null,
  });

/** An operator does not want to wait for the next try. */
export async function retryNow(db: Db, delivery: Delivery, now: Date): Promise<Delivery> {
  return db
    .updateTable('delivery')
    .set({ next_try_at: now.toISOString() })
    .where('id', '=', delivery.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** An operator puts a deferred or rejected file aside. It is nobody's then: whoever takes it brings it to its folder. */
export const holdByHand = (db: Db, delivery: Delivery, detail: string, at: Date): Promise<Delivery> =>
  move(db, delivery, 'held', { detail, ...settledByHand(at) });

/** An operator wants nothing more of a rejected, held or deferred file. */
export const discard = (db: Db, delivery: Delivery, detail: string, at: Date): Promise<Delivery> =>
  move(db, delivery, 'rejected', { fault_code: 'DISCARDED', detail, ...settledByHand(at) });

const settledByHand = (at: Date): Change => ({
  settled_at: at.toISOString(),
  next_try_at: null,
  moved_at: null,
  worker_id: null,
});

/** A settled file lies in work/ after all: its way is unfinished. */
export async function reopenMove(db: Db, id: number, place: string | null): Promise<void> {
  await db.updateTable('delivery').set({ place, moved_at: null }).where('id', '=', id).execute();
}

/** An operator gives a rejected or held file another chance, with a fresh count. That it was discarded is over then. */
export const reopen = (db: Db, delivery: Delivery, place: string, now: Date): Promise<Delivery> =>
  move(db, delivery, 'deferred', {
    attempts: 0,
    crashes: 0,
    place,
    settled_at: null,
    moved_at: null,
    next_try_at: now.toISOString(),
    ...(delivery.fault_code === 'DISCARDED' && { fault_code: null, detail: null }),
  });

/** An operator wants a rejected file loaded although the same was loaded before. */
export async function allowDuplicate(db: Db, delivery: Delivery): Promise<Delivery> {
  return db
    .updateTable('delivery')
    .set({ reload: 1 })
    .where('id', '=', delivery.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The file lies in its last folder. */
export async function markMoved(db: Db, id: number, place: string | null, now: Date): Promise<void> {
  await db.updateTable('delivery').set({ place, moved_at: now.toISOString() }).where('id', '=', id).execute();
}

/** The file of this identity that was processed from this inbox before. */
export async function wasDone(db: Db, inbox: string, identity: string): Promise<Delivery | undefined> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('identity', '=', identity)
    .where('state', '=', 'done')
    .executeTakeFirst();
}

/** Received files of this name that are in hand, or wait for their next try or for an operator. */
export async function atHand(db: Db, inbox: string, name: string): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('state', 'in', ['seen', 'claimed', 'deferred', 'held'])
    .where('name', '=', name)
    .execute();
}

/** An empty list cannot be written in SQL. */
const heldByNone = (where: ExpressionBuilder<Tables, 'delivery'>, holders: readonly number[]) =>
  holders.length === 0 ? where.lit(true) : where('worker_id', 'not in', holders);

/** Received files whose way is not finished, whoever holds them. */
export async function unfinished(db: Db, inbox: string): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('moved_at', 'is', null)
    .where('state', '<>', 'deferred')
    .orderBy('id')
    .execute();
}

/**
 * Takes an unfinished file from whoever held it when the row was read; undefined when another process was faster. Two
 * processes that start after a crash find the same rows.
 */
export async function takeOver(db: Db, row: Delivery, worker: Worker): Promise<Delivery | undefined> {
  return db
    .updateTable('delivery')
    .set({ worker_id: worker.id })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .where('moved_at', 'is', null)
    .where('worker_id', 'is not distinct from', row.worker_id)
    .returningAll()
    .executeTakeFirst();
}

/** Deferred files whose time has come, oldest first. */
export async function due(db: Db, inbox: string, now: Date, limit: number): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('state', '=', 'deferred')
    .where('moved_at', 'is', null)
    .where('next_try_at', '<=', now.toISOString())
    .orderBy('next_try_at')
    .limit(limit)
    .execute();
}

/** Takes a due file for this worker; undefined when another was faster. */
export async function takeDue(db: Db, delivery: Delivery, worker: Worker): Promise<Delivery | undefined> {
  return db
    .updateTable('delivery')
    .set({ state: 'claimed', worker_id: worker.id })
    .where('id', '=', delivery.id)
    .where('state', '=', 'deferred')
    .returningAll()
    .executeTakeFirst();
}

export interface Publication {
  /** Folder published into, relative to the spool. */
  readonly folder: string;
  readonly name: string;
  readonly purpose: DeliveryPurpose;
  readonly content: string;
  readonly batchId: number | null;
  readonly providerRequestId: number | null;
}

/** Queues a document to be published: part of the transaction that decides on it. */
export async function queuePublication(db: Db, publication: Publication, now: Date): Promise<void> {
  await db
    .insertInto('delivery')
    .values({
      direction: 'out',
      folder: publication.folder,
      name: publication.name,
      state: 'seen',
      attempts: 0,
      crashes: 0,
      purpose: publication.purpose,
      content: publication.content,
      batch_id: publication.batchId,
      provider_request_id: publication.providerRequestId,
      seen_at: now.toISOString(),
    })
    .execute();
}

/** Queued documents of these purposes, oldest first. */
export async function unpublished(
  db: Db,
  purposes: readonly DeliveryPurpose[],
  limit: number,
): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'out')
    .where('purpose', 'in', purposes)
    .where('state', 'in', ['seen', 'claimed'])
    .where('moved_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Folders into which documents of these purposes were or will be published. */
export async function publishedFolders(db: Db, purposes: readonly DeliveryPurpose[]): Promise<string[]> {
  const rows = await db
    .selectFrom('delivery')
    .select('folder')
    .distinct()
    .where('direction', '=', 'out')
    .where('purpose', 'in', purposes)
    .execute();
  return rows.map((row) => row.folder);
}

/** Takes a queued document for this worker; undefined when another living worker has it. */
export async function takePublication(
  db: Db,
  delivery: Delivery,
  worker: Worker,
  holders: readonly number[],
): Promise<Delivery | undefined> {
  return db
    .updateTable('delivery')
    .set({ worker_id: worker.id, attempts: delivery.attempts + 1 })
    .where('id', '=', delivery.id)
    .where('state', 'in', ['seen', 'claimed'])
    .where((where) => where.or([where('worker_id', 'is', null), heldByNone(where, holders)]))
    .returningAll()
    .executeTakeFirst();
}

/** The sealed bytes are on disk under a temporary name; from here on exactly these bytes are published. */
export const markSealed = (
  db: Db,
  delivery: Delivery,
  sealed: { readonly digest: string; readonly size: number },
): Promise<Delivery> => move(db, delivery, 'claimed', sealed);

export const markPublished = (db: Db, delivery: Delivery, place: string, at: Date): Promise<Delivery> =>
  move(db, delivery, 'done', {
    content: null,
    place,
    settled_at: at.toISOString(),
    moved_at: at.toISOString(),
  });

export async function findDelivery(db: Db, id: number): Promise<Delivery | undefined> {
  return db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Files by their numbers, newest first. */
export async function deliveriesOf(db: Db, ids: readonly number[]): Promise<Delivery[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('delivery').selectAll().where('id', 'in', ids).orderBy('id', 'desc').execute();
}

/** The received file that lies, or should lie, at this place of the spool. */
export async function deliveryAt(db: Db, place: string): Promise<Delivery | undefined> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('place', '=', place)
    .orderBy('id', 'desc')
    .executeTakeFirst();
}

/** Received files that were brought to their last folder and should lie there still, by number, after this one. */
export async function settledAfter(db: Db, inbox: string, id: number, limit: number): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('state', 'in', ['done', 'rejected', 'held'])
    .where('moved_at', 'is not', null)
    .where('place', 'is not', null)
    .where('removed_at', 'is', null)
    .where('id', '>', id)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** A file that the store does not remember to have processed. */
export interface ForgottenFile {
  readonly inbox: string;
  readonly name: string;
  readonly mark: FileMark;
  readonly digest: string;
  readonly identity: string;
  readonly place: string;
  readonly companion?: Companion | undefined;
}

/** Enters a file of done/ as processed, without a batch; undefined when the store knows one of this identity. */
export async function adoptDone(db: Db, file: ForgottenFile, now: Date): Promise<Delivery | undefined> {
  const at = now.toISOString();
  return db
    .insertInto('delivery')
    .values({
      direction: 'in',
      folder: file.inbox,
      name: file.name,
      state: 'done',
      attempts: 0,
      crashes: 0,
      dev: file.mark.dev,
      inode: file.mark.inode,
      size: file.mark.size,
      mtime_ns: file.mark.mtimeNs,
      digest: file.digest,
      identity: file.identity,
      place: file.place,
      companion_json: file.companion === undefined ? null : JSON.stringify(file.companion),
      seen_at: at,
      settled_at: at,
      moved_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export interface DeliveryFilter extends KeyPage {
  readonly folder?: string | undefined;
  readonly states?: readonly DeliveryState[] | undefined;
  readonly code?: FaultCode | undefined;
  /** Leaves out what an operator has discarded: there may be much of it. */
  readonly withoutDiscarded?: boolean | undefined;
}

/** States in which a file may wait for somebody. */
export const unsettledStates = ['rejected', 'held', 'deferred'] as const satisfies readonly DeliveryState[];

/** Files that somebody has to look at: rejected, held or deferred, and not discarded. */
export const filesInNeed = (
  db: Db,
  filter: Pick<DeliveryFilter, 'folder' | 'before' | 'limit'>,
): Promise<Delivery[]> => listDeliveries(db, { ...filter, states: unsettledStates, withoutDiscarded: true });

/** Received files that were rejected since a time, without those that were discarded. */
export async function countRejectedSince(db: Db, since: Date): Promise<number> {
  const { count } = await db
    .selectFrom('delivery')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where(rejectedAndWanted)
    .where('settled_at', '>=', since.toISOString())
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** As the indexes say it, word for word: else they are not used. */
const rejectedAndWanted = sql<boolean>`state = 'rejected' and fault_code is not 'DISCARDED'`;

/** Newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<Delivery[]> {
  const { folder, code, limit } = filter;
  const { states = folder === undefined && code === undefined ? undefined : deliveryStates } = filter;
  if (states === undefined) return deliveryPage(db, filter).execute();
  // The index has the files of one state in order; of several states it would have to sort them all.
  const pages = states.map((state) => {
    const wanted = filter.withoutDiscarded === true && state === 'rejected';
    const page = deliveryPage(db, filter);
    return (wanted ? page.where(rejectedAndWanted) : page.where('state', '=', state)).execute();
  });
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, limit);
}

function deliveryPage(db: Db, { folder, before, limit, code }: DeliveryFilter) {
  let query = db.selectFrom('delivery').selectAll().orderBy('id', 'desc').limit(limit);
  if (folder !== undefined) query = query.where('folder', '=', folder);
  if (before !== undefined) query = query.where('id', '<', before);
  if (code !== undefined) query = query.where('fault_code', '=', code);
  return query;
}

/** Every file that belongs to one of these batches, oldest first. */
export async function deliveriesOfBatches(db: Db, batches: readonly number[]): Promise<Delivery[]> {
  if (batches.length === 0) return [];
  return db.selectFrom('delivery').selectAll().where('batch_id', 'in', batches).orderBy('id').execute();
}

/** Files of a batch, newest first: one answer of a provider may make a response for each of many orders. */
export function filesOfBatch(db: Db, batchId: number, { before, limit }: KeyPage): Promise<Delivery[]> {
  const query = db
    .selectFrom('delivery')
    .selectAll()
    .where('batch_id', '=', batchId)
    .orderBy('id', 'desc')
    .limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}

/** Number of files per folder and state, of those received (by inbox) or of those produced. */
export async function countFiles(
  db: Db,
  direction: Delivery['direction'] = 'in',
): Promise<{ folder: string; state: DeliveryState; count: number }[]> {
  return db
    .selectFrom('file_count')
    .select(['folder', 'state', 'files as count'])
    .where('direction', '=', direction)
    .where('files', '>', 0)
    .execute();
}
