import { sql } from 'kysely';

import { bug, Fault } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import { compiled } from './compiled.ts';
import type { KeyPage } from './key-page.ts';
import { hasRowLocks } from './row-locks.ts';
import { checkBatchMove, lastValidStage, type Direction, type Standing } from './states/batch.ts';
import type { Db, Row } from './tables.ts';
import { unindexed } from './unseen.ts';

/**
 * Batches, their items and the history of their stages. Every change of a stage goes through `moveBatch` or
 * `moveBatches`.
 */

export type Batch = Row<'batch'>;
export type BatchItem = Row<'batch_item'>;

/** What is known of a batch before its document is read. */
export interface BatchStart {
  readonly direction: Direction;
  readonly category: string;
  readonly type: string;
  readonly version: number;
  readonly standing: Standing;
}

/** What is known of a batch when its document was read to the end. */
export interface BatchHeader {
  readonly providerId: string | null;
  readonly externalFileName: string | null;
  /** The document without its records. */
  readonly header: Readonly<Record<string, unknown>> | null;
}

export interface NewBatch extends BatchStart, Omit<BatchHeader, 'header'> {
  readonly items: readonly NewBatchItem[];
  readonly header?: BatchHeader['header'];
  /** Where the batch stood before it stands where it does: so far only in its history. */
  readonly from?: Standing;
  /** Said in the history of where it stands. */
  readonly note?: string;
}

export interface NewBatchItem {
  readonly customerReference: string;
  readonly description: string;
  readonly payload: unknown;
}

/**
 * Creates a batch whole: header, items and stages. Inside a transaction it is visible whole or not at all. The same rows
 * as by `openBatch`, `addItems`, `completeBatch` and, with `from`, `moveBatch`, by fewer statements.
 *
 * @throws Fault BUG when a batch may not go from where it stood to where it stands
 */
export async function createBatch(db: Db, batch: NewBatch, actor: string, now: Date): Promise<Batch> {
  const { direction, standing, from, items, note = null, header = null } = batch;
  if (from !== undefined) checkBatchMove(direction, from, standing);
  const at = now.toISOString();
  const [created] = await insertBatch(db, {
    ...beginning(batch, at),
    ...ending({ ...batch, header }, items.length),
  });
  if (!created) throw bug('a batch was inserted, and there is none');
  const stage = { batch_id: created.id, at, actor };
  if (from !== undefined) await insertStage(db, { ...stage, ...from, note: null });
  await insertStage(db, { ...stage, ...standing, note });
  await addItems(db, created.id, 0, items);
  return created;
}

type BatchRow = ReturnType<typeof beginning> & ReturnType<typeof ending>;

const insertBatch = compiled<BatchRow, Batch>((db, given) => {
  const { direction, category, type, version, stage, status, created_at, updated_at } = given;
  const { provider_id, external_file_name, header_json, record_count } = given;
  const row = { direction, category, type, version, stage, status, created_at, updated_at };
  return db
    .insertInto('batch')
    .values({ ...row, provider_id, external_file_name, header_json, record_count })
    .returningAll();
});

const insertStage = compiled<Omit<Row<'batch_stage'>, 'id'>, never>(
  (db, { batch_id, stage, status, at, actor, note }) =>
    db.insertInto('batch_stage').values({ batch_id, stage, status, at, actor, note }),
);

/** Most documents have one record. */
const insertItem = compiled<Omit<BatchItem, 'error'>, never>(
  (db, { batch_id, sequence, customer_reference, description, payload_json, status }) =>
    db
      .insertInto('batch_item')
      .values({ batch_id, sequence, customer_reference, description, payload_json, status }),
);

/** Creates a batch whose items follow, portion by portion, in the same transaction. */
export async function openBatch(db: Db, batch: BatchStart, actor: string, now: Date): Promise<Batch> {
  const at = now.toISOString();
  const created = await db
    .insertInto('batch')
    .values({ ...beginning(batch, at), record_count: 0 })
    .returningAll()
    .executeTakeFirstOrThrow();
  await recordStages(db, [created.id], batch.standing, actor, at);
  return created;
}

const beginning = ({ direction, category, type, version, standing }: BatchStart, at: string) => ({
  direction,
  category,
  type,
  version,
  stage: standing.stage,
  status: standing.status,
  created_at: at,
  updated_at: at,
});

const ending = ({ providerId, externalFileName, header }: BatchHeader, recordCount: number) => ({
  provider_id: providerId,
  external_file_name: externalFileName,
  header_json: header && JSON.stringify(header),
  record_count: recordCount,
});

/** Adds items to a batch that has so many already. */
export async function addItems(
  db: Db,
  batchId: number,
  present: number,
  items: readonly NewBatchItem[],
): Promise<void> {
  const rows = items.map((item, index) => ({
    batch_id: batchId,
    sequence: present + index + 1,
    customer_reference: item.customerReference,
    description: item.description,
    payload_json: JSON.stringify(item.payload),
    status: 'Open' as const,
  }));
  const [first] = rows;
  if (first && rows.length === 1) await insertItem(db, first);
  else for (const chunk of chunks(rows)) await db.insertInto('batch_item').values(chunk).execute();
}

