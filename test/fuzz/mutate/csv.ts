import type { Random } from '../random.ts';
import { mutated, type Mutation } from './mutation.ts';

/** Changes to a table, and to the way in which it is written as CSV. */

type Table = readonly (readonly string[])[];

/** Longer inputs would only take longer. */
const maxCharacters = 300_000;

const oddCells = [
  ...[
    '',
    ' ',
    '"',
    '""',
    '"x',
    'x"y',
    ',',
    '\n',
    '\r',
    '\r\n',
    '\t',
    ';',
    '\u0000',
    '\u0007',
    '\u0085',
    '\ufeff',
  ],
  ...[
    '=1+1',
    '-1',
    '+1',
    '@x',
    '0',
    '00',
    '1.0',
    '1e3',
    '99999999999',
    '9'.repeat(400),
    'true ',
    'TRUE',
    'null',
  ],
  ...['__proto__', 'constructor', 'toString', 'order_id', '\u{1f600}', '\ud800', '\u202e', 'x'.repeat(201)],
  ...[
    '2026-02-30T00:00:00Z',
    '2026-04-20T00:00:60Z',
    '+275760-09-13T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '1.1.2026',
  ],
  ...['A'.repeat(9_999), 'A'.repeat(66_000), 'x,'.repeat(300), 'x\n'.repeat(300)],
];

/** A column of every row. */
const withColumns = (table: Table, change: (row: readonly string[]) => readonly string[]): Table =>
  table.map(change);

function withRow(
  random: Random,
  table: Table,
  change: (row: readonly string[]) => readonly (readonly string[])[],
): Table {
  const index = random.below(table.length);
  return table.flatMap((row, n) => (n === index ? change(row) : [row]));
}

const withCell = (random: Random, table: Table, change: (cell: string) => string): Table =>
  withRow(random, table, (row) => {
    const column = random.below(row.length);
    return [row.map((cell, n) => (n === column ? change(cell) : cell))];
  });

const mutations: readonly Mutation<Table>[] = [
  (random, table) => withCell(random, table, () => random.pick(oddCells)),
  (random, table) => withCell(random, table, () => random.pick(oddCells)),
  (random, table) => withCell(random, table, (cell) => cell + random.pick(oddCells)),
  (random, table) => withCell(random, table, () => random.pick(['', ...table.flat()])),
  (random, table) => withRow(random, table, () => []),
  (random, table) => withRow(random, table, (row) => [row, row]),
  (random, table) =>
    withRow(random, table, (row) => {
      const most = 1 + Math.floor(maxCharacters / (1 + row.join('').length));
      return Array.from({ length: Math.min(random.between(2, 400), most) }, () => row);
    }),
  (random, table) => withRow(random, table, (row) => [row.slice(0, random.below(row.length))]),
  (random, table) =>
    withRow(random, table, (row) => [
      [...row, ...Array.from({ length: random.pick([1, 3, 300]) }, () => 'x')],
    ]),
  (random, table) => withRow(random, table, (row) => [row, ['']]),
  (random, table) => {
    const column = random.below(table[0]?.length ?? 1);
    return withColumns(table, (row) => row.toSpliced(column, 1));
  },
  (random, table) => {
    const column = random.below(table[0]?.length ?? 1);
    return withColumns(table, (row) => [...row, row[column] ?? '']);
  },
  (random, table) => {
    const more = Array.from({ length: random.pick([1, 2, 300]) }, (_, n) => `extra_${n}`);
    return withColumns(table, (row) => [...row, ...more]);
  },
  (random, table) => random.shuffled(table),
  (random, table, other) => [...table, ...other.slice(random.below(other.length))],
];

/** What stays a good table. */
const lawful: readonly Mutation<Table>[] = [
  (random, table) => {
    const order = random.shuffled((table[0] ?? []).map((_, n) => n));
    return withColumns(table, (row) => order.map((n) => row[n] ?? ''));
  },
  (random, [header = [], ...rows]) => [header, ...random.shuffled(rows)],
  (random, [header = [], ...rows]) => [header, ...rows.slice(random.below(rows.length))],
  (random, [header = [], ...rows]) => [
    header,
    ...rows,
    ...rows.map((row) => row.with(0, `9${random.below(10 ** 6)}`)),
  ],
];

const lineEnds = ['\n', '\r\n', '\r'];

/** CSV of a table after some changes. */
export function mutatedCsv(random: Random, table: Table, delimiter = ','): Buffer {
  const changed = mutated(random, table, table, random.chance(0.3) ? lawful : mutations);
  const [quoted, end] = [random.pick([0, 0, 0.2, 1]), random.pick(lineEnds)];
  const separator = random.chance(0.97) ? delimiter : random.pick([';', '\t', ' ,', '|']);
  const cell = (value: string): string =>
    random.chance(quoted) || ((value.includes(delimiter) || /[",\r\n]/.test(value)) && random.chance(0.97))
      ? `"${value.replaceAll('"', '""')}"`
      : value;
  const mixed = random.chance(0.1);
  const lines = changed.map((row) => row.map(cell).join(separator) + (mixed ? random.pick(lineEnds) : end));
  const text =
    (random.chance(0.1) ? '\ufeff' : '') + (random.chance(0.3) ? lines.join('').trimEnd() : lines.join(''));
  if (random.chance(0.98)) return Buffer.from(text);
  const utf16 = Buffer.from(`\ufeff${text}`, 'utf16le');
  return random.pick([utf16, utf16.subarray(2), Buffer.from(text, 'latin1'), Buffer.from(text + text)]);
}
