import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Fault } from '../../../shared/runtime/faults.ts';
import { RereadFiles } from '../../../shared/runtime/reread-files.ts';

let folder: string;
let now: number;
let readings: number;
let refused: string[];
/** Something that happens while the files are read. */
let meanwhile: (() => Promise<void>) | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reread-'));
  [now, readings, refused, meanwhile] = [0, 0, [], undefined];
});
afterEach(() => rm(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);

/** All files of the folder, in one text; one that says `bad` is of no use. */
const reread = () =>
  new RereadFiles({
    paths: async () => [folder, ...(await readdir(folder)).map(path)],
    clock: { now: () => new Date(now), monotonic: () => now },
    read: async () => {
      readings++;
      const names = await readdir(folder);
      const texts = await Promise.all(names.sort().map((name) => readFile(path(name), 'utf8')));
      await meanwhile?.();
      if (texts.includes('bad')) throw new Fault('KEY_UNREADABLE', 'one is bad');
      return texts.join();
    },
    onRefused: ({ detail }) => refused.push(detail),
  });

test('files that come, change and go are noticed; looked at after two seconds, or when somebody asks for it', async () => {
  await writeFile(path('a'), '1');
  const files = reread();
  expect(await files.current()).toBe('1');
  await writeFile(path('b'), '2');
  expect(await files.current()).toBe('1');
  expect(await files.latest()).toBe('1,2');
  await writeFile(path('b'), '3');
  now += 2000;
  expect(await files.current()).toBe('1,3');
  await rename(path('b'), path('c'));
  expect(await files.latest()).toBe('1,3');
  await rm(path('c'));
  expect(await files.latest()).toBe('1');
  expect([await files.latest(), readings]).toEqual(['1', 5]);
});

test('what is of no use leaves the one before, is told once, and is forgotten when it is mended', async () => {
  await writeFile(path('a'), '1');
  const files = reread();
  await files.current();
  await writeFile(path('b'), 'bad');
  expect([await files.latest(), await files.latest()]).toEqual(['1', '1']);
  expect(refused).toEqual(['one is bad']);
  expect(files.refusal?.code).toBe('KEY_UNREADABLE');
  await rm(path('b'));
  expect([await files.latest(), files.refusal, refused.length]).toEqual(['1', undefined, 1]);
});

test('files that change while they are read are read again before anybody is told', async () => {
  await writeFile(path('a'), '1');
  const files = reread();
  await files.current();
  await writeFile(path('a'), 'bad');
  meanwhile = async () => {
    meanwhile = undefined;
    await writeFile(path('a'), '2 2');
  };
  expect([await files.latest(), refused]).toEqual(['2 2', []]);
});
