import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import { findByTransaction, messageOf } from '../../../shared/store/provider-requests.ts';
import { openSqlite } from '../../../shared/store/sqlite/open-sqlite.ts';
import type { Db, Tables } from '../../../shared/store/tables.ts';
import { migrateUpTo } from '../../support/migrations.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

/** What SQLite does to write a row: no more than it must, as there are many, and not less than it promised before. */

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
});
afterAll(() => store.close());

/** Columns that change often, or stand in many rows, and for which there is a list of values. */
const listed = [
  ['batch', 'stage'],
  ['batch', 'status'],
  ['batch_item', 'status'],
  ['delivery', 'state'],
  ['device', 'status'],
  ['enrolment_request', 'request_type'],
  ['enrolment_request_device', 'outcome'],
  ['provider_request', 'state'],
  ['provider_request_order', 'outcome'],
  ['provider_request_device', 'outcome'],
  ['sales_order', 'status'],
] as const satisfies readonly (readonly [keyof Tables, string])[];

test.each(listed)('a change of %s.%s makes no table for its check', async (table, column) => {
  const { rows } = await sql<{ opcode: string }>`
    explain update ${sql.table(table)} set ${sql.ref(column)} = 'x' where rowid = 1`.execute(store.db);
  const opcodes = rows.map(({ opcode }) => opcode);
  expect(opcodes).toContain('Halt');
  expect(opcodes).not.toContain('OpenEphemeral');
});

/** An empty store as it was before a migration; and what takes it from there to its newest form. */
async function before(migration: string, work: (db: Db, migrate: () => Promise<void>) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'rows-'));
  const db = openSqlite({ file: join(folder, 'enrol.db'), busySeconds: 5, create: true });
  try {
    await work(db, await migrateUpTo(db, migration));
    const { rows } = await sql`pragma integrity_check`.execute(db);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
}

test.each(listed)('%s.%s takes the values that it took before, and no others', async (table, column) => {
  const checksOf = async (db: Db) => {
    const { rows } = await sql<{ sql: string }>`select sql from sqlite_master where name = ${table}`.execute(
      db,
    );
    const check = new RegExp(`check \\("${column}" (?:in|=)([^)]*)\\)`).exec(rows[0]?.sql ?? '')?.[1] ?? '';
    return [...check.matchAll(/'([^']+)'/g)].map(([, value]) => value);
  };
  await before('0017-plain-checks', async (db, migrate) => {
    const values = await checksOf(db);
    expect(values.length).toBeGreaterThan(2);
    await migrate();
    expect(await checksOf(db)).toEqual(values);
  });
});

test('requests of before keep their messages', async () => {
  await before('0018-request-messages', async (db, migrate) => {
    await sql`insert into batch (direction, category, type, version, stage, status, record_count, created_at, updated_at)
      values ('outbound', 'c', 't', 1, 'Batch', 'Complete', 0, 'x', 'x')`.execute(db);
    for (const [transaction, state] of [
      ['T1', 'queued'],
      ['T2', 'finished'],
    ]) {
      await sql`insert into provider_request
        (provider_id, batch_id, transaction_id, state, message_json, queries, created_at)
        values ('apple', 1, ${transaction}, ${state}, ${JSON.stringify({ of: transaction })}, 3, 'x')`.execute(
        db,
      );
    }
    await migrate();
    for (const [transaction, state] of Object.entries({ T1: 'queued', T2: 'finished' })) {
      const request = await findByTransaction(db, 'apple', { ours: transaction });
      expect(request).toMatchObject({ state, queries: 3, created_at: 'x' });
      expect(await messageOf(db, request?.id ?? 0)).toEqual({ of: transaction });
    }
  });
});
