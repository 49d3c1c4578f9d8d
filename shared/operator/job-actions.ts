import { Fault } from '../runtime/faults.ts';
import { scheduleSchema, type Schedule } from '../schedule/schedule.ts';
import {
  findJobSetting,
  removeJobSetting,
  setJobSetting,
  type JobSettingChange,
} from '../store/job-settings.ts';
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

/** Schedule and trigger start the job from the scheduler's next look on; its schedule begins now, and has no past. */
export const enableJob = (db: Db, operator: Operator, job: string): Promise<void> =>
  changeSetting(db, operator, 'job.enable', job, { enabled: 1 });

/** The job runs only when somebody asks for it. A run that is under way goes on. */
export const disableJob = (db: Db, operator: Operator, job: string): Promise<void> =>
  changeSetting(db, operator, 'job.disable', job, { enabled: 0 });

/** Numbers that a priority may be. */
export const priorities = { first: 1, last: 99 } as const;

/**
 * Of several jobs that are to run, the one with the smallest number goes first.
 *
 * @throws Fault BAD_INPUT when it is not from 1 to 99
 */
export async function setPriority(db: Db, operator: Operator, job: string, priority: number): Promise<void> {
  if (!Number.isInteger(priority) || priority < priorities.first || priority > priorities.last) {
    throw new Fault(
      'BAD_INPUT',
      `a priority is from ${priorities.first}, which goes first, to ${priorities.last}`,
    );
  }
  await changeSetting(db, operator, 'job.priority', job, { priority });
}

/** The schedule counts from now on: what was due by the one before it is not caught up. */
export const setSchedule = (db: Db, operator: Operator, job: string, schedule: Schedule): Promise<void> =>
  changeSetting(db, operator, 'job.schedule', job, { schedule_json: JSON.stringify(schedule) });

/** The job follows the configuration again. @throws Fault NOT_ALLOWED when it does already */
export function resetJob(db: Db, operator: Operator, job: string): Promise<void> {
  return inTransaction(db, async (trx) => {
    const before = await settingOf(trx, job);
    if (!(await removeJobSetting(trx, job))) {
      throw new Fault('NOT_ALLOWED', `nothing is set for the job ${job}: it follows the configuration`);
    }
    await audit(trx, operator, { action: 'job.reset', subject: `job ${job}`, before, after: null });
  });
}

function changeSetting(
  db: Db,
  operator: Operator,
  action: string,
  job: string,
  change: JobSettingChange,
): Promise<void> {
  return inTransaction(db, async (trx) => {
    const before = await settingOf(trx, job);
    await setJobSetting(trx, job, change, operator.who, operator.now);
    await audit(trx, operator, {
      action,
      subject: `job ${job}`,
      before,
      after: await settingOf(trx, job),
    });
  });
}

/** As the audit has it: what is missing follows the configuration. */
async function settingOf(db: Db, job: string): Promise<object | null> {
  const row = await findJobSetting(db, job);
  if (!row) return null;
  return {
    ...(row.enabled !== null && { enabled: row.enabled === 1 }),
    ...(row.priority !== null && { priority: row.priority }),
    ...(row.schedule_json !== null && { schedule: scheduleSchema.parse(JSON.parse(row.schedule_json)) }),
  };
}
