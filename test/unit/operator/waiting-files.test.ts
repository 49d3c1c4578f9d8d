import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { waitingFiles } from '../../../shared/operator/waiting-files.ts';
import { numbers } from '../../support/store-examples.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waiting-'));
});
afterEach(() => rm(folder, { recursive: true }));

const drop = (count: number, name: string) =>
  Promise.all(numbers(count).map((n) => writeFile(join(folder, `${name}-${n}`), 'x')));

const earlier = new Date('2026-05-06T12:00:00Z');
const later = new Date('2026-05-06T12:00:05Z');

test('a folder with few files is looked at each time', async () => {
  await drop(3, 'a');
  await writeFile(join(folder, '.hidden'), 'x');
  expect((await waitingFiles(folder, earlier)).since).toHaveLength(3);
  await drop(2, 'b');
  const found = await waitingFiles(folder, later);
  expect(found.since).toHaveLength(5);
  expect(found.seenAt).toEqual(later);
  for (const since of found.since) expect(Math.abs(Date.now() - since)).toBeLessThan(60_000);
});

test('a crowded folder is looked at once, and says when that was', async () => {
  await drop(1001, 'a');
  expect(await waitingFiles(folder, earlier)).toMatchObject({ seenAt: earlier });
  await drop(1, 'b');
  const found = await waitingFiles(folder, later);
  expect(found.since).toHaveLength(1001);
  expect(found.seenAt).toEqual(earlier);
});

test('who asks while a folder is looked at shares the look', async () => {
  await drop(1001, 'a');
  const [one, other] = await Promise.all([waitingFiles(folder, earlier), waitingFiles(folder, later)]);
  expect(other).toBe(one);
});

test('a folder that is not there has no files; one that cannot be read is told of', async () => {
  expect((await waitingFiles(join(folder, 'missing'), earlier)).since).toEqual([]);
  await writeFile(join(folder, 'file'), 'x');
  await expect(waitingFiles(join(folder, 'file'), earlier)).rejects.toThrow('ENOTDIR');
  await mkdir(join(folder, 'file-2'));
  expect((await waitingFiles(join(folder, 'file-2'), later)).since).toEqual([]);
});
