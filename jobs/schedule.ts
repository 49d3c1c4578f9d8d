import type { Job } from './job.ts';
import type { Config, JobKey } from '../shared/runtime/config-schema.ts';
import { scheduleSchema, type Schedule } from '../shared/schedule/schedule.ts';
import { findJobSetting, type JobSetting } from '../shared/store/job-settings.ts';
import type { Db } from '../shared/store/tables.ts';

/** Of a job for which nobody has set one: 1 goes first, 99 last. */
const defaultPriority = 50;

/** How a job is to be run: what people set in the store, and where they set nothing, the configuration. */
export interface JobSettings {
  /** Whether schedule and trigger start it. */
  readonly enabled: boolean;
  readonly priority: number;
  readonly schedule: Schedule;
  /** What of it stands in the store. */
  readonly set: JobSetting | undefined;
}

export async function jobSettings(db: Db, config: Config, key: JobKey): Promise<JobSettings> {
  const set = await findJobSetting(db, key);
  return {
    enabled: set?.enabled == null ? config.jobs[key].enabled : set.enabled === 1,
    priority: set?.priority ?? defaultPriority,
    schedule:
      set?.schedule_json == null
        ? configuredSchedule(config, key)
        : scheduleSchema.parse(JSON.parse(set.schedule_json)),
    set,
  };
}

/** The cron pattern of the file. What was missed while no scheduler ran is caught up by one run. */
function configuredSchedule({ jobs, scheduler }: Config, key: JobKey): Schedule {
  const { schedule: pattern } = jobs[key];
  return {
    ...(pattern === '' ? { kind: 'none' } : { kind: 'cron', pattern }),
    timeZone: scheduler.timeZone,
    exclude: { days: [], weekdays: [] },
    catchUp: 'once',
  };
}

/** The schedule by which a job starts now; undefined when it has none, or is not enabled. */
export const activeSchedule = ({ enabled, schedule }: JobSettings): Schedule | undefined =>
  enabled && schedule.kind !== 'none' ? schedule : undefined;

/** `scheduled`, `triggered`, both, or `by hand`. */
export function jobKind({ trigger }: Job, { schedule }: JobSettings): string {
  const ways = [schedule.kind !== 'none' && 'scheduled', trigger !== undefined && 'triggered'];
  return ways.filter((way) => way !== false).join(' and ') || 'by hand';
}
