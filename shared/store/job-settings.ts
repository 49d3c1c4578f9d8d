import type { Db, Row } from './tables.ts';

/** What people set for jobs while the system runs. A job without a row, and what a row leaves open, follows the file. */

export type JobSetting = Row<'job_setting'>;

/** What a row says. */
export type JobSettingChange = Partial<Pick<JobSetting, 'enabled' | 'priority' | 'schedule_json'>>;

export function findJobSetting(db: Db, job: string): Promise<JobSetting | undefined> {
  return db.selectFrom('job_setting').selectAll().where('job', '=', job).executeTakeFirst();
}

/** Changes a part of the row, and leaves the rest as it is. */
export async function setJobSetting(
  db: Db,
  job: string,
  change: JobSettingChange,
  who: string,
  now: Date,
): Promise<void> {
  const set = { ...change, updated_at: now.toISOString(), updated_by: who };
  await db
    .insertInto('job_setting')
    .values({ job, ...set })
    .onConflict((conflict) => conflict.column('job').doUpdateSet(set))
    .execute();
}

/** @returns whether there was one */
export async function removeJobSetting(db: Db, job: string): Promise<boolean> {
  const removed = await db
    .deleteFrom('job_setting')
    .where('job', '=', job)
    .returning('job')
    .executeTakeFirst();
  return removed !== undefined;
}
