import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import type { FailPoint } from '../../shared/runtime/fail-point.ts';
import { ledger } from '../support/temporary-spool.ts';
import { RetentionScene } from '../unit/retention/retention-scene.ts';

/** Retention, in a process of its own that is killed where it may be, and run again. */

const program = new URL('../support/retention-program.ts', import.meta.url).pathname;
const settings = { done: { days: 30 }, rejected: { days: 30 } };

let scene: RetentionScene;
afterEach(() => scene.close());

/** More files than are taken at a time would be slow: three, of which the second one kills. */
async function prepare(): Promise<void> {
  scene = await RetentionScene.open(settings);
  for (const name of ['a', 'b', 'c']) await scene.archive({ name, daysAgo: 60 });
  await scene.archive({ name: 'refused', state: 'rejected', daysAgo: 60 });
  await scene.archive({ name: 'held', state: 'held', daysAgo: 60 });
  await scene.dryRun();
}

/** @returns the signal that ended it, if one did */
async function run(point = '', n = 1): Promise<NodeJS.Signals | null> {
  const child = spawn(
    process.execPath,
    [program, scene.rt.loaded.home, JSON.stringify(settings), point, String(n)],
    { env: { ...process.env, NODE_OPTIONS: '' }, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (signal === null && code !== 0) throw new Error(`exit ${code ?? ''}`);
  return signal;
}

const kills: [FailPoint, number][] = [
  ['retention.recorded', 1],
  ['retention.unlinking', 1],
  ['retention.unlinking', 2],
  ['retention.unlinking', 3],
  ['retention.unlinking', 4],
  ['retention.unlinked', 1],
  ['retention.finished', 1],
  ['retention.finished', 2],
];

test.each(kills)('O13 killed at %s, the %i. time, the next run finishes', async (point, n) => {
  await prepare();
  expect(await run(point, n)).toBe('SIGKILL');
  const present = await scene.files();
  // Nothing is gone of which the store does not say so.
  const known = (await ledger(scene.rt.db)).filter((row) => row.removed_at === null).map(({ name }) => name);
  expect(present).toEqual(expect.arrayContaining(known));
  expect(await run()).toBeNull();
  expect(await scene.files()).toEqual(['held']);
  const rows = await ledger(scene.rt.db);
  expect(rows.filter(({ place, removed_at: removed }) => removed !== null && place !== null)).toEqual([]);
  expect(rows.map((row) => [row.name, row.removed_at !== null])).toEqual([
    ['a', true],
    ['b', true],
    ['c', true],
    ['refused', true],
    ['held', false],
  ]);
});

test('O13 what was put in the place of a file that was about to go stays', async () => {
  await prepare();
  expect(await run('retention.recorded')).toBe('SIGKILL');
  const [a, b] = await ledger(scene.rt.db);
  await writeFile(join(scene.spool, a?.place ?? ''), 'something else');
  // The same bytes, but put there since.
  await writeFile(join(scene.spool, b?.place ?? ''), 'content of b');
  expect(await run()).toBeNull();
  expect(await scene.files()).toEqual(['a', 'b', 'held']);
});
