import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CompiledQuery } from 'kysely';

import { inTransaction } from '../../../shared/store/open-store.ts';
import { requestedOrders, requireRequest, sharedOrders } from '../../../shared/store/provider-requests.ts';
import { dueQuestions, dueRequests, providersWithOpenRequests } from '../../../shared/store/request-queue.ts';
import { compiled } from '../../../shared/store/compiled.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { addProviderRequest, now } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
  await addProviderRequest(store.db, 'T1');
});
afterAll(() => store.close());

/** The store, which writes down what it is asked by queries that are compiled once. */
function listening(db: Db): { db: Db; asked: CompiledQuery[] } {
  const asked: CompiledQuery[] = [];
  const proxy = new Proxy(db, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== 'executeQuery')
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      return (query: CompiledQuery) => {
        asked.push(query);
        return target.executeQuery(query);
      };
    },
  });
  return { db: proxy, asked };
}

/** How SQLite goes about what is asked in every round: no request is looked at that has nothing to do with it. */
describe('looks at the queue', () => {
  const looks: Readonly<Record<string, (db: Db) => Promise<unknown>>> = {
    'requests that are due': (db) => dueRequests(db, ['apple', 'other'], now, 10),
    'questions that are due': (db) => dueQuestions(db, ['apple', 'other'], now, 10),
    'providers with open requests': (db) => providersWithOpenRequests(db),
    'orders that requests share': async (db) => sharedOrders(db, await requireRequest(db, 1), [1]),
    'orders of a request': (db) => requestedOrders(db, 1),
  };

  test.each(Object.entries(looks))('%s', async (_, look) => {
    const { db, asked } = listening(store.db);
    await look(db);
    expect(asked.length).toBeGreaterThan(0);
    for (const { sql, parameters } of asked) {
      const plan = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]);
      const { rows } = await store.db.executeQuery<{ detail: string }>(plan);
      const details = rows.map(({ detail }) => detail);
      expect(details.filter((detail) => /^SCAN (?!json_each|\d+ CONSTANT)/.test(detail))).toEqual([]);
      // Of a provider, or of a batch, there may be any number of requests.
      expect(
        details.filter((detail) => /\b(?:earlier|other) USING .*\((?:provider|batch)_id=/.test(detail)),
      ).toEqual([]);
      expect(details.filter((detail) => detail.includes('(state=? AND provider_id=?)'))).toEqual([]);
    }
  });

  test('providers with open requests are found, one after the other', async () => {
    await addProviderRequest(store.db, 'T2', { providerId: 'zebra' });
    await addProviderRequest(store.db, 'T3', { providerId: 'apple' });
    await addProviderRequest(store.db, 'T4', { providerId: 'mango' });
    await store.db
      .updateTable('provider_request')
      .set({ state: 'unknown' })
      .where('transaction_id', '=', 'T4')
      .execute();
    expect(await providersWithOpenRequests(store.db)).toEqual(['apple', 'mango', 'zebra']);
    await store.db
      .updateTable('provider_request')
      .set({ state: 'refused' })
      .where('transaction_id', '=', 'T2')
      .execute();
    expect(await providersWithOpenRequests(store.db)).toEqual(['apple', 'mango']);
  });
});

test('a query that is compiled once takes other values each time, within a transaction and without', async () => {
  let built = 0;
  const find = compiled<{ name: string; limit: number }, { transaction_id: string }>(
    (db, { name, limit }) => {
      built++;
      const query = db.selectFrom('provider_request').select('transaction_id');
      return query.where('transaction_id', '=', name).limit(limit);
    },
  );
  expect(await find(store.db, { name: 'T1', limit: 1 })).toEqual([{ transaction_id: 'T1' }]);
  expect(await find(store.db, { name: 'T1', limit: 0 })).toEqual([]);
  expect(await find(store.db, { name: 'T9', limit: 1 })).toEqual([]);
  await inTransaction(store.db, async (trx) => {
    await addProviderRequest(trx, 'T9');
    expect(await find(trx, { name: 'T9', limit: 1 })).toEqual([{ transaction_id: 'T9' }]);
  });
  expect(built).toBe(1);
});

test('a query that is compiled once is another for a list of another length, and for other columns', async () => {
  let built = 0;
  interface Given {
    readonly ids: readonly number[];
    readonly change: { readonly last_error?: string; readonly queries?: number };
  }
  const change = compiled<Given, { id: number; last_error: string | null; queries: number }>(
    (db, { ids, change }) => {
      built++;
      const query = db.updateTable('provider_request').set(change).where('id', 'in', ids);
      return query.returning(['id', 'last_error', 'queries']);
    },
  );
  const [one, two] = [await addProviderRequest(store.db, 'T7'), await addProviderRequest(store.db, 'T8')];
  const changed = (id: number, last_error: string | null, queries: number) => ({ id, last_error, queries });
  expect(await change(store.db, { ids: [one], change: { queries: 3 } })).toEqual([changed(one, null, 3)]);
  expect(await change(store.db, { ids: [two], change: { queries: 4 } })).toEqual([changed(two, null, 4)]);
  expect(built).toBe(1);
  const both = await change(store.db, { ids: [two, one], change: { queries: 5 } });
  expect(both.sort((a, b) => a.id - b.id)).toEqual([changed(one, null, 5), changed(two, null, 5)]);
  expect(await change(store.db, { ids: [one], change: { last_error: 'no' } })).toEqual([
    changed(one, 'no', 5),
  ]);
  expect(built).toBe(3);
});
