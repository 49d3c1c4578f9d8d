import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, rmdirSync, writeSync } from 'node:fs';
import { chmod, lstat, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Emit } from '../../../shared/runtime/events.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import type { StepResult } from '../../../shared/runtime/task-loop.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { wholeOf } from '../../../shared/spool/received-file.ts';
import { findDelivery } from '../../../shared/store/deliveries.ts';
import { registerWorker, type Worker } from '../../../shared/store/workers.ts';
import { loadedTexts, loading, loadingOf, textOf } from '../../support/loading.ts';
import {
  contentsOf,
  drop,
  dropPath,
  filesUnder,
  finalFiles,
  ledger,
  onlyRow,
  reasonOf,
  temporarySpool,
  withSettings,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { asOrdinaryUser } from '../../support/ordinary-user.ts';
import { waitFor } from '../../support/wait-for.ts';
import { watchedDb } from '../../support/watched-db.ts';
import { insertSeen, markClaimed } from '../../support/one-file.ts';

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = at.inbox;
});
afterEach(() => at.close());

const never = new AbortController().signal;
const step = (worker: InboxWorker): Promise<StepResult> => worker.step(never);

/** Two looks, so that every file is quiet. */
async function round(worker: InboxWorker): Promise<StepResult> {
  await step(worker);
  at.clock.advance(2);
  return step(worker);
}

/** Drops a file and works it off. */
async function receive(
  name: string | Buffer,
  content: string | Buffer,
  handle = loading,
): Promise<StepResult> {
  await drop(inbox, name, content);
  return round(new InboxWorker(inbox, handle));
}

const failing =
  (fault: () => unknown): FileHandler =>
  () => {
    throw fault();
  };
const busy = failing(() => new Fault('FILE_BUSY', 'not now'));
const eventNames = () => at.events.map((event) => event.name);
const finals = async () => (await finalFiles(inbox)).map(({ folder, path }) => `${folder}/${path}`);

describe('a good file', () => {
  test('is loaded and archived, and the ledger knows it all', async () => {
    expect(await receive('x', 'one')).toEqual({ worked: 1, refused: 0, waiting: 0 });
    expect(await finals()).toEqual(['done/2026/05/06/x']);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    const digest = '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'done',
      attempts: 1,
      crashes: 0,
      batch_id: 1,
      digest,
      identity: digest,
      place: `${inbox.name}/done/2026/05/06/x`,
    });
    expect(eventNames()).toEqual(['file.claimed', 'file.done']);
    expect(at.events[1]?.fields).toMatchObject({
      file: 'x',
      delivery: 1,
      digest,
      summary: 'one record',
      batch: 1,
    });
  });

  test('reaches the handler with the very bytes of its digest', async () => {
    const bytes = Buffer.from([0, 255, 10, 13]);
    let seen: Uint8Array | undefined;
    await receive('x', bytes, async (file) => {
      seen = await wholeOf(file);
      return loading(file);
    });
    expect(seen).toEqual(bytes);
  });

  test('that is dropped again under its name while the first is worked on is another one', async () => {
    await drop(inbox, 'x', 'one');
    const worker = new InboxWorker(inbox, async (file) => {
      if ((await textOf(file)) === 'one') await drop(inbox, 'x', 'two');
      return loadingOf(file);
    });
    await round(worker);
    await round(worker);
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
    expect(await finals()).toEqual(['done/2026/05/06/x', 'done/2026/05/06/x.2']);
  });
});

test('A22: names that differ in case or composition only are files of their own, with archive names of their own', async () => {
  const names = ['x', 'X', 'e\u0301', '\u00e9'];
  for (const name of names) await drop(inbox, name, `text of ${name}`);
  expect(await round(new InboxWorker(inbox, loading))).toEqual({ worked: 4, refused: 2, waiting: 0 });
  expect(await loadedTexts(at.store.db)).toEqual(['text of X', 'text of x']);
  const ends = await finalFiles(inbox);
  expect(ends.map(({ content }) => content).sort()).toEqual(names.map((name) => `text of ${name}`).sort());
  expect(ends.map(({ folder, path }) => `${folder}/${path}`).sort()).toEqual([
    'done/2026/05/06/X',
    'done/2026/05/06/x',
    'rejected/unnamed',
    expect.stringMatching(/^rejected\/unnamed\.\d$/),
  ]);
});

