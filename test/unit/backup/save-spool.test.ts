import { appendFile, link, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { isEarlierDay } from '../../../shared/backup/backup-rules.ts';
import { bytesOf, listFolder, listTwice, type Listing } from '../../../shared/backup/listing.ts';
import { saveSpool } from '../../../shared/backup/save-spool.ts';

/** The files of a spool in which everything moves on while they are copied. */

let spool: string;
let draft: string;
const at = (...path: string[]) => join(spool, 'inbox', ...path);
const saved = (...path: string[]) => readFile(join(draft, 'spool', 'inbox', ...path), 'utf8');
const look = (): Listing => listTwice(spool, () => false);
const day = 'done/2026/05/06';

beforeEach(async () => {
  spool = await mkdtemp(join(tmpdir(), 'spool-'));
  draft = await mkdtemp(join(tmpdir(), 'draft-'));
  for (const folder of ['in', 'work', 'tmp', 'hold', 'rejected', day])
    await mkdir(at(folder), { recursive: true });
});
afterEach(async () => {
  for (const folder of [spool, draft]) await rm(folder, { recursive: true });
});

test('a file that has gone on its way is saved under the name that it had', async () => {
  await writeFile(at('in', 'x'), 'one');
  await writeFile(at('in', 'y'), 'two');
  const listing = look();
  await rename(at('in', 'x'), at('work', '7__x'));
  await rename(at('in', 'y'), at(day, 'y'));
  await writeFile(at('in', 'x'), 'a newer one of that name');
  const result = await saveSpool(spool, draft, listing);
  expect(result).toMatchObject({ gone: [], changing: [] });
  expect(result.saved.map(({ path }) => path).sort()).toEqual(['spool/inbox/in/x', 'spool/inbox/in/y']);
  expect([await saved('in', 'x'), await saved('in', 'y')]).toEqual(['one', 'two']);
});

test('a file that went away for good is told, and none of the others is kept from being saved', async () => {
  await writeFile(at('in', 'x'), 'one');
  await writeFile(at('in', 'y'), 'two');
  const listing = look();
  await rm(at('in', 'x'));
  const result = await saveSpool(spool, draft, listing);
  expect(result.gone).toEqual(['inbox/in/x']);
  expect(await saved('in', 'y')).toBe('two');
});

test('a file that is written to is not saved half', async () => {
  await writeFile(at('in', 'x'), 'half');
  const listing = look();
  await appendFile(at('in', 'x'), ' and whole');
  expect(await saveSpool(spool, draft, listing)).toEqual({ saved: [], gone: [], changing: ['inbox/in/x'] });
  expect(listFolder(draft).files).toEqual([]);
});

test('nor is one that somebody goes on writing while it is copied', async () => {
  const size = 2_500_000;
  const outcomes = new Set<string>();
  for (let turns = 0; turns < 60; turns += 2) {
    await writeFile(at('in', 'x'), Buffer.alloc(size));
    const listing = look();
    const saving = saveSpool(spool, draft, listing);
    for (let turn = 0; turn < turns; turn++) await setImmediate();
    await appendFile(at('in', 'x'), 'more');
    const { saved, changing } = await saving;
    outcomes.add([...saved.map((file) => `saved with ${file.size}`), ...changing].join());
    await rm(draft, { recursive: true });
  }
  // Where the copy was faster than the writer, it is the file as it was listed.
  outcomes.delete(`saved with ${size}`);
  expect([...outcomes]).toEqual(['inbox/in/x']);
  await mkdir(draft);
});

test('a file between two steps keeps both of its names', async () => {
  await writeFile(at('in', 'x'), 'one');
  await link(at('in', 'x'), at('work', '7__x'));
  const { saved: files } = await saveSpool(spool, draft, look());
  expect(files.map(({ path, sameAs }) => [path, sameAs])).toEqual([
    ['spool/inbox/in/x', undefined],
    ['spool/inbox/work/7__x', 'spool/inbox/in/x'],
  ]);
  expect((await stat(join(draft, 'spool/inbox/work/7__x'))).nlink).toBe(2);
});

test('names that are no UTF-8 are saved as they are', async () => {
  const name = Buffer.from([0x78, 0xff, 0xe9]);
  await writeFile(Buffer.concat([Buffer.from(`${at('in')}/`), name]), 'one');
  const { saved: files } = await saveSpool(spool, draft, look());
  expect(files).toHaveLength(1);
  expect(await readFile(bytesOf(draft, files[0]?.path ?? ''), 'utf8')).toBe('one');
  expect(bytesOf('', files[0]?.path ?? '').subarray(-3)).toEqual(name);
});

test('folders are read in the order in which files go through them', async () => {
  for (const folder of ['rejected', day, 'work', 'tmp', 'hold', 'in'])
    await writeFile(at(folder, 'x'), folder);
  expect(look().files.map(({ path }) => path)).toEqual(
    ['in', 'tmp', 'work', 'hold', 'rejected', day].map((folder) => `inbox/${folder}/x`),
  );
});

test.each([
  ['inbox/done/2026/05/04', true],
  ['inbox/done/2026/05/05', false],
  ['inbox/done/2026/05/06', false],
  ['inbox/done/2026/05', false],
  ['provider/apple/inbound/done/2025/12/31', true],
  ['inbox/in/2025/01/01', false],
])('only folders of earlier days are read later: %s', (folder, later) => {
  expect(isEarlierDay(folder, new Date('2026-05-06T00:10:00Z'))).toBe(later);
});
