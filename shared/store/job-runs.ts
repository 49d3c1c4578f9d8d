import { Fault } from '../runtime/faults.ts';
import { dueTick, takeDueTick } from './job-ticks.ts';
import { forgetWish } from './job-wishes.ts';
import type { KeyPage } from './key-page.ts';
import { hasRowLocks } from './row-locks.ts';
import { aliveWorkerIds, survivors, type Worker } from './workers.ts';
import type { Db, Row } from './tables.ts';

/** Runs of jobs: one at a time for each job, over all processes. */

export type JobRun = Row<'job_run'>;

/**
 * Starts a run of a job that this process has not in hand; undefined when another process runs it. A run whose process
 * has died counts as interrupted; what it has in hand is taken up by the new one.
 *
 * @param tick the due time that it is for: undefined is returned when another process has taken that
 */
export async function startRun(
  db: Db,
  job: string,
  cause: JobRun['cause'],
  worker: Worker,
  now: Date,
  tick?: number,
): Promise<JobRun | undefined> {
  if (tick !== undefined && (await dueTick(db, job))?.id !== tick) return undefined;
  const running = await findRunning(db, job);
  if (running) {
    // The caller has none of this job in hand: an open run of its own is one whose end it could not record.
    const own = running.worker_id === worker.id;
    if (!own && (await survivors(db, now)).includes(running.worker_id)) return undefined;
    // Undefined: another process has found the same, or the run has ended meanwhile.
    if (!(await finish(db, running, { state: 'interrupted', finished_at: now.toISOString() })))
      return undefined;
  }
  const started = await db
    .insertInto('job_run')
    .values({ job, cause, state: 'running', worker_id: worker.id, started_at: now.toISOString() })
    .onConflict((conflict) => conflict.doNothing())
    .returningAll()
    .executeTakeFirst();
  // Whoever wished for a run, and the schedule that was due, have one now, whatever started it.
  if (started) {
    await forgetWish(db, job);
    await takeDueTick(db, job, started.id);
  }
  return started;
}

const findRunning = (db: Db, job: string): Promise<JobRun | undefined> =>
  db
    .selectFrom('job_run')
    .selectAll()
    .where('job', '=', job)
    .where('state', '=', 'running')
    .executeTakeFirst();

/** The open run of a job that this process has not in hand: one that it could not begin, or end, for want of the store. */
export async function cutOffRun(db: Db, job: string, worker: Worker): Promise<JobRun | undefined> {
  const running = await findRunning(db, job);
  return running?.worker_id === worker.id ? running : undefined;
}

/** When a run was under way; without an end it still is. */
export interface RunSpan {
  readonly id: number;
  readonly from: Date;
  readonly to: Date | undefined;
}

/** Runs looked at: behind them none is so long that it lasted until one of those. */
const lookedBack = 5;

/** When the job ran of late. Of a run whose process has died nobody knows when it ended: it is left out. */
export async function recentSpans(db: Db, job: string, now: Date): Promise<RunSpan[]> {
  const runs = await listRuns(db, job, { limit: lookedBack });
  const alive = runs.some((run) => run.state === 'running') ? await aliveWorkerIds(db, now) : [];
  return runs
    .filter((run) => (run.state === 'running' ? alive.includes(run.worker_id) : run.state !== 'interrupted'))
    .map((run) => ({
      id: run.id,
      from: new Date(run.started_at),
      to: run.finished_at === null ? undefined : new Date(run.finished_at),
    }));
}

/** How far a run has come. */
export interface RunProgress {
  readonly done: number;
  readonly total: number | undefined;
}

/** Never of a run that has ended. */
export async function noteProgress(
  db: Db,
  id: number,
  { done, total }: RunProgress,
  now: Date,
): Promise<void> {
  await db
    .updateTable('job_run')
    .set({ progress_done: done, progress_total: total ?? null, progress_at: now.toISOString() })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .execute();
}

/**
 * To be asked in each transaction in which a run changes something.
 *
 * @throws Fault LEASE_LOST when the run was ended by others, who took its process for dead and have its work
 */
export async function holdRun(db: Db, run: JobRun): Promise<void> {
  const held = await db
    .selectFrom('job_run')
    .select('id')
    .where('id', '=', run.id)
    .where('state', '=', 'running')
    .where('worker_id', '=', run.worker_id)
    // Who wants to end it waits for the end of this transaction.
    .$if(hasRowLocks(db), (query) => query.forUpdate())
    .executeTakeFirst();
  if (!held) throw lostRun(run);
}

const lostRun = ({ id, job }: JobRun): Fault =>
  new Fault('LEASE_LOST', `run ${id} of the job ${job} was ended by others`);

/** @throws Fault LEASE_LOST */
export async function completeRun(db: Db, run: JobRun, result: unknown, now: Date): Promise<JobRun> {
  const end = {
    state: 'complete',
    finished_at: now.toISOString(),
    result_json: JSON.stringify(result),
  } as const;
  return (await finish(db, run, end)) ?? lose(run);
}

/** @throws Fault LEASE_LOST */
export async function failRun(db: Db, run: JobRun, { code, detail }: Fault, now: Date): Promise<JobRun> {
  const end = { state: 'error', finished_at: now.toISOString(), fault_code: code, detail } as const;
  return (await finish(db, run, end)) ?? lose(run);
}

function lose(run: JobRun): never {
  throw lostRun(run);
}

/** Undefined when it has ended. */
function finish(db: Db, { id, worker_id }: JobRun, end: Partial<JobRun>): Promise<JobRun | undefined> {
  return db
    .updateTable('job_run')
    .set(end)
    .where('id', '=', id)
    .where('state', '=', 'running')
    .where('worker_id', '=', worker_id)
    .returningAll()
    .executeTakeFirst();
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

/** Runs of a job, newest first. */
export function listRuns(db: Db, job: string, { before, limit }: KeyPage): Promise<JobRun[]> {
  let query = db.selectFrom('job_run').selectAll().where('job', '=', job).orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** @throws Fault NOT_FOUND */
export async function requireRun(db: Db, job: string, id: number): Promise<JobRun> {
  const run = await db.selectFrom('job_run').selectAll().where('id', '=', id).executeTakeFirst();
  if (run?.job !== job) throw new Fault('NOT_FOUND', `there is no run ${id} of the job ${job}`);
  return run;
}