describe('a file that is refused unread', () => {
  test.each([
    ['A08: without bytes', 'x', '', 'EMPTY_FILE'],
    ['R07: above the limit', 'x', Buffer.alloc(1024 * 1024 + 1), 'TOO_LARGE'],
    ['A21: with a line feed in its name', 'a\nb', 'one', 'BAD_NAME'],
    ['A21: with a leading dash', '-rf', 'one', 'BAD_NAME'],
    ['A21: with a name of 255 bytes', 'n'.repeat(255), 'one', 'BAD_NAME'],
    ['A21: with a name whose direction turns', 'a\u202eb', 'one', 'BAD_NAME'],
    ['A20: with a name that is not UTF-8', Buffer.from([0xff, 0x41]), 'one', 'BAD_NAME'],
  ])('%s', async (_, name, content, code) => {
    let handled = 0;
    expect(await receive(name, content, (file) => (handled++, loading(file)))).toMatchObject({ refused: 1 });
    expect(handled).toBe(0);
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'rejected', fault_code: code, attempts: 1 });
    const [file] = await finalFiles(inbox);
    expect(file?.content).toBe(String(content));
    expect(await reasonOf(inbox, file?.path ?? '')).toMatchObject({ code, delivery: 1 });
    expect(await filesUnder(inbox.folders.in)).toEqual([]);
  });

  test('R07: just at the limit it is taken', async () => {
    await receive('x', Buffer.alloc(1024 * 1024, 'x'));
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'done' });
  });

  test('R07: above a limit that is no whole number of bytes', async () => {
    const small = { ...inbox, settings: { ...inbox.settings, maxFileMegabytes: 0.01 } };
    await drop(inbox, 'x', Buffer.alloc(10_486, 'x'));
    await round(new InboxWorker(small, loading));
    expect(await onlyRow(at.store.db)).toMatchObject({ fault_code: 'TOO_LARGE' });
  });

  test('R07: however large, without reading it', async () => {
    await drop(inbox, 'x', '');
    await truncate(dropPath(inbox, 'x'), 2 ** 40);
    await round(new InboxWorker(inbox, loading));
    expect(await onlyRow(at.store.db)).toMatchObject({ fault_code: 'TOO_LARGE' });
  });

  test('A20: the reason shows the bytes of its name in hex', async () => {
    await receive(Buffer.from([0xff, 0x41]), 'one');
    expect(await finals()).toEqual(['rejected/unnamed']);
    expect((await reasonOf(inbox, 'unnamed')).detail).toContain('hex:ff41');
  });

  test('A17: a link is not followed, and what it leads to is untouched', async () => {
    const target = join(at.spool, 'secret');
    await writeFile(target, 'secret', { mode: 0o600 });
    await symlink(target, dropPath(inbox, 'x'));
    const before = await lstat(target);
    await round(new InboxWorker(inbox, loading));
    expect(await onlyRow(at.store.db)).toMatchObject({ fault_code: 'NOT_REGULAR', digest: null });
    expect((await lstat(join(inbox.folders.rejected, 'x'))).isSymbolicLink()).toBe(true);
    const after = await lstat(target);
    expect([after.mtimeMs, after.ctimeMs, after.nlink]).toEqual([before.mtimeMs, before.ctimeMs, 1]);
  });

  test('A18: a pipe does not block, and the files beside it go on', async () => {
    execFileSync('mkfifo', [dropPath(inbox, 'pipe').toString()]);
    await receive('x', 'one');
    const codes = (await ledger(at.store.db)).map((row) => [row.name, row.state, row.fault_code]).sort();
    expect(codes).toEqual([
      ['pipe', 'rejected', 'NOT_REGULAR'],
      ['x', 'done', null],
    ]);
  });
});

