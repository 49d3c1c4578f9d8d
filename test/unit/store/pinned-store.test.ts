import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import SqliteDatabase from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { PinnedStore } from '../../../shared/store/sqlite/pinned-store.ts';
import { inspectStoreCopy } from '../../../shared/store/sqlite/store-copy.ts';

/** A store that is copied as it was at one moment, while others write. */

let folder: string;
let file: string;
let writer: SqliteDatabase.Database;
const note = (text: string) => writer.prepare('insert into note (text) values (?)').run(text);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pinned-'));
  file = join(folder, 'store.db');
  writer = new SqliteDatabase(file, { timeout: 0 });
  writer.exec('pragma journal_mode = wal; create table note (id integer primary key, text text)');
  note('before');
});
afterEach(async () => {
  writer.close();
  await rm(folder, { recursive: true });
});

const pin = <T>(look: () => T) => PinnedStore.pin({ file, busySeconds: 1 }, look);

test('nobody writes in the moment that is pinned, and everybody afterwards', async () => {
  const { store, seen } = await pin(() => {
    try {
      note('in the moment');
      return 'written';
    } catch (error) {
      return (error as { code: string }).code;
    }
  });
  expect(seen).toBe('SQLITE_BUSY');
  note('after');
  expect(store.rows()).toEqual({ note: 1 });
  store.close();
});

test('the copy is that of the moment, whatever is written while it is made', async () => {
  for (let n = 0; n < 2000; n++) note('x'.repeat(1000));
  const { store } = await pin(() => undefined);
  const copy = join(folder, 'copy.db');
  const copying = store.copyTo(copy);
  for (let n = 0; n < 50; n++) {
    note('meanwhile');
    await new Promise(setImmediate);
  }
  writer.pragma('wal_checkpoint(passive)');
  await copying;
  store.close();
  expect(inspectStoreCopy(copy)).toEqual({ problems: [], rows: { note: 2001 } });
  // Looking at it leaves nothing beside it.
  expect((await readdir(folder)).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
});

test('what keeps the look from its end holds nobody', async () => {
  await expect(
    pin(() => {
      throw new Error('the spool is gone');
    }),
  ).rejects.toThrow('the spool is gone');
  expect(note('after').changes).toBe(1);
});
