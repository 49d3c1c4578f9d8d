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
