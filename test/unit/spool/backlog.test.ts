import { lstatSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Clock } from '../../../shared/runtime/clock.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { retryNow } from '../../../shared/store/deliveries-by-hand.ts';
import { defer } from '../../../shared/store/deliveries.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import { loading } from '../../support/loading.ts';
import {
  contentsOf,
  drop,
  finalFiles,
  ledger,
  onlyRow,
  temporarySpool,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { insertSeen, markClaimed } from '../../support/one-file.ts';

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = at.inbox;
});
afterEach(() => at.close());

const step = (worker: InboxWorker) => worker.step(new AbortController().signal);
const busyUnless =
  (name: string): FileHandler =>
  (file) => {
    if (file.name !== name) throw new Fault('FILE_BUSY', 'not now');
    return loading(file);
  };

/** So many files in work/ that were deferred and are due by now. */
async function deferred(count: number): Promise<void> {
  await inTransaction(at.store.db, async (trx) => {
    for (let n = 1; n <= count; n++) {
      const place = `${inbox.name}/work/${n}__d${n}`;
      const path = join(at.spool, place);
      writeFileSync(path, `deferred ${n}`);
      const { dev, ino, size, mtimeNs } = lstatSync(path, { bigint: true });
      const mark = { dev: `${dev}`, inode: `${ino}`, size: Number(size), mtimeNs: `${mtimeNs}` };
      const file = { inbox: inbox.name, name: `d${n}`, mark };
      const seen = await insertSeen(trx, file, inbox.worker, at.clock.now());
      if (seen?.id !== n) throw new Error('another id');
      await defer(trx, await markClaimed(trx, seen, place), 'FILE_BUSY', 'not now', at.clock.now());
    }
  });
}

test('R09: behind two thousand deferred files a fresh one starts as soon as it is quiet', async () => {
  await deferred(2000);
  const worker = new InboxWorker(inbox, busyUnless('fresh'));
  await drop(inbox, 'fresh', 'fresh');
  expect(await step(worker)).toEqual({ worked: 50, refused: 0, waiting: 1 });
  at.clock.advance(2);
  const begun = at.events.length;
  expect(await step(worker)).toEqual({ worked: 51, refused: 0, waiting: 0 });
  expect(contentsOf(await finalFiles(inbox), 'done')).toEqual(['fresh']);
  // First of all in its round; and each round takes others of the backlog.
  expect(at.events[begun]).toMatchObject({ name: 'file.claimed', fields: { file: 'fresh' } });
  const tried = (await ledger(at.store.db)).filter((row) => row.name !== 'fresh' && row.attempts > 0);
  expect(tried.map((row) => row.attempts)).toEqual(Array.from({ length: 100 }, () => 1));
});

describe('R12: the clock of the host jumps', () => {
  /** Its time of day can be set; the clock that never jumps goes on. */
  class Watch implements Clock {
    hours = 0;
    readonly now = () => new Date(at.clock.now().getTime() + this.hours * 3_600_000);
    readonly monotonic = at.clock.monotonic;
  }
  let watch: Watch;
  let worker: InboxWorker;
  beforeEach(async () => {
    watch = new Watch();
    inbox = { ...inbox, clock: watch };
    worker = new InboxWorker(inbox, busyUnless('fresh'));
    await drop(inbox, 'x', 'busy');
    await step(worker);
    at.clock.advance(2);
    await step(worker);
  });
  const wait = async (): Promise<number> =>
    (Date.parse((await onlyRow(at.store.db)).next_try_at ?? '') - watch.now().getTime()) / 1000;

  test.each([1, -1])(
    'by %i h: a fresh file is taken when it was quiet, neither sooner nor later',
    async (hours) => {
      await drop(inbox, 'fresh', 'fresh');
      await step(worker);
      watch.hours = hours;
      at.clock.advance(1.9);
      expect(await step(worker)).toMatchObject({ waiting: 1 });
      at.clock.advance(0.2);
      await step(worker);
      expect(contentsOf(await finalFiles(inbox), 'done')).toEqual(['fresh']);
    },
  );

  test('ahead: a deferred file is tried once, and then waits as long as ever', async () => {
    watch.hours = 1;
    expect(await step(worker)).toMatchObject({ worked: 1 });
    expect(await step(worker)).toMatchObject({ worked: 0 });
    expect(await wait()).toBeGreaterThanOrEqual(18);
    expect(await wait()).toBeLessThanOrEqual(22);
  });

  test('back: a deferred file waits longer by that hour at most, or until somebody retries it', async () => {
    watch.hours = -1;
    expect(await step(worker)).toMatchObject({ worked: 0 });
    expect(await wait()).toBeLessThanOrEqual(3600 + 11);
    await retryNow(at.store.db, await onlyRow(at.store.db), watch.now());
    expect(await step(worker)).toMatchObject({ worked: 1 });
    expect(await wait()).toBeGreaterThanOrEqual(18);
    expect(await wait()).toBeLessThanOrEqual(22);
  });
});