describe('what the handler finds', () => {
  test('a permanent fault rejects the file, with the reason beside it', async () => {
    const result = await receive(
      'x',
      'one',
      failing(() => new Fault('SCHEMA_VIOLATION', 'line 3: no order')),
    );
    expect(result).toEqual({ worked: 1, refused: 1, waiting: 0 });
    expect(await finals()).toEqual(['rejected/x']);
    const { digest } = await onlyRow(at.store.db);
    expect(await reasonOf(inbox, 'x')).toMatchObject({
      code: 'SCHEMA_VIOLATION',
      detail: 'line 3: no order',
      digest,
    });
    expect(at.events.at(-1)).toMatchObject({
      name: 'file.rejected',
      fields: { file: 'x', code: 'SCHEMA_VIOLATION', class: 'permanent', detail: 'line 3: no order' },
    });
  });

  test('a transient fault defers it, longer each time, then holds it', async () => {
    await drop(inbox, 'x', 'one');
    const worker = new InboxWorker(inbox, busy);
    await round(worker);
    const waits: number[] = [];
    for (let row = await onlyRow(at.store.db); row.state === 'deferred'; row = await onlyRow(at.store.db)) {
      const wait = (Date.parse(row.next_try_at ?? '') - at.clock.now().getTime()) / 1000;
      waits.push(wait);
      expect(await filesUnder(inbox.folders.work)).toEqual(['1__x']);
      at.clock.advance(wait - 0.01);
      expect((await step(worker)).worked).toBe(0);
      at.clock.advance(0.02);
      expect((await step(worker)).worked).toBe(1);
    }
    expect(waits).toHaveLength(3);
    for (const [index, plain] of [10, 20, 40].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(plain * 0.9);
      expect(waits[index]).toBeLessThanOrEqual(plain * 1.1);
    }
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'held',
      fault_code: 'TOO_MANY_ATTEMPTS',
      attempts: 4,
      detail: 'FILE_BUSY after 4 attempts: not now',
      next_try_at: null,
    });
    expect(await finals()).toEqual(['hold/x']);
    expect(await filesUnder(inbox.folders.hold)).toEqual(['x', 'x.reason.json']);
    expect(eventNames().filter((name) => name !== 'file.claimed')).toEqual([
      'file.deferred',
      'file.deferred',
      'file.deferred',
      'file.held',
    ]);
  });

  test('a deferred file is loaded when the cause is gone', async () => {
    let calls = 0;
    const worker = new InboxWorker(inbox, (file) => (calls++ === 0 ? busy(file) : loading(file)));
    await drop(inbox, 'x', 'one');
    await round(worker);
    at.clock.advance(12);
    await step(worker);
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'done',
      attempts: 2,
      fault_code: null,
      detail: null,
    });
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });

  test('R08: a file that always fails does not hold up twenty good ones', async () => {
    await drop(inbox, 'poison', 'poison');
    for (let count = 0; count < 20; count++) await drop(inbox, `good${count}`, `good ${count}`);
    const worker = new InboxWorker(inbox, (file) => (file.name === 'poison' ? busy(file) : loading(file)));
    expect(await round(worker)).toEqual({ worked: 21, refused: 0, waiting: 0 });
    expect(contentsOf(await finalFiles(inbox), 'done')).toHaveLength(20);
    for (let count = 0; count < 4; count++) {
      at.clock.advance(70);
      await step(worker);
    }
    expect(contentsOf(await finalFiles(inbox), 'hold')).toEqual(['poison']);
  });

  test('R01 R04: an environment fault stops the round; the file stays ours and is resumed', async () => {
    await drop(inbox, 'x', 'one');
    await drop(inbox, 'y', 'two');
    let full = true;
    const worker = new InboxWorker(
      inbox,
      (file) => {
        if (full) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        return loading(file);
      },
      1,
    );
    await expect(round(worker)).rejects.toMatchObject({ code: 'NO_SPACE' });
    await expect(step(worker)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'claimed', crashes: 0, attempts: 0 });
    expect(await filesUnder(inbox.folders.in)).toHaveLength(1);
    expect(await filesUnder(inbox.folders.work)).toHaveLength(1);
    full = false;
    expect(await step(worker)).toMatchObject({ worked: 2 });
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });

  test('A26: a file that we may not take stays, the others go on, and it is told once', async () => {
    const told: [string, object][] = [];
    const emit: Emit = (name, fields) => void told.push([name, fields]);
    // A folder in its place cannot be linked, like a file of somebody else's that we may not write.
    let swapped = false;
    const swap = (call: string) => {
      if (swapped || call !== 'insertInto') return;
      swapped = true;
      renameSync(dropPath(inbox, 'a'), dropPath(inbox, '.a'));
      mkdirSync(dropPath(inbox, 'a'));
    };
    const worker = new InboxWorker({ ...inbox, emit, db: watchedDb(at.store.db, swap) }, loading);
    await drop(inbox, 'a', 'one');
    await drop(inbox, 'b', 'two');
    expect(await round(worker)).toMatchObject({ worked: 1 });
    expect(await loadedTexts(at.store.db)).toEqual(['two']);
    const unclaimed = told.filter(([name]) => name === 'file.unclaimed');
    expect(unclaimed).toHaveLength(1);
    const { uid, gid, mode } = await lstat(dropPath(inbox, 'a'));
    expect(unclaimed[0]?.[1]).toMatchObject({
      file: 'a',
      code: 'SPOOL_PERMISSION',
      detail: expect.stringContaining(
        `belongs to ${uid}:${gid} and has mode 0${(mode & 0o777).toString(8)}; we are `,
      ) as unknown,
    });
    rmdirSync(dropPath(inbox, 'a'));
    renameSync(dropPath(inbox, '.a'), dropPath(inbox, 'a'));
    await round(worker);
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });

  test('A26: a file that we may not read is deferred, with its owner and mode; it is held after all attempts', async () => {
    await drop(inbox, 'a', 'one');
    await drop(inbox, 'b', 'two');
    await chmod(dropPath(inbox, 'a'), 0);
    const worker = new InboxWorker(inbox, loading);
    await asOrdinaryUser(at.store.folder, async () => {
      const { uid, gid } = await lstat(dropPath(inbox, 'a'));
      const owner = `the file belongs to ${uid}:${gid} and has mode 0000; we are ${uid}:${gid}`;
      expect(await round(worker)).toMatchObject({ worked: 2, refused: 0 });
      const rows = async () => (await ledger(at.store.db)).sort((x, y) => x.name.localeCompare(y.name));
      expect(await rows()).toMatchObject([
        { name: 'a', state: 'deferred', fault_code: 'SPOOL_PERMISSION', detail: `EACCES: ${owner}` },
        { name: 'b', state: 'done' },
      ]);
      for (let attempt = 2; attempt <= 4; attempt++) {
        at.clock.advance(100);
        await step(worker);
      }
      expect((await rows())[0]).toMatchObject({
        state: 'held',
        fault_code: 'TOO_MANY_ATTEMPTS',
        detail: `SPOOL_PERMISSION after 4 attempts: EACCES: ${owner}`,
      });
      expect(at.events.at(-1)?.name).toBe('file.held');
    });
  });

  test('O05: a bug ends the round, and its attempt is counted', async () => {
    await expect(
      receive(
        'x',
        'one',
        failing(() => new TypeError('x is undefined')),
      ),
    ).rejects.toMatchObject({
      code: 'BUG',
    });
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'claimed', attempts: 1 });
  });
});

