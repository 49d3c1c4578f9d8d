import { join } from 'node:path';

import { isShort, roomOf, type Room } from '../daemon/room.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
import { inboxFolder, inboxNames } from '../runtime/paths.ts';
import { processNames } from '../runtime/process-names.ts';
import { listBatches, type Batch } from '../store/batches.ts';
import type { Delivery } from '../store/deliveries.ts';
import { countFiles, filesInNeed } from '../store/delivery-lists.ts';
import { countByStatus } from '../store/devices.ts';
import { listPauses, type IntakePause } from '../store/intake-pauses.ts';
import { lastRun, type JobRun } from '../store/job-runs.ts';
import { restingProviders, type ProviderRest } from '../store/provider-exchanges.ts';
import type { ProviderRequestRow } from '../store/provider-requests.ts';
import { openProviderRequests } from '../store/request-lists.ts';
import type { Db } from '../store/tables.ts';
import { isAlive, workersOf } from '../store/workers.ts';
import { waitingFiles } from './waiting-files.ts';

/** Is everything well? What `enrol status` shows. */
export interface Overview {
  readonly daemons: readonly DaemonStanding[];
  /** Disks with less free space than is kept in reserve: nothing new is taken in. */
  readonly shortOfRoom: readonly Room[];
  readonly inboxes: readonly InboxOverview[];
  /** Intake that somebody has paused. */
  readonly pauses: readonly IntakePause[];
  /** Files that need somebody: rejected, held or deferred, newest first. */
  readonly problems: readonly Delivery[];
  readonly batchesInError: readonly Batch[];
  /** Providers over HTTPS that failed, and are left alone at present. */
  readonly resting: readonly ProviderRest[];
  /** Requests without a final answer, oldest first. */
  readonly openRequests: readonly ProviderRequestRow[];
  readonly jobs: readonly { job: string; lastRun: JobRun | undefined }[];
  readonly devices: Partial<Record<string, number>>;
}

export interface InboxOverview {
  readonly name: string;
  /** Files in in/ by how long they have been there. */
  readonly backlog: Readonly<Record<AgeClass, number>>;
  /** When the files in in/ were looked at: a crowded inbox is not looked through for every page. */
  readonly seenAt: Date;
  readonly deferred: number;
  readonly rejected: number;
  readonly held: number;
  readonly done: number;
}

/** Upper bounds in seconds. */
const ageClasses = { 'under 1 min': 60, 'under 10 min': 600, 'under 1 h': 3600, older: Infinity } as const;
export type AgeClass = keyof typeof ageClasses;
const ageNames = Object.keys(ageClasses) as AgeClass[];

const listed = 50;
/** Of each: more than run beside each other. */
const processesLooked = 20;

export async function overview(
  loaded: LoadedConfig,
  db: Db,
  jobKeys: readonly string[],
  now: Date,
): Promise<Overview> {
  return {
    daemons: await daemonStandings(db, now),
    shortOfRoom: (await roomOf(loaded).catch(emptyIfMissing)).filter(isShort),
    inboxes: await inboxStandings(loaded, db, now),
    problems: await filesInNeed(db, { limit: listed }),
    pauses: await listPauses(db),
    batchesInError: await listBatches(db, { status: 'Error', limit: listed, order: 'newest' }),
    resting: await restingProviders(db, now),
    openRequests: await openProviderRequests(db, listed),
    jobs: await Promise.all(jobKeys.map(async (job) => ({ job, lastRun: await lastRun(db, job) }))),
    devices: await countByStatus(db),
  };
}

/** Every inbox with the files in it. */
export async function inboxStandings(loaded: LoadedConfig, db: Db, now: Date): Promise<InboxOverview[]> {
  const counts = await countFiles(db);
  const countOf = (folder: string, state: string) =>
    counts.find((row) => row.folder === folder && row.state === state)?.count ?? 0;
  return Promise.all(
    inboxNames(loaded.config).map(async (name) => ({
      name,
      ...(await backlogOf(join(inboxFolder(loaded, name), 'in'), now)),
      deferred: countOf(name, 'deferred'),
      rejected: countOf(name, 'rejected'),
      held: countOf(name, 'held'),
      done: countOf(name, 'done'),
    })),
  );
}

/** A process of a daemon. */
export interface DaemonStanding {
  readonly name: string;
  readonly running: boolean;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  /** When it was heard of last. */
  readonly heard: string;
}

/** Every living process, and of a daemon without one the last that was. */
export async function daemonStandings(db: Db, now: Date): Promise<DaemonStanding[]> {
  const standings = processNames.map(async (name) => {
    const workers = await workersOf(db, name, processesLooked, now);
    const alive = workers.filter(isAlive);
    const shown = alive.length > 0 ? alive : workers.slice(0, 1);
    return shown.map((worker) => ({
      name,
      running: alive.includes(worker),
      host: worker.host,
      pid: worker.pid,
      since: worker.started_at,
      heard: worker.heartbeat_at,
    }));
  });
  return (await Promise.all(standings)).flat();
}

async function backlogOf(folder: string, now: Date): Promise<Pick<InboxOverview, 'backlog' | 'seenAt'>> {
  const backlog = Object.fromEntries(ageNames.map((name) => [name, 0])) as Record<AgeClass, number>;
  const { since, seenAt } = await waitingFiles(folder, now);
  for (const time of since) {
    const seconds = (now.getTime() - time) / 1000;
    backlog[ageNames.find((candidate) => seconds < ageClasses[candidate]) ?? 'older']++;
  }
  return { backlog, seenAt };
}

function emptyIfMissing(error: unknown): [] {
  if (errnoOf(error) === 'ENOENT') return [];
  throw error;
}
