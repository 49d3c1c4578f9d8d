import { listBatches, reprocessBatch, requireBatch, type Batch } from '../store/batches.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { actOnEach, mostAtOnce, type ManyResult } from './many.ts';
import { actorOf, audit, type Operator } from './operator.ts';

/** The Reprocess button. @throws Fault NOT_FOUND, NOT_ALLOWED */
export function reprocess(db: Db, operator: Operator, id: number): Promise<Batch> {
  return inTransaction(db, async (trx) => {
    const before = await requireBatch(trx, id);
    const after = await reprocessBatch(trx, id, actorOf(operator), operator.now, operator.reason);
    await audit(trx, operator, {
      action: 'batch.reprocess',
      subject: `batch ${id}`,
      before: { stage: before.stage, status: before.status },
      after: { stage: after.stage, status: after.status },
    });
    return after;
  });
}

/** The newest batches in error, as many as may be reprocessed at once, and whether there are others. */
export async function chooseInError(
  db: Db,
  type: string | undefined,
): Promise<{ batches: readonly Batch[]; more: boolean }> {
  const found = await listBatches(db, { status: 'Error', type, limit: mostAtOnce + 1, order: 'newest' });
  return { batches: found.slice(0, mostAtOnce), more: found.length > mostAtOnce };
}

/** @throws Fault BAD_INPUT, BUG; what concerns one batch only is in the result */
export const reprocessEach = (db: Db, operator: Operator, ids: readonly number[]): Promise<ManyResult> =>
  actOnEach(ids, (id) => reprocess(db, operator, id));
