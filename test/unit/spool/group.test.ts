import { mkdirSync, renameSync } from 'node:fs';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { Fault } from '../../../shared/runtime/faults.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import type { Inbox } from '../../../shared/spool/inbox.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { loadedTexts, loading, loadingOf, textOf } from '../../support/loading.ts';
import {
  contentsOf,
  drop,
  dropPath,
  filesUnder,
  finalFiles,
  ledger,
  temporarySpool,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { watchedDb } from '../../support/watched-db.ts';

/** Files that are worked on together. */

let at: TemporarySpool;
let inbox: Inbox;
beforeEach(async () => {
  at = await temporarySpool();
  inbox = at.inbox;
});
afterEach(() => at.close());

const never = new AbortController().signal;

async function round(worker: InboxWorker, stop = never) {
  await worker.step(stop);
  at.clock.advance(2);
  return worker.step(stop);
}

/** Drops files with these texts, the n-th by the name of n, and works them off. */
async function receive(texts: readonly string[], handle: FileHandler = loading, db = at.store.db) {
  for (const [index, text] of texts.entries()) await drop(inbox, String(index), text);
  return round(new InboxWorker({ ...inbox, db }, handle));
}

const finals = async (folder: 'done' | 'rejected' | 'hold') => contentsOf(await finalFiles(inbox), folder);

/** Refuses what is called so, as the product does: before it decides, or with the store in hand. */
const finding =
  (when: 'before' | 'within', fault: (text: string) => Fault | undefined): FileHandler =>
  async (file) => {
    const text = await textOf(file);
    const thrown = fault(text);
    if (thrown !== undefined && when === 'before') throw thrown;
    const decision = loadingOf(file);
    return async (trx) => {
      const outcome = await decision(trx);
      if (thrown !== undefined) throw thrown;
      return outcome;
    };
  };

const bad = (text: string): Fault | undefined =>
  text === 'bad' ? new Fault('SCHEMA_VIOLATION', 'bad') : undefined;

describe('a group', () => {
  test('has one commit for the claims, one for the records and one for the archive', async () => {
    let commits = 0;
    const db = watchedDb(at.store.db, (call) => {
      if (call === 'committed') commits++;
    });
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`).sort();
    expect(await receive(texts, loading, db)).toEqual({ worked: 20, refused: 0, waiting: 0 });
    expect(commits).toBe(3);
    expect(await loadedTexts(at.store.db)).toEqual(texts);
    expect(await finals('done')).toEqual(texts);
    const rows = await ledger(at.store.db);
    expect(rows.map(({ state, attempts, crashes }) => ({ state, attempts, crashes }))).toEqual(
      Array.from({ length: 20 }, () => ({ state: 'done', attempts: 1, crashes: 0 })),
    );
  });

  test('handles its files at the same time', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    let begun = 0;
    const waiting: FileHandler = async (file) => {
      if (++begun === 3) resolve(undefined);
      await promise;
      return loadingOf(file);
    };
    expect(await receive(['a', 'b', 'c'], waiting)).toMatchObject({ worked: 3 });
  });

  test.each(['before', 'within'] as const)('A bad file found %s the transaction goes alone', async (when) => {
    const texts = ['one', 'bad', 'two'];
    expect(await receive(texts, finding(when, bad))).toMatchObject({ worked: 3, refused: 1 });
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
    expect(await finals('done')).toEqual(['one', 'two']);
    expect(await finals('rejected')).toEqual(['bad']);
    expect((await ledger(at.store.db)).map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
  });

  test('what cannot be done now is put off alone, and its attempt counts', async () => {
    const busy = (text: string) => (text === 'busy' ? new Fault('FILE_BUSY', 'not now') : undefined);
    expect(await receive(['one', 'busy'], finding('within', busy))).toMatchObject({ worked: 2 });
    expect(await loadedTexts(at.store.db)).toEqual(['one']);
    const [deferred] = (await ledger(at.store.db)).filter(({ state }) => state !== 'done');
    expect(deferred).toMatchObject({ name: '1', state: 'deferred', attempts: 1 });
  });

  test('the same bytes twice in it are loaded once', async () => {
    expect(await receive(['same', 'same'])).toMatchObject({ worked: 2, refused: 1 });
    expect(await loadedTexts(at.store.db)).toEqual(['same']);
    const [first, second] = await ledger(at.store.db);
    expect([first?.state, second?.state, second?.fault_code]).toEqual(['done', 'rejected', 'DUPLICATE']);
    expect(second?.detail).toContain(`(delivery ${first?.id ?? 0})`);
  });

  test('surroundings that fail leave nothing half done, and no attempt counts', async () => {
    let full = true;
    const worker = new InboxWorker(
      inbox,
      finding('within', (text) => (full && text === 'two' ? new Fault('NO_SPACE', 'full') : undefined)),
    );
    for (const text of ['one', 'two', 'three']) await drop(inbox, text, text);
    await expect(round(worker)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await loadedTexts(at.store.db)).toEqual([]);
    expect(await ledger(at.store.db)).toMatchObject(
      ['one', 'two', 'three'].map(() => ({ state: 'claimed', attempts: 0, crashes: 0 })),
    );
    full = false;
    expect(await worker.step(never)).toMatchObject({ worked: 3 });
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'three', 'two']);
  });

  test('a commit that fails leaves none of its records, and all are tried again', async () => {
    let failing = true;
    const db = watchedDb(at.store.db, (call) => {
      if (call === 'transaction' && failing && commits++ === 1) throw new Fault('NO_SPACE', 'full');
    });
    let commits = 0;
    await expect(receive(['one', 'two'], loading, db)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await loadedTexts(at.store.db)).toEqual([]);
    failing = false;
    expect(await new InboxWorker({ ...inbox, db }, loading).step(never)).toMatchObject({ worked: 2 });
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });

  test('a file that is gone between look and claim is missed by nobody', async () => {
    let moved = false;
    const db = watchedDb(at.store.db, (call) => {
      if (moved || call !== 'insertInto') return;
      moved = true;
      renameSync(dropPath(inbox, '1'), dropPath(inbox, '.1'));
    });
    expect(await receive(['one', 'two', 'three'], loading, db)).toMatchObject({ worked: 2 });
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'three']);
    expect(await ledger(at.store.db)).toHaveLength(2);
  });

  test('a folder that takes the place of a file is left where it is, the others go on', async () => {
    let swapped = false;
    const db = watchedDb(at.store.db, (call) => {
      if (swapped || call !== 'insertInto') return;
      swapped = true;
      renameSync(dropPath(inbox, '0'), dropPath(inbox, '.0'));
      mkdirSync(dropPath(inbox, '0'));
    });
    expect(await receive(['one', 'two'], loading, db)).toMatchObject({ worked: 1 });
    expect(at.events.filter(({ name }) => name === 'file.unclaimed')).toHaveLength(1);
  });

  test('K09: being told to stop ends the round between two groups', async () => {
    const stop = new AbortController();
    const worker = new InboxWorker(
      inbox,
      (file) => {
        stop.abort();
        return loading(file);
      },
      7,
    );
    for (let n = 0; n < 12; n++) await drop(inbox, String(n), `text ${n}`);
    await round(worker, stop.signal);
    // Three groups of two were under way.
    expect(await finals('done')).toHaveLength(6);
    expect(await filesUnder(inbox.folders.in)).toHaveLength(6);
  });

  test('a poisoned store call ends with one fault, and recovery finds every file', async () => {
    let calls = 0;
    const db = watchedDb(at.store.db, (call) => {
      if (call === 'transaction' && ++calls === 3)
        throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
    });
    await expect(receive(['one', 'two'], loading, db)).rejects.toMatchObject({ code: 'STORE_BUSY' });
    expect(await ledger(at.store.db)).toMatchObject([
      { state: 'done', moved_at: null },
      { state: 'done', moved_at: null },
    ]);
    await new InboxWorker({ ...inbox, db }, loading).step(never);
    expect(await finals('done')).toEqual(['one', 'two']);
    expect(await loadedTexts(at.store.db)).toEqual(['one', 'two']);
  });
});
