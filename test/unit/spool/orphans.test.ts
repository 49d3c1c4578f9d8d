import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Fault } from '../../../shared/runtime/faults.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { uploadName } from '../../../shared/spool/names.ts';
import { Daily, sweepDrafts, sweepTemporary } from '../../../shared/spool/orphans.ts';
import { Publisher } from '../../../shared/spool/publisher.ts';
import { queuePublication } from '../../../shared/store/publications.ts';
import { loading } from '../../support/loading.ts';
import {
  drop,
  filesUnder,
  onlyRow,
  temporarySpool,
  TestClock,
  withSettings,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { insertSeen } from '../../support/one-file.ts';

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = at.inbox;
});
afterEach(() => at.close());

/** A clock by which everything that was written just now is so many hours old. */
const hoursLater = (hours: number) => ({
  now: () => new Date(Date.now() + hours * 3600 * 1000),
  monotonic: () => performance.now() + hours * 3600 * 1000,
});
const tomorrow = (): Inbox => ({ ...inbox, clock: hoursLater(25) });
const inTmp = (name: string) => join(inbox.folders.tmp, name);
const told = () => at.events.map(({ fields }) => fields);

async function settledFile(): Promise<number> {
  const worker = new InboxWorker(inbox, loading);
  await drop(inbox, 'x', 'one');
  for (let looks = 0; looks < 2; looks++) {
    await worker.step(new AbortController().signal);
    at.clock.advance(2);
  }
  at.events.length = 0;
  return (await onlyRow(at.store.db)).id;
}

describe('K12: what was being posted in tmp/', () => {
  test('K12: of a dead process is removed at once, since its sender sends it again', async () => {
    await writeFile(inTmp(uploadName(inbox.worker.id + 1, randomUUID())), 'half');
    await sweepTemporary(inbox);
    expect(await filesUnder(inbox.folders.tmp)).toEqual([]);
    expect(await filesUnder(inbox.folders.hold)).toEqual([]);
    expect(told()).toMatchObject([{ became: 'removed' }]);
  });

  test('K12: of a living process is left alone for a day, longer than any upload takes', async () => {
    const name = uploadName(inbox.worker.id, randomUUID());
    await writeFile(inTmp(name), 'half');
    await sweepTemporary(inbox);
    expect(await filesUnder(inbox.folders.tmp)).toEqual([name]);
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.tmp)).toEqual([]);
    expect(await filesUnder(inbox.folders.hold)).toEqual([]);
  });
});

describe('K12: temporary files of earlier runs in tmp/', () => {
  test('K12: what may be the only copy of something goes to hold/, and is named', async () => {
    await writeFile(inTmp('77'), 'a file that was moved aside');
    await writeFile(inTmp('left by somebody'), 'anything');
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.tmp)).toEqual([]);
    expect(await filesUnder(inbox.folders.hold)).toEqual(['77', 'unnamed']);
    expect(await readFile(join(inbox.folders.hold, '77'), 'utf8')).toBe('a file that was moved aside');
    expect(told()).toEqual(
      expect.arrayContaining([
        { folder: inbox.name, file: '77', became: `moved to ${join(inbox.folders.hold, '77')}` },
      ]),
    );
    expect(at.events.map(({ name }) => name)).toEqual(['file.orphan', 'file.orphan']);
  });

  test('K12: in hold/ nothing is overwritten by it', async () => {
    await writeFile(join(inbox.folders.hold, '77'), 'another');
    await writeFile(inTmp('77'), 'one');
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.hold)).toEqual(['77', '77.0']);
    expect(await readFile(join(inbox.folders.hold, '77'), 'utf8')).toBe('another');
  });

  test('K12: a second name of an archived file, and a draft of a reason, are removed', async () => {
    const id = await settledFile();
    const { place } = await onlyRow(at.store.db);
    await link(join(at.spool, place ?? ''), inTmp(String(id)));
    await writeFile(inTmp(`${id}.reason`), '{"code":');
    await writeFile(inTmp('88.reason'), '{"code":');
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.tmp)).toEqual([]);
    expect(await filesUnder(inbox.folders.hold)).toEqual([]);
    expect(await filesUnder(inbox.folders.done)).toHaveLength(1);
    expect(told().map((fields) => (fields as { became: string }).became)).toEqual(Array(3).fill('removed'));
  });

  test('K12: a second name of an archived marker is removed', async () => {
    inbox = withSettings(inbox, { marker: '.ok' });
    await drop(inbox, 'x.ok', '');
    const id = await settledFile();
    const { place } = await onlyRow(at.store.db);
    await link(join(at.spool, `${place ?? ''}.ok`), inTmp(`${id}.companion`));
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.tmp)).toEqual([]);
    expect(await filesUnder(inbox.folders.hold)).toEqual([]);
    expect(await filesUnder(inbox.folders.done)).toHaveLength(2);
  });

  test('K12: what is not a day old stays, whatever time it bears', async () => {
    for (const name of ['77', '88.reason']) {
      await writeFile(inTmp(name), 'one');
      await utimes(inTmp(name), 0, 0);
    }
    await sweepTemporary({ ...inbox, clock: hoursLater(23.9) });
    expect(await filesUnder(inbox.folders.tmp)).toEqual(['77', '88.reason']);
    expect(at.events).toEqual([]);
  });

  test('K12: what an unfinished row refers to stays, however old; so does a folder', async () => {
    const busy: FileHandler = () => {
      throw new Fault('FILE_BUSY', 'not now');
    };
    const worker = new InboxWorker(inbox, busy);
    await drop(inbox, 'x', 'one');
    for (let looks = 0; looks < 2; looks++) {
      await worker.step(new AbortController().signal);
      at.clock.advance(2);
    }
    const mark = { dev: '1', inode: '1', size: 1, mtimeNs: '1' };
    const seen = await insertSeen(
      at.store.db,
      { inbox: inbox.name, name: 'y', mark },
      inbox.worker,
      new Date(),
    );
    const names = ['1', '1.reason', '1.companion', `${seen?.id ?? 0}`, `${seen?.id ?? 0}.companion`];
    for (const name of names) await writeFile(inTmp(name), 'one');
    await mkdir(inTmp('folder'));
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.tmp)).toEqual([...names].sort());
  });

  test('K12: a row of another inbox, or a produced file, is no reference', async () => {
    const publication = { folder: 'out', name: 'x', purpose: 'generic-request', content: '' } as const;
    await queuePublication(
      at.store.db,
      { ...publication, batchId: null, providerRequestId: null },
      at.clock.now(),
    );
    const mark = { dev: '1', inode: '1', size: 1, mtimeNs: '1' };
    await insertSeen(at.store.db, { inbox: 'another', name: 'y', mark }, inbox.worker, at.clock.now());
    for (const name of ['1', '2']) await writeFile(inTmp(name), 'one');
    await sweepTemporary(tomorrow());
    expect(await filesUnder(inbox.folders.hold)).toEqual(['1', '2']);
  });

  test('K12: the worker of an inbox looks at its start', async () => {
    await writeFile(inTmp('77'), 'one');
    await new InboxWorker(tomorrow(), loading).step(new AbortController().signal);
    expect(await filesUnder(inbox.folders.hold)).toEqual(['77']);
  });
});