describe('records and ledger are one transaction', () => {
  const commitThenThrow =
    (fault: Fault): FileHandler =>
    (file) => {
      const decision = loadingOf(file);
      return Promise.resolve(async (trx) => {
        await decision(trx);
        throw fault;
      });
    };

  test.each([
    ['permanent', 'UNKNOWN_BATCH', 'rejected'],
    ['transient', 'STORE_BUSY', 'deferred'],
  ] as const)('a commit that fails with a %s fault leaves no record', async (_, code, state) => {
    await receive('x', 'one', commitThenThrow(new Fault(code, 'no')));
    expect(await loadedTexts(at.store.db)).toEqual([]);
    expect(await onlyRow(at.store.db)).toMatchObject({
      state,
      fault_code: code,
      batch_id: null,
      identity: null,
    });
  });

  test('K03: a fault after the commit only delays the archiving', async () => {
    let commits = 0;
    const db = watchedDb(at.store.db, (call) => {
      // The first is that of the claim.
      if (commits === 2 && call === 'transaction') {
        commits = 0;
        throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
      }
      if (call === 'committed') commits++;
    });
    await drop(inbox, 'x', 'one');
    const worker = new InboxWorker({ ...inbox, db }, loading);
    await expect(round(worker)).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(await onlyRow(at.store.db)).toMatchObject({ state: 'done', moved_at: null });
    await step(worker);
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'done',
      attempts: 1,
      moved_at: at.clock.now().toISOString(),
    });
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    expect(await finals()).toEqual(['done/2026/05/06/x']);
  });

  test('D04: a store that is busy ends the round, instead of being waited for by every file, and is told', async () => {
    let calls = 0;
    const db = watchedDb(at.store.db, (call) => {
      if (call === 'insertInto' && calls++ === 0) {
        throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
      }
    });
    for (const name of ['x', 'y', 'z']) await drop(inbox, name);
    const worker = new InboxWorker({ ...inbox, db }, loading);
    await expect(round(worker)).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(await finals()).toEqual([]);
    await step(worker);
    expect(await finals()).toHaveLength(3);
  });
});

