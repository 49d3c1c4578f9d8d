import { open, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import { Migrator } from 'kysely/migration';

import { toFault, type Fault } from '../../../shared/runtime/faults.ts';
import { findDelivery } from '../../../shared/store/deliveries.ts';
import { checkStore, migrateStore } from '../../../shared/store/migrate.ts';
import * as initial from '../../../shared/store/migrations/0001-initial.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import { openSqlite } from '../../../shared/store/sqlite/open-sqlite.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { migrationNames, newestMigration } from '../../support/migrations.ts';
import { addBatch, numbers } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

let store: TemporaryStore;
beforeEach(async () => {
  store = await temporaryStore();
});
afterEach(() => store.close());

const inFolder = (name: string) => join(store.folder, name);

async function faultOf(work: () => Promise<unknown>): Promise<Fault> {
  try {
    await work();
  } catch (error) {
    return toFault(error);
  }
  throw new Error('it was not refused');
}
const refusal = (file = store.file) => faultOf(() => openStore({ file, busySeconds: 1 }));

describe('opening a store', () => {
  test('that is not there is refused, and does not make it', async () => {
    const before = await readdir(store.folder);
    const fault = await refusal(inFolder('missing.db'));
    expect(fault.code).toBe('STORE_MISSING');
    expect(fault.detail).toContain(inFolder('missing.db'));
    expect((await refusal(inFolder('no/such/folder.db'))).code).toBe('STORE_MISSING');
    expect(await readdir(store.folder)).toEqual(before);
  });

  test('waits for other processes as long as is configured, fractions of a second too', async () => {
    const waits = async (busySeconds: number) => {
      const db = await openStore({ file: store.file, busySeconds });
      const { rows } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(db);
      await db.destroy();
      return rows[0]?.timeout;
    };
    expect(await waits(0)).toBe(0);
    expect(await waits(0.07)).toBe(70);
    expect(await waits(300)).toBe(300_000);
  });

  test('twice is the same store', async () => {
    await addBatch(store.db);
    const other = await store.again();
    expect(await other.selectFrom('batch').select('type').execute()).toEqual([
      { type: 'Sales Order Dispatch' },
    ]);
  });
});

describe('D07 the settings that keep committed work', () => {
  const inForce = async (db: Db, name: string) =>
    Object.values((await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db)).rows[0] ?? {})[0];

  test('are in force on every connection, also after the first write', async () => {
    for (const db of [store.db, await store.again()]) {
      await addBatch(db);
      expect(await inForce(db, 'journal_mode')).toBe('wal');
      expect(await inForce(db, 'synchronous')).toBe(2);
      expect(await inForce(db, 'foreign_keys')).toBe(1);
      expect(await inForce(db, 'trusted_schema')).toBe(0);
    }
  });

  test('are in force on a store that another program has switched back', async () => {
    await store.db.destroy();
    const plain = openSqlite({ file: store.file, busySeconds: 1, create: false });
    await sql`pragma journal_mode = delete`.execute(plain);
    await plain.destroy();
    expect(await inForce(await store.again(), 'journal_mode')).toBe('wal');
  });

  test('cannot be had of a store in memory: it is refused', async () => {
    const fault = await faultOf(() =>
      Promise.resolve().then(() => openSqlite({ file: ':memory:', busySeconds: 1, create: true })),
    );
    expect(fault.code).toBe('STORE_UNSAFE');
    expect(fault.detail).toBe('pragma journal_mode is memory; needed: wal');
  });
});

