import { renameSync, writeFileSync } from 'node:fs';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { resumeClaim, sweepWork, workPath } from '../../../shared/spool/claim.ts';
import { markOf } from '../../../shared/spool/files.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import type { Candidate } from '../../../shared/spool/intake.ts';
import { type Delivery } from '../../../shared/store/deliveries.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { loadedTexts, loading } from '../../support/loading.ts';
import {
  contentsOf,
  drop,
  dropPath,
  filesUnder,
  finalFiles,
  ledger,
  onlyRow,
  temporarySpool,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { claim, insertSeen } from '../../support/one-file.ts';

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = at.inbox;
});
afterEach(() => at.close());

/** What the scan says of a file that has been quiet. */
async function seen(name: string): Promise<Candidate> {
  const mark = await markOf(dropPath(inbox, name));
  if (mark === undefined) throw new Error(`no ${name}`);
  return { path: dropPath(inbox, name), name, mark };
}

/** A sender that puts a file into in/ the way rename does: whatever had the name is gone. */
function replace(name: string, content: string): void {
  writeFileSync(join(at.spool, 'upload'), content);
  renameSync(join(at.spool, 'upload'), join(inbox.folders.in, name));
}

const inDrop = () => filesUnder(inbox.folders.in);
const read = (row: Delivery) => readFile(join(at.spool, row.place ?? ''), 'utf8');

/** Works until nothing is left to do, with a new process's eyes. */
async function workOff(): Promise<void> {
  const worker = new InboxWorker(inbox, loading);
  for (let round = 0; round < 4; round++) {
    await worker.step(new AbortController().signal);
    at.clock.advance(2);
  }
}

/** No file is left on its way, and these texts were loaded, each once. */
async function expectLoaded(...texts: string[]): Promise<void> {
  await workOff();
  expect(await loadedTexts(at.store.db)).toEqual([...texts].sort());
  expect(contentsOf(await finalFiles(inbox), 'done')).toEqual([...texts].sort());
  for (const folder of ['in', 'work', 'tmp'] as const)
    expect(await filesUnder(inbox.folders[folder])).toEqual([]);
}

describe('a claim', () => {
  test('takes the file out of in/ into work/, with its row', async () => {
    await drop(inbox, 'x', 'one');
    const row = await claim(inbox, await seen('x'));
    expect(row).toMatchObject({
      state: 'claimed',
      name: 'x',
      attempts: 0,
      worker_id: inbox.worker.id,
      size: 3,
    });
    expect(await filesUnder(inbox.folders.work)).toEqual(['1__x']);
    expect(row && (await read(row))).toBe('one');
    expect([await inDrop(), await filesUnder(inbox.folders.tmp)]).toEqual([[], []]);
  });

  test('A25: of a file that its sender has removed since is no claim', async () => {
    await drop(inbox, 'x');
    const candidate = await seen('x');
    await rm(dropPath(inbox, 'x'));
    expect(await claim(inbox, candidate)).toBeUndefined();
    expect(await ledger(at.store.db)).toEqual([]);
  });

  test('A23: of a file that its sender has replaced since leaves the new one for the next look', async () => {
    await drop(inbox, 'x', 'one');
    const candidate = await seen('x');
    replace('x', 'two');
    expect(await claim(inbox, candidate)).toBeUndefined();
    expect(await inDrop()).toEqual(['x']);
    await expectLoaded('two');
  });

  test('A01: of a file that has grown since leaves it for the next look', async () => {
    await drop(inbox, 'x', 'one');
    const candidate = await seen('x');
    await drop(inbox, 'x', 'one and more');
    expect(await claim(inbox, candidate)).toBeUndefined();
    await expectLoaded('one and more');
  });

  test('K05: is one process’s only, also when the other has seen the file before', async () => {
    await drop(inbox, 'x', 'one');
    const candidate = await seen('x');
    const other = { ...inbox, worker: await registerWorker(at.store.db, 'other', at.clock.now()) };
    const claims = await Promise.all([claim(inbox, candidate), claim(other, candidate)]);
    expect(claims.filter((row) => row !== undefined)).toHaveLength(1);
    await onlyRow(at.store.db);
    await expectLoaded('one');
    expect(await claim(other, candidate)).toBeUndefined();
  });

  test('A19: of one of two names of a file leaves the other name', async () => {
    await drop(inbox, 'x', 'one');
    await link(dropPath(inbox, 'x'), dropPath(inbox, 'y'));
    await claim(inbox, await seen('x'));
    expect(await inDrop()).toEqual(['y']);
  });
});

