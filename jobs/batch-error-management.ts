import { listBatches, reprocessBatch } from '../shared/store/batches.ts';
import type { Job } from './job.ts';

/** Batch Error Management: every Error batch goes back to its last valid stage, which triggers its processing again. */
export const batchErrorManagementJob: Job = {
  key: 'batchErrorManagement',
  name: 'Batch Error Management',
  description: 'Sets every Error batch back to its last valid stage.',
  run: async ({ db, worker, clock, run }) => {
    const batches = await listBatches(db, { status: 'Error', limit: 10_000, order: 'oldest' });
    for (const [index, batch] of batches.entries()) {
      await run.transaction(async (trx) => {
        await reprocessBatch(trx, batch.id, worker.actor, clock.now(), 'Batch Error Management');
        await run.batches(trx, [batch.id], 'set back');
      });
      await run.progress(index + 1, batches.length);
    }
    return { batches: batches.length, records: 0, problems: [] };
  },
};
