import { hostname } from 'node:os';

import { ownIdentity, stillRuns, type ProcessIdentity } from '../runtime/process-identity.ts';
import type { Db, Row } from './tables.ts';

/** A worker of another host counts as dead when it has not been heard of for so long. */
const silentSeconds = 60;

/** This process, as the store knows it. */
export interface Worker {
  readonly id: number;
  /** `loader@host/4711`: who moved a batch or a device. */
  readonly actor: string;
}

/**
 * Enters this process into the store; from then on files, batches and runs can be held in its name.
 *
 * @param configDigest of the configuration that it was started with
 */
export async function registerWorker(
  db: Db,
  daemon: string,
  now: Date,
  configDigest: string | null = null,
): Promise<Worker> {
  await buryDead(db, now);
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
      config_digest: configDigest,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return { id, actor: `${daemon}@${identity.host}/${identity.pid}` };
}

/** Processes of this host that ended without signing off: noted, so that they are not looked at in every round. */
async function buryDead(db: Db, now: Date): Promise<void> {
  const open = await db.selectFrom('worker').selectAll().where('stopped_at', 'is', null).execute();
  const dead = open.filter((worker) => stillRuns(identityOf(worker)) === false).map((worker) => worker.id);
  if (dead.length === 0) return;
  await db.updateTable('worker').set({ stopped_at: now.toISOString() }).where('id', 'in', dead).execute();
}

export async function heartbeat(db: Db, worker: Worker, now: Date): Promise<void> {
  await db
    .updateTable('worker')
    .set({ heartbeat_at: now.toISOString() })
    .where('id', '=', worker.id)
    .execute();
}

export async function signOff(db: Db, worker: Worker, now: Date): Promise<void> {
  await db.updateTable('worker').set({ stopped_at: now.toISOString() }).where('id', '=', worker.id).execute();
}

const identityOf = (worker: Row<'worker'>): ProcessIdentity => ({
  host: worker.host,
  pid: worker.pid,
  pidStart: worker.pid_start,
});

/** Whether the worker may still be at work on what it holds. */
export function isAlive(worker: Row<'worker'>, now: Date): boolean {
  if (worker.stopped_at !== null) return false;
  const runs = stillRuns(identityOf(worker));
  return runs ?? now.getTime() - Date.parse(worker.heartbeat_at) < silentSeconds * 1000;
}

/** The workers that may still be at work, oldest first. */
export async function aliveWorkers(db: Db, now: Date): Promise<Row<'worker'>[]> {
  const candidates = await db
    .selectFrom('worker')
    .selectAll()
    .where('stopped_at', 'is', null)
    .orderBy('id')
    .execute();
  return candidates.filter((worker) => isAlive(worker, now));
}

/** Ids of the workers that may still be at work. */
export async function aliveWorkerIds(db: Db, now: Date): Promise<number[]> {
  return (await aliveWorkers(db, now)).map((worker) => worker.id);
}

/** Processes of a daemon, newest first. */
export function workersOf(db: Db, daemon: string, limit: number): Promise<Row<'worker'>[]> {
  return db
    .selectFrom('worker')
    .selectAll()
    .where('daemon', '=', daemon)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Processes of this host that have not signed off, oldest first. */
export function workersHere(db: Db): Promise<Row<'worker'>[]> {
  return db
    .selectFrom('worker')
    .selectAll()
    .where('host', '=', hostname())
    .where('stopped_at', 'is', null)
    .orderBy('id')
    .execute();
}
