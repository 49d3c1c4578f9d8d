import { noteRunBatches } from '../shared/store/job-run-batches.ts';
import { holdRun, noteProgress, type JobRun } from '../shared/store/job-runs.ts';
import { inTransaction } from '../shared/store/open-store.ts';
import type { JobHost, RunNotes } from './job.ts';

/** A run that does a thousand records in a second does not write a thousand times how far it is. */
const betweenMilliseconds = 1000;

/** What a run notes of itself in the store. */
export function runNotes({ db, clock }: JobHost, run: JobRun): RunNotes {
  let noted = clock.monotonic();
  return {
    progress: async (done, total) => {
      if (clock.monotonic() - noted < betweenMilliseconds) return;
      noted = clock.monotonic();
      await noteProgress(db, run.id, { done, total }, clock.now());
    },
    batches: (trx, batchIds, what) => noteRunBatches(trx, run.id, batchIds, what),
    hold: (asked) => holdRun(asked, run),
    transaction: (work) =>
      inTransaction(db, async (trx) => {
        await holdRun(trx, run);
        return work(trx);
      }),
  };
}
