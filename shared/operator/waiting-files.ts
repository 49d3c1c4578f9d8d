import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { errnoOf } from '../runtime/faults.ts';

/** The files that lie in a drop folder, as they were found. */
export interface WaitingFiles {
  /** When each name appeared here (ctime, since a sender may keep an old mtime), in milliseconds; in no order. */
  readonly since: readonly number[];
  /** When they were looked at. */
  readonly seenAt: Date;
}

/** A folder with more files is not looked through for every page that shows it. */
const crowded = 1000;
/** What was found in a crowded folder is new enough for so long. */
const freshMilliseconds = 10_000;
/** A page waits so long for a newer look, and then shows the one before. */
const patienceMilliseconds = 100;
/** Files asked about at once. */
const atOnce = 32;

interface Look {
  readonly found: WaitingFiles;
  /** By the monotonic clock. */
  readonly at: number;
}

/** Of this process, by folder: those that were crowded when they were looked at last. */
const looks = new Map<string, Look>();
/** Folders that are being looked at. */
const underWay = new Map<string, Promise<WaitingFiles>>();

/**
 * Files in a drop folder. A crowded folder is looked through every now and then, however many ask: what is returned then
 * is some seconds old, and says how old. Only the first who asks about it waits to the end.
 */
export async function waitingFiles(folder: string, now: Date): Promise<WaitingFiles> {
  const last = looks.get(folder);
  if (last !== undefined && performance.now() - last.at < freshMilliseconds) return last.found;
  const next = underWay.get(folder) ?? lookAgain(folder, now);
  return last === undefined ? next : Promise.race([next, delay(patienceMilliseconds, last.found)]);
}

function lookAgain(folder: string, now: Date): Promise<WaitingFiles> {
  const next = look(folder, now).finally(() => underWay.delete(folder));
  // Whoever waits learns of a failure; where nobody does any more, the next look fails as well.
  next.catch(() => undefined);
  underWay.set(folder, next);
  return next;
}

async function look(folder: string, now: Date): Promise<WaitingFiles> {
  const found = { since: await changeTimes(folder), seenAt: now };
  if (found.since.length > crowded) looks.set(folder, { found, at: performance.now() });
  else looks.delete(folder);
  return found;
}

async function changeTimes(folder: string): Promise<number[]> {
  const names = (await readdir(folder).catch(emptyIfMissing)).filter((name) => !name.startsWith('.'));
  const times: number[] = [];
  for (let from = 0; from < names.length; from += atOnce) {
    const stats = names
      .slice(from, from + atOnce)
      .map((name) => lstat(join(folder, name)).catch(emptyIfMissing));
    // A file that was taken meanwhile has none.
    times.push(...(await Promise.all(stats)).flatMap((stat) => (Array.isArray(stat) ? [] : stat.ctimeMs)));
  }
  return times;
}

function emptyIfMissing(error: unknown): [] {
  if (errnoOf(error) === 'ENOENT') return [];
  throw error;
}
