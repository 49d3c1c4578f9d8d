import { Fault } from '../runtime/faults.ts';
import type { Db, Row } from './tables.ts';

/** Jobs that somebody wants run now. The scheduler grants a wish; the start of a run takes it away (`startRun`). */

export type JobWish = Row<'job_wish'>;

/** @throws Fault NOT_ALLOWED when the job waits for its run already */
export async function makeWish(db: Db, job: string, who: string, now: Date): Promise<void> {
  const made = await db
    .insertInto('job_wish')
    .values({ job, who, wished_at: now.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .returning('job')
    .executeTakeFirst();
  if (!made) throw new Fault('NOT_ALLOWED', `the job ${job} waits for the scheduler to run it already`);
}

export function findWish(db: Db, job: string): Promise<JobWish | undefined> {
  return db.selectFrom('job_wish').selectAll().where('job', '=', job).executeTakeFirst();
}

export async function forgetWish(db: Db, job: string): Promise<void> {
  await db.deleteFrom('job_wish').where('job', '=', job).execute();
}
