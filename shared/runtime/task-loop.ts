import { faultFields, type Emit } from './events.ts';
import type { FaultCode } from './fault-codes.ts';
import { toFault } from './faults.ts';
import { asRound } from './progress.ts';

/** What one round of a task did. */
export interface StepResult {
  /** Things brought to an end, or put off. */
  readonly worked: number;
  /** Of these: rejected or held. */
  readonly refused: number;
  /** Things that will be ready in a moment, files that are not quiet yet for one. */
  readonly waiting: number;
  /** Things under way beside the loop, which rings when one of them is ready. */
  readonly running?: number;
}

/** A part of a daemon's work: one inbox, the publishing of what is queued, ... */
export interface Task {
  readonly name: string;
  /** One round; ends early, between two files or groups of them, when `stop` is aborted. */
  step(stop: AbortSignal): Promise<StepResult>;
  /** Gets the bell, before the first round, where things go on beside the loop. */
  listen?(ring: () => void): void;
  /**
   * Ends what goes on beside the loop; after the last round, however that ended.
   *
   * @param ending aborted as soon as the process is to end: nobody waits for long then
   */
  finish?(ending: AbortSignal): Promise<void>;
}

export interface LoopOptions {
  readonly intervalSeconds: number;
  /** Work off what is there, then return. */
  readonly once: boolean;
  readonly stop: AbortSignal;
  /** Aborted when all of the process is to end, and not merely this loop; the same as `stop` where it is missing. */
  readonly ending?: AbortSignal;
  readonly bell: Bell;
  readonly emit: Emit;
}

/** Milliseconds between looks at things that will be ready in a moment, doubling: most are at the second look. */
const waitingMilliseconds = { first: 20, longest: 100 };
/** A task whose surroundings failed rests between these, doubling. */
const restSeconds = { first: 1, longest: 60 };
/** Up to such a part of it longer: processes that have met the same do not come back all at once. */
const jitter = 0.25;

/** A disk that has refused so many fsyncs in a row, with no work done in between, is not trusted any longer. */
const syncAttempts = 3;

/** What no rest mends. */
const hopeless: readonly FaultCode[] = ['STORE_DAMAGED', 'LEASE_LOST'];

/** Lets the loop sleep until something may have happened. */
export class Bell {
  #wake: (() => void) | undefined;
  #rung = false;

  readonly ring = (): void => {
    this.#rung = true;
    this.#wake?.();
  };

  /** Resolves at the next ring, at once when it rang since the last wait, when `stop` is aborted, or after a time. */
  async wait(milliseconds: number, stop: AbortSignal): Promise<void> {
    if (!this.#rung && !stop.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        stop.addEventListener('abort', this.#wake, { once: true });
      });
      if (this.#wake) stop.removeEventListener('abort', this.#wake);
      this.#wake = undefined;
    }
    this.#rung = false;
  }
}

/** A task, and until when it rests because its surroundings failed. */
interface Seat {
  readonly task: Task;
  restsUntil: number;
  failures: number;
  syncFailures: number;
}

/**
 * Runs tasks in turn until it is told to stop, or once. A task whose surroundings fail (disk full, folder gone, store
 * busy) rests and is tried again, while the others go on; a bug or a damaged store ends the loop, and so does a disk that
 * refuses fsync again and again.
 *
 * @returns number of things that were rejected or held
 * @throws Fault BUG, STORE_DAMAGED, LEASE_LOST, SYNC_FAILED; with `once` any fault
 */
export async function runTasks(tasks: readonly Task[], options: LoopOptions): Promise<number> {
  const seats: Seat[] = tasks.map((task) => ({ task, restsUntil: 0, failures: 0, syncFailures: 0 }));
  for (const task of tasks) task.listen?.(options.bell.ring);
  try {
    return await runRounds(seats, options);
  } finally {
    for (const task of tasks) await task.finish?.(options.ending ?? options.stop);
  }
}

async function runRounds(seats: readonly Seat[], options: LoopOptions): Promise<number> {
  let refused = 0;
  let wait = waitingMilliseconds.first;
  while (!options.stop.aborted) {
    let worked = 0;
    let waiting = 0;
    let running = 0;
    for (const seat of seats) {
      const result = await runSeat(seat, options);
      worked += result.worked;
      refused += result.refused;
      waiting += result.waiting;
      running += result.running ?? 0;
    }
    if (worked > 0 || waiting === 0) wait = waitingMilliseconds.first;
    if (worked > 0) continue;
    if (options.once && waiting === 0 && running === 0) break;
    await options.bell.wait(waiting > 0 ? wait : pauseOf(seats, options), options.stop);
    if (waiting > 0) wait = Math.min(2 * wait, waitingMilliseconds.longest);
  }
  return refused;
}

/** Milliseconds until the next round: the interval, or less when a task has rested by then. */
function pauseOf(seats: readonly Seat[], { intervalSeconds }: LoopOptions): number {
  const rests = seats.map((seat) => seat.restsUntil - performance.now()).filter((rest) => rest > 0);
  return Math.min(intervalSeconds * 1000, ...rests);
}

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };

async function runSeat(seat: Seat, { once, stop, emit }: LoopOptions): Promise<StepResult> {
  if (stop.aborted || performance.now() < seat.restsUntil) return nothing;
  try {
    const result = await asRound(seat.task.name, () => seat.task.step(stop));
    if (seat.failures > 0) emit('task.resumed', { task: seat.task.name });
    seat.failures = 0;
    if (result.worked > 0) seat.syncFailures = 0;
    return result;
  } catch (thrown) {
    const fault = toFault(thrown);
    // Rest mends no store that is damaged, and every further write might harm it more; and it brings no lease back.
    if (once || fault.class === 'bug' || hopeless.includes(fault.code)) throw fault;
    if (fault.code === 'SYNC_FAILED' && ++seat.syncFailures === syncAttempts) throw fault;
    const doubled = Math.min(restSeconds.longest, restSeconds.first * 2 ** Math.min(10, seat.failures++));
    const seconds = doubled * (1 + jitter * Math.random());
    seat.restsUntil = performance.now() + seconds * 1000;
    const nextTryAt = new Date(Date.now() + seconds * 1000).toISOString();
    emit('task.stopped', { task: seat.task.name, nextTryAt, ...faultFields(fault) });
    return nothing;
  }
}
