import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { noMounts } from '../support/namespace.ts';

/** The benchmark of many hosts with a few files: nothing is lost or done twice, and nothing is left behind. */

const bench = fileURLToPath(new URL('../../bench/bench-hosts.js', import.meta.url));
// A machine that lets nobody give processes host names of their own cannot run this one; the reporter names what was left out, and
// under CI it fails.
if (noMounts !== undefined) console.warn(`many hosts are left out: ${noMounts}`);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
  await chmod(folder, 0o711);
});
afterAll(() => rm(folder, { recursive: true }));

interface Report {
  readonly hosts: {
    readonly daemon: string;
    readonly hosts: number;
    readonly perSecond: number;
    readonly lost: number;
    readonly duplicates: number;
    readonly shares: readonly number[];
    readonly server: { readonly statements: number; readonly cpuSeconds: number };
  }[];
  readonly store: { readonly name: string; readonly processes: number; readonly perSecond: number }[];
}

const files = 40;

interface Run {
  readonly code: number | null;
  readonly last: unknown;
  readonly report: Report;
}

async function run(processes: string, ...names: string[]): Promise<Run> {
  const json = join(folder, 'out.json');
  const only = names.flatMap((name) => ['--only', name]);
  const words = [bench, '--files', String(files), '--processes', processes, '--json', json, ...only];
  const env = { ...process.env, TMPDIR: folder };
  const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  await once(child, 'close');
  const report = JSON.parse(await readFile(json, 'utf8')) as Report;
  await rm(json);
  return { code: child.exitCode, last: JSON.parse(text.trim().split('\n').at(-1) ?? ''), report };
}

// A machine that lets nobody give hosts other names cannot run it; the reporter names what was left out, and under CI it fails.
(noMounts === undefined ? test : test.skip)(
  'E05 loaders, extractors and adaptors of two hosts take each file once',
  async () => {
    const daemons = ['loader', 'extractor', 'adaptor'];
    const { code, last, report } = await run('2', ...daemons);
    expect(code).toBe(0);
    expect(last).toEqual({ runs: 3, wrong: 0 });
    expect(report.hosts.map(({ daemon, hosts }) => [daemon, hosts])).toEqual(
      daemons.map((daemon) => [daemon, 2]),
    );
    for (const { hosts, lost, duplicates, perSecond, shares, server } of report.hosts) {
      expect([lost, duplicates]).toEqual([0, 0]);
      expect(perSecond).toBeGreaterThan(0);
      expect(shares.reduce((total, share) => total + share, 0)).toBe(files * (1 + hosts));
      expect(server.statements).toBeGreaterThan(0);
    }
    expect(await readdir(folder)).toEqual([]);
  },
  180_000,
);

test('what the store alone can take is measured from one process and from two', async () => {
  const names = ['store-files', 'commits-that-ring'];
  const { code, report } = await run('1,2', ...names);
  expect(code).toBe(0);
  expect(report.store.map(({ name, processes }) => [name, processes])).toEqual(
    names.flatMap((name) => [
      [name, 1],
      [name, 2],
    ]),
  );
  for (const { perSecond } of report.store) expect(perSecond).toBeGreaterThan(0);
  expect(await readdir(folder)).toEqual([]);
}, 120_000);