describe('V14: duplicates', () => {
  test('the same bytes under another name are rejected', async () => {
    await receive('x', 'one');
    await receive('y', 'one');
    expect(await finals()).toEqual(['done/2026/05/06/x', 'rejected/y']);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    const reason = await reasonOf(inbox, 'y');
    expect(reason.code).toBe('DUPLICATE');
    expect(reason.detail).toContain('x');
  });

  test('are taken under another name where the name counts, under the same they are not', async () => {
    inbox = withSettings(inbox, { duplicate: 'name and content' });
    await receive('x', 'one');
    await receive('y', 'one');
    await receive('x', 'one');
    expect(await finals()).toEqual(['done/2026/05/06/x', 'done/2026/05/06/y', 'rejected/x']);
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'one']);
  });

  test('V15: the same name with new content is a new delivery', async () => {
    await receive('x', 'one');
    await receive('x', 'two');
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });

  test('of a file that was rejected are none: it may be sent again', async () => {
    await receive(
      'x',
      'one',
      failing(() => new Fault('UNKNOWN_BATCH', 'no')),
    );
    await receive('x', 'one');
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });

  test('that two processes work on at once are loaded once', async () => {
    const other = { ...inbox, worker: await newWorker() };
    await drop(inbox, 'x', 'one');
    let handling = 0;
    let open: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const worker = (of: Inbox) =>
      new InboxWorker(of, async (file) => {
        if (++handling === 2) open();
        await gate;
        return loadingOf(file);
      });
    const first = round(worker(inbox));
    await waitForRows(1);
    await drop(inbox, 'y', 'one');
    await Promise.all([first, round(worker(other))]);
    const states = (await ledger(at.store.db)).map((row) => row.fault_code ?? row.state).sort();
    expect(states).toEqual(['DUPLICATE', 'done']);
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
  });
});

