import { join } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import { inboxFolder, inboxNames } from '../runtime/paths.ts';
import { waitingByAge } from '../store/backlog.ts';
import type { Db } from '../store/tables.ts';
import { waitingFiles } from './waiting-files.ts';

/** Upper bounds of the ages, in minutes; behind the last is everything older. Those of qshape(1). */
export const ageBounds = [5, 10, 20, 40, 80, 160, 320, 640, 1280] as const;

/** What waits in one place. */
export interface QueueShape {
  /** `in/`, `deferred`, `held`, `to publish`, or `request` and its state. */
  readonly queue: string;
  /** Of which inbox, folder or provider. */
  readonly name: string;
  readonly total: number;
  /** How many of each age: those of `ageBounds`, and older ones. */
  readonly ages: readonly number[];
}

/**
 * Everything that waits, by age: where it stands, and since when. Files in in/ by the time when they came; nothing of any
 * file is read.
 *
 * @returns in/ of every inbox, and whatever else there is something in
 */
export async function backlog(loaded: LoadedConfig, db: Db, now: Date): Promise<QueueShape[]> {
  const files = await Promise.all(
    inboxNames(loaded.config).map(async (name) => {
      const { since } = await waitingFiles(join(inboxFolder(loaded, name), 'in'), now);
      return { queue: 'in/', name, total: since.length, ages: agesOf(since, now) };
    }),
  );
  const bounds = ageBounds.map((minutes) => new Date(now.getTime() - minutes * 60_000));
  const stored = await waitingByAge(db, bounds);
  return [
    ...files,
    ...stored.map(({ queue, name, total, youngerThan }) => ({
      queue,
      name,
      total,
      ages: [...youngerThan, total].map((count, at, all) => count - (at === 0 ? 0 : (all[at - 1] ?? 0))),
    })),
  ];
}

/** @param since milliseconds */
function agesOf(since: readonly number[], now: Date): number[] {
  const ages = Array.from({ length: ageBounds.length + 1 }, () => 0);
  for (const time of since) {
    const minutes = (now.getTime() - time) / 60_000;
    const at = ageBounds.findIndex((bound) => minutes < bound);
    const column = at === -1 ? ageBounds.length : at;
    ages[column] = (ages[column] ?? 0) + 1;
  }
  return ages;
}
