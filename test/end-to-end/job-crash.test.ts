import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, expect, test } from '@jest/globals';

import type { FailPoint } from '../../shared/runtime/fail-point.ts';
import { answered, everythingApplied, foundOf, nothingApplied } from '../support/answered-orders.ts';
import { testRuntime, type TestRuntime } from '../support/test-runtime.ts';

/** The job of responses, in a process of its own that is killed within a portion of many batches, and run again. */

const program = new URL('../support/job-program.ts', import.meta.url).pathname;
let rt: TestRuntime;
afterEach(() => rt.close());

async function prepare(): Promise<number[]> {
  rt = await testRuntime();
  return answered(rt);
}

const found = (batches: readonly number[]) => foundOf(rt, batches);

/** @returns the signal that ended it, if one did */
async function runProgram(point = '', n = 1): Promise<NodeJS.Signals | null> {
  const words = [program, rt.loaded.home, 'deviceEnrolmentResponse', point, String(n)];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) throw new Error(`exit ${code ?? ''}`);
  return signal;
}

const kills: [FailPoint, number, object][] = [
  ['job.batch-taken', 1, nothingApplied],
  ['job.batch-taken', 4, nothingApplied],
  ['job.item-written', 1, nothingApplied],
  ['job.item-written', 3, nothingApplied],
  ['job.item-committed', 1, everythingApplied],
  ['job.item-committed', 3, everythingApplied],
  ['job.batch-settled', 4, everythingApplied],
];

test.each(kills)(
  'killed at %s, the %i. time: a portion is there whole or not at all, once',
  async (point, n, left) => {
    const batches = await prepare();
    expect(await runProgram(point, n)).toBe('SIGKILL');
    expect(await found(batches)).toEqual(left);
    expect(await runProgram()).toBeNull();
    expect(await found(batches)).toEqual(everythingApplied);
  },
);

test('two processes at once apply everything once', async () => {
  const batches = await prepare();
  expect(await Promise.all([runProgram(), runProgram()])).toEqual([null, null]);
  expect(await found(batches)).toEqual(everythingApplied);
});
