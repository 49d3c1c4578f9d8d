import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Doorbell } from '../../../shared/spool/doorbell.ts';
import { waitFor } from '../../support/wait-for.ts';

const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

let folder: string;
let doorbell: Doorbell | undefined;
let told: string[];
let heard: string[];
let timersBefore: number;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'doorbell-')), 'in');
  await mkdir(folder);
  timersBefore = timers() + 1; // The one that waits.
  told = [];
  heard = [];
});
afterEach(async () => {
  await doorbell?.close();
  await rm(dirname(folder), { recursive: true });
  // chokidar leaves throttle timers of a second behind, on which the test process would seem to hang.
  await waitFor('the timers of chokidar to run out', () => timers() <= timersBefore);
});

/** How many watches this process has from the kernel. */
async function watches(): Promise<number> {
  const folder = '/proc/self/fdinfo';
  const texts = await Promise.all(
    (await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8').catch(() => '')),
  );
  return texts.join('').split('inotify wd:').length - 1;
}

const hang = (): void => {
  const onRing = (name?: string) => void heard.push(name ?? '');
  doorbell = new Doorbell(folder, onRing, (name) => void told.push(name));
};

/** The watch takes a moment to stand, so there are new files until one was heard. */
async function ringsFor(name: string): Promise<void> {
  let count = 0;
  await waitFor(`a ring for ${name}`, async () => {
    await writeFile(join(folder, `${count++}${name}`), '');
    return heard.some((heardOf) => heardOf.endsWith(name)) || undefined;
  });
}

test('A27: a new file rings, also under a name that editors use', async () => {
  hang();
  for (const name of ['x', 'y~', '.z.swp']) await ringsFor(name);
  expect(told).toEqual([]);
});

test('A16: a folder of many files is watched by one watch, and not by one for each of them', async () => {
  const names = Array.from({ length: 500 }, (_, index) => `waiting${index}`);
  for (const name of names) await writeFile(join(folder, name), '');
  const before = await watches();
  hang();
  await ringsFor('x');
  expect(await watches()).toBe(before + 1);
});

test('A01: a name that comes or goes rings; a file that grows does not, its scan looks again by itself', async () => {
  hang();
  await ringsFor('first');
  const come = heard.at(-1) ?? '';
  heard = [];
  await appendFile(join(folder, come), 'more');
  await rename(join(folder, come), join(dirname(folder), 'gone'));
  await waitFor('a ring for the name that went', () => heard.includes(come) || undefined);
  await writeFile(join(folder, 'last'), '');
  await waitFor('a ring for the last one', () => heard.includes('last') || undefined);
  expect(heard.filter((name) => name === come)).toHaveLength(1);
});

test.each([
  ['deleted and made anew', () => rm(folder, { recursive: true })],
  ['mounted over', () => rename(folder, `${folder}-below`)],
])('A14: a folder that was %s rings, and so do the files in it', async (_, remove) => {
  hang();
  await ringsFor('first');
  await remove();
  await mkdir(folder);
  heard = [];
  await ringsFor('second');
  expect(told).toEqual([]);
});

test('A14 A15: a folder that is missing at first rings when it is there', async () => {
  await rm(folder, { recursive: true });
  hang();
  await mkdir(folder);
  await ringsFor('x');
  expect(told).toEqual([]);
});
