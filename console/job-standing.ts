import { actionForm } from './form.ts';
import { html, type Html } from './html.ts';
import { pathTo } from './links.ts';
import type { Context } from './page.ts';
import { status } from './parts.ts';
import { runStatus } from './shown.ts';
import type { Job, JobResult } from '../jobs/job.ts';
import { activeSchedule, jobKind, jobSettings, type JobSettings } from '../jobs/schedule.ts';
import { nextTimes } from '../shared/schedule/due-times.ts';
import { scheduleInWords } from '../shared/schedule/in-words.ts';
import { findWish, type JobWish } from '../shared/store/job-wishes.ts';
import { lastRun, type JobRun } from '../shared/store/job-runs.ts';
import type { Db } from '../shared/store/tables.ts';
import { isAlive, workersOf } from '../shared/store/workers.ts';

/** A job as it stands now. */
export interface JobStanding {
  readonly job: Job;
  readonly settings: JobSettings;
  /** `scheduled`, `triggered` or `by hand`. */
  readonly kind: string;
  /** When it runs by itself, in words. */
  readonly starts: string;
  readonly next: Date | undefined;
  readonly last: JobRun | undefined;
  readonly wish: JobWish | undefined;
}

export async function jobStanding(
  { db, loaded, clock }: Pick<Context, 'db' | 'loaded' | 'clock'>,
  job: Job,
): Promise<JobStanding> {
  const settings = await jobSettings(db, loaded.config, job.key);
  const { enabled, schedule } = settings;
  const ways = [
    ...(schedule.kind === 'none' ? [] : [`${scheduleInWords(schedule)} (${schedule.timeZone})`]),
    ...(job.trigger === undefined ? [] : [`when a batch of ${job.trigger} is loaded`]),
  ];
  const active = activeSchedule(settings);
  return {
    job,
    settings,
    kind: jobKind(job, settings),
    starts: enabled ? ways.join(', and ') || 'by hand' : 'by hand: it is not enabled',
    next: active && nextTimes(active, clock.now(), 1)[0],
    last: await lastRun(db, job.key),
    wish: await findWish(db, job.key),
  };
}

/** A warning when no scheduler lives, which starts the jobs and grants the wishes. */
export async function schedulerWarning(db: Db, now: Date): Promise<Html | false> {
  const schedulers = await workersOf(db, 'scheduler', 10, now);
  return (
    !schedulers.some(isAlive) &&
    html`<p class="warning">
      The scheduler is not running: no job starts by itself, and a run that is asked for here waits for it.
      Start
      <code>enrol scheduler</code>.
    </p>`
  );
}

export const jobLink = ({ key, name }: Job): Html =>
  html`<a href="${pathTo('/jobs/:job', { job: key })}">${name}</a>`;

export const enabledStatus = ({ enabled }: JobSettings): Html =>
  enabled ? status('ok', 'enabled') : status('warn', 'not enabled');

export function jobStatus({ last, wish }: JobStanding): Html {
  const problems = last === undefined ? 0 : resultOf(last).problems.length;
  return html`
    ${last === undefined ? status('idle', 'never ran') : runStatus(last.state)}
    ${problems > 0 && status('warn', `${problems} problem(s)`)}
    ${wish !== undefined && status('idle', `asked for by ${wish.who}`)}
  `;
}

/** What a run did; a run that has not ended, or failed, did nothing that counts. */
export const resultOf = ({ result_json: result }: JobRun): JobResult =>
  result === null ? { batches: 0, records: 0, problems: [] } : (JSON.parse(result) as JobResult);

/** Asks for a run; where one is asked for already, takes that back. */
export const runForm = (context: Context, { job, wish }: JobStanding): Html =>
  wish === undefined
    ? actionForm(context, {
        action: pathTo('/jobs/:job/run', { job: job.key }),
        label: 'Run now',
        reason: true,
      })
    : actionForm(context, {
        action: pathTo('/jobs/:job/withdraw', { job: job.key }),
        label: 'Do not run',
        reason: true,
      });