async function waitForRows(count: number): Promise<void> {
  await waitFor(`${count} claimed`, async () => {
    const rows = await ledger(at.store.db);
    return rows.filter((row) => row.state === 'claimed').length === count || undefined;
  });
}

describe('A03: a file that changes after the claim', () => {
  /** A sender that goes on writing whenever the file is taken, so many times. */
  function writing(times: number): Inbox {
    const file = openSync(dropPath(inbox, 'x'), 'a');
    return {
      ...inbox,
      emit: (name, fields) => {
        inbox.emit(name, fields);
        if (name !== 'file.claimed' || times < 0) return;
        if (times-- > 0) writeSync(file, ' and more');
        else closeSync(file);
      },
    };
  }

  test('waits and is not loaded, then is loaded whole', async () => {
    await drop(inbox, 'x', 'one');
    const worker = new InboxWorker(writing(1), loading);
    await round(worker);
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'deferred',
      fault_code: 'CHANGED_AFTER_CLAIM',
    });
    expect(await loadedTexts(at.store.db)).toEqual([]);
    at.clock.advance(12);
    await step(worker);
    expect(await loadedTexts(at.store.db)).toEqual(['one and more']);
    expect(contentsOf(await finalFiles(inbox), 'done')).toEqual(['one and more']);
  });

  test('waits longer each time', async () => {
    await drop(inbox, 'x', 'one');
    const worker = new InboxWorker(writing(3), loading);
    await round(worker);
    for (const [least, most] of [
      [9, 11],
      [18, 22],
      [36, 44],
    ] as const) {
      const next = Date.parse((await onlyRow(at.store.db)).next_try_at ?? '');
      const wait = (next - at.clock.now().getTime()) / 1000;
      expect(wait).toBeGreaterThanOrEqual(least);
      expect(wait).toBeLessThanOrEqual(most);
      at.clock.advance(wait + 0.01);
      await step(worker);
    }
    expect(await loadedTexts(at.store.db)).toEqual(['one and more and more and more']);
  });
});

describe('K13: a file that was removed from work/ by hand', () => {
  test('ends as lost, and the others go on', async () => {
    const worker = new InboxWorker(inbox, (file) => (file.name === 'x' ? busy(file) : loading(file)));
    await drop(inbox, 'x');
    await round(worker);
    await rm(join(inbox.folders.work, '1__x'));
    await drop(inbox, 'y', 'two');
    at.clock.advance(12);
    await round(worker);
    expect(
      (await ledger(at.store.db)).map((row) => [row.name, row.state, row.fault_code, row.place]),
    ).toEqual([
      ['x', 'rejected', 'LOST_BY_OPERATOR', null],
      ['y', 'done', null, `${inbox.name}/done/2026/05/06/y`],
    ]);
    expect(eventNames()).toContain('file.lost');
    expect(await step(worker)).toMatchObject({ worked: 0 });
  });
});

/** A process that is dead by now. */
async function deadWorker(): Promise<Worker> {
  const worker = await newWorker();
  await at.store.db.updateTable('worker').set({ pid_start: '0' }).where('id', '=', worker.id).execute();
  return worker;
}

const newWorker = () => registerWorker(at.store.db, 'other', at.clock.now());

/** A file in work/ that a process held when it died. */
async function heldBy(worker: Worker, name: string, attempts: number): Promise<number> {
  const work = async (id: number) => {
    const path = join(inbox.folders.work, `${id}__${name}`);
    await writeFile(path, `content of ${name}`);
    const { dev, ino, size, mtimeNs } = await lstat(path, { bigint: true });
    return { dev: `${dev}`, inode: `${ino}`, size: Number(size), mtimeNs: `${mtimeNs}` };
  };
  const id = (await ledger(at.store.db)).length + 1;
  const mark = await work(id);
  const row = await insertSeen(at.store.db, { inbox: inbox.name, name, mark }, worker, at.clock.now());
  if (row?.id !== id) throw new Error('another id');
  await markClaimed(at.store.db, row, `${inbox.name}/work/${id}__${name}`);
  await at.store.db.updateTable('delivery').set({ attempts }).where('id', '=', id).execute();
  return id;
}

