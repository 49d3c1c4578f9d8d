import type { Fault } from '../runtime/faults.ts';
import { aliveWorkerIds, type Worker } from './workers.ts';
import type { Db, Row } from './tables.ts';

/** Runs of jobs: one at a time for each job, over all processes. */

export type JobRun = Row<'job_run'>;

/**
 * Starts a run of a job that this process has not in hand; undefined when another process runs it. A run whose process
 * has died counts as interrupted.
 */
export async function startRun(
  db: Db,
  job: string,
  cause: JobRun['cause'],
  worker: Worker,
  now: Date,
): Promise<JobRun | undefined> {
  const running = await db
    .selectFrom('job_run')
    .selectAll()
    .where('job', '=', job)
    .where('state', '=', 'running')
    .executeTakeFirst();
  if (running) {
    // The caller has none of this job in hand: an open run of its own is one whose end it could not record.
    const own = running.worker_id === worker.id;
    if (!own && (await aliveWorkerIds(db, now)).includes(running.worker_id)) return undefined;
    await finish(db, running.id, { state: 'interrupted', finished_at: now.toISOString() });
  }
  return db
    .insertInto('job_run')
    .values({ job, cause, state: 'running', worker_id: worker.id, started_at: now.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
}

export const completeRun = (db: Db, id: number, result: unknown, now: Date): Promise<JobRun> =>
  finish(db, id, { state: 'complete', finished_at: now.toISOString(), result_json: JSON.stringify(result) });

export const failRun = (db: Db, id: number, fault: Fault, now: Date): Promise<JobRun> =>
  finish(db, id, {
    state: 'error',
    finished_at: now.toISOString(),
    fault_code: fault.code,
    detail: fault.detail,
  });

function finish(db: Db, id: number, change: Partial<JobRun>): Promise<JobRun> {
  return db.updateTable('job_run').set(change).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
}

export function lastRun(db: Db, job: string): Promise<JobRun | undefined> {
  return db
    .selectFrom('job_run')
    .selectAll()
    .where('job', '=', job)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}
