import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import { Fault } from '../runtime/faults.ts';
import { spoolFolder, storeFile } from '../runtime/paths.ts';
import type { Task } from '../runtime/task-loop.ts';

/**
 * Room on the disks. What is taken in will need some in the spool and in the store, and a disk that is full to the last
 * byte is trouble for everybody on it: so nothing new is begun while less is free than is kept in reserve.
 */

const megabyte = 1024 * 1024;

/** A folder whose disk is looked at. */
export interface Room {
  readonly folder: string;
  /** Free to us, who are not root. */
  readonly freeMegabytes: number;
  readonly reserveMegabytes: number;
}

/** The disks that have to keep a reserve, as they are now. */
export async function roomOf(loaded: LoadedConfig): Promise<Room[]> {
  const { spool, store } = loaded.config;
  const file = storeFile(loaded);
  const reserves = [{ folder: spoolFolder(loaded), reserveMegabytes: spool.reserveMegabytes }];
  // Of a server's disk nothing is known here.
  if (file !== undefined) reserves.push({ folder: dirname(file), reserveMegabytes: store.reserveMegabytes });
  const looked = reserves.filter(({ reserveMegabytes }) => reserveMegabytes > 0);
  return Promise.all(looked.map(async (each) => ({ ...each, freeMegabytes: await freeOf(each.folder) })));
}

async function freeOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.floor((bavail * bsize) / megabyte);
}

export const isShort = ({ freeMegabytes, reserveMegabytes }: Room): boolean =>
  freeMegabytes < reserveMegabytes;

/** @throws Fault NO_SPACE, of every disk that has too little */
async function requireRoom(loaded: LoadedConfig): Promise<void> {
  const short = (await roomOf(loaded)).filter(isShort);
  if (short.length === 0) return;
  const list = short.map(
    ({ folder, freeMegabytes, reserveMegabytes }) =>
      `${folder} has ${freeMegabytes} MB free, ${reserveMegabytes} MB are kept in reserve`,
  );
  throw new Fault('NO_SPACE', list.join('; '));
}

/** The same task, which begins no round while a disk has less free space than is kept in reserve. */
export const withRoom = (loaded: LoadedConfig, task: Task): Task => ({
  name: task.name,
  step: async (stop) => {
    await requireRoom(loaded);
    return task.step(stop);
  },
  listen: (ring) => task.listen?.(ring),
  finish: async (ending) => task.finish?.(ending),
});
