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

  /** URL of a migrated, empty store. @param like of a copy of that one, which nobody uses */
  async create(like?: string): Promise<string> {
    const template = like === undefined ? this.#template : new URL(like).pathname.slice(1);
    return this.server.url(await this.server.createDatabase(template));
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

  close(): Promise<void> {
    return this.server.close();
  }
}

/** As configured without anything said. */
export const patiently = (url: string): PostgresOptions => ({
  url,
  busySeconds: 5,
  statementSeconds: 60,
  connections: 8,
});
