import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { sql } from 'kysely';

import type { Fault } from '../../../shared/runtime/faults.ts';
import { asRound } from '../../../shared/runtime/progress.ts';
import { Lease, type LeaseOptions } from '../../../shared/store/lease.ts';
import { openSqlite } from '../../../shared/store/sqlite/open-sqlite.ts';
import { registerWorker, signOff, type Worker } from '../../../shared/store/workers.ts';
import { migrateUpTo } from '../../support/migrations.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';
import { waitFor } from '../../support/wait-for.ts';
import { watchedDb } from '../../support/watched-db.ts';

let store: TemporaryStore;
let worker: Worker;
let time: { monotonic: number; wall: number };
let losses: Fault[];
let writes: number;
beforeEach(async () => {
  store = await temporaryStore();
  time = { monotonic: 0, wall: Date.parse('2026-05-06T07:08:09.010Z') };
  worker = await registerWorker(store.db, 'loader', new Date(time.wall));
  losses = [];
  writes = 0;
});
afterEach(() => store.close());

const leaseOf = (own: Partial<LeaseOptions> = {}) =>
  new Lease({
    db: watchedDb(store.db, () => writes++),
    worker,
    clock: { monotonic: () => time.monotonic, now: () => new Date(time.wall) },
    seconds: 60,
    onLost: (fault) => losses.push(fault),
    ...own,
  });
const pass = (seconds: number) => {
  time.monotonic += seconds * 1000;
  time.wall += seconds * 1000;
};
/** What another host does that takes the process for dead. */
const buried = () => signOff(store.db, worker, new Date(time.wall));
const leasedUntil = async () =>
  (await store.db.selectFrom('worker').select('leased_until').executeTakeFirstOrThrow()).leased_until;
const lost = { code: 'LEASE_LOST' };

describe('a lease', () => {
  test('is a heartbeat as long as no round hangs', async () => {
    const heard = async () =>
      (await store.db.selectFrom('worker').select('heartbeat_at').executeTakeFirstOrThrow()).heartbeat_at;
    const lease = leaseOf();
    const began = performance.now();
    await asRound('a task', async () => {
      pass(1);
      const clock = jest.spyOn(performance, 'now').mockReturnValue(began + 600_000);
      await lease.renew();
      expect(await heard()).toBe(new Date(time.wall).toISOString());
      pass(1);
      clock.mockReturnValue(began + 601_000);
      await lease.renew();
      expect(await heard()).toBe(new Date(time.wall - 1000).toISOString());
      clock.mockRestore();
    });
    expect(await leasedUntil()).toBe(new Date(time.wall + 60_000).toISOString());
  });

  test('is asked for in the store when the last renewal has ended, and not before', async () => {
    const lease = leaseOf();
    await lease.hold();
    expect(writes).toBe(1);
    pass(59.9);
    await lease.hold();
    expect(writes).toBe(1);
    pass(0.1);
    await lease.hold();
    expect(writes).toBe(2);
    expect(await leasedUntil()).toBe(new Date(time.wall + 60_000).toISOString());
  });

  test.each(['monotonic', 'wall'] as const)(
    'of a process that was stopped is asked for also where only the %s clock has gone on',
    async (clock) => {
      const lease = leaseOf();
      await lease.hold();
      await buried();
      time[clock] += 60_000;
      await expect(lease.hold()).rejects.toMatchObject(lost);
    },
  );

  test('that is lost is told once, and never held again', async () => {
    const lease = leaseOf();
    await lease.hold();
    await buried();
    await lease.hold(); // Not yet known.
    await expect(lease.renew()).rejects.toMatchObject(lost);
    await expect(lease.renew()).rejects.toMatchObject(lost);
    await expect(lease.hold()).rejects.toMatchObject(lost);
    expect(losses).toMatchObject([{ ...lost, detail: `${worker.actor} was taken for dead` }]);
    expect(await lease.causeOf(new Error('a strange thing'))).toBe(losses[0]);
  });

  test('that lasts is not the cause of what went wrong', async () => {
    expect(await leaseOf().causeOf(new Error('a strange thing'))).toMatchObject({ code: 'BUG' });
  });

  test('is not lost because the store fails, but cannot be held without it', async () => {
    const away = Object.assign(new Error('away'), { code: 'SQLITE_BUSY' });
    let fails = false;
    const db = watchedDb(store.db, () => {
      if (fails) throw away;
    });
    const lease = leaseOf({ db });
    await lease.hold();
    fails = true;
    await expect(lease.renew()).rejects.toBe(away);
    await lease.hold();
    pass(60);
    await expect(lease.hold()).rejects.toBe(away);
    fails = false;
    await lease.hold();
    expect([lease.lost, losses]).toEqual([undefined, []]);
  });

  test('that was ended tells of no loss when the process signs off', async () => {
    const lease = leaseOf();
    await lease.hold();
    await lease.end();
    await buried();
    await lease.renew();
    expect([lease.lost, losses]).toEqual([undefined, []]);
  });

  test('is not ended before a renewal that is under way', async () => {
    const lease = leaseOf();
    const before = await leasedUntil();
    pass(10);
    lease.confirm();
    await lease.end();
    expect(await leasedUntil()).not.toBe(before);
  });

  test('is renewed by a timer of its own, which finds out that it is lost', async () => {
    const lease = leaseOf({ seconds: 0.06 });
    const before = await leasedUntil();
    lease.start();
    try {
      await waitFor('a renewal', async () => (await leasedUntil()) !== before);
      await buried();
      await waitFor('the loss', () => losses.length > 0);
      expect(losses).toMatchObject([lost]);
    } finally {
      await lease.end();
    }
  });
});

test('a store of before: of two files of one inode the newer is claimed, and a draft is found where it lies', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'leases-'));
  const db = openSqlite({ file: join(folder, 'enrol.db'), busySeconds: 5, create: true });
  try {
    const migrate = await migrateUpTo(db, '0015-leases');
    await sql`insert into delivery (direction, folder, name, state, attempts, crashes, dev, inode, seen_at) values
      ('in', 'x', 'old', 'deferred', 1, 0, '1', '7', 'now'), ('in', 'x', 'new', 'claimed', 1, 0, '2', '7', 'now'),
      ('in', 'x', 'done', 'done', 1, 0, '1', '7', 'now'), ('in', 'y', 'other', 'seen', 0, 0, '1', '7', 'now'),
      ('out', 'z', 'document', 'claimed', 1, 0, null, null, 'now'),
      ('out', 'z', 'queued', 'seen', 0, 0, null, null, 'now')`.execute(db);
    await migrate();
    const rows = await db.selectFrom('delivery').select(['name', 'inode', 'place']).orderBy('id').execute();
    expect(rows.map(({ name, inode, place }) => [name, inode, place])).toEqual([
      ['old', null, null],
      ['new', '7', null],
      ['done', '7', null],
      ['other', '7', null],
      ['document', null, 'z/.tmp-5-document'],
      ['queued', null, null],
    ]);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
