import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as othersTurn } from 'node:timers/promises';
import { promisify } from 'node:util';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { errnoOf } from '../../../shared/runtime/faults.ts';
import { lookAt, makeLink, moveTo, readAtOnce, removeLink } from '../../../shared/spool/file-calls.ts';

/** Enough that they go to the thread, once that is ready. */
const numbers = Array.from({ length: 40 }, (_, number) => number);

let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calls-'));
  for (const number of numbers) await writeFile(at(`${number}`), `content ${number}`);
  // Only the thread reads; it says that it is ready when the event loop comes round.
  const read = () => Promise.all(numbers.map((number) => readAtOnce(at(`${number}`), 100)));
  while ((await read()).includes(undefined)) await othersTurn();
});
afterEach(() => rm(folder, { recursive: true }));

const errnos = async (calls: readonly Promise<unknown>[]): Promise<(string | undefined)[]> =>
  (await Promise.allSettled(calls)).map((end) =>
    end.status === 'rejected' ? errnoOf(end.reason) : undefined,
  );

test('many at once do what they do one by one, each with its own outcome', async () => {
  await writeFile(at('taken'), '');
  const links = numbers.map((n) => makeLink(at(`${n}`), n % 10 === 0 ? at('taken') : at(`linked ${n}`)));
  expect(await errnos(links)).toEqual(numbers.map((n) => (n % 10 === 0 ? 'EEXIST' : undefined)));
  const seen = await Promise.all(numbers.map((n) => lookAt(n === 7 ? at('missing') : at(`${n}`))));
  expect(seen[7]).toBeUndefined();
  expect(seen[10]?.names).toBe(1);
  const { dev, ino, size, mtimeNs } = await lstat(at('11'), { bigint: true });
  expect(seen[11]).toEqual({
    mark: { dev: `${dev}`, inode: `${ino}`, size: Number(size), mtimeNs: `${mtimeNs}` },
    names: 2,
  });
  expect(await errnos(numbers.map((n) => moveTo(at(`linked ${n}`), at(`moved ${n}`))))).toEqual(
    numbers.map((n) => (n % 10 === 0 ? 'ENOENT' : undefined)),
  );
  await Promise.all(numbers.map((n) => removeLink(at(`${n}`))));
  const moved = numbers.filter((n) => n % 10 !== 0).map((n) => `moved ${n}`);
  expect((await readdir(folder)).sort()).toEqual([...moved, 'taken'].sort());
});

test('names that are no text are the same names there', async () => {
  const name = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x66, 0xff, 0xfe])]);
  await writeFile(name, 'odd');
  const seen = await Promise.all(numbers.map(() => lookAt(name)));
  expect(seen.map((each) => each?.mark.size)).toEqual(numbers.map(() => 3));
});

test('a small regular file is read as it is; everything else is left to the caller', async () => {
  await symlink(at('1'), at('link'));
  await writeFile(at('long'), Buffer.alloc(101));
  const names = ['1', 'link', 'long', 'missing', '.', ...numbers.slice(5).map(String)];
  const read = await Promise.all(names.map((name) => readAtOnce(at(name), 100)));
  expect(read[0]).toMatchObject({
    digest: createHash('sha256').update('content 1').digest('hex'),
    mark: (await lookAt(at('1')))?.mark,
  });
  expect(Buffer.from(read[0]?.bytes ?? []).toString()).toBe('content 1');
  expect(read.slice(1, 5)).toEqual([undefined, undefined, undefined, undefined]);
  expect(read.slice(5)).not.toContain(undefined);
});

test('a process that has nothing else to do ends, whether its thread was of use or not', async () => {
  const module = new URL('../../../shared/spool/file-calls.ts', import.meta.url).href;
  const text = `import { lookAt } from '${module}';
    await Promise.all(Array.from({ length: 20 }, () => lookAt('.')));`;
  await writeFile(at('program.mjs'), text);
  const ended = promisify(execFile)(process.execPath, [at('program.mjs')], { timeout: 20_000 });
  expect(await ended).toMatchObject({ stdout: '' });
});
