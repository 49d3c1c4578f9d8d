import type { Program } from './installation.ts';
import { waitFor } from './wait-for.ts';

/** The lines of a program's log that tell an event. */
export const linesOf = (program: Program, event: string): Record<string, unknown>[] =>
  program.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.event === event);

/** Waits until the program has logged an event so often. */
export const loggedTimes = (
  program: Program,
  event: string,
  times: number,
  seconds?: number,
): Promise<true> =>
  waitFor(`${times} × ${event}`, () => linesOf(program, event).length >= times || undefined, seconds);
