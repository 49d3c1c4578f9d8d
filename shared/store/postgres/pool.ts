import pg from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';

import { Fault } from '../../runtime/faults.ts';
import { isLost, storeFault } from './faults.ts';

/**
 * pg's pool as Kysely wants it. Every error leaves it as a fault, and a connection on which the server was silent for too
 * long, or which has ended, is thrown away with what was going on in it, so that nothing waits for it a second time.
 */
export class StorePool implements PostgresPool {
  readonly #pool: pg.Pool;
  readonly #clients = new WeakMap<pg.PoolClient, WatchedClient>();

  constructor(config: pg.PoolConfig) {
    this.#pool = new pg.Pool(config);
    // Of a connection that nobody is using: whoever asks next gets another. Unheard, it would end the process.
    this.#pool.on('error', () => undefined);
  }

  get options(): object {
    return this.#pool.options;
  }

  /** @throws Fault STORE_UNREACHABLE, STORE_REFUSED, STORE_MISSING, STORE_BUSY */
  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw storeFault(error);
    });
    const watched = this.#clients.get(client) ?? new WatchedClient(client);
    this.#clients.set(client, watched);
    return watched as unknown as PostgresPoolClient; // It has no cursors: nothing here is read as a stream.
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

class WatchedClient {
  readonly #client: pg.PoolClient;
  /** Why the connection is not used any longer. */
  #lost: Fault | undefined;

  constructor(client: pg.PoolClient) {
    this.#client = client;
    // A connection that ends while it is in use says so in the query, too.
    client.on('error', ({ message }) => (this.#lost ??= new Fault('STORE_UNREACHABLE', message)));
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<pg.QueryResult> {
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return await this.#client.query(sql, [...parameters]);
    } catch (error) {
      const fault = storeFault(error);
      if (isLost(fault)) this.#lost = fault;
      throw fault;
    }
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#lost !== undefined);
  }
}
