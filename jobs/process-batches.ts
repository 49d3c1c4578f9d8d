import { faultFields } from '../shared/runtime/events.ts';
import { failPoint } from '../shared/runtime/fail-point.ts';
import { toFault, type Fault } from '../shared/runtime/faults.ts';
import {
  itemsAfter,
  listBatches,
  moveBatch,
  settleItem,
  type Batch,
  type BatchItem,
} from '../shared/store/batches.ts';
import { inTransaction } from '../shared/store/open-store.ts';
import type { Db } from '../shared/store/tables.ts';
import type { JobContext, JobResult } from './job.ts';

/** Applies one item inside a transaction. @throws Fault: the item ends in error, the others go on */
export type ItemHandler = (trx: Db, batch: Batch, item: BatchItem) => Promise<void>;

/** Standings of a batch that a job has to work on; the second was left by a run that was interrupted. */
const standings = [
  { stage: 'Extract/Load', status: 'Complete' },
  { stage: 'Batch', status: 'In progress' },
] as const;

/** Batches of a type that stand where their job begins. */
export async function loadedBatches(db: Db, type: string, limit: number): Promise<Batch[]> {
  const found = await Promise.all(
    standings.map((standing) =>
      listBatches(db, { direction: 'inbound', type, standing, limit, order: 'oldest' }),
    ),
  );
  return found.flat().sort((a, b) => a.id - b.id);
}

/**
 * Works off the loaded batches of a type, item by item, each in a transaction of its own. A batch ends at
 * Batch · Complete, or at Batch · Error if some of its items cannot be processed.
 */
export async function processBatches(
  context: JobContext,
  type: string,
  handle: ItemHandler,
): Promise<JobResult> {
  let records = 0;
  const problems: string[] = [];
  const batches = await loadedBatches(context.db, type, 1000);
  const total = batches.reduce((sum, batch) => sum + batch.record_count, 0);
  let before = 0;
  for (const batch of batches) {
    const passed = (sequence: number) => context.run.progress(before + sequence, total);
    const done = await processBatch(context, batch, handle, passed);
    before += batch.record_count;
    records += done.records;
    problems.push(...done.problems);
  }
  return { batches: batches.length, records, problems };
}

async function processBatch(
  context: JobContext,
  batch: Batch,
  handle: ItemHandler,
  passed: (sequence: number) => Promise<void>,
) {
  const { db, worker, clock, run } = context;
  await inTransaction(db, async (trx) => {
    await run.batch(trx, batch.id, 'worked off');
    if (batch.stage !== 'Extract/Load') return;
    await moveBatch(trx, batch.id, { stage: 'Batch', status: 'In progress' }, worker.actor, clock.now());
  });
  failPoint('job.batch-taken');
  const problems: string[] = [];
  let records = 0;
  for await (const item of itemsOf(db, batch)) {
    if (item.status === 'Complete') continue;
    const fault = await processItem(context, batch, item, handle);
    if (fault) problems.push(`batch ${batch.id}, item ${item.sequence}: ${fault.message}`);
    records++;
    await passed(item.sequence);
  }
  const status = problems.length === 0 ? 'Complete' : 'Error';
  const note = problems.length === 0 ? null : `${problems.length} item(s) in error`;
  await inTransaction(db, (trx) =>
    moveBatch(trx, batch.id, { stage: 'Batch', status }, worker.actor, clock.now(), note),
  );
  failPoint('job.batch-settled');
  return { records, problems };
}

/** Items read at once. */
const portion = 100;

async function* itemsOf(db: Db, batch: Batch): AsyncGenerator<BatchItem> {
  let items: BatchItem[] = [];
  do {
    items = await itemsAfter(db, batch.id, items.at(-1)?.sequence ?? 0, portion);
    yield* items;
  } while (items.length === portion);
}

/** @returns the fault of an item that cannot be processed; what concerns more than the item is thrown */
async function processItem(
  { db, emit }: JobContext,
  batch: Batch,
  item: BatchItem,
  handle: ItemHandler,
): Promise<Fault | undefined> {
  try {
    await inTransaction(db, async (trx) => {
      await handle(trx, batch, item);
      await settleItem(trx, item, null);
      failPoint('job.item-written');
    });
    failPoint('job.item-committed');
    return undefined;
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'environment' || fault.class === 'transient') throw fault;
    // A bug, too, is kept to its item: the items behind it are somebody's devices.
    await settleItem(db, item, fault.message);
    emit('item.failed', {
      batch: batch.id,
      interface: batch.type,
      item: item.sequence,
      ...faultFields(fault),
    });
    return fault;
  }
}