/** The inbox of a process that stops for a moment right before its rename into tmp/, and again right after it. */
function interrupted(...acts: (() => void)[]): Inbox {
  const { tmp } = inbox.folders;
  acts.unshift(() => undefined); // It looks into tmp/ first.
  const folders = {
    ...inbox.folders,
    get tmp() {
      acts.shift()?.();
      return tmp;
    },
  };
  return { ...inbox, folders };
}

describe('A23 A24: a sender that is busy during the claim', () => {
  test('replaces the file: the new one goes back under its name', async () => {
    await drop(inbox, 'x', 'one');
    const row = await claim(
      interrupted(() => replace('x', 'two')),
      await seen('x'),
    );
    expect(row && (await read(row))).toBe('one');
    expect([await inDrop(), await filesUnder(inbox.folders.tmp)]).toEqual([['x'], []]);
    await expectLoaded('one', 'two');
  });

  test('replaces it, and drops a third: all three are kept', async () => {
    await drop(inbox, 'x', 'one');
    const busy = interrupted(
      () => replace('x', 'two'),
      () => replace('x', 'three'),
    );
    await claim(busy, await seen('x'));
    expect(await inDrop()).toEqual(['1.returned', 'x']);
    await expectLoaded('one', 'two', 'three');
  });

  test('drops the same name right after: it is a delivery of its own', async () => {
    await drop(inbox, 'x', 'one');
    const busy = interrupted(
      () => undefined,
      () => replace('x', 'two'),
    );
    await claim(busy, await seen('x'));
    await expectLoaded('one', 'two');
  });

  test('removes the file: we have it', async () => {
    await drop(inbox, 'x', 'one');
    const busy = interrupted(() => renameSync(dropPath(inbox, 'x'), join(at.spool, 'gone')));
    expect(await claim(busy, await seen('x'))).toMatchObject({ state: 'claimed' });
    await expectLoaded('one');
  });

  test('over and over: no file is processed twice, none vanishes in our hands', async () => {
    let sent = 0;
    let taken = 0;
    const worker = new InboxWorker({ ...inbox, settings: { ...inbox.settings, quietSeconds: 0 } }, loading);
    const sender = async () => {
      while (taken < 30) {
        const upload = join(at.spool, 'upload');
        await writeFile(upload, `text ${++sent}`);
        // Gives way now and then, so that the file is sometimes quiet enough.
        for (let pause = 0; pause < sent % 50; pause++) await markOf(upload);
        await rename(upload, dropPath(inbox, 'x'));
      }
    };
    const receiver = async () => {
      while (taken < 30) taken += (await worker.step(new AbortController().signal)).worked;
    };
    await Promise.all([sender(), receiver()]);
    await workOff();
    const texts = await loadedTexts(at.store.db);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toContain(`text ${sent}`);
    expect(contentsOf(await finalFiles(inbox), 'done')).toEqual(texts);
    expect(await filesUnder(inbox.folders.work)).toEqual([]);
  });
});

/** A claim that a crash cut off: the row is there, and so is what the test puts into the folders. */
async function cutOff(): Promise<Delivery> {
  await drop(inbox, 'x', 'one');
  const { mark } = await seen('x');
  const row = await insertSeen(
    at.store.db,
    { inbox: inbox.name, name: 'x', mark },
    inbox.worker,
    at.clock.now(),
  );
  if (row === undefined) throw new Error('not inserted');
  return row;
}

const asideOf = (row: Delivery) => join(inbox.folders.tmp, String(row.id));