describe('recovery', () => {
  test('K01: what a dead process held is worked on', async () => {
    await heldBy(await deadWorker(), 'x', 0);
    expect(await step(new InboxWorker(inbox, loading))).toMatchObject({ worked: 1 });
    expect(await onlyRow(at.store.db)).toMatchObject({
      state: 'done',
      crashes: 1,
      worker_id: inbox.worker.id,
    });
  });

  test('K05: what a living process holds is left to it', async () => {
    const id = await heldBy(await newWorker(), 'x', 1);
    expect(await step(new InboxWorker(inbox, loading))).toMatchObject({ worked: 0 });
    expect(await findDelivery(at.store.db, id)).toMatchObject({ state: 'claimed', attempts: 1 });
  });

  test('K11: the third death on a file holds it, and the others go on', async () => {
    const id = await heldBy(await deadWorker(), 'x', 1);
    await heldBy(await deadWorker(), 'y', 1);
    await at.store.db.updateTable('delivery').set({ crashes: 2 }).where('id', '=', id).execute();
    expect(await step(new InboxWorker(inbox, loading))).toMatchObject({ worked: 2, refused: 1 });
    expect(
      (await ledger(at.store.db)).map((row) => [row.name, row.state, row.fault_code, row.crashes]),
    ).toEqual([
      ['x', 'held', 'CRASH_LOOP', 3],
      ['y', 'done', null, 1],
    ]);
    expect(await finals()).toEqual(['done/2026/05/06/y', 'hold/x']);
  });

  test('K05: two processes that start after a crash load each file once', async () => {
    const dead = await deadWorker();
    for (const name of ['a', 'b', 'c', 'd']) await heldBy(dead, name, 1);
    const other = { ...inbox, worker: await newWorker() };
    const results = await Promise.all([inbox, other].map((of) => step(new InboxWorker(of, loading))));
    expect(results.map((result) => result.worked).reduce((one, two) => one + two)).toBe(4);
    expect(await loadedTexts(at.store.db)).toEqual(['a', 'b', 'c', 'd'].map((name) => `content of ${name}`));
    expect((await ledger(at.store.db)).map((row) => row.crashes)).toEqual([1, 1, 1, 1]);
  });

  test('K03: a file whose records are in the store is archived only', async () => {
    const id = await heldBy(await deadWorker(), 'x', 1);
    await at.store.db
      .updateTable('delivery')
      .set({ state: 'done', identity: 'x', settled_at: at.clock.now().toISOString() })
      .where('id', '=', id)
      .execute();
    await step(
      new InboxWorker(
        inbox,
        failing(() => new Error('called')),
      ),
    );
    expect(await finals()).toEqual(['done/2026/05/06/x']);
    expect(await loadedTexts(at.store.db)).toEqual([]);
  });
});

test('K09: being told to stop ends the round between two files', async () => {
  for (const name of ['x', 'y', 'z']) await drop(inbox, name);
  const stop = new AbortController();
  const worker = new InboxWorker(
    inbox,
    (file) => {
      stop.abort();
      return loading(file);
    },
    1,
  );
  await worker.step(stop.signal);
  at.clock.advance(2);
  expect(await worker.step(stop.signal)).toMatchObject({ worked: 1 });
  expect(await finals()).toHaveLength(1);
  expect(await filesUnder(inbox.folders.in)).toHaveLength(2);
});

test('a name leads nowhere outside of the inbox', async () => {
  await receive('x\\..\\..\\y', 'one');
  expect(await finals()).toEqual(['rejected/unnamed']);
  expect(await readFile(join(inbox.folders.rejected, 'unnamed'), 'utf8')).toBe('one');
});
