import { migrateStore } from '../../shared/store/migrate.ts';
import { connectStore, openStore } from '../../shared/store/open-store.ts';
import type { PostgresOptions } from '../../shared/store/postgres/open-postgres.ts';
import type { Db } from '../../shared/store/tables.ts';
import { PostgresServer } from './postgres-server.ts';
import type { Store } from './temporary-store.ts';

/** Stores on one server, each in a database of its own. */
export class PostgresStores {
  readonly server: PostgresServer;
  /** A migrated database that the others are copies of. */
  readonly #template: string;

  private constructor(server: PostgresServer, template: string) {
    this.server = server;
    this.#template = template;
  }

  static async start(settings?: Readonly<Record<string, string>>): Promise<PostgresStores> {
    const server = await PostgresServer.start(settings);
    const template = await server.createDatabase();
    const db = await connectStore(patiently(server.url(template)), true);
    await migrateStore(db);
    await db.destroy();
    return new PostgresStores(server, template);
  }

  /** URL of a migrated, empty store. */
  async create(): Promise<string> {
    return this.server.url(await this.server.createDatabase(this.#template));
  }

  /** @param url of a store that was made before; otherwise it is a new one */
  async open(url?: string): Promise<Store> {
    const options = patiently(url ?? (await this.create()));
    const opened: Db[] = [];
    const again = async () => {
      const db = await openStore(options);
      opened.push(db);
      return db;
    };
    return {
      db: await again(),
      again,
      close: async () => {
        for (const db of opened) await db.destroy();
      },
    };
  }

  /** URL of a copy of a store to which nobody is connected. */
  async copy(url: string): Promise<string> {
    return this.server.url(await this.server.createDatabase(nameIn(url)));
  }

  /** Ends whoever is connected to it. */
  async drop(url: string): Promise<void> {
    await this.server.query(`drop database ${nameIn(url)} with (force)`);
  }

  close(): Promise<void> {
    return this.server.close();
  }
}

const nameIn = (url: string): string => new URL(url).pathname.slice(1);

/** As configured without anything said. */
export const patiently = (url: string): PostgresOptions => ({
  url,
  busySeconds: 5,
  statementSeconds: 60,
  connections: 8,
});
