import type { Runtime, Work } from '../shared/daemon/process.ts';
import { toFault } from '../shared/runtime/faults.ts';
import type { StepResult, Task } from '../shared/runtime/task-loop.ts';
import type { JobRun } from '../shared/store/job-runs.ts';
import { findWish } from '../shared/store/job-wishes.ts';
import type { Job } from './job.ts';
import { loadedBatches } from './process-batches.ts';
import { jobs } from './registry.ts';
import { runJob } from './run-job.ts';
import { scheduleOf } from './schedule.ts';

/**
 * The process that runs jobs: by their schedule, when a batch stands at Extract/Load · Complete, and when somebody wishes
 * it. A job that is not enabled runs by wish only.
 *
 * @param once also runs every scheduled job now
 */
export function scheduler(runtime: Runtime, once: boolean): Work {
  return {
    tasks: jobs.map((job) => jobTask(runtime, job, once)),
    watch: [],
    intervalSeconds: runtime.loaded.config.scheduler.pollSeconds,
  };
}

function jobTask(runtime: Runtime, job: Job, once: boolean): Task {
  const { loaded, db, clock } = runtime;
  const trigger = loaded.config.jobs[job.key].enabled ? job.trigger : undefined;
  // Only asked for its next time: the loop does the waiting, so no timer runs beside it.
  const cron = scheduleOf(loaded.config, job.key);
  let next = once && cron ? clock.now() : cron?.nextRun(clock.now());
  return {
    name: `job ${job.key}`,
    step: async () => {
      if (next && next <= clock.now()) {
        next = cron?.nextRun(clock.now());
        return run(runtime, job, 'schedule');
      }
      if (trigger !== undefined && (await loadedBatches(db, trigger, 1)).length > 0) {
        return run(runtime, job, 'batch');
      }
      if (await findWish(db, job.key)) return run(runtime, job, 'operator');
      return { worked: 0, refused: 0, waiting: 0 };
    },
  };
}

async function run(runtime: Runtime, job: Job, cause: JobRun['cause']): Promise<StepResult> {
  try {
    const { result } = await runJob(runtime, job, cause);
    return { worked: result.batches, refused: result.problems.length, waiting: 0 };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.code !== 'ALREADY_RUNNING') throw fault;
    return { worked: 0, refused: 0, waiting: 0 };
  }
}
