import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import {
  followLog,
  placeOf,
  placeText,
  tailOf,
  type LogPart,
  type LogPlace,
} from '../../../shared/operator/log-tail.ts';

let folder: string;
let file: string;
let ended: AbortController;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-log-'));
  file = join(folder, 'loader.log');
  ended = new AbortController();
});
afterEach(async () => {
  ended.abort();
  for (const reader of readers.splice(0)) await reader.close();
  await rm(folder, { recursive: true });
});

const readers: Reader[] = [];

/** What comes, as it is asked for. */
class Reader {
  readonly #parts: AsyncGenerator<LogPart>;
  last: LogPart | undefined;

  constructor(from?: LogPlace) {
    this.#parts = followLog(file, from, ended.signal);
    readers.push(this);
  }

  async close(): Promise<void> {
    await this.#parts.return(undefined);
  }

  /** As many lines, in as many parts as they come. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) {
      const next = await this.#parts.next();
      if (next.done === true) throw new Error(`it ended after ${lines.length} lines`);
      this.last = next.value;
      lines.push(...next.value.lines);
    }
    return lines;
  }
}

describe('the last lines', () => {
  test('are whole ones, and their end is where it goes on', async () => {
    expect(await tailOf(file)).toBeUndefined();
    await writeFile(file, 'one\ntwo\nhalf');
    const part = await tailOf(file);
    expect(part).toMatchObject({ lines: ['one', 'two'], skipped: false, next: { offset: 8 } });
    await appendFile(file, ' a line\n');
    expect(await new Reader(part?.next).lines(1)).toEqual(['half a line']);
  });

  test('of a large file begin with a whole line', async () => {
    await writeFile(file, Array.from({ length: 100_000 }, (_, index) => `line ${index}\n`).join(''));
    const part = await tailOf(file);
    expect(part?.skipped).toBe(true);
    expect(part?.lines[0]).toMatch(/^line \d+$/);
    expect(part?.lines.at(-1)).toBe('line 99999');
    expect(part?.lines.join('\n').length).toBeLessThanOrEqual(256 * 1024);
  });
});

describe('lines that come', () => {
  test('of a file that is not there yet, from its beginning', async () => {
    const reader = new Reader();
    const coming = reader.lines(1);
    await writeFile(file, 'first\n');
    expect(await coming).toEqual(['first']);
    const next = reader.lines(2);
    await appendFile(file, 'second\nthird\n');
    expect(await next).toEqual(['second', 'third']);
  });

  test('half a line waits for its rest', async () => {
    await writeFile(file, 'one\nha');
    const reader = new Reader();
    expect(await reader.lines(1)).toEqual(['one']);
    const next = reader.lines(1);
    await appendFile(file, 'lf');
    await appendFile(file, '\n');
    expect(await next).toEqual(['half']);
  });

  test('of a log that was put aside, first the rest of the old one', async () => {
    await writeFile(file, 'old 1\n');
    const reader = new Reader();
    expect(await reader.lines(1)).toEqual(['old 1']);
    await appendFile(file, 'old 2\nold 3, cut');
    await rename(file, `${file}.1`);
    await writeFile(file, 'new 1\n');
    expect(await reader.lines(3)).toEqual(['old 2', 'old 3, cut', 'new 1']);
    expect(await tailOf(file)).toMatchObject({ next: reader.last?.next });
  });

  test('of a log that was removed and begun anew, from its beginning', async () => {
    await writeFile(file, 'old and long\n');
    const reader = new Reader();
    await reader.lines(1);
    const next = reader.lines(1);
    await rm(file);
    await writeFile(file, 'new and longer than before\n');
    expect(await next).toEqual(['new and longer than before']);
  });

  test('of a log that was cut off, from its beginning', async () => {
    await writeFile(file, 'one\ntwo\n');
    const reader = new Reader();
    await reader.lines(2);
    await truncate(file);
    await appendFile(file, 'new\n');
    expect(await reader.lines(1)).toEqual(['new']);
  });

  test('a line without an end is cut, and is not kept whole', async () => {
    await writeFile(file, 'x'.repeat(200_000));
    const lines = await new Reader().lines(3);
    expect(lines.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536]);
  });

  test('who is far behind goes on with the newest', async () => {
    await writeFile(file, 'begin\n');
    const reader = new Reader();
    await reader.lines(1);
    await appendFile(file, Array.from({ length: 300_000 }, (_, index) => `line ${index}\n`).join(''));
    const lines = await reader.lines(1);
    expect(reader.last?.skipped).toBe(true);
    expect(lines.at(-1)).toBe('line 299999');
    expect(lines[0]).toMatch(/^line \d+$/);
  });

  test('it ends when nobody asks any more', async () => {
    await writeFile(file, '');
    const parts = followLog(file, undefined, ended.signal);
    const next = parts.next();
    ended.abort();
    expect(await next).toMatchObject({ done: true });
  });
});

test('however the bytes arrive, the lines are the same', async () => {
  const texts = fc.array(fc.stringMatching(/^[a-zäß漢🙂 ]{1,40}$/u), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.nat(60), { maxLength: 6 }), async (lines, cuts) => {
      await rm(file, { force: true });
      const stop = new AbortController();
      const parts = followLog(file, undefined, stop.signal);
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const seen: string[] = [];
      let at = 0;
      for (const end of [...cuts.sort((a, b) => a - b), bytes.length]) {
        await appendFile(file, bytes.subarray(at, end));
        at = Math.max(at, end);
        const whole = bytes.subarray(0, at).toString().split('\n').length - 1;
        while (seen.length < whole) seen.push(...((await parts.next()).value as LogPart).lines);
      }
      stop.abort();
      await parts.return(undefined);
      expect(seen).toEqual(lines);
    }),
    { numRuns: 30 },
  );
});

test('a place is written and read', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.nat(), (inode, offset) => {
      const place = { file: String(inode), offset };
      expect(placeOf(placeText(place))).toEqual(place);
    }),
  );
  for (const text of ['', '1', '1-', '-1', 'a-1', '1-1-1', '1-1e9', `1-${'9'.repeat(16)}`]) {
    expect(placeOf(text)).toBeUndefined();
  }
});
