import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { Program } from '../../support/installation.ts';
import type { Reading } from '../../support/reading.ts';

/** Hostile content, each read by a process of its own, so that its memory is its own too. */

const programAt = (name: string) => fileURLToPath(new URL(`../../support/${name}`, import.meta.url));
const megabyte = 1024 * 1024;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'formats-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function reading(format: string, content: Buffer, program = 'reader-program.ts'): Promise<Reading> {
  const file = join(folder, `content.${format}`);
  await writeFile(file, content);
  const { stdout, stderr } = await new Program([programAt(program), format, file]).exit;
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Reading;
}

/** A text that begins so, and then repeats something up to the size. */
const filled = (begin: string, repeated: string, size: number): Buffer =>
  Buffer.concat([Buffer.from(begin), Buffer.alloc(size - begin.length, repeated)]);

/** A quick machine takes a tenth of it. */
const seconds = 10;

describe.each([
  [
    'X02: an entity for each level, in 4 MB of a DTD',
    'xml',
    () => filled('<!DOCTYPE a [<!ENTITY l0 "lol">', '<!ENTITY l "&l0;&l0;">', 4 * megabyte),
    'XML_DTD',
  ],
  ['X02: 4 MB of DTDs', 'xml', () => filled('<!DOCTYPE a>', '<!DOCTYPE a>', 4 * megabyte), 'XML_DTD'],
  ['X02: 800,000 references', 'xml', () => filled('<a>', '&#65;', 4_000_003), 'TOO_LARGE'],
  [
    'X02: 4 MB of references that never end',
    'xml',
    () => filled('<a>&#', '1', 4 * megabyte),
    'XML_NOT_WELL_FORMED',
  ],
  [
    'X03: 4 MB of an element that is not closed',
    'xml',
    () => filled('<a>', 'x', 4 * megabyte),
    'XML_NOT_WELL_FORMED',
  ],
  [
    'X03: 4 MB of a tag that is not closed',
    'xml',
    () => filled('<a b="', ' c=""', 4 * megabyte),
    'XML_NOT_WELL_FORMED',
  ],
  ['X05: a million elements', 'xml', () => filled('<a>', '<b/>', 4 * megabyte), 'TOO_LARGE'],
  ['X05: a depth of a million', 'xml', () => filled('<a>', '<a>', 3 * megabyte), 'XML_TOO_DEEP'],
  [
    'V07: 64 MB behind a quote that is not closed',
    'csv',
    () => filled('a,b\n1,"', '2,3\n', 64 * megabyte),
    'CSV_MALFORMED',
  ],
  ['V08: one value of 64 MB', 'csv', () => filled('a,b\n1,', 'x', 64 * megabyte), 'CSV_MALFORMED'],
  ['V08: 64 million columns', 'csv', () => filled('a,b\n1', ',', 64 * megabyte), 'CSV_MALFORMED'],
  ['V17: a million bad rows', 'csv', () => filled('a,b\n', '1\n', 2_000_000), 'CSV_MALFORMED'],
  ['V17: as many bad rows as 64 MB hold', 'csv', () => filled('a,b\n', '1\n', 64 * megabyte), 'TOO_LARGE'],
  ['J02: a depth of a million', 'json', () => filled('[', '[', megabyte), 'JSON_TOO_DEEP'],
])('%s', (_what, format, content, code) => {
  test('is refused in no time, and memory stays flat', async () => {
    const read = await reading(format, content());
    expect(read.code).toBe(code);
    expect(read.seconds).toBeLessThan(seconds);
    expect(read.grownMegabytes).toBeLessThan(48);
  });
});

describe('a table that comes in pieces', () => {
  test('V08: of a million rows takes no more memory than a piece', async () => {
    const read = await reading('pieces', filled('a,b\n', 'device,OK\n', 4 + 10 * 1_000_000));
    expect(read.code).toBe('read');
    expect(read.grownMegabytes).toBeLessThan(24);
  });

  test.each([
    ['the same of each row', 'OK,,', 500, 48],
    ['something else of each row', 'ERROR,E1,no device', 200, 64],
  ])('V08: that says %s takes what its keys and texts have', async (_what, said, thousands, most) => {
    const rows = Array.from({ length: thousands }, (_, thousand) =>
      Array.from({ length: 1000 }, (__, one) => {
        const key = `SERIAL${1000 * thousand + one}`;
        return `${key},${said}${said.endsWith(',') ? '' : ` ${key}`},T\n`;
      }).join(''),
    );
    const table = Buffer.from(`Serial,Status,Code,Text,Batch\n${rows.join('')}`);
    const read = await reading('answer', table, 'answer-program.ts');
    expect(read.code).toBe('read');
    expect(read.grownMegabytes).toBeLessThan(most);
  });
});
