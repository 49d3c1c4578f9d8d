import type { Batch, BatchItem } from './batches.ts';
import { chunks } from './chunks.ts';
import type { Db, Row } from './tables.ts';

/** Which batches a run made, worked off or set back, and the items in them. */

export type RunBatch = Row<'job_run_batch'>;

/** Part of the transaction in which the run does it. */
export async function noteRunBatches(
  db: Db,
  runId: number,
  batchIds: readonly number[],
  what: RunBatch['what'],
): Promise<void> {
  for (const chunk of chunks(batchIds)) {
    await db
      .insertInto('job_run_batch')
      .values(chunk.map((id) => ({ run_id: runId, batch_id: id, what })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** Batches of a run, by number, behind one of them. */
export function batchesOfRun(
  db: Db,
  runId: number,
  after: number,
  limit: number,
): Promise<(Batch & Pick<RunBatch, 'what'>)[]> {
  return db
    .selectFrom('job_run_batch as noted')
    .innerJoin('batch', 'batch.id', 'noted.batch_id')
    .selectAll('batch')
    .select('noted.what')
    .where('noted.run_id', '=', runId)
    .where('noted.batch_id', '>', after)
    .orderBy('noted.batch_id')
    .limit(limit)
    .execute();
}

/** Where an item stands in its run. */
export interface ItemPlace {
  readonly batchId: number;
  readonly sequence: number;
}

/** Items of the batches of a run, by batch and sequence, behind one of them. */
export async function itemsOfRun(
  db: Db,
  runId: number,
  after: ItemPlace,
  limit: number,
): Promise<BatchItem[]> {
  // First what is left of the batch in hand, then those behind it: each by its key.
  const rest = await itemsBetween(db, runId, after, 'same', limit);
  if (rest.length === limit) return rest;
  return [...rest, ...(await itemsBetween(db, runId, after, 'behind', limit - rest.length))];
}

function itemsBetween(
  db: Db,
  runId: number,
  after: ItemPlace,
  which: 'same' | 'behind',
  limit: number,
): Promise<BatchItem[]> {
  const query = db
    .selectFrom('job_run_batch as noted')
    .innerJoin('batch_item as item', 'item.batch_id', 'noted.batch_id')
    .selectAll('item')
    .where('noted.run_id', '=', runId)
    .orderBy('noted.batch_id')
    .orderBy('item.sequence')
    .limit(limit);
  return which === 'same'
    ? query.where('noted.batch_id', '=', after.batchId).where('item.sequence', '>', after.sequence).execute()
    : query.where('noted.batch_id', '>', after.batchId).execute();
}