describe('D06 the version of a store', () => {
  const rename = (name: string) =>
    sql`update kysely_migration set name = ${name} where name = ${newestMigration}`.execute(store.db);

  test('is brought up once: a second migration finds nothing to do', async () => {
    const db = openSqlite({ file: inFolder('new.db'), busySeconds: 1, create: true });
    expect(await migrateStore(db)).toEqual(migrationNames);
    expect(await migrateStore(db)).toEqual([]);
    await expect(checkStore(db)).resolves.toBeUndefined();
    await db.destroy();
  });

  test('older is brought up with everything in it', async () => {
    const db = openSqlite({ file: inFolder('older.db'), busySeconds: 1, create: true });
    const provider = { getMigrations: () => Promise.resolve({ '0001-initial': initial }) };
    await new Migrator({ db, provider }).migrateToLatest();
    await expect(checkStore(db)).rejects.toMatchObject({
      code: 'STORE_SCHEMA',
      detail: `the store is at 0001-initial, this program at ${newestMigration}: run enrol migrate`,
    });
    await sql`insert into delivery (direction, folder, name, state, attempts, crashes, seen_at)
      values ('in', 'inbox', 'x', 'done', 1, 0, '2026-01-01T00:00:00.000Z')`.execute(db);
    expect(await migrateStore(db)).toEqual(migrationNames.slice(1));
    expect(await findDelivery(db, 1)).toMatchObject({ name: 'x', companion_json: null, reload: null });
    await db.destroy();
  });

  test('older is refused, showing both versions and what to do', async () => {
    await sql`delete from kysely_migration`.execute(store.db);
    const fault = await refusal();
    expect(fault.code).toBe('STORE_SCHEMA');
    expect(fault.detail).toBe(
      `the store is at no version, this program at ${newestMigration}: run enrol migrate`,
    );
  });

  test('none, in an empty file, is refused too', async () => {
    await writeFile(inFolder('empty.db'), '');
    expect(await refusal(inFolder('empty.db'))).toMatchObject({
      code: 'STORE_SCHEMA',
      detail: `the store is at no version, this program at ${newestMigration}: run enrol migrate`,
    });
  });

  test.each(['9999-from-the-future', 'toString'])(
    'newer (%s) is refused, showing both versions',
    async (name) => {
      await sql`insert into kysely_migration (name, timestamp) values (${name}, '2027-01-01T00:00:00.000Z')`.execute(
        store.db,
      );
      const detail = `the store is newer (${name}) than this program (${newestMigration})`;
      expect(await refusal()).toMatchObject({ code: 'STORE_SCHEMA', detail });
      expect(await faultOf(() => migrateStore(store.db))).toMatchObject({ code: 'STORE_SCHEMA', detail });
    },
  );

  test('half migrated is refused, showing the version and what is missing', async () => {
    await sql`drop table workflow_event`.execute(store.db);
    await sql`drop table audit`.execute(store.db);
    expect(await refusal()).toMatchObject({
      code: 'STORE_SCHEMA',
      detail: `the store is half migrated: it says ${newestMigration}, as this program, but has no table workflow_event, audit`,
    });
  });

  test('a store that is refused is left as it is', async () => {
    await rename('9999-other');
    await refusal();
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(store.db);
    expect(rows.map((row) => row.name)).toEqual([...migrationNames.slice(0, -1), '9999-other']);
  });

  test('a migration that fails leaves nothing of it', async () => {
    const db = openSqlite({ file: inFolder('clash.db'), busySeconds: 1, create: true });
    // The last table of the migration is there already.
    await sql`create table audit (id integer)`.execute(db);
    await expect(migrateStore(db)).rejects.toThrow(/audit/);
    const tables = (await db.introspection.getTables()).map((table) => table.name);
    expect(tables).toEqual(['audit']);
    await db.destroy();
  });
});

describe('D08 a damaged store', () => {
  const items = numbers(100).map((n) => ({ customerReference: String(n), description: '', payload: n }));

  async function damage(at: number, length: number): Promise<void> {
    const file = await open(store.file, 'r+');
    await file.write(Buffer.alloc(length, 0x5a), 0, length, at);
    await file.close();
  }
  beforeEach(async () => {
    await addBatch(store.db, { items });
    await store.db.destroy(); // The last connection writes everything into the one file.
  });

  test.each([
    ['is no database', () => damage(0, 100)],
    ['has pages of rubbish', () => damage(4096, 40_960)],
    ['was cut off', () => truncate(store.file, 4096)],
  ])('that %s is a fault of the environment; nobody mends it by itself', async (_, harm) => {
    await harm();
    expect(await refusal()).toMatchObject({ code: 'STORE_DAMAGED', class: 'environment' });
  });

  test('that lost its file is missing, not new', async () => {
    await rm(store.file);
    expect((await refusal()).code).toBe('STORE_MISSING');
  });
});
