import { describe, expect, test } from '@jest/globals';

import { readCsvOrders, readJsonOrders } from '../../../shared/operator/import-orders.ts';
import { toFault } from '../../../shared/runtime/faults.ts';

const header =
  'order_id,customer,order_date,purchase_order_number,enrolment_required,line_number,product,quantity,provider,organisation_id';
const row = (id: string, line: number | string, quantity: number | string = 2) =>
  `${id},Example Ltd,2026-01-12T09:15:00Z,PO-1,true,${line},Phone,${quantity},apple,7100456`;
const csv = (...rows: string[]) => Buffer.from([header, ...rows].join('\n'));
const order = (changes: object = {}) => ({
  id: '1',
  orderDate: '2026-01-12T09:15:00Z',
  enrolmentRequired: true,
  organisations: { apple: '7100456' },
  lines: [{ lineNumber: 1, quantity: 2, provider: 'apple' }],
  ...changes,
});
const json = (...orders: unknown[]) => Buffer.from(JSON.stringify(orders));

/** Code and lines of what it is refused for. */
function refusal(read: () => unknown): { code: string; problems: string[] } {
  try {
    read();
  } catch (error) {
    const { code, detail } = toFault(error);
    return { code, problems: detail.split('\n') };
  }
  throw new Error('it was read');
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('many problems', () => {
  test('V16: one bad order in 5,000 refuses the file, and is named', () => {
    const rows = numbers(5000).map((n) => row(String(n), 1, n === 3777 ? 'many' : 2));
    expect(refusal(() => readCsvOrders(csv(...rows)))).toEqual({
      code: 'BAD_INPUT',
      problems: [expect.stringMatching(/^order 3777: lines\.0\.quantity: /)],
    });
    expect(readCsvOrders(csv(...rows.filter((_, index) => index !== 3776)))).toHaveLength(4999);
  });

  test.each([
    ['CSV', () => readCsvOrders(csv(...numbers(5000).map((n) => row(String(n), 1, 'many'))))],
    ['JSON', () => readJsonOrders(json(...numbers(5000).map((n) => order({ id: String(n), lines: [] }))))],
  ])('V17: of 5,000 bad orders in %s the first 50 are named, and the rest counted', (_what, read) => {
    const { code, problems } = refusal(read);
    expect(code).toBe('BAD_INPUT');
    expect(problems).toHaveLength(51);
    expect(problems[49]).toMatch(/^order 50: lines/);
    expect(problems[50]).toBe('and 4950 more');
  });

  test('V17: rows of one order that contradict each other are counted too', () => {
    const rows = numbers(100).flatMap((n) => [row(String(n), 1), row(String(n), 2).replace('PO-1', 'PO-2')]);
    const { problems } = refusal(() => readCsvOrders(csv(...rows)));
    expect(problems[0]).toBe('order 1: its rows differ in purchase_order_number');
    expect(problems.at(-1)).toBe('and 50 more');
  });

  test('V17: a problem that names what the file has is cut', () => {
    const strange = Object.fromEntries(numbers(5000).map((n) => [`key${n}`, n]));
    const { problems } = refusal(() => readJsonOrders(json(order(strange))));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^order 1: order: .*key1/);
    expect(problems[0]?.length).toBeLessThan(320);
  });

  test('V17: an id that is no id is cut', () => {
    const { problems } = refusal(() => readCsvOrders(csv(row('x'.repeat(10_000), 1))));
    expect(problems[0]).toMatch(/^order x{60}: id: /);
  });
});

describe('lines of an order', () => {
  test('10,000 are read, one more is refused before any of them is looked at', () => {
    const rows = numbers(10_001).map((n) => row('1', n));
    expect(readCsvOrders(csv(...rows.slice(1)))[0]?.lines).toHaveLength(10_000);
    rows[0] = row('1', 'x', 'y');
    expect(refusal(() => readCsvOrders(csv(...rows))).problems).toEqual([
      expect.stringMatching(/^order 1: lines: .*10000/),
    ]);
  });

  test('one that stands twice is told, wherever it stands', () => {
    const rows = [...numbers(9999), 1].map((n) => row('1', n));
    expect(refusal(() => readCsvOrders(csv(...rows))).problems).toEqual([
      'order 1: lines.9999.lineNumber: line 1 stands twice',
    ]);
  });
});

describe('values', () => {
  test.each(['constructor', 'toString', '__proto__', 'TRUE', '1', ''])(
    '%j is neither true nor false',
    (word) => {
      const text = row('1', 1).replace('true', word);
      expect(refusal(() => readCsvOrders(csv(text))).problems).toEqual([
        expect.stringMatching(/^order 1: enrolmentRequired: .*boolean/),
      ]);
    },
  );

  test('J01: names of a prototype are refused in JSON, and do no harm in CSV', () => {
    const text = `[${JSON.stringify(order()).replace('"id"', '"__proto__"')}]`;
    expect(refusal(() => readJsonOrders(Buffer.from(text))).code).toBe('FORBIDDEN_KEY');
    const rows = csv(row('1', 1).replaceAll('apple', '__proto__'));
    expect(refusal(() => readCsvOrders(rows)).code).toBe('BAD_INPUT');
    const [read] = readCsvOrders(csv(row('constructor', 1).replace('true', 'false')));
    expect(read).toMatchObject({ id: 'constructor', enrolmentRequired: false });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('J03: a number as id is refused', () => {
    const text = JSON.stringify(order()).replace('"id":"1"', '"id":12345678901234567890');
    expect(refusal(() => readJsonOrders(Buffer.from(text))).problems).toEqual([
      expect.stringMatching(/^order 1: id: .*string/),
    ]);
  });

  test('V10: ids and numbers keep their zeros, or are refused', () => {
    const [read] = readCsvOrders(csv(row('1', 1).replace('7100456', '0007100456')));
    expect(read?.organisations).toEqual({ apple: '0007100456' });
    expect(refusal(() => readCsvOrders(csv(row('007', 1)))).problems).toEqual([
      expect.stringMatching(/^order 007: id: .*whole number/),
    ]);
  });
});
