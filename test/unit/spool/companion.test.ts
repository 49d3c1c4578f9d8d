import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { chmod, link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { retryFile } from '../../../shared/operator/file-actions.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { workPath } from '../../../shared/spool/claim.ts';
import { markOf } from '../../../shared/spool/files.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { Intake } from '../../../shared/spool/intake.ts';
import { finishMove } from '../../../shared/spool/settle.ts';
import { companionOf, findDelivery, type Delivery } from '../../../shared/store/deliveries.ts';
import { loadedTexts, loading, textOf } from '../../support/loading.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';
import {
  drop,
  dropPath,
  filesUnder,
  ledger,
  onlyRow,
  reasonOf,
  temporarySpool,
  withSettings,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { claim, insertSeen } from '../../support/one-file.ts';

let at: TemporarySpool;
let inbox: Inbox;
let worker: InboxWorker;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = withSettings(at.inbox, { marker: '.ok', markerSeconds: 60 });
  worker = new InboxWorker(inbox, loading);
});
afterEach(() => at.close());

async function look(seconds = 0, by = worker) {
  at.clock.advance(seconds);
  return by.step(new AbortController().signal);
}

/** Two looks, so that every file is quiet. */
async function round(by = worker): Promise<void> {
  await look(0, by);
  await look(2, by);
}

const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
const files = (folder: 'in' | 'work' | 'tmp' | 'done' | 'rejected' | 'hold') =>
  filesUnder(inbox.folders[folder]);
const archived = (...names: string[]) => names.map((name) => `2026/05/06/${name}`);
const alarms = () => at.events.filter((event) => event.name === 'file.unpaired').map((event) => event.fields);
const busy: FileHandler = () => {
  throw new Fault('FILE_BUSY', 'not now');
};

describe('A05: a file without its marker', () => {
  test('A05: waits, and is taken when the marker is there', async () => {
    await drop(inbox, 'x', 'one');
    await round();
    expect(await look(30)).toEqual({ worked: 0, refused: 0, waiting: 0 });
    expect(await ledger(at.store.db)).toEqual([]);
    await drop(inbox, 'x.ok', '');
    expect(await look()).toEqual({ worked: 0, refused: 0, waiting: 1 });
    expect(await look(2)).toMatchObject({ worked: 1 });
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
    for (const folder of ['in', 'work', 'tmp'] as const) expect(await files(folder)).toEqual([]);
    expect(alarms()).toEqual([]);
  });

  test('A05: is told of once, after the inbox’s time, and goes on waiting', async () => {
    await drop(inbox, 'x', 'one');
    await look();
    await look(59);
    expect(alarms()).toEqual([]);
    for (let more = 0; more < 5; more++) await look(60);
    expect(alarms()).toEqual([{ folder: inbox.name, file: 'x', lacks: 'its marker', seconds: 119 }]);
    await drop(inbox, 'x.ok', '');
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });

  test('A05: is not taken with a marker that is still written, nor while it is written itself', async () => {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', '');
    await look();
    at.clock.advance(1);
    await drop(inbox, 'x.ok', `{"size": 3}`);
    expect(await look(1)).toMatchObject({ worked: 0, waiting: 1 });
    at.clock.advance(1);
    await drop(inbox, 'x', 'more');
    expect(await look(1)).toMatchObject({ worked: 0, waiting: 1 });
    await drop(inbox, 'x', 'two');
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['two']);
  });

  test('A05: others with theirs go on', async () => {
    await drop(inbox, 'a', 'one');
    for (const name of ['b', 'b.ok']) await drop(inbox, name, name === 'b' ? 'two' : '');
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['two']);
    expect(await files('in')).toEqual(['a']);
  });

  test('A05 A23: a second file of the name is not taken with the marker of the first', async () => {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', '');
    const slow = new InboxWorker(inbox, async (file) => {
      // The next one arrives, and is not complete, while the first is worked on.
      if ((await textOf(file)) === 'one') await drop(inbox, 'x', 'half of tw');
      return loading(file);
    });
    await round(slow);
    await look(10, slow);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await files('in')).toEqual(['x']);
    await drop(inbox, 'x', 'two');
    await drop(inbox, 'x.ok', '');
    await round(slow);
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
    expect(await files('done')).toEqual(archived('x', 'x.2', 'x.2.ok', 'x.ok'));
  });

  test('without the setting, a marker is a file like any other', async () => {
    worker = new InboxWorker(at.inbox, loading);
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', 'two');
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });
});