describe('K01: a claim that a crash cut off', () => {
  test('after the row: the file is found in in/', async () => {
    expect(await resumeClaim(inbox, await cutOff())).toBeUndefined();
    expect(await ledger(at.store.db)).toEqual([]);
    await expectLoaded('one');
  });

  test('after the link: is finished', async () => {
    const row = await cutOff();
    await link(dropPath(inbox, 'x'), workPath(inbox, row));
    expect(await resumeClaim(inbox, row)).toMatchObject({ state: 'claimed' });
    expect(await inDrop()).toEqual([]);
    await expectLoaded('one');
  });

  test('after the link, of a file that the sender has replaced since: both are kept', async () => {
    const row = await cutOff();
    await link(dropPath(inbox, 'x'), workPath(inbox, row));
    replace('x', 'two');
    await resumeClaim(inbox, row);
    expect(await inDrop()).toEqual(['x']);
    await expectLoaded('one', 'two');
  });

  test('after the link, of a file that is not the one observed: it is looked at anew', async () => {
    const row = await cutOff();
    replace('x', 'two');
    await link(dropPath(inbox, 'x'), workPath(inbox, row));
    expect(await resumeClaim(inbox, row)).toBeUndefined();
    expect(await inDrop()).toEqual(['x']);
    await expectLoaded('two');
  });

  test('after the move aside: is finished', async () => {
    const row = await cutOff();
    await link(dropPath(inbox, 'x'), workPath(inbox, row));
    await rename(dropPath(inbox, 'x'), asideOf(row));
    expect(await resumeClaim(inbox, row)).toMatchObject({ state: 'claimed' });
    await expectLoaded('one');
  });

  test('after a newer file was moved aside: that one goes back', async () => {
    const row = await cutOff();
    await link(dropPath(inbox, 'x'), workPath(inbox, row));
    replace('x', 'two');
    await rename(dropPath(inbox, 'x'), asideOf(row));
    await resumeClaim(inbox, row);
    expect(await inDrop()).toEqual(['x']);
    await expectLoaded('one', 'two');
  });
});

test('K01: a claim whose undoing was cut off leaves no second name in in/', async () => {
  const row = await cutOff();
  await link(dropPath(inbox, 'x'), workPath(inbox, row));
  await rename(dropPath(inbox, 'x'), dropPath(inbox, `${row.id}.returned`));
  expect(await resumeClaim(inbox, row)).toMatchObject({ state: 'claimed' });
  expect(await inDrop()).toEqual([]);
  await expectLoaded('one');
});

describe('files in work/ that nobody works on', () => {
  test('K02: a second name of a file in in/ is only removed', async () => {
    await drop(inbox, 'x', 'one');
    await link(dropPath(inbox, 'x'), join(inbox.folders.work, '9__x'));
    await sweepWork(inbox);
    expect([await inDrop(), await filesUnder(inbox.folders.work)]).toEqual([['x'], []]);
    await expectLoaded('one');
  });

  test('K14: what the ledger does not know goes back to in/', async () => {
    await writeFile(join(inbox.folders.work, '9__x'), 'one');
    await writeFile(join(inbox.folders.work, 'note'), 'two');
    await sweepWork(inbox);
    expect(await inDrop()).toEqual(['note', 'x']);
    await expectLoaded('one', 'two');
  });

  test('K14: also when in/ has a file of that name', async () => {
    await writeFile(join(inbox.folders.work, '9__x'), 'one');
    await drop(inbox, '9__x', 'two');
    await expectLoaded('one', 'two');
  });

  test('what is settled is moved on, and not processed again', async () => {
    await drop(inbox, 'x', 'one');
    await workOff();
    const row = await onlyRow(at.store.db);
    await rename(join(at.spool, row.place ?? ''), workPath(inbox, row));
    await expectLoaded('one');
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'done', place: row.place });
  });

  test('what another process is about to finish is left to it, and a folder to the operator', async () => {
    await drop(inbox, 'x', 'one');
    const row = await claim(inbox, await seen('x'));
    await mkdir(join(inbox.folders.work, 'notes'));
    await sweepWork(inbox);
    expect(await filesUnder(inbox.folders.work)).toEqual([`${row?.id ?? 0}__x`]);
    expect(await inDrop()).toEqual([]);
  });
});
