import { Cron } from 'croner';

import type { Runtime, Work } from '../shared/daemon/process.ts';
import { toFault } from '../shared/runtime/faults.ts';
import type { StepResult, Task } from '../shared/runtime/task-loop.ts';
import type { Job } from './job.ts';
import { loadedBatches } from './process-batches.ts';
import { jobs } from './registry.ts';
import { runJob } from './run-job.ts';

/**
 * The process that runs jobs: by their schedule, and when a batch stands at Extract/Load · Complete.
 *
 * @param once also runs every scheduled job now
 */
export function scheduler(runtime: Runtime, once: boolean): Work {
  const { config } = runtime.loaded;
  const enabled = jobs.filter((job) => config.jobs[job.key].enabled);
  return {
    tasks: enabled.map((job) => jobTask(runtime, job, once)),
    watch: [],
    intervalSeconds: config.scheduler.pollSeconds,
  };
}

function jobTask(runtime: Runtime, job: Job, once: boolean): Task {
  const { loaded, db, clock } = runtime;
  const pattern = loaded.config.jobs[job.key].schedule;
  // Only asked for its next time: the loop does the waiting, so no timer runs beside it.
  const cron = pattern === '' ? undefined : new Cron(pattern, { timezone: loaded.config.scheduler.timeZone });
  let next = once && cron ? clock.now() : cron?.nextRun(clock.now());
  return {
    name: `job ${job.key}`,
    step: async () => {
      if (next && next <= clock.now()) {
        next = cron?.nextRun(clock.now());
        return run(runtime, job, 'schedule');
      }
      if (job.trigger !== undefined && (await loadedBatches(db, job.trigger, 1)).length > 0) {
        return run(runtime, job, 'batch');
      }
      return { worked: 0, refused: 0, waiting: 0 };
    },
  };
}

async function run(runtime: Runtime, job: Job, cause: 'schedule' | 'batch'): Promise<StepResult> {
  try {
    const { result } = await runJob(runtime, job, cause);
    return { worked: result.batches, refused: result.problems.length, waiting: 0 };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code !== 'ALREADY_RUNNING') throw fault;
    return { worked: 0, refused: 0, waiting: 0 };
  }
}
