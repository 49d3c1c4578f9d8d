import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { syncFolder, writeNew } from '../../../shared/runtime/durable.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'durable-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a new file has its content and mode, and replaces none', async () => {
  const file = join(folder, 'x');
  await writeNew(file, 'one', 0o640);
  await expect(writeNew(file, 'two')).rejects.toMatchObject({ code: 'EEXIST' });
  expect([await readFile(file, 'utf8'), (await stat(file)).mode & 0o777]).toEqual(['one', 0o640]);
});

test('R01: of a file that cannot be written nothing stays behind', async () => {
  await expect(writeNew(join(folder, 'x'), 7 as unknown as string)).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});

test('R05: a refused fsync is a fault of its own, which names the folder and the error', async () => {
  await syncFolder(folder);
  // The kernel's own folders cannot be synced.
  await expect(syncFolder('/proc')).rejects.toMatchObject({
    code: 'SYNC_FAILED',
    detail: 'fsync of /proc: EINVAL',
  });
});

test('a folder that is not there is no refused fsync', async () => {
  await expect(syncFolder(join(folder, 'x'))).rejects.toMatchObject({ code: 'ENOENT' });
});