/** The batch has all its items. */
export async function completeBatch(
  db: Db,
  id: number,
  header: BatchHeader,
  recordCount: number,
): Promise<Batch> {
  return db
    .updateTable('batch')
    .set(ending(header, recordCount))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/**
 * Moves a batch, and writes it into the batch's history.
 *
 * @throws Fault BUG when the batch may not stand there; NOT_FOUND
 */
export async function moveBatch(
  db: Db,
  id: number,
  to: Standing,
  actor: string,
  now: Date,
  note: string | null = null,
): Promise<Batch> {
  return moveBatchOn(db, await requireBatch(db, id), [{ to, note }], actor, now);
}

/** A step of a batch on its way. */
export interface BatchMove {
  readonly to: Standing;
  readonly note?: string | null;
}

/**
 * Moves a batch several steps at once: its history has them all, the batch stands where the last one leads.
 *
 * @param batch as it is now
 * @throws Fault BUG when the batch may not take one of the steps
 */
export async function moveBatchOn(
  db: Db,
  batch: Batch,
  moves: readonly [BatchMove, ...BatchMove[]],
  actor: string,
  now: Date,
): Promise<Batch> {
  let standing: Standing = batch;
  for (const { to } of moves) {
    checkBatchMove(batch.direction, standing, to);
    standing = to;
  }
  const at = now.toISOString();
  const stages = moves.map(({ to: { stage, status }, note = null }) => ({
    batch_id: batch.id,
    stage,
    status,
    at,
    actor,
    note,
  }));
  await db.insertInto('batch_stage').values(stages).execute();
  return db
    .updateTable('batch')
    .set({ stage: standing.stage, status: standing.status, updated_at: at })
    .where('id', '=', batch.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A move that several batches make at once. */
export interface CommonMove {
  readonly direction: Direction;
  readonly from: Standing;
  readonly to: Standing;
}

/** Who moves batches, when, and what is noted in the history of each. */
export interface MoveRecord {
  readonly actor: string;
  readonly now: Date;
  readonly note?: (id: number) => string | null;
}

/**
 * Moves batches that stand at one place, and writes it into the history of each.
 *
 * @throws Fault BUG when they may not stand there; also when one of them stands elsewhere by now
 */
export async function moveBatches(
  db: Db,
  ids: readonly number[],
  { direction, from, to }: CommonMove,
  { actor, now, note }: MoveRecord,
): Promise<void> {
  checkBatchMove(direction, from, to);
  const at = now.toISOString();
  for (const chunk of chunks(ids)) {
    const { numUpdatedRows } = await db
      .updateTable('batch')
      .set({ stage: to.stage, status: to.status, updated_at: at })
      .where('id', 'in', chunk)
      .where(unindexed('direction'), '=', direction)
      .where('stage', '=', from.stage)
      .where('status', '=', from.status)
      .executeTakeFirstOrThrow();
    if (Number(numUpdatedRows) !== chunk.length) {
      throw bug(`a batch does not stand at ${from.stage} · ${from.status} any more`);
    }
    await recordStages(db, chunk, to, actor, at, note);
  }
}

/**
 * Sets an Error batch back to its last valid stage, which triggers its processing again.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED
 */
export async function reprocessBatch(
  db: Db,
  id: number,
  actor: string,
  now: Date,
  note: string,
): Promise<Batch> {
  const batch = await requireBatch(db, id);
  if (batch.status !== 'Error') {
    throw new Fault(
      'NOT_ALLOWED',
      `batch ${id} stands at ${batch.stage} · ${batch.status}; only Error is reprocessed`,
    );
  }
  return moveBatch(db, id, lastValidStage(batch.direction, batch.stage), actor, now, note);
}

async function recordStages(
  db: Db,
  batchIds: readonly number[],
  { stage, status }: Standing,
  actor: string,
  at: string,
  note: (id: number) => string | null = () => null,
): Promise<void> {
  await db
    .insertInto('batch_stage')
    .values(batchIds.map((id) => ({ batch_id: id, stage, status, at, actor, note: note(id) })))
    .execute();
}

export async function findBatch(db: Db, id: number): Promise<Batch | undefined> {
  return db.selectFrom('batch').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Batches by their numbers, newest first. */
export async function batchesOf(db: Db, ids: readonly number[]): Promise<Batch[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('batch').selectAll().where('id', 'in', ids).orderBy('id', 'desc').execute();
}

/** Those of some batches that stand there, oldest first, for this transaction alone: others pass them by. */
export async function takeBatches(
  db: Db,
  ids: readonly number[],
  { stage, status }: Standing,
): Promise<Batch[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('batch')
    .selectAll()
    .where('id', 'in', ids)
    .where('stage', '=', stage)
    .where('status', '=', status)
    .orderBy('id')
    .$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked())
    .execute();
}

/** @throws Fault NOT_FOUND */
export async function requireBatch(db: Db, id: number): Promise<Batch> {
  const batch = await findBatch(db, id);
  if (!batch) throw new Fault('NOT_FOUND', `there is no batch ${id}`);
  return batch;
}

export interface BatchFilter extends KeyPage {
  readonly direction?: Direction | undefined;
  readonly type?: string | undefined;
  readonly standing?: Standing | undefined;
  readonly status?: Standing['status'] | undefined;
  readonly order: 'oldest' | 'newest';
}

export async function listBatches(db: Db, filter: BatchFilter): Promise<Batch[]> {
  let query = db
    .selectFrom('batch')
    .selectAll()
    .orderBy('id', filter.order === 'oldest' ? 'asc' : 'desc')
    .limit(filter.limit);
  if (filter.direction !== undefined) query = query.where('direction', '=', filter.direction);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.standing !== undefined) {
    query = query.where('stage', '=', filter.standing.stage).where('status', '=', filter.standing.status);
  }
  return query.execute();
}

/** An interface, with how many batches it has, and the newest of them. */
export interface InterfaceSummary {
  readonly direction: Direction;
  readonly category: string;
  readonly type: string;
  readonly batches: number;
  readonly records: number;
  readonly inError: number;
  readonly last: Batch;
}

/** Every interface that ever had a batch. */
export async function summariseInterfaces(db: Db): Promise<InterfaceSummary[]> {
  const rows = await db
    .selectFrom('batch_count')
    .selectAll()
    .where('batches', '>', 0)
    .orderBy('direction')
    .orderBy('category')
    .orderBy('type')
    .execute();
  return Promise.all(
    rows.map(async ({ last_id: lastId, in_error: inError, ...row }) => ({
      ...row,
      inError,
      last: await requireBatch(db, lastId),
    })),
  );
}

/** Batches that stopped in error. */
export async function countBatchesInError(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('batch_count')
    .select((select) => select.fn.sum<number | string | null>('in_error').as('count'))
    .executeTakeFirstOrThrow();
  return Number(count ?? 0);
}

export function batchItems(db: Db, batchId: number): Promise<BatchItem[]> {
  return db
    .selectFrom('batch_item')
    .selectAll()
    .where('batch_id', '=', batchId)
    .orderBy('sequence')
    .execute();
}

/** The payloads of the items of small batches, each in its order. */
export async function payloadsOf(db: Db, ids: readonly number[]): Promise<Map<number, string[]>> {
  const payloads = new Map<number, string[]>(ids.map((id) => [id, []]));
  for (const chunk of chunks(ids)) {
    const items = await db
      .selectFrom('batch_item')
      .select(['batch_id', 'payload_json'])
      .where('batch_id', 'in', chunk)
      .orderBy('batch_id')
      .orderBy('sequence')
      .execute();
    for (const { batch_id: id, payload_json: payload } of items) payloads.get(id)?.push(payload);
  }
  return payloads;
}

/** The next items of a batch behind a sequence number: a batch may have more than is to be held in memory. */
export function itemsAfter(db: Db, batchId: number, sequence: number, limit: number): Promise<BatchItem[]> {
  return db
    .selectFrom('batch_item')
    .selectAll()
    .where('batch_id', '=', batchId)
    .where('sequence', '>', sequence)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

/** All items of some batches, by batch and sequence: of small ones. */
export function itemsOfBatches(db: Db, batchIds: readonly number[]): Promise<BatchItem[]> {
  return db
    .selectFrom('batch_item')
    .selectAll()
    .where('batch_id', 'in', batchIds)
    .orderBy('batch_id')
    .orderBy('sequence')
    .execute();
}

export function batchHistory(db: Db, batchId: number): Promise<Row<'batch_stage'>[]> {
  return db.selectFrom('batch_stage').selectAll().where('batch_id', '=', batchId).orderBy('id').execute();
}

/** Stages of a batch, newest first: one that is reprocessed again and again has many. */
export function stagePage(
  db: Db,
  batchId: number,
  { before, limit }: KeyPage,
): Promise<Row<'batch_stage'>[]> {
  const query = db
    .selectFrom('batch_stage')
    .selectAll()
    .where('batch_id', '=', batchId)
    .orderBy('id', 'desc')
    .limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}

/** The outcome of one item; `error` is null when it was processed. */
export async function settleItem(db: Db, item: BatchItem, error: string | null): Promise<void> {
  await db
    .updateTable('batch_item')
    .set({ status: error === null ? 'Complete' : 'Error', error })
    .where('batch_id', '=', item.batch_id)
    .where('sequence', '=', item.sequence)
    .execute();
}

/** The outcome of the item of a batch about an order, if it has one; outbound batches have one for each. */
export async function settleItemAbout(
  db: Db,
  batchId: number,
  customerReference: string,
  error: string | null,
): Promise<void> {
  await db
    .updateTable('batch_item')
    .set({ status: error === null ? 'Complete' : 'Error', error })
    // With `+` it is found by the order: the key begins with the batch too, and would be read from its first item on.
    .where(sql<number>`+batch_id`, '=', batchId)
    .where('customer_reference', '=', customerReference)
    .execute();
}
