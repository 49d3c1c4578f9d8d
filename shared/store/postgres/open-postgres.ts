import pg from 'pg';
import { parseIntoClientConfig } from 'pg-connection-string';
import { HandleEmptyInListsPlugin, Kysely, replaceWithNoncontingentExpression, sql } from 'kysely';

import { Fault } from '../../runtime/faults.ts';
import type { Db, Tables } from '../tables.ts';
import { StoreDialect } from './dialect.ts';
import { StorePool } from './pool.ts';

// Numbers as numbers: ids and counts are far from the 2^53 up to which they are exact. pg gives texts.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.NUMERIC, Number);

/** The oldest server that its makers will look after for a while yet (postgresql.org/support/versioning). */
const oldestVersion = 150_000;

/** So much longer than the server's own time-out, we wait for its answer. */
const silenceSeconds = 5;

export interface PostgresOptions {
  /** `postgres://USER@HOST:PORT/DATABASE`, with the parameters of libpq (sslmode, sslrootcert, …). */
  readonly url: string;
  readonly password?: string | undefined;
  /** How long a statement waits for a lock, and for a connection. */
  readonly busySeconds: number;
  readonly statementSeconds: number;
  readonly connections: number;
}

/**
 * Opens a store on a server.
 *
 * @throws Fault STORE_UNREACHABLE, STORE_REFUSED, STORE_MISSING, STORE_UNSAFE; CONFIG_INVALID for a file that its URL names
 *   and that cannot be read
 */
export async function openPostgres(options: PostgresOptions): Promise<Db> {
  const db = new Kysely<Tables>({
    dialect: new StoreDialect(new StorePool(poolConfig(options))),
    // `in ()` is no SQL; SQLite takes it, and finds nothing.
    plugins: [new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression })],
  });
  try {
    await secure(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

/**
 * Nothing waits without an end. The server ends what takes too long, what waits for a lock too long, and a transaction in
 * which nothing happens: its process hangs, and others wait for its rows. Of a connection that leads nowhere any more we
 * know by our own clock, and the server by its keepalives.
 */
export function poolConfig(options: PostgresOptions): pg.PoolConfig {
  const { url, password, busySeconds, statementSeconds, connections } = options;
  return {
    ...addressOf(url),
    ...(password !== undefined && { password }),
    max: connections,
    application_name: 'enrol',
    connectionTimeoutMillis: Math.max(busySeconds, silenceSeconds) * 1000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    lock_timeout: Math.ceil(busySeconds * 1000),
    statement_timeout: statementSeconds * 1000,
    idle_in_transaction_session_timeout: statementSeconds * 1000,
    query_timeout: (statementSeconds + silenceSeconds) * 1000,
    options: [
      '-c tcp_keepalives_idle=10',
      '-c tcp_keepalives_interval=5',
      '-c tcp_keepalives_count=4',
      // Short statements: to compile them takes longer than to run them.
      '-c jit=off',
    ].join(' '),
  };
}

/** Reads the files of certificates that the URL names. */
function addressOf(url: string): pg.PoolConfig {
  try {
    return parseIntoClientConfig(url);
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    throw new Fault('CONFIG_INVALID', `store.url: ${message}`, { cause: error });
  }
}

/** What a commit promises must hold through a power cut: the spool archives its files on the strength of it. */
async function secure(db: Db): Promise<void> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in (
      'fsync', 'full_page_writes', 'synchronous_commit', 'server_encoding', 'server_version', 'server_version_num')`.execute(
    db,
  );
  const found = new Map(rows.map(({ name, setting }) => [name, setting]));
  if (Number(found.get('server_version_num')) < oldestVersion) {
    throw new Fault(
      'STORE_UNSAFE',
      `PostgreSQL ${found.get('server_version') ?? ''}; needed: ${oldestVersion / 10_000} or later`,
    );
  }
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
    if (found.get(name) === 'off') throw new Fault('STORE_UNSAFE', `${name} of the server is off`);
  }
  const encoding = found.get('server_encoding');
  if (encoding !== 'UTF8')
    throw new Fault('STORE_UNSAFE', `the database is in ${encoding ?? ''}, not in UTF8`);
}
