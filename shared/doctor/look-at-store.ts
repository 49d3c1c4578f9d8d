import { stat } from 'node:fs/promises';

import { sql } from 'kysely';

import type { LoadedConfig } from '../runtime/config.ts';
import { storeFile } from '../runtime/paths.ts';
import { checkStore } from '../store/migrate.ts';
import { connectStore } from '../store/open-store.ts';
import { walBytes } from '../store/sqlite/wal.ts';
import { storeOptions } from '../store/store-options.ts';
import type { Db } from '../store/tables.ts';
import { isAlive, workersHere } from '../store/workers.ts';
import { configState } from '../operator/config-state.ts';
import { checksOf, type Check } from './check.ts';
import type { User } from './folder-rules.ts';
import { skewCheck } from './host-rules.ts';
import { looking } from './looking.ts';

const store = checksOf('Store');

const megabyte = 1024 * 1024;
/** A larger store is not read to its end while people wait: that took a minute and more. */
const quickMegabytes = 2048;
const others = 0o007;

/** What was found in the store, and what it says of others. */
export interface StoreLook {
  readonly checks: readonly Check[];
  /** Processes of this host that are at work. */
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
  /** When a process last told of itself there. */
  readonly lastEntry: Date | undefined;
}

/** Opens the store as it is, and looks whether it can be relied on. Changes nothing. */
export async function lookAtStore(loaded: LoadedConfig, user: User, now: () => Date): Promise<StoreLook> {
  let seen: Pick<StoreLook, 'processes' | 'lastEntry'> = { processes: [], lastEntry: undefined };
  const checks = await looking(store, 'store', async () => {
    const db = await connectStore(await storeOptions(loaded), false);
    try {
      await checkStore(db);
      seen = { processes: await processesHere(db, now()), lastEntry: await lastEntryOf(db) };
      return [
        store.ok('store', 'It can be opened, and is of this program’s version.'),
        ...(await deadProcesses(db, now())),
        ...(await outdated(loaded, db, now())),
        ...(await lookInside(loaded, db, user, now)),
      ];
    } finally {
      await db.destroy();
    }
  });
  return { checks, ...seen };
}

function lookInside(loaded: LoadedConfig, db: Db, user: User, now: () => Date): Promise<Check[]> {
  const file = storeFile(loaded);
  return file === undefined ? lookAtServer(db, now) : lookAtFile(loaded, db, file, user);
}

async function lookAtServer(db: Db, now: () => Date): Promise<Check[]> {
  const asked = now().getTime();
  const { rows } = await sql<{ at: Date; version: string }>`
    select clock_timestamp() as at, current_setting('server_version') as version`.execute(db);
  const [row] = rows;
  if (row === undefined) return [];
  const skew = ((asked + now().getTime()) / 2 - new Date(row.at).getTime()) / 1000;
  return [store.ok('server', `PostgreSQL ${row.version}.`), skewCheck('the store’s server', skew)];
}

async function lookAtFile(loaded: LoadedConfig, db: Db, file: string, user: User): Promise<Check[]> {
  const { size, mode, uid } = await stat(file);
  const megabytes = Math.ceil(size / megabyte);
  return [
    rights(file, mode & 0o777, uid, user),
    await integrity(db, megabytes),
    wal(Math.ceil((await walBytes(file)) / megabyte), loaded.config.store.walMegabytes),
  ];
}

function rights(file: string, mode: number, uid: number, user: User): Check {
  if (uid !== user.uid)
    return store.wrong(
      'rights',
      `${file} belongs to ${uid}; the service is ${user.uid}.`,
      `chown ${user.uid} ${file}*`,
    );
  if ((mode & others) === 0) return store.ok('rights', 'The file is the service’s, and closed to everybody.');
  return store.wrong(
    'rights',
    `${file} has mode 0${mode.toString(8)}: everybody may get at customers’ data.`,
    `chmod o= ${file}*`,
  );
}

async function integrity(db: Db, megabytes: number): Promise<Check> {
  if (megabytes > quickMegabytes) {
    return store.notChecked(
      'integrity',
      `${megabytes} MB are not read while somebody waits.`,
      'Check a copy of it: sqlite3 COPY "pragma quick_check".',
    );
  }
  const { rows } = await sql<{ quick_check: string }>`pragma quick_check(1)`.execute(db);
  const said = rows[0]?.quick_check ?? 'nothing';
  if (said === 'ok') return store.ok('integrity', `${megabytes} MB are sound (pragma quick_check).`);
  return store.wrong(
    'integrity',
    `The store is damaged: ${said}`,
    'Stop every daemon, keep the file as it is, and restore the last backup: docs/upgrade.md, "Back".',
  );
}

const wal = (megabytes: number, limit: number): Check =>
  megabytes <= limit
    ? store.ok('write-ahead log', `${megabytes} MB.`)
    : store.warning(
        'write-ahead log',
        `${megabytes} MB; it should be ${limit} at most.`,
        'Find the program that keeps the store open for reading, a backup or a shell, and end it.',
      );

const processesHere = async (db: Db, now: Date): Promise<StoreLook['processes']> =>
  (await workersHere(db, now)).filter(isAlive).map(({ daemon, pid }) => ({ name: daemon, pid }));

async function deadProcesses(db: Db, now: Date): Promise<Check[]> {
  const dead = (await workersHere(db, now)).filter((worker) => !isAlive(worker));
  if (dead.length === 0) return [store.ok('processes', 'None of this host has died without signing off.')];
  const list = dead.map(({ daemon, pid }) => `${daemon} ${pid}`).join(', ');
  return [
    store.warning(
      'processes',
      `Died on this host: ${list}.`,
      'Start them; the next that starts takes up what they had in hand. Why they died is at the end of their log.',
    ),
  ];
}

async function outdated(loaded: LoadedConfig, db: Db, now: Date): Promise<Check[]> {
  const old = (await configState(loaded, db, now)).outdated;
  if (old.length === 0)
    return [store.ok('configuration of processes', 'Each runs with the file as it is now.')];
  const list = old.map(({ daemon, host, pid }) => `${daemon}@${host}/${pid}`).join(', ');
  return [
    store.warning('configuration of processes', `Started with another one: ${list}.`, 'Start them anew.'),
  ];
}

async function lastEntryOf(db: Db): Promise<Date | undefined> {
  const newest = await db
    .selectFrom('worker')
    .select('heartbeat_at')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return newest && new Date(newest.heartbeat_at);
}
