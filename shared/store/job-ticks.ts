import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** Times at which jobs were due by their schedules, and what came of each: recorded once, whoever looks. */

export type JobTick = Row<'job_tick'>;
export type JobClock = Row<'job_clock'>;

/** A due time as it is recorded. */
export interface NewTick {
  readonly dueAt: Date;
  /** Why it is missed; undefined: the job is due. */
  readonly missed: string | undefined;
  /** Whether nobody looked at the schedule at that time. */
  readonly late: boolean;
}

/** Up to when the due times of a job are recorded. */
export function findJobClock(db: Db, job: string): Promise<JobClock | undefined> {
  return db.selectFrom('job_clock').selectAll().where('job', '=', job).executeTakeFirst();
}

export async function setJobClock(db: Db, clock: JobClock): Promise<void> {
  await db
    .insertInto('job_clock')
    .values(clock)
    .onConflict((conflict) => conflict.column('job').doUpdateSet(clock))
    .execute();
}

/** Records due times; those that are recorded already stay what they are. @returns the new ones */
export async function recordTicks(
  db: Db,
  job: string,
  ticks: readonly NewTick[],
  now: Date,
): Promise<JobTick[]> {
  if (ticks.length === 0) return [];
  return db
    .insertInto('job_tick')
    .values(
      ticks.map(({ dueAt, missed, late }) => ({
        job,
        due_at: dueAt.toISOString(),
        state: missed === undefined ? ('due' as const) : ('missed' as const),
        late: late ? 1 : 0,
        reason: missed ?? null,
        recorded_at: now.toISOString(),
      })),
    )
    .onConflict((conflict) => conflict.columns(['job', 'due_at']).doNothing())
    .returningAll()
    .execute();
}

/** The due time for which a run is still to be started. */
export function dueTick(db: Db, job: string): Promise<JobTick | undefined> {
  return db
    .selectFrom('job_tick')
    .selectAll()
    .where('job', '=', job)
    .where('state', '=', 'due')
    .executeTakeFirst();
}

/** A run has begun, which is what the job was due for, whatever started it. */
export async function takeDueTick(db: Db, job: string, runId: number): Promise<void> {
  await db
    .updateTable('job_tick')
    .set({ state: 'run', run_id: runId })
    .where('job', '=', job)
    .where('state', '=', 'due')
    .execute();
}

/** No run will be started for it any more. */
export async function missDueTick(db: Db, job: string, reason: string): Promise<JobTick | undefined> {
  return db
    .updateTable('job_tick')
    .set({ state: 'missed', reason })
    .where('job', '=', job)
    .where('state', '=', 'due')
    .returningAll()
    .executeTakeFirst();
}

/** Newest first. */
export function listTicks(db: Db, job: string, { before, limit }: KeyPage): Promise<JobTick[]> {
  let query = db.selectFrom('job_tick').selectAll().where('job', '=', job).orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** Of each job so many ticks are kept, however old they are. */
const keptTicks = 50;
/** Removed at once: a clock that leapt ahead is no reason for a long transaction. */
const prunedAtOnce = 500;

/** Removes ticks of a job that were due before a time, but not the newest ones. */
export async function pruneTicks(db: Db, job: string, before: Date): Promise<void> {
  const ofJob = db.selectFrom('job_tick').select('id').where('job', '=', job);
  const newest = await ofJob.orderBy('id', 'desc').offset(keptTicks).limit(1).executeTakeFirst();
  if (!newest) return;
  const old = ofJob
    .where('due_at', '<', before.toISOString())
    .where('id', '<=', newest.id)
    .where('state', '<>', 'due')
    .orderBy('due_at')
    .limit(prunedAtOnce);
  await db.deleteFrom('job_tick').where('id', 'in', old).execute();
}