test('A26: a marker that we may not read keeps its file waiting, the others go on, and it is told once', async () => {
  for (const name of ['a', 'b']) {
    await drop(inbox, name, name);
    await drop(inbox, `${name}.ok`, '');
  }
  await chmod(dropPath(inbox, 'a.ok'), 0);
  await asOrdinaryUser(at.store.folder, async () => {
    for (let looks = 0; looks < 4; looks++) await look(2);
    expect(await loadedTexts(at.store.db)).toEqual(['b']);
    expect(await files('in')).toEqual(['a', 'a.ok']);
    const unclaimed = at.events.filter(({ name }) => name === 'file.unclaimed');
    expect(unclaimed).toHaveLength(1);
    expect(unclaimed[0]?.fields).toMatchObject({
      file: 'a',
      code: 'SPOOL_PERMISSION',
      detail: expect.stringContaining('has mode 0000') as unknown,
    });
    await chmod(dropPath(inbox, 'a.ok'), 0o600);
    await look(2);
    expect(await loadedTexts(at.store.db)).toEqual(['a', 'b']);
  });
});

describe('A06: a marker without its file', () => {
  test('A06: stays, is told of once, and is never taken for a file', async () => {
    await drop(inbox, 'x.ok', 'this is no manifest');
    await look();
    await look(59);
    expect(alarms()).toEqual([]);
    for (let more = 0; more < 5; more++)
      expect(await look(60)).toEqual({ worked: 0, refused: 0, waiting: 0 });
    expect(alarms()).toEqual([{ folder: inbox.name, file: 'x.ok', lacks: 'its file', seconds: 119 }]);
    expect(at.events).toHaveLength(1);
    expect(await files('in')).toEqual(['x.ok']);
    expect(await ledger(at.store.db)).toEqual([]);
  });

  test('A06: is used when the file comes after all', async () => {
    await drop(inbox, 'x.ok', '');
    await look();
    await look(100);
    await drop(inbox, 'x', 'one');
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
  });

  test('A06: with nothing before the suffix it is one, too', async () => {
    inbox = withSettings(inbox, { ignore: [] });
    worker = new InboxWorker(inbox, loading);
    await drop(inbox, '.ok', '');
    await look();
    await look(100);
    expect(alarms()).toMatchObject([{ file: '.ok', lacks: 'its file' }]);
  });
});

