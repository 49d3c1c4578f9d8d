import { mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { isShort, roomOf, withRoom } from '../../../shared/daemon/room.ts';
import type { LoadedConfig } from '../../../shared/runtime/config.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await testRuntime();
  await mkdir(join(runtime.loaded.home, 'spool'));
  await mkdir(join(runtime.loaded.home, 'var'));
});
afterEach(() => runtime.close());

/** More than any disk of a test has. */
const endless = 1_000_000;
const keeping = (spool: number, store: number): LoadedConfig => ({
  ...runtime.loaded,
  config: configSchema.parse({ spool: { reserveMegabytes: spool }, store: { reserveMegabytes: store } }),
});

/** One round of a task that counts its rounds. */
async function round(loaded: LoadedConfig): Promise<number> {
  let rounds = 0;
  const task = { name: 'inbox', step: () => Promise.resolve({ worked: ++rounds, refused: 0, waiting: 0 }) };
  const kept = withRoom(loaded, task);
  expect(kept.name).toBe('inbox');
  await kept.step(new AbortController().signal);
  return rounds;
}

describe('R01: a task that keeps a reserve', () => {
  test('begins a round while there is room', async () => {
    expect(await round(keeping(1, 1))).toBe(1);
  });

  test.each([
    ['spool', endless, 1, /^\/\S+\/spool has \d+ MB free, 1000000 MB are kept in reserve$/],
    ['store', 1, endless, /^\/\S+\/var has \d+ MB free, 1000000 MB are kept in reserve$/],
    ['spool and store', endless, endless, /\/spool has .*; .*\/var has /],
  ])('begins none while the %s has too little, and says so', async (_, spool, store, detail) => {
    await expect(round(keeping(spool, store))).rejects.toMatchObject({
      code: 'NO_SPACE',
      class: 'environment',
      detail: expect.stringMatching(detail),
    });
  });

  test('looks at no disk that has to keep none', async () => {
    await rm(join(runtime.loaded.home, 'spool'), { recursive: true });
    expect(await roomOf(keeping(0, 0))).toEqual([]);
    expect(await round(keeping(0, 0))).toBe(1);
  });

  test('tells a folder that is gone from a full one', async () => {
    await rm(join(runtime.loaded.home, 'spool'), { recursive: true });
    await expect(round(keeping(1, 1))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('room is what an ordinary user may still use', async () => {
  const { bavail, bsize } = await statfs(runtime.loaded.home);
  const [spool] = await roomOf(keeping(1, 1));
  expect(Math.abs((spool?.freeMegabytes ?? 0) - (bavail * bsize) / 1024 / 1024)).toBeLessThan(100);
  expect(isShort({ folder: '/', freeMegabytes: 64, reserveMegabytes: 64 })).toBe(false);
  expect(isShort({ folder: '/', freeMegabytes: 63, reserveMegabytes: 64 })).toBe(true);
});
