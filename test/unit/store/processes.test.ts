import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import SqliteDatabase from 'better-sqlite3';
import { sql } from 'kysely';

import { batchItems, listBatches } from '../../../shared/store/batches.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import { migrationNames } from '../../support/migrations.ts';
import { numbers } from '../../support/store-examples.ts';
import { startStoreProcess, type StoreProcess } from '../../support/store-process.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';
import { auditOf } from '../../support/store-lookups.ts';

let store: TemporaryStore;
let processes: StoreProcess[];

beforeEach(async () => {
  store = await temporaryStore();
  processes = [];
});
afterEach(async () => {
  for (const each of processes) await each.kill();
  await store.close();
});

function start(): StoreProcess {
  const started = startStoreProcess();
  processes.push(started);
  return started;
}

async function startOn(busySeconds: number): Promise<StoreProcess> {
  const started = start();
  expect(await started.tell('open', store.file, busySeconds)).toEqual(done);
  return started;
}

const done = { done: null };
const batches = () => listBatches(store.db, { limit: 10, order: 'oldest' });
const notes = async () =>
  (await store.db.selectFrom('audit').select('subject').orderBy('id').execute()).map((row) => row.subject);

describe('processes on one store', () => {
  test('D04 one that finds the store locked waits for it; one that must not wait so long may try again', async () => {
    const [holder, patient, hasty] = [await startOn(30), await startOn(30), await startOn(0.3)];
    expect(await holder.tell('hold')).toEqual(done);
    const waiting = patient.tell('note', 'patient');
    expect(await hasty.tell('note', 'hasty')).toEqual({ fault: 'STORE_BUSY', class: 'transient' });
    expect(await notes()).toEqual([]);
    expect(await holder.tell('release')).toEqual(done);
    expect(await waiting).toEqual(done);
    expect(await hasty.tell('note', 'hasty')).toEqual(done);
    expect(await notes()).toEqual(['holder', 'patient', 'hasty']);
  });

  test('D04 readers do not wait, and see nothing of what is not committed', async () => {
    const holder = await startOn(30);
    await holder.tell('hold');
    const reader = await openStore({ file: store.file, busySeconds: 0 });
    expect(await listBatches(reader, { limit: 10, order: 'oldest' })).toEqual([]);
    await holder.tell('release');
    expect(await listBatches(reader, { limit: 10, order: 'oldest' })).toHaveLength(1);
    await reader.destroy();
  });

  test('D05 transactions that read and then write never fail, and never miss what the other wrote', async () => {
    const both = [await startOn(30), await startOn(30)];
    const answers = await Promise.all(both.map((each) => each.tell('count', 200)));
    expect(answers).toEqual([done, done]);
    expect(await notes()).toEqual(numbers(400).map((n) => String(n - 1)));
  });

  test('D02 a process that is killed within its transaction leaves nothing of it', async () => {
    const killed = await startOn(30);
    await killed.tell('hold');
    // Much of the transaction is on disk already, so that there is something to leave.
    expect((await stat(`${store.file}-wal`)).size).toBeGreaterThan(1_000_000);
    await killed.kill();

    expect(await batches()).toEqual([]);
    expect(await auditOf(store.db, 'holder')).toEqual([]);
    const fresh = await store.again();
    expect(await listBatches(fresh, { limit: 10, order: 'oldest' })).toEqual([]);
    const { rows } = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(fresh);
    expect(rows).toEqual([{ integrity_check: 'ok' }]);
    const next = await startOn(0);
    expect(await next.tell('note', 'next')).toEqual(done);
  });

  test('D02 a process that is killed after its commit leaves all of it', async () => {
    const killed = await startOn(30);
    await killed.tell('hold');
    await killed.tell('release');
    await killed.kill();
    const [batch] = await batches();
    expect(await batchItems(await store.again(), batch?.id ?? 0)).toHaveLength(1000);
    expect(await notes()).toEqual(['holder']);
  });

  test('D04 a file that is not yet in the mode of a store is waited for like any other', async () => {
    const [patient, hasty] = [await startOn(30), start()];
    const file = join(store.folder, 'plain.db');
    const plain = new SqliteDatabase(file);
    plain.exec('create table anything (id integer); begin immediate');
    const waiting = patient.tell('migrate', file);
    expect(await hasty.tell('open', file, 0.3)).toEqual({ fault: 'STORE_BUSY', class: 'transient' });
    plain.exec('commit');
    expect(await waiting).toEqual({ done: migrationNames });
    plain.close();
  });

  test('D06 of several that make and migrate a store at once, all succeed, and one of them has done it', async () => {
    const all = [start(), start(), start(), start()];
    for (const round of numbers(15)) {
      const file = join(store.folder, `fresh-${round}.db`);
      const answers = await Promise.all(all.map((each) => each.tell('migrate', file)));
      expect(
        answers
          .filter((answer) => 'done' in answer)
          .map(({ done }) => done)
          .flat(),
      ).toEqual(migrationNames);
      expect(answers.filter((answer) => 'fault' in answer)).toEqual([]);
      const db = await openStore({ file, busySeconds: 5 });
      await db.destroy();
    }
  });
});
