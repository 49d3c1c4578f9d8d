import type { FileMark } from '../store/deliveries.ts';

/** What was seen of a file, and since when it has looked like this. Times are milliseconds of a monotonic clock. */
export interface Observation {
  readonly mark: FileMark;
  readonly since: number;
  readonly count: number;
}

export const sameMark = (a: FileMark, b: FileMark): boolean =>
  a.dev === b.dev && a.inode === b.inode && a.size === b.size && a.mtimeNs === b.mtimeNs;

/** Another look at a file. The quiet time counts from what we saw, never from the file's own time stamps. */
export function observe(before: Observation | undefined, mark: FileMark, now: number): Observation {
  if (before === undefined || !sameMark(before.mark, mark)) return { mark, since: now, count: 1 };
  return { mark, since: before.since, count: before.count + 1 };
}

/** Complete, as far as can be told from outside: unchanged over the quiet time and at least two looks. */
export const isStable = (seen: Observation, quietSeconds: number, now: number): boolean =>
  seen.count >= 2 && now - seen.since >= quietSeconds * 1000;
