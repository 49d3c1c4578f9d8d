import { z } from 'zod';

import { jobNamed, jobs } from '../../jobs/registry.ts';
import type { Job } from '../../jobs/job.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { withdrawWish, wishRun } from '../../shared/operator/job-actions.ts';
import { listRuns, requireRun, type JobRun } from '../../shared/store/job-runs.ts';
import { scheduleSchema } from '../../shared/schedule/schedule.ts';
import { jobStanding, resultOf, type JobStanding } from '../job-standing.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import {
  answer,
  count,
  faultAnswer,
  id,
  line,
  listOf,
  named,
  newestFirst,
  number,
  time,
  toFaultAnswer,
} from './fields.ts';
import { fetched, partOf } from './parts.ts';

/** Jobs and their runs. */

const run = answer('JobRun', {
  id,
  job: z.string(),
  cause: z.enum(['schedule', 'batch', 'operator']),
  state: z.enum(['running', 'complete', 'error', 'interrupted']),
  startedAt: time,
  finishedAt: time.nullable(),
  batches: count,
  records: count,
  problems: z.array(z.string()),
  fault: faultAnswer.nullable(),
});

const toRun = (row: JobRun): z.input<typeof run> => {
  const { batches, records, problems } = resultOf(row);
  return {
    id: row.id,
    job: row.job,
    cause: row.cause,
    state: row.state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    batches,
    records,
    problems: [...problems],
    fault: toFaultAnswer(row.fault_code, row.detail),
  };
};

named.add(scheduleSchema, { id: 'Schedule' });

export const job = answer('Job', {
  key: z.string(),
  name: z.string().describe('In CMP.'),
  description: z.string(),
  enabled: z.boolean().describe('Whether schedule and trigger start it.'),
  priority: z.int(),
  schedule: scheduleSchema,
  starts: z.string().describe('When it runs by itself, in words.'),
  nextRunAt: time.nullable(),
  lastRun: run.nullable(),
  askedFor: answer('JobWish', { by: z.string(), at: time })
    .nullable()
    .describe('Who wants it run now; the scheduler does so at its next look.'),
});

const toJob = ({
  job: { key, name, description },
  settings: { enabled, priority, schedule },
  starts,
  next,
  last,
  wish,
}: JobStanding): z.input<typeof job> => ({
  key,
  name,
  description,
  enabled,
  priority,
  schedule,
  starts,
  nextRunAt: next?.toISOString() ?? null,
  lastRun: last === undefined ? null : toRun(last),
  askedFor: wish === undefined ? null : { by: wish.who, at: wish.wished_at },
});

export const standingOf = async (context: Runtime, which: Job) => toJob(await jobStanding(context, which));

export const jobParams = { job: line().describe('Key of the job, or its name in CMP.') };

export const jobEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/jobs',
    id: 'listJobs',
    role: 'viewer',
    summary: 'Every job as it stands now',
    response: answer('JobList', { items: z.array(job) }),
    run: async (context) => ({ items: await Promise.all(jobs.map((each) => standingOf(context, each))) }),
  }),
  lookup({
    path: '/jobs/:job',
    id: 'getJob',
    role: 'viewer',
    summary: 'One job as it stands now',
    params: jobParams,
    response: job,
    run: (context, asked) => standingOf(context, jobNamed(asked.params.job)),
  }),
  lookup({
    path: '/jobs/:job/runs',
    id: 'listJobRuns',
    role: 'viewer',
    summary: 'Runs of a job, newest first',
    params: jobParams,
    query: newestFirst,
    response: listOf('JobRunList', run),
    run: async ({ db }, asked) => {
      const runs = await listRuns(db, jobNamed(asked.params.job).key, fetched(asked.query));
      return partOf(asked, runs, toRun, (row) => ({ before: row.id }));
    },
  }),
  lookup({
    path: '/jobs/:job/runs/:run',
    id: 'getJobRun',
    role: 'viewer',
    summary: 'One run of a job: what it did, and what it met',
    params: { ...jobParams, run: number },
    response: run,
    run: async ({ db }, { params: { job: name, run: wanted } }) =>
      toRun(await requireRun(db, jobNamed(name).key, wanted)),
  }),
  change({
    path: '/jobs/:job/run',
    id: 'runJob',
    role: 'operator',
    status: 202,
    summary: 'Have a job run now',
    description: 'The scheduler runs it at its next look, also a job that is not enabled.',
    params: jobParams,
    response: job,
    run: async (context, operator, asked) => {
      const wanted = jobNamed(asked.params.job);
      await wishRun(context.db, operator, wanted.key);
      return standingOf(context, wanted);
    },
  }),
  change({
    path: '/jobs/:job/withdraw',
    id: 'withdrawJob',
    role: 'operator',
    summary: 'Take back that a job is wanted run now',
    params: jobParams,
    response: job,
    run: async (context, operator, asked) => {
      const wanted = jobNamed(asked.params.job);
      await withdrawWish(context.db, operator, wanted.key);
      return standingOf(context, wanted);
    },
  }),
];
