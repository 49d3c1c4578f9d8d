import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

/** The benchmark of the console, over a store of a few rows: that it runs, reaches every page, and says so. */

const bench = fileURLToPath(new URL('../../bench/bench-console.js', import.meta.url));

interface Figure {
  readonly path: string;
  readonly median: number;
  readonly status: number;
}

test('every page and every list of the API answers, alone and beside a process that writes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-console-'));
  try {
    const json = join(folder, 'out.json');
    const words = ['--devices', '1000', '--files', '200', '--rounds', '1', '--json', json];
    // Exit code 1: a page took too long, which on a busy machine says nothing.
    await promisify(execFile)(process.execPath, [bench, ...words]).catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== 1) throw error;
    });
    const { alone, beside, missing, written } = JSON.parse(await readFile(json, 'utf8')) as {
      alone: Figure[];
      beside: Figure[];
      missing: string[];
      written: string;
    };
    expect(missing).toEqual([]);
    expect(alone.length).toBeGreaterThan(60);
    expect([...alone, ...beside].filter(({ status }) => status !== 200)).toEqual([]);
    expect(alone.filter(({ median }) => median > 0)).toHaveLength(alone.length);
    expect(written).toMatch(/^\{"batches":\d+,"devices":\d+\}$/);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 120_000);
