import type { Database, Statement } from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';

/** What is kept, in characters of SQL: all statements of a daemon, and the largest inserts of many rows. */
const keptCharacters = 200_000;

/**
 * A database that prepares a statement once, and not for every query: of a short statement, preparing costs more than
 * running. Those that were not used for longest are let go of; closing the database ends all. SQLite itself prepares
 * anew what a changed schema has made outdated.
 */
export class PreparedStatements implements SqliteDatabase {
  readonly #database: Database;
  readonly #keptCharacters: number;
  /** By their SQL, the one that was used last at the end. */
  readonly #statements = new Map<string, Statement>();
  #characters = 0;

  constructor(database: Database, kept = keptCharacters) {
    this.#database = database;
    this.#keptCharacters = kept;
  }

  /** To be run to its end before it is asked for again, as all queries are that are not streamed. */
  prepare(sql: string): Statement {
    const known = this.#statements.get(sql);
    if (known) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const prepared = this.#database.prepare(sql);
    this.#statements.set(sql, prepared);
    this.#characters += sql.length;
    for (const oldest of this.#statements.keys()) {
      if (this.#characters <= this.#keptCharacters) break;
      this.#statements.delete(oldest);
      this.#characters -= oldest.length;
    }
    return prepared;
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }
}
