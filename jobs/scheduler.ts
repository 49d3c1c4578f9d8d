import type { Runtime, Work } from '../shared/daemon/process.ts';
import { JobSeat } from './job-seat.ts';
import { probeTasks } from './probe-tasks.ts';
import { jobs } from './registry.ts';

/**
 * The process that runs jobs: by their schedule, when a batch stands at Extract/Load · Complete, and when somebody wishes
 * it. A job that is not enabled runs by wish only. Of several that are to run, the one with the smallest priority number
 * goes first.
 *
 * @param once also runs every scheduled job now
 */
export function scheduler(runtime: Runtime, once: boolean): Work {
  const seats: JobSeat[] = [];
  for (const job of jobs) seats.push(new JobSeat(runtime, job, seats, once));
  const tasks = once ? seats : [...seats, ...probeTasks(runtime)];
  return { tasks, watch: [], intervalSeconds: runtime.loaded.config.scheduler.pollSeconds };
}
