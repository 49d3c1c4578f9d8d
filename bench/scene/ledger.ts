import { setTimeout as pause } from 'node:timers/promises';
import SqliteDatabase from 'better-sqlite3';

import type { Home } from './home.ts';
import type { BenchProcess } from './process.ts';

/** Files of one folder of the ledger. */
export interface Where {
  readonly direction: 'in' | 'out';
  readonly folder: string;
}

/** An inbox; files that we publish. */
export const received = (folder: string): Where => ({ direction: 'in', folder });
export const published = (folder: string): Where => ({ direction: 'out', folder });

/** The store of an installation, read beside the processes that work on it. */
export class Ledger {
  readonly db: SqliteDatabase.Database;

  constructor({ store }: Home) {
    this.db = new SqliteDatabase(store, { readonly: true, timeout: 10_000 });
  }

  /** Files that are settled; counted by the store itself, which costs nothing. */
  done(where: Where): number {
    return this.#count(where, ['done']);
  }

  /** Waits until so many files are settled, and lie where they belong. @throws when one is not done, or a process ends */
  async settled(where: Where, count: number, process: BenchProcess): Promise<void> {
    // A look takes a moment from those that are measured.
    const milliseconds = count > 5000 ? 200 : 10;
    while (this.done(where) < count) {
      process.mustRun();
      if (this.#count(where, ['rejected', 'held', 'deferred']) > 0) throw new Error(this.#firstFault(where));
      await pause(milliseconds);
    }
    while (this.#onTheirWay(where)) await pause(milliseconds);
  }

  #count({ direction, folder }: Where, states: readonly string[]): number {
    const query = `select coalesce(sum(files), 0) as files from file_count
      where direction = ? and folder = ? and state in (${states.map(() => '?').join(', ')})`;
    return (this.db.prepare(query).get(direction, folder, ...states) as { files: number }).files;
  }

  #onTheirWay({ direction, folder }: Where): boolean {
    const query = 'select 1 from delivery where direction = ? and folder = ? and moved_at is null limit 1';
    return this.db.prepare(query).get(direction, folder) !== undefined;
  }

  #firstFault({ folder }: Where): string {
    const query = `select name, state, fault_code as code, detail from delivery
      where folder = ? and state in ('rejected', 'held', 'deferred') limit 1`;
    return `not done: ${JSON.stringify(this.db.prepare(query).get(folder))}`;
  }

  close(): void {
    this.db.close();
  }
}
