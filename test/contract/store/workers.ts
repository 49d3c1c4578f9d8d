import { hostname } from 'node:os';

import { expect, test } from '@jest/globals';

import {
  aliveWorkerIds,
  heartbeat,
  registerWorker,
  signOff,
  workersOf,
} from '../../../shared/store/workers.ts';
import { addDeadWorker, addWorker, later, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function workersContract(store: StoreUnderTest): void {
  test('this process is entered under a name that tells daemon, host and process', async () => {
    const worker = await registerWorker(store.db, 'loader', now);
    expect(worker.actor).toBe(`loader@${hostname()}/${process.pid}`);
    expect(await workersOf(store.db, 'loader', 9)).toMatchObject([
      { id: worker.id, daemon: 'loader', host: hostname(), pid: process.pid, stopped_at: null },
    ]);
  });

  test('the newest worker of a daemon is listed first, and no more than are wanted', async () => {
    const first = await addWorker(store.db);
    const second = await addDeadWorker(store.db);
    await addWorker(store.db, 'scheduler');
    const listed = async (limit: number) =>
      (await workersOf(store.db, 'loader', limit)).map((worker) => worker.id);
    expect(await listed(9)).toEqual([second.id, first.id]);
    expect(await listed(1)).toEqual([second.id]);
  });

  test('a running process is alive however long it is silent, until it signs off', async () => {
    const worker = await addWorker(store.db);
    expect(await aliveWorkerIds(await store.again(), later(86_400))).toEqual([worker.id]);
    await signOff(store.db, worker, now);
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
  });

  test('a process of this host that does not run is dead, whatever its last sign of life', async () => {
    await addDeadWorker(store.db);
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
  });

  test('K15: a later process with the pid of a dead one is not taken for it', async () => {
    await addDeadWorker(store.db, { pid: process.pid, pid_start: '1' });
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
  });

  test('a worker of another host is alive while it is heard of, at least every minute', async () => {
    const worker = await addDeadWorker(store.db, { host: 'elsewhere.example' });
    expect(await aliveWorkerIds(store.db, later(59))).toEqual([worker.id]);
    expect(await aliveWorkerIds(store.db, later(60))).toEqual([]);
    await heartbeat(store.db, worker, later(30));
    expect(await aliveWorkerIds(store.db, later(60))).toEqual([worker.id]);
  });
}
