import { setTimeout as delay } from 'node:timers/promises';

import { sql } from 'kysely';

import { checkStore } from './migrate.ts';
import { endsTransaction, mayBeRepeated } from './postgres/faults.ts';
import type { PostgresOptions } from './postgres/open-postgres.ts';
import type { SqliteOptions } from './sqlite/open-sqlite.ts';
import type { Db } from './tables.ts';

/** Where a store is, and how patient we are with it. */
export type StoreOptions = Omit<SqliteOptions, 'create'> | PostgresOptions;

/**
 * Opens a store that is ready for work.
 *
 * @throws Fault STORE_MISSING, STORE_UNSAFE, STORE_SCHEMA; of a server also STORE_UNREACHABLE, STORE_REFUSED
 */
export async function openStore(options: StoreOptions): Promise<Db> {
  const db = await connectStore(options, false);
  try {
    await checkStore(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/** A store as it is, also of another version. @param create makes the file of an embedded one that is missing */
export async function connectStore(options: StoreOptions, create: boolean): Promise<Db> {
  // Each engine with its driver is loaded only where it is used: a command starts sooner.
  if ('url' in options) return (await import('./postgres/open-postgres.ts')).openPostgres(options);
  return (await import('./sqlite/open-sqlite.ts')).openSqlite({ ...options, create });
}

/** How often a transaction is done that others keep from being committed. */
const mostAttempts = 8;

/**
 * Runs `work` in one transaction: all of it is in the store afterwards, or nothing. Within a transaction it is part of
 * that one. PostgreSQL may refuse a transaction because of another one at the same time; then the work is done again from
 * its start, so that it must leave no trace but in the store before it has ended.
 *
 * @throws Fault STORE_OUTCOME_UNKNOWN when the connection was lost during the commit: whatever is done next has to begin with
 *   a look at what is in the store
 */
export async function inTransaction<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db);
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (thrown) {
      if (attempt === mostAttempts || !mayBeRepeated(thrown)) throw thrown;
      await delay(Math.random() * 10 * 2 ** attempt);
    }
  }
}

/**
 * Runs a part of a transaction that may fail by itself: what it wrote is undone then, and the transaction goes on.
 *
 * @returns what was thrown, and is undone; undefined: nothing
 * @throws what was thrown when nothing could be undone: SQLite has rolled back the whole transaction by itself, as it does
 *   where the disk is full (sqlite.org/lang_transaction.html), and what is written after it would be a transaction of its
 *   own; or PostgreSQL has met another transaction, and all of it has to be done again
 */
export async function withSavepoint(
  trx: Db,
  work: () => Promise<void>,
): Promise<{ readonly thrown: unknown } | undefined> {
  await sql`savepoint part`.execute(trx);
  try {
    await work();
  } catch (thrown) {
    if (endsTransaction(thrown)) throw thrown;
    try {
      await sql`rollback to savepoint part`.execute(trx);
    } catch {
      throw thrown;
    }
    await sql`release savepoint part`.execute(trx);
    return { thrown };
  }
  await sql`release savepoint part`.execute(trx);
  return undefined;
}
