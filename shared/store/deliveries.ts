import { sql, type RawBuilder } from 'kysely';

import type { FaultCode } from '../runtime/fault-codes.ts';
import { bug, Fault } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import { checkMove } from './states/state-machine.ts';
import { deliveryMoves, type DeliveryState } from './states/delivery.ts';
import type { Db, Row } from './tables.ts';
import type { Worker } from './workers.ts';

/**
 * The ledger of files. Every change of a delivery's state goes through `moveDelivery`, and every change is made on the
 * condition that the row is still held by whom the caller read there: what another process has taken over meanwhile stays
 * as that one has it.
 */

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

/**
 * Rows of files that are about to be claimed; of a file that another process has there is none. Every process enters them
 * in the same order, so that no two wait for each other.
 */
export async function insertSeen(
  db: Db,
  files: readonly NewDelivery[],
  worker: Worker,
  now: Date,
): Promise<Delivery[]> {
  if (files.length === 0) return [];
  return db
    .insertInto('delivery')
    .values(
      files.toSorted(byInode).map((file) => ({
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
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .execute();
}

const byInode = (one: NewDelivery, other: NewDelivery): number =>
  one.mark.inode < other.mark.inode ? -1 : Number(one.mark.inode > other.mark.inode);

/** What came with the file, if anything did. */
export const companionOf = (row: Pick<Delivery, 'companion_json'>): Companion | undefined =>
  row.companion_json === null ? undefined : (JSON.parse(row.companion_json) as Companion);

/** Forgets a file that was gone, or is still in in/, before it was ours. */
export async function forgetSeen(db: Db, { id, worker_id: holder }: Delivery): Promise<void> {
  await db
    .deleteFrom('delivery')
    .where('id', '=', id)
    .where('state', '=', 'seen')
    .where('worker_id', 'is not distinct from', holder)
    .execute();
}

type Change = Partial<Omit<Delivery, 'id' | 'state'>>;

/**
 * @throws Fault LEASE_LOST when another holds the delivery by now; BUG when it may not take that state, or has left the
 *   state that the caller knows
 */
export async function moveDelivery(
  db: Db,
  delivery: Delivery,
  to: DeliveryState,
  change: Change,
): Promise<Delivery> {
  checkMove('delivery', deliveryMoves, delivery.state, to);
  const moved = await db
    .updateTable('delivery')
    // A column that is set is written anew in each of its indexes, also when it stays what it is.
    .set(to === delivery.state ? change : { ...change, state: to })
    .where('id', '=', delivery.id)
    .where('state', '=', delivery.state)
    .where('worker_id', 'is not distinct from', delivery.worker_id)
    .returningAll()
    .executeTakeFirst();
  if (moved) return moved;
  throw await staleFault(db, delivery);
}

/** LEASE_LOST: another holds the delivery by now. @throws Fault BUG */
export async function staleFault(db: Db, delivery: Delivery): Promise<Fault> {
  if (await isStillHeld(db, delivery)) throw bug(`delivery ${delivery.id} is no longer ${delivery.state}`);
  return new Fault('LEASE_LOST', `another has delivery ${delivery.id} by now`);
}

/** Whether the row is still held by whom it was held by when it was read. */
async function isStillHeld(db: Db, { id, worker_id: holder }: Delivery): Promise<boolean> {
  const row = await findDelivery(db, id);
  return row !== undefined && row.worker_id === holder;
}

/** A delivery, and the place that it is brought to; null: it is nowhere to be found. */
export interface Placed {
  readonly row: Delivery;
  readonly place: string | null;
}

/** What has become of several deliveries. */
export interface PlacedTogether {
  readonly done: readonly Delivery[];
  /** Those that another has by now; nothing of them is changed. */
  readonly lost: readonly { readonly row: Delivery; readonly thrown: Fault }[];
}

/** The files lie in work/, ours alone. @throws Fault BUG when one has left the state that the caller knows */
export async function markClaimed(db: Db, placed: readonly Placed[]): Promise<PlacedTogether> {
  for (const { row } of placed) checkMove('delivery', deliveryMoves, row.state, 'claimed');
  return placeTogether(db, placed, { state: 'claimed' });
}

/** The files lie in their last folders. @throws Fault BUG when one has left the state that the caller knows */
export const markMoved = (db: Db, placed: readonly Placed[], now: Date): Promise<PlacedTogether> =>
  placeTogether(db, placed, { moved_at: now.toISOString() });

/** A delivery as its holder knows it. */
type Known = Pick<Delivery, 'id' | 'state' | 'worker_id'>;

/** The first three columns of a list of changes to deliveries. */
export const asKnown = ({ id, state, worker_id: holder }: Known): RawBuilder<unknown> =>
  sql`cast(${id} as bigint), cast(${state} as text), cast(${holder} as bigint)`;

/**
 * Whether a delivery is still as such a list knows it; others are another's by now, and nothing may be written to them. Both
 * engines call the columns of a list of values column1, column2, …
 *
 * @param list name of the list in the statement
 */
export const isStillAsKnown = (list: string): RawBuilder<boolean> =>
  sql<boolean>`delivery.id = ${sql.ref(`${list}.column1`)} and delivery.state = ${sql.ref(`${list}.column2`)}
    and delivery.worker_id is not distinct from ${sql.ref(`${list}.column3`)}`;

/** One statement for a group: each is a way to the server and back, during which others wait for the rows. */
async function placeTogether(
  db: Db,
  placed: readonly Placed[],
  change: Partial<Pick<Delivery, 'state' | 'moved_at'>>,
): Promise<PlacedTogether> {
  const held = new Set<number>();
  for (const chunk of chunks(placed)) {
    const values = chunk.map(({ row, place }) => sql`(${asKnown(row)}, cast(${place} as text))`);
    const rows = await db
      .updateTable('delivery')
      .from(sql`(values ${sql.join(values)})`.as('placed'))
      .set({ ...change, place: sql.ref('placed.column4') })
      .where(isStillAsKnown('placed'))
      .returning('delivery.id')
      .execute();
    for (const { id } of rows) held.add(id);
  }
  const isHeld = ({ row }: Placed): boolean => held.has(row.id);
  const lost: { row: Delivery; thrown: Fault }[] = [];
  for (const { row } of placed.filter((each) => !isHeld(each)))
    lost.push({ row, thrown: await staleFault(db, row) });
  return { done: placed.filter(isHeld).map(({ row, place }) => ({ ...row, ...change, place })), lost };
}

/**
 * Counts an attempt before its work starts: a file that kills the process is found out by its count. Where several files
 * are worked on together, it is not known which one would be to blame: their attempts are counted with the outcome.
 */
export const countAttempt = (db: Db, delivery: Delivery, worker: Worker): Promise<Delivery> =>
  moveDelivery(db, delivery, 'claimed', {
    attempts: delivery.attempts + 1,
    worker_id: worker.id,
    ...(delivery.next_try_at !== null && { next_try_at: null }),
  });

/**
 * The attempt came to nothing for reasons that are not the file's. Where it was the connection to the store, in the middle of a
 * commit, the row may have gone on all the same: then it stays as it is.
 */
export async function uncountAttempt(db: Db, delivery: Delivery): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ attempts: delivery.attempts - 1 })
    .where('id', '=', delivery.id)
    .where('state', '=', 'claimed')
    .where('worker_id', 'is not distinct from', delivery.worker_id)
    .where('attempts', '=', delivery.attempts)
    .execute();
}

/** The process that worked on the file, or on several of which it was one, has died. */
export const countCrash = (db: Db, delivery: Delivery, worker: Worker): Promise<Delivery> =>
  moveDelivery(db, delivery, 'claimed', { crashes: delivery.crashes + 1, worker_id: worker.id });

/** The file is what it was when it was looked at last. @throws Fault LEASE_LOST, BUG */
export const remark = (db: Db, delivery: Delivery, mark: FileMark): Promise<Delivery> =>
  moveDelivery(db, delivery, 'claimed', {
    dev: mark.dev,
    inode: mark.inode,
    size: mark.size,
    mtime_ns: mark.mtimeNs,
  });

export const defer = (
  db: Db,
  delivery: Delivery,
  code: FaultCode,
  detail: string,
  nextTry: Date,
): Promise<Delivery> =>
  moveDelivery(db, delivery, 'deferred', {
    attempts: delivery.attempts,
    fault_code: code,
    detail,
    next_try_at: nextTry.toISOString(),
  });

/** A file whose records are in the store. */
export interface DoneFile {
  readonly row: Delivery;
  readonly digest: string;
  readonly identity: string;
  readonly batchId: number | null;
}

/**
 * The records of files are in the store: part of the transaction that puts them there. One statement for a group.
 *
 * @returns the files, with their rows as they are now
 * @throws the database's unique violation when a file of such an identity was processed from this inbox before; as
 *   `moveDelivery` when one of them is not as the caller knows it
 */
export async function settleDone<File extends DoneFile>(
  db: Db,
  files: readonly File[],
  at: Date,
): Promise<File[]> {
  for (const { row } of files) checkMove('delivery', deliveryMoves, row.state, 'done');
  const cleared = { fault_code: null, detail: null, next_try_at: null };
  const change = { state: 'done' as const, settled_at: at.toISOString(), ...cleared };
  const settled: File[] = [];
  for (const chunk of chunks(files)) {
    const values = chunk.map(
      ({ row, digest, identity, batchId }) =>
        sql`(${asKnown(row)}, cast(${row.attempts} as bigint), cast(${digest} as text), cast(${identity} as text),
          cast(${batchId} as bigint))`,
    );
    const rows = await db
      .updateTable('delivery')
      .from(sql`(values ${sql.join(values)})`.as('file'))
      .set({
        ...change,
        attempts: sql.ref('file.column4'),
        digest: sql.ref('file.column5'),
        identity: sql.ref('file.column6'),
        batch_id: sql.ref('file.column7'),
      })
      .where(isStillAsKnown('file'))
      .returning('delivery.id')
      .execute();
    const done = new Set(rows.map(({ id }) => id));
    for (const file of chunk) {
      const { row, digest, identity, batchId } = file;
      if (!done.has(row.id)) throw await staleFault(db, row);
      settled.push({ ...file, row: { ...row, ...change, digest, identity, batch_id: batchId } });
    }
  }
  return settled;
}

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
  moveDelivery(db, delivery, to, {
    attempts: delivery.attempts,
    fault_code: refusal.code,
    detail: refusal.detail,
    digest: refusal.digest,
    settled_at: refusal.at.toISOString(),
    next_try_at: null,
    moved_at: null,
  });

/** A settled file lies in work/ after all: its way is unfinished, unless somebody has gone on with it since. */
export async function reopenMove(db: Db, delivery: Delivery, place: string | null): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ place, moved_at: null })
    .where('id', '=', delivery.id)
    .where('state', '=', delivery.state)
    .where('worker_id', 'is not distinct from', delivery.worker_id)
    .where('moved_at', 'is not distinct from', delivery.moved_at)
    .execute();
}