describe('A07: a manifest', () => {
  const receive = async (text: string, manifest: string | Buffer) => {
    await drop(inbox, 'x', text);
    await drop(inbox, 'x.ok', manifest);
    await round();
  };

  test.each([
    ['as JSON', JSON.stringify({ size: 3, sha256: digestOf('one'), records: 1 })],
    ['as a line of sha256sum', `${digestOf('one')}  x\n`],
  ])('A07: that is right, %s: the file is loaded', async (_, manifest) => {
    await receive('one', manifest);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
    expect(companionOf(await onlyRow(at.store.db))).toMatchObject({ suffix: '.ok', content: manifest });
  });

  test.each([
    ['another size', JSON.stringify({ size: 4 }), 'says 4 bytes, the file has 3'],
    ['another digest', `${digestOf('two')}  x`, `the file has ${digestOf('one')}`],
    ['another number of records', JSON.stringify({ records: 2 }), 'says 2 record(s), the file has 1'],
    ['something unreadable', 'hello', 'cannot be read'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe]), 'no file of text'],
    ['too much', ' '.repeat(64 * 1024 + 1), 'too long'],
  ])('A07: that says %s: both are rejected, and nothing is loaded', async (_, manifest, detail) => {
    await receive('one', manifest);
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'rejected',
      fault_code: 'MANIFEST_MISMATCH',
      digest: digestOf('one'),
      batch_id: null,
    });
    expect(await loadedTexts(at.store.db)).toEqual([]);
    expect(await files('rejected')).toEqual(['x', 'x.ok', 'x.reason.json']);
    expect((await reasonOf(inbox, 'x')).detail).toContain(detail);
    for (const folder of ['in', 'work', 'done'] as const) expect(await files(folder)).toEqual([]);
  });

  test('A07 A17: a link is not followed', async () => {
    await writeFile(join(at.spool, 'secret'), `{"size": 3}`);
    await drop(inbox, 'x', 'one');
    await symlink(join(at.spool, 'secret'), dropPath(inbox, 'x.ok'));
    await round();
    expect(await onlyRow(at.store.db)).toMatchObject({ fault_code: 'MANIFEST_MISMATCH' });
    expect(await files('rejected')).toEqual(['x', 'x.ok', 'x.reason.json']);
  });

  test('A07: goes with its file into hold/, and with an operator’s retry through work/ again', async () => {
    worker = new InboxWorker(inbox, busy);
    await receive('one', `{"size": 3}`);
    for (let tries = 0; tries < 4; tries++) await look(100);
    expect(await files('hold')).toEqual(['x', 'x.ok', 'x.reason.json']);
    worker = new InboxWorker(inbox, loading);
    await receive('two', `{"size": 4}`);
    const { id } = (await ledger(at.store.db)).at(-1) as Delivery;
    const operator = { who: 'alice', reason: 'test', now: at.clock.now() };
    await retryFile(at.store.db, at.spool, operator, id);
    expect(await files('work')).toEqual([`${id}__x`, `${id}__x.ok`]);
    expect(await files('rejected')).toEqual([]);
    await look(1);
    expect(await files('rejected')).toEqual(['x', 'x.ok', 'x.reason.json']);
  });

  test('A07: is never overwritten, nor overwrites', async () => {
    await mkdir(join(inbox.folders.done, '2026/05/06'), { recursive: true });
    await writeFile(join(inbox.folders.done, '2026/05/06/x.ok'), 'another’s');
    await receive('one', '');
    expect(await files('done')).toEqual(archived('x', 'x.ok', 'x.ok.1'));
  });

  test('A07: is what it was when the file was claimed, whatever the sender does to it then', async () => {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', `{"size": 3}`);
    worker = new InboxWorker(inbox, async (file) => {
      await writeFile(join(inbox.folders.work, '1__x.ok'), `{"size": 9}`);
      return loading(file);
    });
    await round();
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'done' });
  });
});

test('A24: a marker that was replaced since it was looked at is looked at anew, with its file', async () => {
  await drop(inbox, 'x', 'one');
  await drop(inbox, 'x.ok', `{"size": 3}`);
  const intake = new Intake(inbox);
  await intake.scan();
  at.clock.advance(2);
  const [candidate] = (await intake.scan()).ready;
  if (!candidate) throw new Error('nothing is ready');
  await drop(inbox, 'x.ok', `{"size": 99}`);
  expect(await claim(inbox, candidate)).toBeUndefined();
  expect(await ledger(at.store.db)).toEqual([]);
  expect(await files('in')).toEqual(['x', 'x.ok']);
  await rm(dropPath(inbox, 'x.ok'));
  expect(await claim(inbox, candidate)).toBeUndefined();
  expect(await files('in')).toEqual(['x']);
});

