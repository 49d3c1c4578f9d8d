import { Cron } from 'croner';

import type { Config, JobKey } from '../shared/runtime/config-schema.ts';

/** The schedule of a job; undefined when it has none, or is not enabled. Only asked for times: no timer of it runs. */
export function scheduleOf({ jobs, scheduler }: Config, key: JobKey): Cron | undefined {
  const { enabled, schedule } = jobs[key];
  return enabled && schedule !== '' ? new Cron(schedule, { timezone: scheduler.timeZone }) : undefined;
}
