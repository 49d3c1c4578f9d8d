import { reprocessBatch, requireBatch, type Batch } from '../store/batches.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
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
