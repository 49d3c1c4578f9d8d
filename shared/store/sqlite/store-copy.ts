import SqliteDatabase from 'better-sqlite3';
import { Kysely } from 'kysely';

import { toFault } from '../../runtime/faults.ts';
import type { Tables } from '../tables.ts';
import { ImmediateSqliteDialect } from './immediate-dialect.ts';
import { rowsOf } from './pinned-store.ts';

/** The file of a store that nobody works on, looked at without a change. */

export interface Inspected {
  /** What is wrong with it; the first hundred. */
  readonly problems: readonly string[];
  /** Undefined when they cannot be counted. */
  readonly rows: Readonly<Record<string, number>> | undefined;
}

/** Reads all of it: pages, indexes, constraints and references. */
export function inspectStoreCopy(file: string): Inspected {
  let database: SqliteDatabase.Database | undefined;
  try {
    database = new SqliteDatabase(file, { fileMustExist: true, readonly: true });
    const found = database.pragma('integrity_check') as { integrity_check: string }[];
    const problems = found.map(({ integrity_check: text }) => text).filter((text) => text !== 'ok');
    const orphans = database.pragma('foreign_key_check') as { table: string; rowid: number }[];
    for (const { table, rowid } of orphans.slice(0, 100))
      problems.push(`row ${rowid} of ${table} refers to a row that is not there`);
    return { problems, rows: rowsOf(database) };
  } catch (thrown) {
    return { problems: [toFault(thrown).detail], rows: undefined };
  } finally {
    database?.close();
  }
}

/** @throws of SQLite, when it is no store */
export const openStoreCopy = (file: string): Kysely<Tables> =>
  new Kysely<Tables>({
    dialect: new ImmediateSqliteDialect(new SqliteDatabase(file, { fileMustExist: true, readonly: true })),
  });
