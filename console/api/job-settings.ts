import { z } from 'zod';

import type { JobKey } from '../../shared/runtime/config-schema.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { jobNamed } from '../../jobs/registry.ts';
import {
  disableJob,
  enableJob,
  priorities,
  resetJob,
  setPriority,
  setSchedule,
} from '../../shared/operator/job-actions.ts';
import { scheduleSchema } from '../../shared/schedule/schedule.ts';
import { change, type Endpoint } from './endpoint.ts';
import { job, jobParams, standingOf } from './jobs.ts';

/** When jobs run by themselves. They count from the scheduler's next look on. */

const actions = [
  {
    verb: 'enable',
    role: 'operator',
    id: 'enableJob',
    summary: 'Let schedule and trigger start a job',
    act: enableJob,
  },
  {
    verb: 'disable',
    role: 'operator',
    id: 'disableJob',
    summary: 'Have a job run only when somebody asks for it',
    act: disableJob,
  },
  {
    verb: 'reset',
    role: 'administrator',
    id: 'resetJob',
    summary: 'Have a job follow the configuration again',
    act: resetJob,
  },
] as const;

async function changed(context: Runtime, name: string, act: (key: JobKey) => Promise<void>) {
  const wanted = jobNamed(name);
  await act(wanted.key);
  return standingOf(context, wanted);
}

export const jobSettingEndpoints: readonly Endpoint[] = [
  ...actions.map(({ verb, id, role, summary, act }) =>
    change({
      path: `/jobs/:job/${verb}`,
      id,
      role,
      summary,
      params: jobParams,
      response: job,
      run: (context, operator, asked) =>
        changed(context, asked.params.job, (key) => act(context.db, operator, key)),
    }),
  ),
  change({
    method: 'PUT',
    path: '/jobs/:job/priority',
    id: 'setJobPriority',
    role: 'administrator',
    summary: 'Say which of several jobs goes first: the one with the smallest number',
    params: jobParams,
    body: { priority: z.int().min(priorities.first).max(priorities.last) },
    response: job,
    run: (context, operator, asked) =>
      changed(context, asked.params.job, (key) =>
        setPriority(context.db, operator, key, asked.body.priority),
      ),
  }),
  change({
    method: 'PUT',
    path: '/jobs/:job/schedule',
    id: 'setJobSchedule',
    role: 'administrator',
    summary: 'Give a job another schedule, which counts from now on',
    description: 'What was due by the one before it is not caught up.',
    params: jobParams,
    body: { schedule: scheduleSchema },
    response: job,
    run: (context, operator, asked) =>
      changed(context, asked.params.job, (key) =>
        setSchedule(context.db, operator, key, asked.body.schedule),
      ),
  }),
];
