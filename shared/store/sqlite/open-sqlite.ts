import SqliteDatabase from 'better-sqlite3';
import { Kysely } from 'kysely';

import { errnoOf, Fault } from '../../runtime/faults.ts';
import type { Tables } from '../tables.ts';
import { ImmediateSqliteDialect } from './immediate-dialect.ts';

/**
 * The oldest SQLite that adds and drops checks, as a migration does (sqlite.org/changes.html). Before 3.51.3 there is also
 * a race of several connections that reset one write-ahead log ("WAL-reset" bug, sqlite.org/wal.html#walresetbug), which
 * can lose committed work.
 */
const oldestVersion = '3.53.0';

export interface SqliteOptions {
  /** Absolute path of the database file. */
  readonly file: string;
  readonly busySeconds: number;
  /** True for `enrol init` alone: everything else refuses to work on a store that is not there. */
  readonly create: boolean;
}

/**
 * Opens the embedded store, so that what was committed survives a power cut: the spool archives its files on the
 * strength of a commit.
 *
 * @throws Fault STORE_MISSING, STORE_UNSAFE
 */
export function openSqlite(options: SqliteOptions): Kysely<Tables> {
  let database: SqliteDatabase.Database;
  try {
    database = new SqliteDatabase(options.file, {
      fileMustExist: !options.create,
      timeout: Math.round(options.busySeconds * 1000),
    });
  } catch (error) {
    throw new Fault('STORE_MISSING', `cannot open ${options.file}`, { cause: error });
  }
  try {
    secure(database);
  } catch (error) {
    database.close();
    throw error;
  }
  return new Kysely<Tables>({ dialect: new ImmediateSqliteDialect(database) });
}

function secure(database: SqliteDatabase.Database): void {
  const version = database.prepare('select sqlite_version() as version').get() as { version: string };
  if (version.version.localeCompare(oldestVersion, undefined, { numeric: true }) < 0) {
    throw new Fault('STORE_UNSAFE', `SQLite ${version.version}; needed: ${oldestVersion} or later`);
  }
  switchToWal(database);
  // After the switch to WAL and on every connection: the driver is compiled with NORMAL as its default for WAL, and
  // still answers FULL when asked right after the switch.
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  database.pragma('trusted_schema = OFF');
  // SQLite's own default, said here because wal.ts relies on it: a commit that leaves the write-ahead log longer than
  // this (4 MB) brings it into the store, as far as readers let it.
  database.pragma('wal_autocheckpoint = 1000');
  const required = { journal_mode: 'wal', synchronous: 2, foreign_keys: 1 };
  for (const [name, value] of Object.entries(required)) {
    const found = database.pragma(name, { simple: true });
    if (found !== value) {
      throw new Fault('STORE_UNSAFE', `pragma ${name} is ${String(found)}; needed: ${value}`);
    }
  }
}

/**
 * When several processes switch a new file at once, SQLite refuses all but one of them without waiting, whatever the
 * busy timeout says. A transaction does wait, until that one is through.
 */
function switchToWal(database: SqliteDatabase.Database): void {
  try {
    database.pragma('journal_mode = WAL');
  } catch (error) {
    if (errnoOf(error) !== 'SQLITE_BUSY') throw error;
    database.exec('begin immediate; commit');
    database.pragma('journal_mode = WAL');
  }
}
