import { sql } from 'kysely';

import { checkStore } from './migrate.ts';
import { openSqlite } from './sqlite/open-sqlite.ts';
import type { Db } from './tables.ts';

export interface StoreOptions {
  /** Absolute path of the SQLite file. */
  readonly file: string;
  readonly busySeconds: number;
}

/**
 * Opens a store that is ready for work.
 *
 * @throws Fault STORE_MISSING, STORE_UNSAFE, STORE_SCHEMA
 */
export async function openStore(options: StoreOptions): Promise<Db> {
  const db = openSqlite({ ...options, create: false });
  try {
    await checkStore(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/**
 * Runs `work` in one transaction: all of it is in the store afterwards, or nothing. Within a transaction it is part of
 * that one.
 */
export const inTransaction = <T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> =>
  db.isTransaction ? work(db) : db.transaction().execute(work);

/**
 * Runs a part of a transaction that may fail by itself: what it wrote is undone then, and the transaction goes on.
 *
 * @returns what was thrown, and is undone; undefined: nothing
 * @throws what was thrown when nothing could be undone: SQLite has rolled back the whole transaction by itself, as it does
 *   where the disk is full (sqlite.org/lang_transaction.html). What is written after it would be a transaction of its own
 */
export async function withSavepoint(
  trx: Db,
  work: () => Promise<void>,
): Promise<{ readonly thrown: unknown } | undefined> {
  await sql`savepoint part`.execute(trx);
  try {
    await work();
  } catch (thrown) {
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