test('A24: a marker that takes the place of the noted one in that moment stays in in/', async () => {
  await drop(inbox, 'x', 'one');
  await drop(inbox, 'x.ok', `{"size": 3}`);
  const intake = new Intake(inbox);
  await intake.scan();
  at.clock.advance(2);
  const [candidate] = (await intake.scan()).ready;
  if (!candidate) throw new Error('nothing is ready');
  let replaced = false;
  const folders = {
    ...inbox.folders,
    // Asked for when the marker has been noted, and before anything is linked.
    get work() {
      if (!replaced) {
        writeFileSync(join(at.spool, 'upload'), `{"size": 99}`);
        renameSync(join(at.spool, 'upload'), join(inbox.folders.in, 'x.ok'));
      }
      replaced = true;
      return inbox.folders.work;
    },
  };
  expect(await claim({ ...inbox, folders }, candidate)).toMatchObject({ state: 'claimed' });
  expect(await files('in')).toEqual(['x.ok']);
  expect(await files('work')).toEqual(['1__x']);
  await round();
  expect(await loadedTexts(at.store.db)).toEqual(['one']);
  expect(await files('in')).toEqual(['x.ok']);
});

describe('K01: a crash', () => {
  /** A worker with a new process's eyes. */
  const restarted = () => new InboxWorker(inbox, loading);

  async function settled(): Promise<Delivery> {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', '');
    await round();
    return onlyRow(at.store.db);
  }

  test('K01: after the file was archived and before its marker was: the marker follows', async () => {
    const row = await settled();
    const done = join(inbox.folders.done, '2026/05/06');
    await rename(join(done, 'x.ok'), workPath(inbox, row, '.ok'));
    const before = { ...row, place: `${inbox.name}/work/1__x` };
    await finishMove(inbox, before);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
    await link(join(done, 'x.ok'), workPath(inbox, row, '.ok'));
    await finishMove(inbox, before);
    await finishMove(inbox, before);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
    expect(await files('work')).toEqual([]);
    expect(await findDelivery(at.store.db, row.id)).toMatchObject({ place: row.place });
  });

  test('K01: while a claim was being undone: the marker is where its file is', async () => {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', '');
    const [file, marker] = [await markOf(dropPath(inbox, 'x')), await markOf(dropPath(inbox, 'x.ok'))];
    if (!file || !marker) throw new Error('nothing was dropped');
    const companion = { suffix: '.ok', dev: marker.dev, inode: marker.inode, content: '' };
    const seen = { inbox: inbox.name, name: 'x', mark: file, companion };
    const row = await insertSeen(at.store.db, seen, inbox.worker, at.clock.now());
    if (!row) throw new Error('not inserted');
    await rename(dropPath(inbox, 'x.ok'), workPath(inbox, row, '.ok'));
    worker = restarted();
    await look();
    expect([await files('in'), await files('work')]).toEqual([['x', 'x.ok'], []]);
    await look(2);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });

  test('K01: in the middle of an operator’s retry: both are moved out of work/ again', async () => {
    const row = await settled();
    await rename(join(inbox.folders.done, '2026/05/06/x.ok'), workPath(inbox, row, '.ok'));
    worker = restarted();
    await look();
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
    expect(await files('work')).toEqual([]);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });

  test('K14: markers in work/ that the ledger does not know go back with their files', async () => {
    await writeFile(join(inbox.folders.work, '9__x'), 'one');
    await writeFile(join(inbox.folders.work, '9__x.ok'), '');
    worker = restarted();
    await round();
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await files('done')).toEqual(archived('x', 'x.ok'));
  });

  test('K13: a file that was removed by hand from work/ leaves no marker there', async () => {
    worker = new InboxWorker(inbox, busy);
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'x.ok', '');
    await round();
    await rm(join(inbox.folders.work, '1__x'));
    await look(100);
    expect(await onlyRow(at.store.db)).toMatchObject({ fault_code: 'LOST_BY_OPERATOR' });
    expect(await files('work')).toEqual([]);
    expect(await files('rejected')).toEqual(['1__x.ok']);
  });
});
