import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { sql } from 'kysely';

import { signOfLife } from '../../../shared/daemon/sign-of-life.ts';
import type { Task } from '../../../shared/runtime/task-loop.ts';
import { addBatch, numbers } from '../../support/store-examples.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let runtime: TestRuntime;
let task: Task;
let reader: SqliteDatabase.Database;
beforeEach(async () => {
  runtime = await testRuntime({ store: { url: 'sqlite:enrol.db', walMegabytes: 2 } });
  task = signOfLife(runtime, false);
  reader = new SqliteDatabase(join(runtime.loaded.home, 'enrol.db'));
});
afterEach(async () => {
  reader.close();
  await runtime.close();
});

async function beat(): Promise<void> {
  runtime.pass(11);
  await task.step(new AbortController().signal);
}

const walMegabytes = async (): Promise<number> =>
  (await stat(join(runtime.loaded.home, 'enrol.db-wal'))).size / 1024 / 1024;

/** As many megabytes of writes, in transactions of one each. */
async function write(megabytes: number): Promise<void> {
  const items = numbers(10).map((n) => ({
    customerReference: String(n),
    description: '',
    payload: 'x'.repeat(100_000),
  }));
  for (let done = 0; done < megabytes; done++) await addBatch(runtime.db, { items });
}

const startReading = () => {
  reader.exec('begin');
  reader.prepare('select count(*) from batch').get();
};

test('the heartbeat is written every ten seconds, from within the loop', async () => {
  const written = async () =>
    (await runtime.db.selectFrom('worker').select('heartbeat_at').executeTakeFirstOrThrow()).heartbeat_at;
  const before = await written();
  runtime.pass(9);
  await task.step(new AbortController().signal);
  expect(await written()).toBe(before);
  await beat();
  expect(await written()).toBe(runtime.clock.now().toISOString());
});

test('under a renewed configuration it is written at once, with the digest of that', async () => {
  const { id } = runtime.worker;
  await runtime.db.updateTable('worker').set({ config_digest: 'of the one before' }).execute();
  await signOfLife(runtime, true).step(new AbortController().signal);
  const found = await runtime.db.selectFrom('worker').selectAll().where('id', '=', id).execute();
  expect(found).toMatchObject([{ config_digest: runtime.loaded.digest }]);
});

describe('D09: the write-ahead log', () => {
  test('is kept short by the commits themselves while nobody reads for long', async () => {
    await write(12);
    expect(await walMegabytes()).toBeLessThan(8);
    await beat();
    expect(runtime.events).toEqual([]);
  });

  test('grows while somebody keeps reading: operators are told, and again when it has doubled', async () => {
    startReading();
    await write(5);
    await beat();
    const [told] = runtime.events;
    expect(runtime.events).toHaveLength(1);
    expect(told).toMatchObject({
      name: 'store.wal-large',
      fields: {
        file: join(runtime.loaded.home, 'enrol.db-wal'),
        megabytes: Math.ceil(await walMegabytes()),
        action: expect.stringContaining('keeps the store open'),
      },
    });
    expect(await walMegabytes()).toBeGreaterThan(5);
    await beat();
    expect(runtime.events).toHaveLength(1);
    await write(7);
    await beat();
    expect(runtime.events.map(({ name }) => name)).toEqual(['store.wal-large', 'store.wal-large']);
    // What the reader sees is what it saw.
    expect(reader.prepare('select count(*) as count from batch').get()).toEqual({ count: 0 });
  });

  test('is cut to nothing as soon as the reader is gone; then all is told anew', async () => {
    startReading();
    await write(5);
    await beat();
    reader.exec('commit');
    await beat();
    expect(await walMegabytes()).toBe(0);
    expect(runtime.events).toHaveLength(1);
    startReading();
    await write(3);
    await beat();
    expect(runtime.events).toHaveLength(2);
    reader.exec('commit');
    expect(reader.prepare('select count(*) as count from batch').get()).toEqual({ count: 8 });
  });

  test('is never waited for, and writing is waited for as before', async () => {
    const timeout = async () =>
      (await sql<{ timeout: number }>`pragma busy_timeout`.execute(runtime.db)).rows[0]?.timeout;
    const configured = await timeout();
    startReading();
    await write(3);
    const began = performance.now();
    await beat();
    expect(performance.now() - began).toBeLessThan(2000);
    expect(configured).toBe(5000);
    expect(await timeout()).toBe(configured);
  });
});