describe('K12: drafts of publications', () => {
  const publicationOf = (name: string, folder: string) =>
    queuePublication(
      at.store.db,
      {
        folder,
        name,
        purpose: 'generic-request',
        content: 'one',
        batchId: null,
        providerRequestId: null,
      },
      at.clock.now(),
    );
  const out = () => join(at.spool, 'out');
  const sweep = (clock = hoursLater(25)) =>
    sweepDrafts({ spool: at.spool, db: at.store.db, clock, emit: inbox.emit }, ['generic-request']);

  test('K12: without a row, or of one that is out, are removed; those that are awaited stay', async () => {
    await mkdir(out());
    await publicationOf('waits', 'out');
    await publicationOf('is-out', 'out');
    await at.store.db
      .updateTable('delivery')
      .set({ state: 'done', moved_at: '2026-01-01T00:00:00.000Z' })
      .where('name', '=', 'is-out')
      .execute();
    const names = ['.tmp-1-waits', '.tmp-2-is-out', '.tmp-1-other', '.tmp-9-x', '.tmp-x', 'is-out', '.other'];
    for (const name of names) await writeFile(join(out(), name), 'one');
    await sweep(hoursLater(23.9));
    expect(await filesUnder(out())).toEqual([...names].sort());
    await sweep();
    expect(await filesUnder(out())).toEqual(['.other', '.tmp-1-waits', '.tmp-x', 'is-out']);
    expect(told()).toHaveLength(3);
    expect(told()).toContainEqual({ folder: 'out', file: '.tmp-9-x', became: 'removed' });
  });

  test('K12: in a folder into which we publish nothing are somebody else’s', async () => {
    await writeFile(join(inbox.folders.in, '.tmp-9-x'), 'one');
    await publicationOf('x', 'gone');
    await sweep();
    expect(await filesUnder(inbox.folders.in)).toEqual(['.tmp-9-x']);
  });

  test('K12: the publisher looks at its start, and a day later', async () => {
    await mkdir(out());
    await publicationOf('x', 'out');
    let hours = 25;
    const publisher = new Publisher('publish', {
      spool: at.spool,
      db: at.store.db,
      worker: inbox.worker,
      lease: inbox.lease,
      clock: { now: () => hoursLater(hours).now(), monotonic: () => hours * 3600 * 1000 },
      emit: inbox.emit,
      purposes: ['generic-request'],
      seal: () => Promise.resolve(Buffer.from('sealed')),
      onPublished: () => Promise.resolve(),
    });
    const drafts: string[][] = [];
    for (const later of [0, 23, 1]) {
      hours += later;
      await writeFile(join(out(), '.tmp-9-x'), 'one');
      await publisher.step(new AbortController().signal);
      drafts.push((await filesUnder(out())).filter((name) => name.startsWith('.tmp')));
    }
    expect(drafts).toEqual([[], ['.tmp-9-x'], []]);
  });
});

test('K12: work for once a day is done at the start, then daily, and again when it failed', async () => {
  const clock = new TestClock();
  const done: number[] = [];
  let fails = true;
  const daily = new Daily(clock, () => {
    if (fails) return Promise.reject(new Error('not now'));
    done.push(clock.monotonic());
    return Promise.resolve();
  });
  await expect(daily.run()).rejects.toThrow('not now');
  fails = false;
  const start = clock.monotonic();
  for (const seconds of [0, 1, 86_398, 1, 1, 86_399, 1]) {
    clock.advance(seconds);
    await daily.run();
  }
  expect(done.map((time) => (time - start) / 1000)).toEqual([0, 86_400, 172_800]);
});
