import { setTimeout as pause } from 'node:timers/promises';

import type { Runtime } from '../shared/daemon/process.ts';
import { toFault } from '../shared/runtime/faults.ts';
import type { StepResult, Task } from '../shared/runtime/task-loop.ts';
import { cutOffRun, type JobRun } from '../shared/store/job-runs.ts';
import { dueTick } from '../shared/store/job-ticks.ts';
import { findWish } from '../shared/store/job-wishes.ts';
import type { Job } from './job.ts';
import { loadedBatches } from './process-batches.ts';
import { runJob, type FinishedRun } from './run-job.ts';
import { activeSchedule, jobSettings } from './schedule.ts';
import { Ticker } from './ticker.ts';

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };

/** Why a job is to run now. */
interface Start {
  readonly cause: JobRun['cause'];
  readonly priority: number;
  /** The due time that it runs for. */
  readonly tick?: number;
}

/** A job in the loop of the scheduler. Its settings are read at each look, so that a change counts from the next one on. */
export class JobSeat implements Task {
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #job: Job;
  /** All jobs of this scheduler, this one among them. */
  readonly #seats: readonly JobSeat[];
  readonly #ticker: Ticker;
  /** With `once`: the job has still to run because it has a schedule. */
  #opening: boolean;
  /** The last attempt came to nothing, so that nobody waits for this job. */
  #held = false;
  #runs = 0;
  /** For whom this job has waited, and how often each had run by then: nobody goes first for ever. */
  #waitedFor = new Map<JobSeat, number>();

  constructor(runtime: Runtime, job: Job, seats: readonly JobSeat[], once: boolean) {
    this.name = `job ${job.key}`;
    this.#runtime = runtime;
    this.#job = job;
    this.#seats = seats;
    this.#ticker = new Ticker(runtime, job);
    this.#opening = once;
  }

  async step(): Promise<StepResult> {
    const start = await this.#start();
    if (!start) {
      this.#held = false;
      return nothing;
    }
    if (await this.#letsAnotherGo(start.priority)) return { ...nothing, waiting: 1 };
    this.#opening = false;
    this.#waitedFor.clear();
    this.#runs++;
    this.#held = true;
    const finished = await this.#run(start);
    if (!finished) return nothing;
    this.#held = false;
    return { worked: finished.result.batches, refused: finished.result.problems.length, waiting: 0 };
  }

  /** Looks at the schedule, and says whether the job is to run. */
  async #start(): Promise<Start | undefined> {
    const { db, loaded, worker } = this.#runtime;
    const { key, trigger } = this.#job;
    const settings = await jobSettings(db, loaded.config, key);
    await this.#ticker.look(settings);
    const { priority, enabled } = settings;
    const tick = (await dueTick(db, key))?.id;
    if (tick !== undefined) return { cause: 'schedule', priority, tick };
    // Its due time, or the wish for it, is not there any more.
    const cutOff = this.#held ? await cutOffRun(db, key, worker) : undefined;
    if (cutOff) return { cause: cutOff.cause, priority };
    if (this.#opening && activeSchedule(settings)) return { cause: 'schedule', priority };
    if (enabled && trigger !== undefined && (await loadedBatches(db, trigger, 1)).length > 0) {
      return { cause: 'batch', priority };
    }
    return (await findWish(db, key)) ? { cause: 'operator', priority } : undefined;
  }

  async #letsAnotherGo(priority: number): Promise<boolean> {
    for (const seat of this.#seats) {
      if (seat === this || seat.#held || this.#hasWaitedFor(seat)) continue;
      const other = await seat.#start();
      if (!other || other.priority >= priority) continue;
      this.#waitedFor.set(seat, seat.#runs);
      return true;
    }
    return false;
  }

  #hasWaitedFor(seat: JobSeat): boolean {
    const runs = this.#waitedFor.get(seat);
    return runs !== undefined && seat.#runs > runs;
  }

  async #run({ cause, tick }: Start): Promise<FinishedRun | undefined> {
    try {
      return await meanwhile(runJob(this.#runtime, this.#job, cause, tick), this.#pollSeconds, () =>
        this.#lookAtAll(),
      );
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== 'ALREADY_RUNNING') throw fault;
      return undefined;
    }
  }

  get #pollSeconds(): number {
    return this.#runtime.loaded.config.scheduler.pollSeconds;
  }

  /** What is due while a job runs is recorded, and seen by people, before the job has ended. */
  async #lookAtAll(): Promise<void> {
    const { db, loaded } = this.#runtime;
    for (const seat of this.#seats) {
      await seat.#ticker.look(await jobSettings(db, loaded.config, seat.#job.key));
    }
  }
}

/** Does something every so many seconds until the work has ended. Where that fails, the next look of the loop meets it. */
async function meanwhile<T>(work: Promise<T>, seconds: number, doing: () => Promise<void>): Promise<T> {
  const end = new AbortController();
  const beside = (async () => {
    while (!end.signal.aborted) {
      await pause(seconds * 1000, undefined, { signal: end.signal });
      await doing();
    }
  })().catch(() => undefined);
  try {
    return await work;
  } finally {
    end.abort();
    await beside;
  }
}
