import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { totalmem } from 'node:os';

import { errnoOf } from '../runtime/faults.ts';
import type { Inotify, ProcessLimits } from './host-rules.ts';

/** What the machine says of itself: proc(5), inotify(7). Where there is no /proc, nothing. */

/** Limits of this process, or of another one of this host that we may look at. */
export async function limitsOf(pid: number | 'self', whose: string): Promise<ProcessLimits[]> {
  const [limits, filter] = await Promise.all([
    readIfAllowed(`/proc/${pid}/limits`),
    readIfAllowed(`/proc/${pid}/coredump_filter`),
  ]);
  if (limits === undefined) return [];
  const softLimit = (name: string): number | null => {
    const word = new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(limits)?.[1];
    return word === undefined || word === 'unlimited' ? null : Number(word);
  };
  const coreHoldsMemory = softLimit('Max core file size') !== 0 && Number.parseInt(filter ?? '1', 16) !== 0;
  return [{ whose, openFiles: softLimit('Max open files'), coreHoldsMemory }];
}

/** Of the machine, or of the container that this process is in. */
export function memoryMegabytes(): number {
  // 0, or more than there is: no limit.
  const constrained = process.constrainedMemory();
  const bytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return Math.floor(bytes / 1024 / 1024);
}

/** @param uid only what its processes use counts against its limits */
export async function inotifyOf(uid: number): Promise<Inotify | undefined> {
  const [instances, watches] = await Promise.all(
    ['max_user_instances', 'max_user_watches'].map((name) => readIfAllowed(`/proc/sys/fs/inotify/${name}`)),
  );
  if (instances === undefined || watches === undefined) return undefined;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const users = (await Promise.all(pids.map((pid) => usedBy(pid, uid)))).flat();
  return {
    maxInstances: Number(instances),
    maxWatches: Number(watches),
    users: users.sort((a, b) => b.watches - a.watches || b.instances - a.instances),
  };
}

async function usedBy(pid: string, uid: number): Promise<Inotify['users'][number][]> {
  const folder = `/proc/${pid}/fd`;
  const owner = await ifAllowed(() => stat(`/proc/${pid}`));
  const names = owner?.uid === uid ? await ifAllowed(() => readdir(folder)) : undefined;
  const targets = await Promise.all(
    (names ?? []).map(async (fd) => ({ fd, target: await ifAllowed(() => readlink(`${folder}/${fd}`)) })),
  );
  const instances = targets.filter(({ target }) => target === 'anon_inode:inotify');
  if (instances.length === 0) return [];
  const told = await Promise.all(instances.map(({ fd }) => readIfAllowed(`/proc/${pid}/fdinfo/${fd}`)));
  const watches = told.reduce((sum, text) => sum + (text?.match(/^inotify wd:/gm)?.length ?? 0), 0);
  const command = (await readIfAllowed(`/proc/${pid}/comm`))?.trim() ?? '?';
  return [{ process: `${command} ${pid}`, instances: instances.length, watches }];
}

/** systemd-timesyncd.service(8): the file is there when the clock was synchronised since the start of the machine. */
export const isSetByTimesyncd = async (): Promise<boolean> =>
  (await ifAllowed(() => stat('/run/systemd/timesync/synchronized'))) !== undefined;

const readIfAllowed = (path: string): Promise<string | undefined> => ifAllowed(() => readFile(path, 'utf8'));

/** Undefined for what has gone meanwhile, was never there, or belongs to others. */
async function ifAllowed<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (['ENOENT', 'EACCES', 'EPERM', 'ESRCH', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
