import { toFault } from '../../../shared/runtime/faults.ts';
import type { Task } from '../../../shared/runtime/task-loop.ts';
import type { FastClock } from './place.ts';

/** More rounds than any work needs. */
const tooManyRounds = 40;
/** Longer than any file waits for its next try. */
const waitSeconds = 70;
/** After this, files under temporary names that nobody needs any more are cleared away. */
const orphanSeconds = 25 * 3600;

const never = new AbortController().signal;

/**
 * Works until nothing is left to do, as the task loop does: what fails for reasons of its surroundings is tried again.
 *
 * @returns codes of the faults that ended a round
 * @throws Fault of class bug, with which the loop would end
 */
export async function workOff(task: Task, clock: FastClock, afterRound?: () => void): Promise<string[]> {
  const faults: string[] = [];
  for (let round = 0, idle = 0; idle < 2; round++) {
    if (round === tooManyRounds) throw new Error(`not done after ${round} rounds: ${faults.join(' ')}`);
    try {
      const { worked, waiting } = await task.step(never);
      idle = worked + waiting === 0 ? idle + 1 : 0;
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class === 'bug') throw fault;
      faults.push(fault.code);
      idle = 0;
    }
    afterRound?.();
    clock.advance(waitSeconds);
  }
  return faults;
}

/** What a process does that goes on for more than a day. */
export async function workADay(task: Task, clock: FastClock): Promise<void> {
  await workOff(task, clock);
  clock.advance(orphanSeconds);
  await task.step(never);
}

/** One line for a report. */
export const problemOf = (thrown: unknown): string =>
  thrown instanceof Error
    ? `${thrown.message} ${(thrown.stack ?? '').split('\n').slice(1, 6).join('')}`
    : String(thrown);
