import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { waitFor } from '../support/wait-for.ts';

/** The benchmark with a few files: that it measures, says what, and leaves nothing behind. */

const bench = fileURLToPath(new URL('../../bench/bench.js', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Started {
  readonly child: ReturnType<typeof spawn>;
  /** Of stdout. */
  readonly text: Promise<string>;
}

/** Its installations lie in our folder. */
function start(...words: string[]): Started {
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, [bench, ...words], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  return { child, text: once(child, 'close').then(() => text) };
}

interface Report {
  readonly machine: { readonly cores: number; readonly fileSystem: string; readonly openpgp: string };
  readonly rows: {
    readonly name: string;
    readonly failed?: string;
    readonly verdict: {
      readonly measured: number;
      readonly reference: number;
      readonly unit: string;
      readonly ratio: { readonly median: number };
      readonly reached: boolean;
    };
  }[];
}

test('each figure beside its reference, in a table and as JSON; nothing is left behind', async () => {
  const json = join(folder, 'out.json');
  const names = ['loader-curve25519', 'extractor', 'response-job'];
  const sizes = ['--files', '5', '--devices', '500', '--rounds', '1', '--json', json];
  const { child, text } = start(...sizes, ...names.flatMap((name) => ['--only', name]));
  const lines = (await text).split('\n');
  const { machine, rows } = JSON.parse(await readFile(json, 'utf8')) as Report;
  expect(rows.map(({ failed }) => failed)).toEqual([undefined, undefined, undefined]);
  expect(child.exitCode).toBe(0);
  expect(machine.cores).toBeGreaterThan(0);
  expect(machine.openpgp).toMatch(/^\d+\.\d+\.\d+$/);
  expect(rows.map(({ name, verdict }) => [name, verdict.unit])).toEqual([
    ['loader-curve25519', 'files/s'],
    ['extractor', 'files/s'],
    ['response-job', 'devices/s'],
  ]);
  for (const { name, verdict } of rows) {
    const { measured, reference, ratio } = verdict;
    expect(Math.min(measured, reference)).toBeGreaterThan(0);
    expect(ratio.median).toBeCloseTo(measured / reference, 5);
    expect(lines.find((line) => line.startsWith(`${name} `))).toMatch(/(reached|MISSED)$/);
  }
  expect(JSON.parse(lines.at(-2) ?? '')).toMatchObject({ measurements: 3, skipped: 0, failed: 0 });
  await rm(json);
  expect(await readdir(folder)).toEqual([]);
}, 60_000);

test('nothing is left behind when it is interrupted', async () => {
  const { child, text } = start('--only', 'latency', '--files', '1000', '--rounds', '1');
  // The daemon is at work by then.
  await waitFor('the log of the loader', async () => {
    const [home = ''] = await readdir(folder);
    const said = await readFile(join(folder, home, 'var', 'loader.out'), 'utf8').catch(() => '');
    return said.includes('file.done') || undefined;
  });
  child.kill('SIGINT');
  await text;
  expect(child.exitCode).toBe(130);
  expect(await readdir(folder)).toEqual([]);
}, 60_000);

test('what it is asked for has to be there', async () => {
  const unknown = start('--only', 'nothing-like-this');
  expect(await unknown.text).toBe('');
  expect(unknown.child.exitCode).toBe(2);
  const list = await start('--list', '--files', '20').text;
  for (const name of ['loader-rsa3072', 'adaptor', 'large-file', 'csv-answer', 'backlog', 'chain'])
    expect(list).toContain(`\n${name} `);
});
