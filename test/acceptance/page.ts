import { faultCodes, type FaultCode } from '../../shared/runtime/fault-codes.ts';
import type { FaultRow } from './row.ts';
import { groups } from './rows.ts';

/** docs/faults.md, made from the acceptance table, the fault-code table, and the names of the tests. */

/** Row id -> test files that have it in a test's name. */
export type TestsOfRow = ReadonlyMap<string, readonly string[]>;

/** Ids stand at the beginning of a test's name, or of a row of its table: `A08: without bytes`, `K01 K03 …`. */
export function idsIn(source: string): Set<string> {
  const ids = new Set<string>();
  for (const [, list = ''] of source.matchAll(/['"`]((?:[A-Z]\d\d[ :,]+)+)/g)) {
    for (const [id] of list.matchAll(/[A-Z]\d\d/g)) ids.add(id);
  }
  return ids;
}

export function faultsPage(tests: TestsOfRow): string {
  return [
    '# Faults',
    '',
    'What may go wrong, and what the product then does. This page is made by `npm run docs` from',
    '[the table of rows](../test/acceptance/rows.ts), [the table of fault codes](../shared/runtime/fault-codes.ts) and the',
    'names of the tests; a test holds that it is up to date.',
    '',
    '## Codes',
    '',
    'A code stands in the log, in the reason file beside a refused file, and in `enrol file show`. Its class decides what',
    'follows: _permanent_ rejects the file, _transient_ tries again with growing waits, _environment_ lets the task rest',
    'until the cause is gone, _bug_ ends the process.',
    '',
    ...table(
      ['Code', 'Class', 'What happened', 'What to do'],
      Object.entries(faultCodes).map(([code, row]) => [`\`${code}\``, row.class, row.what, row.action]),
    ),
    '',
    ...groups.flatMap(({ title, rows }) => [
      `## ${title}`,
      '',
      ...table(
        ['Id', 'Fault', 'What happens', 'Code', 'Tests'],
        rows.map((row) => [row.id, row.fault, row.happens, codesOf(row), testsOf(row, tests)]),
      ),
      '',
    ]),
  ].join('\n');
}

const codesOf = ({ codes = [] }: FaultRow): string =>
  codes.map((code: FaultCode) => `\`${code}\``).join(', ');

function testsOf({ id, untested }: FaultRow, tests: TestsOfRow): string {
  const files = tests.get(id) ?? [];
  if (files.length === 0) return untested ?? '';
  return files.map((file) => `[${nameOf(file)}](../${file})`).join(', ');
}

const nameOf = (file: string): string => file.replace(/^test\//, '').replace(/\.test\.ts$|\.ts$/, '');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}
