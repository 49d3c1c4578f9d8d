import { sql } from 'kysely';

import { engineOf } from './engine.ts';
import { inTransaction } from './open-store.ts';
import type { Db, Tables } from './tables.ts';

/**
 * As `inTransaction`, one after the other: for work that depends on which rows a table has, and not only on those that it
 * changes. Two transactions on PostgreSQL that each add a row, or take one away, because of what the table had before would
 * not see each other, and both be committed. Never within a transaction.
 *
 * @param table whoever writes into it waits, up to `store.busySeconds`; who reads does not
 */
export function inTurn<T>(db: Db, table: keyof Tables, work: (trx: Db) => Promise<T>): Promise<T> {
  return inTransaction(db, async (trx) => {
    // SQLite has one transaction at a time that writes. The lock comes first of all: the first query fixes what a transaction
    // sees, and a lock that was waited for later would protect what is old (postgresql.org/docs/current/sql-lock.html).
    if (engineOf(trx) === 'postgres')
      await sql`lock table ${sql.table(table)} in share row exclusive mode`.execute(trx);
    return work(trx);
  });
}
