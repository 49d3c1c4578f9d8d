import { readFile } from 'node:fs/promises';

import { expect, test } from '@jest/globals';

import { isFaultCode } from '../../shared/runtime/fault-codes.ts';
import { madePage, pageFile, testsByRow } from '../acceptance/made-page.ts';
import { idsIn } from '../acceptance/page.ts';
import { groups } from '../acceptance/rows.ts';

const rows = groups.flatMap((group) => group.rows);

test('docs/faults.md is what `npm run docs` makes', async () => {
  expect(await readFile(pageFile, 'utf8')).toBe(await madePage());
});

test('every row has a test that bears its id, or says why not', async () => {
  const tests = await testsByRow();
  const open = rows.filter((row) => !tests.has(row.id) && row.untested === undefined).map((row) => row.id);
  expect(open).toEqual([]);
  const both = rows.filter((row) => tests.has(row.id) && row.untested !== undefined).map((row) => row.id);
  expect(both).toEqual([]);
});

test('ids are those of the table, and stand in it once', async () => {
  const ids = rows.map((row) => row.id);
  expect(new Set(ids).size).toBe(ids.length);
  const strangers = [...(await testsByRow())].filter(([id]) => !ids.includes(id));
  expect(strangers).toEqual([]);
  expect(rows.flatMap((row) => row.codes ?? []).filter((code) => !isFaultCode(code))).toEqual([]);
});

test('ids are read from the names of tests and from the rows of their tables', () => {
  const source = `test('K01 K03: killed', …); ['A08: without bytes', 'x'], const id = 'A12'; // 'X01'`;
  expect([...idsIn(source)]).toEqual(['K01', 'K03', 'A08']);
});
