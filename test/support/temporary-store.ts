import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { migrateStore } from '../../shared/store/migrate.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { openSqlite } from '../../shared/store/sqlite/open-sqlite.ts';
import type { Db } from '../../shared/store/tables.ts';

/** A store of whichever engine. */
export interface Store {
  readonly db: Db;
  /** The same store through another connection, as another process has it. */
  again(): Promise<Db>;
  /** Closes every connection, and removes what was made. */
  close(): Promise<void>;
}

export interface TemporaryStore extends Store {
  readonly folder: string;
  readonly file: string;
}

/** Made once for all stores of a file of tests: it takes ten times as long as to write one more. */
let emptyStore: Promise<Uint8Array> | undefined;

async function makeEmptyStore(): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  const file = join(folder, 'enrol.db');
  await createStore(file);
  const bytes = await readFile(file);
  await rm(folder, { recursive: true });
  return bytes;
}

/** A migrated, empty SQLite store in a folder of its own. */
export async function temporaryStore(): Promise<TemporaryStore> {
  const folder = await mkdtemp(join(tmpdir(), 'store-'));
  const file = join(folder, 'enrol.db');
  const opened: Db[] = [];
  const again = async () => {
    const db = await openStore({ file, busySeconds: 5 });
    opened.push(db);
    return db;
  };
  await writeFile(file, await (emptyStore ??= makeEmptyStore()));
  return {
    folder,
    file,
    db: await again(),
    again,
    close: async () => {
      for (const db of opened) await db.destroy();
      await rm(folder, { recursive: true });
    },
  };
}

/** What `enrol init` does for the store. */
export async function createStore(file: string): Promise<void> {
  const db = openSqlite({ file, busySeconds: 5, create: true });
  await migrateStore(db);
  await db.destroy();
}
