import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';

import { Fault } from '../../shared/runtime/faults.ts';
import { migrateStore } from '../../shared/store/migrate.ts';
import { connectStore, inTransaction, openStore } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';
import { renewLease, survivors } from '../../shared/store/workers.ts';
import { PostgresProxy } from '../support/postgres-proxy.ts';
import { addDeadWorker } from '../support/store-examples.ts';
import { patiently, PostgresStores } from '../support/temporary-postgres.ts';
import { storeContract } from './store-suite.ts';

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

storeContract('PostgreSQL', () => stores.open());

/** What was thrown, as code and detail. */
const faultOf = (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Fault ? thrown.message : `no fault: ${String(thrown)}`),
  );

describe('a transaction', () => {
  const touch = (db: Db) => sql`update probe_round set at = at || 'x'`.execute(db);

  test('D03 that others are in the way of again and again is given up after a while', async () => {
    const store = await stores.open();
    const other = await store.again();
    await sql`insert into probe_round (id, at) values (1, '')`.execute(store.db);
    let attempts = 0;
    const work = inTransaction(store.db, async (trx) => {
      attempts++;
      await sql`select * from probe_round`.execute(trx);
      await touch(other);
      await touch(trx);
    });
    expect(await faultOf(work)).toMatch(/^STORE_BUSY: .*\(SQLSTATE 40001\)$/);
    expect(attempts).toBe(8);
    await store.close();
  });

  test.each([
    ['cut before', false],
    ['cut after', true],
  ] as const)(
    'D02 whose COMMIT is %s: its outcome is called unknown; it was done: %s',
    async (accident, done) => {
      const proxy = await PostgresProxy.start(stores.server.port);
      const url = await stores.create();
      const db = await openStore(patiently(proxy.through(url)));
      const met = proxy.atCommit(accident);
      let attempts = 0;
      const work = inTransaction(db, async (trx) => {
        attempts++;
        await sql`insert into probe_round (id, at) values (1, '')`.execute(trx);
      });
      expect(await faultOf(work)).toMatch(/^STORE_OUTCOME_UNKNOWN: /);
      await met;
      // Over a new connection.
      const { rows } = await sql`select * from probe_round`.execute(db);
      expect([attempts, rows.length]).toEqual([1, done ? 1 : 0]);
      await db.destroy();
      await proxy.close();
    },
  );
});

test('K15 R12 leases are judged by the clock of the server, however far those of the hosts go apart', async () => {
  const store = await stores.open();
  const [behind, ahead] = [-3600, 3600].map((seconds) => new Date(Date.now() + seconds * 1000)) as [
    Date,
    Date,
  ];
  const worker = await addDeadWorker(store.db, { host: 'elsewhere.example' });
  for (const [its, ours] of [
    [behind, ahead],
    [ahead, behind],
  ] as const) {
    await renewLease(store.db, worker, its, 60);
    expect(await survivors(store.db, ours)).toEqual([worker.id]);
  }
  await renewLease(store.db, worker, ahead, -1);
  expect(await survivors(store.db, behind)).toEqual([]);
  await store.close();
});

test('D10 connections that lead nowhere: one of them is waited for, and not the others', async () => {
  const proxy = await PostgresProxy.start(stores.server.port);
  const url = proxy.through(await stores.create());
  const db = await openStore({ ...patiently(url), statementSeconds: 1 });
  const ask = () => sql`select pg_sleep(0.2)`.execute(db);
  await Promise.all([ask(), ask(), ask(), ask()]);
  proxy.silence();
  const begin = performance.now();
  expect(await faultOf(ask())).toMatch(/^STORE_UNREACHABLE: /);
  for (let n = 0; n < 4; n++) await ask();
  expect(performance.now() - begin).toBeLessThan(10_000);
  await db.destroy();
  await proxy.close();
});

describe('two that migrate at the same time', () => {
  test('D06 both succeed, and one of them has done it', async () => {
    const url = stores.server.url(await stores.server.createDatabase());
    const [one, other] = [await connectStore(patiently(url), true), await connectStore(patiently(url), true)];
    const done = await Promise.all([migrateStore(one), migrateStore(other)]);
    expect(done.filter((names) => names.length === 0)).toHaveLength(1);
    expect(done.flat()).toContain('0001-initial');
    await one.destroy();
    await other.destroy();
  });
});
