import SqliteDatabase from 'better-sqlite3';
import { setTimeout as delay } from 'node:timers/promises';

import { errnoOf } from '../../runtime/faults.ts';
import type { SqliteOptions } from './open-sqlite.ts';

/** Attempts to hold everybody's writing: each waits as long as any writer does. */
const attempts = 20;
const pauseMilliseconds = 250;

/**
 * An embedded store as it was at one moment, while others go on writing. As long as it is open, the write-ahead log
 * cannot be cut back.
 */
export class PinnedStore {
  readonly #reader: SqliteDatabase.Database;

  /** @param reader in a transaction that has begun to read */
  private constructor(reader: SqliteDatabase.Database) {
    this.#reader = reader;
  }

  /**
   * Pins the store at a moment in which nobody writes into it.
   *
   * @param look is called in this moment: until it returns, every writer waits
   * @throws SQLITE_BUSY when others write without an end
   */
  static async pin<T>(
    { file, busySeconds }: Omit<SqliteOptions, 'create'>,
    look: () => T,
  ): Promise<{ readonly store: PinnedStore; readonly seen: T }> {
    const options = { fileMustExist: true, timeout: Math.round(busySeconds * 1000) };
    const writer = new SqliteDatabase(file, options);
    const reader = new SqliteDatabase(file, { ...options, readonly: true });
    try {
      await holdWriters(writer);
      reader.exec('begin');
      reader.prepare('select count(*) from sqlite_schema').get(); // The first read is what pins it.
      return { seen: look(), store: new PinnedStore(reader) };
    } catch (error) {
      reader.close();
      throw error;
    } finally {
      writer.close(); // Ends the transaction, in which nothing was written.
    }
  }

  get bytes(): number {
    const pragma = (name: string) => Number(this.#reader.pragma(name, { simple: true }));
    return pragma('page_count') * pragma('page_size');
  }

  rows(): Record<string, number> {
    return rowsOf(this.#reader);
  }

  /** Writes a file that needs no other beside it; the caller puts it on the disk. */
  async copyTo(path: string): Promise<void> {
    await this.#reader.backup(path);
    const copy = new SqliteDatabase(path, { fileMustExist: true });
    try {
      copy.pragma('journal_mode = delete'); // Whoever opens it only to read need not make a log beside it.
    } finally {
      copy.close();
    }
  }

  close(): void {
    this.#reader.close();
  }
}

async function holdWriters(writer: SqliteDatabase.Database): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      writer.exec('begin immediate');
      return;
    } catch (error) {
      if (attempt === attempts || !(errnoOf(error) ?? '').startsWith('SQLITE_BUSY')) throw error;
      await delay(pauseMilliseconds);
    }
  }
}

/** How many rows each table has. */
export function rowsOf(database: SqliteDatabase.Database): Record<string, number> {
  const tables = database
    .prepare(`select name from sqlite_schema where type = 'table' and name not like 'sqlite@_%' escape '@'`)
    .pluck()
    .all() as string[];
  const count = (table: string) =>
    database.prepare(`select count(*) from "${table}"`).pluck().get() as number;
  return Object.fromEntries(tables.sort().map((table) => [table, count(table)]));
}