/**
 * The files of these identities that were processed from this inbox before. Each is looked up by itself, by `cross join`:
 * for a list of eight or more, SQLite's planner would rather go through all files that this inbox ever had, since it takes
 * every index to find ten rows.
 */
export async function doneBefore(db: Db, inbox: string, identities: readonly string[]): Promise<Delivery[]> {
  const found: Delivery[] = [];
  for (const chunk of chunks(identities)) {
    const sought = chunk.map((identity) => sql`(cast(${identity} as text))`);
    const rows = await db
      .selectFrom(sql`(values ${sql.join(sought)})`.as('sought'))
      .crossJoin('delivery')
      .selectAll('delivery')
      // Written out, so that the index of these rows alone is found without a look at values.
      .where('delivery.direction', '=', sql.lit('in' as const))
      .where('delivery.folder', '=', inbox)
      .where('delivery.identity', '=', sql.ref<string>('sought.column1'))
      .where('delivery.state', '=', sql.lit('done' as const))
      .execute();
    found.push(...rows);
  }
  return found;
}

/** The file of this identity that was processed from this inbox before. */
export const wasDone = async (db: Db, inbox: string, identity: string): Promise<Delivery | undefined> =>
  (await doneBefore(db, inbox, [identity]))[0];

/**
 * A row that nobody else changes until the transaction ends: its file may be moved meanwhile. On SQLite nobody changes
 * anything then; PostgreSQL locks the rows that a transaction has written.
 */
export function lockDelivery(trx: Db, id: number): Promise<Delivery | undefined> {
  return trx
    .updateTable('delivery')
    .set((row) => ({ attempts: row.ref('attempts') }))
    .where('id', '=', id)
    .returningAll()
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

export async function findDelivery(db: Db, id: number): Promise<Delivery | undefined> {
  return db.selectFrom('delivery').selectAll().where('id', '=', id).executeTakeFirst();
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
