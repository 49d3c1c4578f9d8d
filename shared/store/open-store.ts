import { sql } from 'kysely';

import { Fault, toFault } from '../runtime/faults.ts';
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
 * Runs `work` as a part of a transaction that can fail alone: nothing of it is left then, and the transaction goes on.
 *
 * @throws what the work throws; Fault of class environment when the store has given up the whole transaction
 */
export async function withSavepoint<T>(trx: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  await sql`savepoint part`.execute(trx);
  try {
    const result = await work(trx);
    await sql`release savepoint part`.execute(trx);
    return result;
  } catch (thrown) {
    await undoPart(trx, toFault(thrown));
    throw thrown;
  }
}

/** After some failures (sqlite.org/lang_transaction.html) there is no transaction any more that could go on. */
async function undoPart(trx: Db, reason: Fault): Promise<void> {
  try {
    await sql`rollback to savepoint part`.execute(trx);
    await sql`release savepoint part`.execute(trx);
  } catch (error) {
    if (reason.class === 'environment') throw reason;
    throw new Fault('STORE_FAILED', `the transaction was given up: ${reason.message}`, { cause: error });
  }
}
