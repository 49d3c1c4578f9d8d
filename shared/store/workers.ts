import { sql, type Selectable } from 'kysely';

import { ownIdentity, stillRuns, type ProcessIdentity } from '../runtime/process-identity.ts';
import { storeTime } from './store-time.ts';
import type { Db, WorkerTable } from './tables.ts';

/**
 * The processes of all hosts. Whether one of this host lives, the system says. One of another host lives as long as it
 * renews its lease, and is dead only when it was buried: that is done in the store, and a process that was buried cannot
 * renew its lease any more. So two sides can never both believe that they hold a thing: what a process holds is taken
 * by others only when it was buried before, and every change of what is held is made on the condition that the row
 * still bears the holder's number.
 */

/** Seconds for which a lease lasts where nothing else is set. */
export const defaultLeaseSeconds = 60;

/** This process, as the store knows it. */
export interface Worker {
  readonly id: number;
  /** `loader@host/4711`: who moved a batch or a device. */
  readonly actor: string;
}

/**
 * Enters this process into the store; from then on files, batches and runs can be held in its name.
 *
 * @param configDigest of the configuration that it starts with
 * @param leaseSeconds until when it has to renew its lease for the first time
 */
export async function registerWorker(
  db: Db,
  daemon: string,
  now: Date,
  configDigest: string | null = null,
  leaseSeconds: number = defaultLeaseSeconds,
): Promise<Worker> {
  await survivors(db, now);
  const identity = ownIdentity();
  const at = now.toISOString();
  const { id } = await db
    .insertInto('worker')
    .values({
      daemon,
      host: identity.host,
      pid: identity.pid,
      pid_start: identity.pidStart,
      started_at: at,
      heartbeat_at: at,
      leased_until: storeTime(db, now, leaseSeconds),
      config_digest: configDigest,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, actor: `${daemon}@${identity.host}/${identity.pid}` };
}

/**
 * How far the loop of the process has come: of progress, not of life.
 *
 * @param configDigest of the configuration that it runs with
 */
export async function heartbeat(db: Db, worker: Worker, now: Date, configDigest: string): Promise<void> {
  await db
    .updateTable('worker')
    .set({ heartbeat_at: now.toISOString(), config_digest: configDigest })
    .where('id', '=', worker.id)
    .execute();
}

/**
 * @param isWell no round of the process hangs: the renewal counts as a heartbeat, too
 * @returns false when the process was buried: others may have by now what it held
 */
export async function renewLease(
  db: Db,
  worker: Worker,
  now: Date,
  seconds: number,
  isWell = true,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('worker')
    .set({ leased_until: storeTime(db, now, seconds), ...(isWell && { heartbeat_at: now.toISOString() }) })
    .where('id', '=', worker.id)
    .where('stopped_at', 'is', null)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

export async function signOff(db: Db, worker: Worker, now: Date): Promise<void> {
  await db
    .updateTable('worker')
    .set({ stopped_at: now.toISOString() })
    .where('id', '=', worker.id)
    .where('stopped_at', 'is', null)
    .execute();
}

/** A process, and whether its lease has ended by the clock of the store: 1 or 0. */
export type KnownWorker = Selectable<WorkerTable> & { readonly lease_ended: number };

const knownWorkers = (db: Db, now: Date) => db.selectFrom('worker').selectAll().select(leaseEnded(db, now));

const hasEnded = (db: Db, now: Date) => sql<boolean>`coalesce(leased_until, '') <= ${storeTime(db, now)}`;

const leaseEnded = (db: Db, now: Date) =>
  sql<number>`case when ${hasEnded(db, now)} then 1 else 0 end`.as('lease_ended');

const identityOf = (worker: KnownWorker): ProcessIdentity => ({
  host: worker.host,
  pid: worker.pid,
  pidStart: worker.pid_start,
});

/** Whether the process seems to live. What it holds is taken only from those that are buried: see `survivors`. */
export const isAlive = (worker: KnownWorker): boolean =>
  worker.stopped_at === null && (stillRuns(identityOf(worker)) ?? worker.lease_ended === 0);

/** A process writes a heartbeat with each renewal of its lease; the event loop may be blocked for so many seconds. */
const patienceSeconds = 120;

/** Whether a process of this host that lives hangs: neither its loop nor the renewal of its lease says that it is well. */
export const seemsToHang = (worker: KnownWorker, now: Date, leaseSeconds: number): boolean =>
  now.getTime() - Date.parse(worker.heartbeat_at) > Math.max(patienceSeconds, leaseSeconds) * 1000;

/** The processes that seem to live, oldest first. */
export async function aliveWorkers(db: Db, now: Date): Promise<KnownWorker[]> {
  return (await unburied(db, now).execute()).filter(isAlive);
}

/** Ids of the processes that seem to live. */
export async function aliveWorkerIds(db: Db, now: Date): Promise<number[]> {
  return (await aliveWorkers(db, now)).map((worker) => worker.id);
}

/**
 * Buries the dead. What a process holds that is not among the survivors may be taken over: it has ended, or cannot
 * change anything of it any more.
 *
 * @returns ids of all others
 */
export async function survivors(db: Db, now: Date): Promise<number[]> {
  const open = await unburied(db, now).execute();
  const dead = open.filter((worker) => !isAlive(worker));
  if (dead.length > 0) await bury(db, dead, now);
  return (dead.length > 0 ? await unburied(db, now).execute() : open).map((worker) => worker.id);
}

const unburied = (db: Db, now: Date) => knownWorkers(db, now).where('stopped_at', 'is', null).orderBy('id');

/** One of another host may have renewed its lease in this moment: then it lives. */
async function bury(db: Db, dead: readonly KnownWorker[], now: Date): Promise<void> {
  await db
    .updateTable('worker')
    .set({ stopped_at: now.toISOString() })
    .where(
      'id',
      'in',
      dead.map(({ id }) => id),
    )
    .where('stopped_at', 'is', null)
    .where((where) => where.or([where('host', '=', ownIdentity().host), hasEnded(db, now)]))
    .execute();
}

/** Processes of a daemon, newest first. */
export function workersOf(db: Db, daemon: string, limit: number, now: Date): Promise<KnownWorker[]> {
  return knownWorkers(db, now).where('daemon', '=', daemon).orderBy('id', 'desc').limit(limit).execute();
}

/** Processes of this host that have not signed off, oldest first. */
export function workersHere(db: Db, now: Date): Promise<KnownWorker[]> {
  return unburied(db, now).where('host', '=', ownIdentity().host).execute();
}
