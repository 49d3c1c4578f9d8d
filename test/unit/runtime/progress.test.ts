import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { asRound, cameFurther, standstill } from '../../../shared/runtime/progress.ts';
import { OpenedFile } from '../../../shared/spool/received-file.ts';
import { progressPlugin } from '../../../shared/store/progress-plugin.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

/** O06: what counts as progress. */

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await testRuntime({});
});
afterEach(() => runtime.close());

/** Whether a round has come further by what it does. */
const comesFurther = (doing: () => unknown): Promise<boolean> =>
  asRound('a task', async () => {
    await pause(5);
    const begun = performance.now();
    await doing();
    const now = performance.now();
    return (standstill()?.milliseconds ?? NaN) <= now - begun;
  });

test('O06: a round that does nothing stands still; while there is none, nothing does', async () => {
  expect(standstill()).toBeUndefined();
  expect(await comesFurther(() => pause(5))).toBe(false);
  expect(standstill()).toBeUndefined();
});

test('O06: an answer of the store, and a piece of a file, are progress; what goes on beside the round is none', async () => {
  const ask = (db: Db) => () => db.selectFrom('worker').select('id').execute();
  expect(await comesFurther(ask(runtime.db.withPlugin(progressPlugin())))).toBe(true);
  // As the lease does.
  expect(await comesFurther(ask(runtime.db))).toBe(false);

  const path = join(runtime.loaded.home, 'file');
  await writeFile(path, 'x');
  const read = async () => {
    await using file = await OpenedFile.open(path, 10);
    await file.inspect();
  };
  expect(await comesFurther(read)).toBe(true);

  let begin: () => void = () => undefined;
  const beside = new Promise<void>((resolve) => (begin = resolve)).then(cameFurther);
  const wait = async () => {
    begin();
    await beside;
  };
  expect(await comesFurther(wait)).toBe(false);
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
