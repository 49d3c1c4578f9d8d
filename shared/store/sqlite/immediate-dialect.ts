import type { Database } from 'better-sqlite3';
import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
} from 'kysely';

import { storable } from '../storable.ts';
import { PreparedStatements } from './prepared-statements.ts';

/**
 * Kysely's SQLite dialect with `begin immediate`. Its own plain `begin` takes the write lock only at the first write:
 * two processes that read and then write would then get SQLITE_BUSY at once, whatever the busy timeout says.
 */
export class ImmediateSqliteDialect extends SqliteDialect {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    return new ImmediateSqliteDriver(this.#database);
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }
}

class ImmediateSqliteDriver extends SqliteDriver {
  readonly #database: Database;

  constructor(database: Database) {
    super({ database: new PreparedStatements(database) });
    this.#database = database;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    return new StorableConnection(await super.acquireConnection());
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  /**
   * When the disk is full or fails, SQLite has rolled back by itself (sqlite.org/lang_transaction.html, "Response To
   * Errors Within A Transaction"). Another rollback would fail, and its error would stand in the place of the cause.
   */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

/** Hands on values as a text of the store may have them. Nothing here is read as a stream. */
class StorableConnection implements DatabaseConnection {
  readonly #connection: DatabaseConnection;

  constructor(connection: DatabaseConnection) {
    this.#connection = connection;
  }

  executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    const parameters = storable(query.parameters);
    return this.#connection.executeQuery(parameters === query.parameters ? query : { ...query, parameters });
  }

  streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    return this.#connection.streamQuery(query, 1);
  }
}

/**
 * SQLite rolls back DDL, though Kysely's flag denies it. With the flag set, all migrations of one command run in one
 * immediate transaction, which is also the lock against a second migration.
 */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}
