import { hostname } from 'node:os';

import { expect, test } from '@jest/globals';

import {
  aliveWorkerIds,
  heartbeat,
  registerWorker,
  renewLease,
  seemsToHang,
  signOff,
  survivors,
  workersOf,
  type Worker,
} from '../../../shared/store/workers.ts';
import { addDeadWorker, addWorker, later, now } from '../../support/store-examples.ts';
import { watchedDb } from '../../support/watched-db.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function workersContract(store: StoreUnderTest): void {
  test('this process is entered under a name that tells daemon, host and process', async () => {
    const worker = await registerWorker(store.db, 'loader', now);
    expect(worker.actor).toBe(`loader@${hostname()}/${process.pid}`);
    expect(await workersOf(store.db, 'loader', 9, now)).toMatchObject([
      { id: worker.id, daemon: 'loader', host: hostname(), pid: process.pid, stopped_at: null },
    ]);
  });

  test('the newest worker of a daemon is listed first, and no more than are wanted', async () => {
    const first = await addWorker(store.db);
    const second = await addDeadWorker(store.db);
    await addWorker(store.db, 'scheduler');
    const listed = async (limit: number) =>
      (await workersOf(store.db, 'loader', limit, now)).map((worker) => worker.id);
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

  /** A process of another host, whose lease lasts for so many seconds from now on. */
  async function elsewhere(seconds: number): Promise<Worker> {
    const worker = await addDeadWorker(store.db, { host: 'elsewhere.example' });
    await renewLease(store.db, worker, now, seconds);
    return worker;
  }
  const ended = -0.001;
  const isBuried = async ({ id }: Worker) => {
    const worker = await store.db.selectFrom('worker').selectAll().where('id', '=', id).executeTakeFirst();
    return worker?.stopped_at !== null;
  };

  test('a process has a lease from the beginning, for as long as is said', async () => {
    const worker = await registerWorker(store.db, 'loader', now);
    await registerWorker(store.db, 'loader', now, null, ended);
    await store.db.updateTable('worker').set({ host: 'elsewhere.example' }).execute();
    expect(await aliveWorkerIds(store.db, now)).toEqual([worker.id]);
  });

  test('a process of another host is alive until its lease ends, however busy it seems', async () => {
    const worker = await elsewhere(60);
    expect(await aliveWorkerIds(store.db, now)).toEqual([worker.id]);
    expect(await renewLease(store.db, worker, now, ended)).toBe(true);
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
    await heartbeat(store.db, worker, later(60), 'digest');
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
    expect(await renewLease(store.db, worker, now, 60)).toBe(true);
    expect(await aliveWorkerIds(store.db, now)).toEqual([worker.id]);
  });

  test('a renewal counts as a heartbeat while the process is well; one that was not heard of hangs', async () => {
    const worker = await registerWorker(store.db, 'loader', now);
    const hangs = async (seconds: number, leaseSeconds = 60) => {
      const [known] = await workersOf(store.db, 'loader', 1, now);
      if (!known) throw new Error('there is none');
      return seemsToHang(known, later(seconds), leaseSeconds);
    };
    await renewLease(store.db, worker, later(300), 60);
    expect([await hangs(420), await hangs(421)]).toEqual([false, true]);
    await renewLease(store.db, worker, later(421), 60, false);
    expect([await hangs(421), await hangs(421, 300)]).toEqual([true, false]);
  });

  test('a process of another host without a lease, of an older program, is dead', async () => {
    await addDeadWorker(store.db, { host: 'elsewhere.example' });
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
  });

  test('the dead are buried, and cannot renew their leases any more; the living are not', async () => {
    const here = await addWorker(store.db);
    const dead = await addDeadWorker(store.db);
    const [silent, heard] = [await elsewhere(ended), await elsewhere(60)];
    expect(await survivors(store.db, now)).toEqual([here.id, heard.id]);
    for (const worker of [dead, silent]) {
      expect(await isBuried(worker)).toBe(true);
      expect(await renewLease(store.db, worker, now, 60)).toBe(false);
    }
    expect(await isBuried(heard)).toBe(false);
    expect(await renewLease(store.db, heard, now, 60)).toBe(true);
  });

  test('a look at who seems to live buries nobody', async () => {
    const silent = await elsewhere(ended);
    expect(await aliveWorkerIds(store.db, now)).toEqual([]);
    expect(await isBuried(silent)).toBe(false);
    expect(await renewLease(store.db, silent, now, 60)).toBe(true);
  });

  test('a process that renews its lease just before it would be buried, lives', async () => {
    const silent = await elsewhere(ended);
    const other = await store.again();
    const renewed: Promise<boolean>[] = [];
    const renewing = watchedDb(store.db, (call) => {
      if (call === 'updateTable') renewed.push(renewLease(other, silent, now, 60));
    });
    const found = await survivors(renewing, now);
    expect(await Promise.all(renewed)).toHaveLength(1);
    // Whichever was first: it lives and renews, or is buried and does not.
    expect([found, await Promise.all(renewed)]).toEqual(
      (await isBuried(silent)) ? [[], [false]] : [[silent.id], [true]],
    );
  });
}
