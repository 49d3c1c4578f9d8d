import { stat } from 'node:fs/promises';

import { sql } from 'kysely';

import { errnoOf } from '../../runtime/faults.ts';
import type { Db } from '../tables.ts';

/**
 * SQLite writes into a write-ahead log beside the store, and brings it into the store after a while ("checkpoint"). It
 * cannot go past what the oldest reader sees: while a program keeps one transaction open the log grows with every
 * write, and it keeps its size afterwards. That is why it is looked after (sqlite.org/wal.html#avoiding_excessively_large_wal_files).
 */

/**
 * Cuts the write-ahead log to nothing when it is longer than the limit. Never waits for a reader or a writer: where one
 * is in the way, the log stays as it is, and the next call tries again.
 *
 * @param file the store's file
 * @returns length of the log afterwards, in bytes
 */
export async function shortenWal(db: Db, file: string, limitBytes: number): Promise<number> {
  const length = await walBytes(file);
  if (length <= limitBytes) return length;
  await truncateWal(db);
  return walBytes(file);
}

/** Length of the write-ahead log beside the store, in bytes. */
export async function walBytes(file: string): Promise<number> {
  try {
    return (await stat(`${file}-wal`)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** The busy timeout would hold up this whole process, for as long as the reader reads. */
async function truncateWal(db: Db): Promise<void> {
  await db.connection().execute(async (connection) => {
    const { rows } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(connection);
    await sql`pragma busy_timeout = 0`.execute(connection);
    try {
      await sql`pragma wal_checkpoint(truncate)`.execute(connection);
    } finally {
      await sql.raw(`pragma busy_timeout = ${rows[0]?.timeout ?? 0}`).execute(connection);
    }
  });
}
