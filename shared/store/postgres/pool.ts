import pg from 'pg';
import type { PostgresPool, PostgresPoolClient } from 'kysely';

import { Fault } from '../../runtime/faults.ts';
import { storable } from '../storable.ts';
import { isLost, storeFault } from './faults.ts';

/**
 * pg's pool as Kysely wants it. Every error leaves it as a fault, and a connection on which the server was silent for too
 * long, or which has ended, is thrown away with what was going on in it, so that nothing waits for it a second time. Those
 * that were made before may lead nowhere just as well, each of them as long to find out: they are not used again.
 */
export class StorePool implements PostgresPool {
  readonly #pool: pg.Pool;
  readonly #clients = new Map<pg.PoolClient, WatchedClient>();
  /** Rises when a connection is lost. */
  #generation = 0;

  constructor(config: pg.PoolConfig) {
    this.#pool = new pg.Pool({ ...config, Client: TidyClient });
    // Of a connection that nobody is using: whoever asks next gets another. Unheard, it would end the process.
    this.#pool.on('error', () => undefined);
    this.#pool.on('connect', (client) => {
      this.#clients.set(client, new WatchedClient(client, this.#generation, this.#onLost));
    });
    this.#pool.on('remove', (client) => this.#clients.delete(client));
  }

  get options(): object {
    return this.#pool.options;
  }

  /** @throws Fault STORE_UNREACHABLE, STORE_REFUSED, STORE_MISSING, STORE_BUSY */
  async connect(): Promise<PostgresPoolClient> {
    for (;;) {
      const client = await this.#pool.connect().catch((error: unknown) => {
        throw storeFault(error);
      });
      const watched = this.#clients.get(client);
      // It has no cursors: nothing here is read as a stream.
      if (watched?.generation === this.#generation) return watched as unknown as PostgresPoolClient;
      letGo(client);
      client.release(true);
    }
  }

  /** Of a connection that leads nowhere, the goodbye is never answered: the process does not wait for that. */
  async end(): Promise<void> {
    for (const client of this.#clients.keys()) letGo(client);
    await this.#pool.end();
  }

  readonly #onLost = (generation: number): void => {
    if (generation === this.#generation) this.#generation++;
  };
}

/**
 * Where we have no password, or not the right kind, pg gives up and leaves the connection open; the process would then not
 * end before the server gives up as well.
 */
class TidyClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.connection.on('error', () => this.connection.stream.destroy());
  }
}

/** Does not keep the process alive any more. */
const letGo = (client: pg.PoolClient): void => (client as unknown as { unref(): void }).unref();

class WatchedClient {
  readonly generation: number;
  readonly #client: pg.PoolClient;
  readonly #tellLost: (generation: number) => void;
  /** Why the connection is not used any longer. */
  #lost: Fault | undefined;

  constructor(client: pg.PoolClient, generation: number, tellLost: (generation: number) => void) {
    this.#client = client;
    this.generation = generation;
    this.#tellLost = tellLost;
    // A connection that ends while it is in use says so in the query, too; one that waits for its next query, only here.
    client.on('error', (error) => {
      const fault = storeFault(error);
      this.#lose(isLost(fault) ? fault : new Fault('STORE_UNREACHABLE', error.message, { cause: error }));
    });
  }

  async query(sql: string, parameters: readonly unknown[]): Promise<pg.QueryResult> {
    if (this.#lost !== undefined) throw this.#lost;
    try {
      return await this.#client.query(sql, [...storable(parameters)]);
    } catch (error) {
      const fault = storeFault(error);
      if (isLost(fault)) this.#lose(fault);
      throw fault;
    }
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#lost !== undefined);
  }

  #lose(fault: Fault): void {
    this.#lost ??= fault;
    this.#tellLost(this.generation);
  }
}
