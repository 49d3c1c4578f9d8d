import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { asRound, cameFurther, standstill } from '../../../shared/runtime/progress.ts';
import { OpenedFile } from '../../../shared/spool/received-file.ts';
import { progressPlugin } from '../../../shared/store/progress-plugin.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

/** O06: what counts as progress. */

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await testRuntime({});
});
afterEach(() => runtime.close());

/** Milliseconds without progress, right after something was done late in a round. */
const after = (doing: () => unknown): Promise<number> =>
  asRound('a task', async () => {
    await pause(60);
    await doing();
    return standstill()?.milliseconds ?? NaN;
  });

test('O06: a round that does nothing stands still; while there is none, nothing does', async () => {
  expect(standstill()).toBeUndefined();
  expect(await after(() => undefined)).toBeGreaterThanOrEqual(50);
  expect(standstill()).toBeUndefined();
});

test('O06: an answer of the store, and a piece of a file, are progress; what goes on beside the round is none', async () => {
  const db = runtime.db.withPlugin(progressPlugin());
  const ask = () => db.selectFrom('worker').select('id').execute();
  expect(await after(ask)).toBeLessThan(50);
  expect(await after(() => runtime.db.selectFrom('worker').select('id').execute())).toBeGreaterThanOrEqual(
    50,
  );

  const path = join(runtime.loaded.home, 'file');
  await writeFile(path, 'x');
  expect(
    await after(async () => {
      await using file = await OpenedFile.open(path, 10);
      await file.inspect();
    }),
  ).toBeLessThan(50);

  let beside: Promise<void> = Promise.resolve();
  let begin: () => void = () => undefined;
  beside = new Promise<void>((resolve) => (begin = resolve)).then(cameFurther);
  const still = await after(async () => {
    begin();
    await beside;
  });
  expect(still).toBeGreaterThanOrEqual(50);
});

test('O06: however much is asked of SQLite in a row, timers get their turn', async () => {
  const db = runtime.db.withPlugin(progressPlugin());
  let turns = 0;
  const timer = setInterval(() => turns++, 10);
  const end = performance.now() + 1500;
  while (performance.now() < end) await db.selectFrom('worker').select('id').execute();
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
});
