import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { afterEach, expect, test } from '@jest/globals';

import type { FailPoint } from '../../shared/runtime/fail-point.ts';
import { batchHistory, batchItems } from '../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../shared/store/devices.ts';
import { eventsOf } from '../support/store-lookups.ts';
import { testRuntime, type TestRuntime } from '../support/test-runtime.ts';
import { dispatchedOrder, loadResponse, run } from '../unit/jobs/scenes.ts';

/** The job of responses, in a process of its own that is killed within a portion of many batches, and run again. */

const program = new URL('../support/job-program.ts', import.meta.url).pathname;
const refused = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'already enrolled' }];

let rt: TestRuntime;
afterEach(() => rt.close());

/** Four answers, of which the provider refuses one and nobody has asked for another. @returns their batches */
async function prepare(): Promise<number[]> {
  rt = await testRuntime();
  for (const id of ['12', '13', '14']) await dispatchedOrder(rt, id, [`A${id}`, `B${id}`]);
  await run(rt, 'deviceEnrolmentRequest');
  const batches: number[] = [];
  for (const id of [12, 99, 13, 14]) {
    batches.push(await loadResponse(rt, { id, ...(id === 13 && { errors: refused }) }));
  }
  return batches;
}

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

/** What is in the store of the answers: each change is a row. */
async function found(batches: readonly number[]): Promise<object> {
  const stagesOf = async (id: number) =>
    (await batchHistory(rt.db, id)).slice(2).map(({ stage, status }) => `${stage} · ${status}`);
  const historyOf = async (id: string) =>
    Promise.all(
      (await devicesOfOrder(rt.db, id)).map(async (device) =>
        (await deviceHistory(rt.db, device.id)).slice(2).map(({ status }) => status),
      ),
    );
  return {
    stages: await Promise.all(batches.map(stagesOf)),
    items: (await Promise.all(batches.map((id) => batchItems(rt.db, id)))).flat().map((item) => item.status),
    devices: await Promise.all(['12', '13', '14'].map(historyOf)),
    events: (await eventsOf(rt.db, '13')).length,
  };
}

const nothing = {
  stages: [[], [], [], []],
  items: ['Open', 'Open', 'Open', 'Open'],
  devices: [
    [[], []],
    [[], []],
    [[], []],
  ],
  events: 0,
};
const done = ['Batch · In progress', 'Batch · Complete'];
const everything = {
  stages: [done, ['Batch · In progress', 'Batch · Error'], done, done],
  items: ['Complete', 'Error', 'Complete', 'Complete'],
  devices: [
    [['Enrolled'], ['Enrolled']],
    [['Enrol Failed'], ['Enrol Failed']],
    [['Enrolled'], ['Enrolled']],
  ],
  events: 1,
};

const kills: [FailPoint, number, object][] = [
  ['job.batch-taken', 1, nothing],
  ['job.batch-taken', 4, nothing],
  ['job.item-written', 1, nothing],
  ['job.item-written', 3, nothing],
  ['job.item-committed', 1, everything],
  ['job.item-committed', 3, everything],
  ['job.batch-settled', 4, everything],
];

test.each(kills)(
  'killed at %s, the %i. time: a portion is there whole or not at all, once',
  async (point, n, left) => {
    const batches = await prepare();
    expect(await runProgram(point, n)).toBe('SIGKILL');
    expect(await found(batches)).toEqual(left);
    expect(await runProgram()).toBeNull();
    expect(await found(batches)).toEqual(everything);
  },
);

test('two processes at once apply everything once', async () => {
  const batches = await prepare();
  expect(await Promise.all([runProgram(), runProgram()])).toEqual([null, null]);
  expect(await found(batches)).toEqual(everything);
});
