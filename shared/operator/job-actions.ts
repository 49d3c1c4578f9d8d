import { Fault } from '../runtime/faults.ts';
import { findWish, forgetWish, makeWish } from '../store/job-wishes.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/**
 * Has the scheduler run a job at its next look, also one that is not enabled: `enabled` is about schedule and trigger.
 *
 * @param job its key
 * @throws Fault NOT_ALLOWED when it waits for its run already
 */
export function wishRun(db: Db, operator: Operator, job: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    await makeWish(trx, job, operator.who, operator.now);
    await audit(trx, operator, {
      action: 'job.run',
      subject: `job ${job}`,
      before: null,
      after: { wished: true },
    });
  });
}

/** Takes back a wish that no run has granted yet. @throws Fault NOT_ALLOWED when there is none */
export function withdrawWish(db: Db, operator: Operator, job: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    if (!(await findWish(trx, job))) {
      throw new Fault('NOT_ALLOWED', `nobody waits for a run of the job ${job}: it may have begun already`);
    }
    await forgetWish(trx, job);
    await audit(trx, operator, {
      action: 'job.withdraw',
      subject: `job ${job}`,
      before: { wished: true },
      after: null,
    });
  });
}
