import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { DocumentReader } from '../../shared/generic/document.ts';
import { DocumentProblem } from '../../shared/generic/problem.ts';
import { parseJson } from '../../shared/generic/read-json.ts';
import { RecordCutter } from '../../shared/generic/record-cutter.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { dispatch } from '../unit/generic/examples.ts';

/** A document comes in pieces of any size: what is read of it is what is read of it whole. */

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function* piecesOf(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) return;
    // A copy that is overwritten afterwards, as a reader's buffer is.
    const piece = bytes.slice(at, at + size);
    yield piece;
    piece.fill(0x22);
    at += size;
  }
  if (at < bytes.length) yield bytes.slice(at);
}

interface Cut {
  readonly records: readonly unknown[];
  readonly frame: unknown;
}

/** The records as they are cut out, and what remains. Read at once, since pieces are overwritten. */
function cut(pieces: Iterable<Uint8Array>, property: string): Cut {
  const cutter = new RecordCutter(property);
  const records: unknown[] = [];
  for (const piece of pieces) for (const record of cutter.push(piece)) records.push(parseJson(record.bytes));
  return { records, frame: parseJson(cutter.frame) };
}

const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 });

describe('records are cut out', () => {
  test('of any document, whatever the pieces are', () => {
    // Names that stand twice cannot come from an object; texts are full of brackets, quotes and backslashes.
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[{}[\]"\\,:]{0,8}$/), fc.constant('ü€😀'));
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        text,
        fc.integer(),
        fc.constant(null),
        tie('list'),
        tie('object'),
      ),
      list: fc.array(tie('any'), { maxLength: 3 }),
      object: fc.dictionary(text, tie('any'), { maxKeys: 3 }),
    }));
    const record = fc.dictionary(text, value.any, { maxKeys: 4 });
    const safe = (json: string) => !/__proto__|constructor/.test(json);
    fc.assert(
      fc.property(
        fc.dictionary(text, value.any, { maxKeys: 3 }),
        fc.array(record, { maxLength: 4 }),
        fc.nat(3),
        fc.boolean(),
        sizes,
        (around, records, place, pretty, cuts) => {
          const entries = Object.entries(around).filter(([name]) => name !== 'orders');
          entries.splice(place, 0, ['orders', records]);
          const document = Object.fromEntries(entries);
          const json = JSON.stringify(document, null, pretty ? 2 : 0);
          fc.pre(safe(json));
          const found = cut(piecesOf(encode(json), cuts), 'orders');
          expect(found.records).toEqual(records);
          expect(found.frame).toEqual({ ...document, orders: records.map(() => null) });
        },
      ),
      { numRuns: 500 },
    );
  });

  test('at every byte', () => {
    const bytes = encode('{"a":{"orders":[{}]},"orders":[{"i":"}\\"]"} , {"i":[{}]},{"ü":"€"}],"b":[[1]]}');
    const whole = cut([bytes], 'orders');
    expect(whole.records).toEqual([{ i: '}"]' }, { i: [{}] }, { ü: '€' }]);
    for (let at = 1; at < bytes.length; at++) expect(cut(piecesOf(bytes, [at]), 'orders')).toEqual(whole);
    expect(
      cut(
        piecesOf(
          bytes,
          Array.from(bytes, () => 1),
        ),
        'orders',
      ),
    ).toEqual(whole);
  });

  test('or the one that is no list', () => {
    const bytes = encode('{"list":[{"order":{}}],"order":{"id":1,"order":{"id":2}},"z":{}}');
    expect(cut([bytes], 'order')).toEqual({
      records: [{ id: 1, order: { id: 2 } }],
      frame: { list: [{ order: {} }], order: null, z: {} },
    });
  });
});

/** What a reader of dispatches makes of a document: its records, or the code of its problem. */
function read(pieces: Iterable<Uint8Array>): unknown {
  const reader = new DocumentReader(salesOrderDispatch);
  try {
    const records: unknown[] = [];
    for (const piece of pieces) records.push(...reader.read(piece));
    return { records, ...reader.end() };
  } catch (error) {
    if (error instanceof DocumentProblem) return [error.code, error.message];
    throw error;
  }
}

describe('a document is read', () => {
  test('to the same result or problem, whatever its pieces are and wherever it is damaged', () => {
    const bytes = encode(JSON.stringify(dispatch));
    const codes = new Set<unknown>();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(127), sizes, (at, byte, cuts) => {
        const damaged = bytes.with(at, byte);
        const whole = read([damaged]);
        expect(read(piecesOf(damaged, cuts))).toEqual(whole);
        if (Array.isArray(whole)) codes.add(whole[0]);
      }),
      { numRuns: 1000 },
    );
    expect([...codes]).toEqual(
      expect.arrayContaining(['JSON_MALFORMED', 'SCHEMA_VIOLATION', 'CONTROL_CHAR']),
    );
  });

  /** The orders of a dispatch, as text. */
  const orders = (text: string) =>
    read([encode(JSON.stringify(dispatch).replace(/"orders":.*$/, `"orders":${text}}`))]);
  const order = JSON.stringify(dispatch.orders[1]);

  test.each([
    ['J04: without a comma between two', `[${order}${order}]`, 'JSON_MALFORMED'],
    ['J04: with a comma behind the last', `[${order},]`, 'JSON_MALFORMED'],
    ['J04: with a minus before one', `[-${order}]`, 'JSON_MALFORMED'],
    ['J04: with a fraction behind one', `[${order}.0]`, 'JSON_MALFORMED'],
    ['J04: with a number before one', `[0${order}]`, 'JSON_MALFORMED'],
    ['J04: with letters before one', `[n${order}]`, 'JSON_MALFORMED'],
    ['J04: with a text before one', `["a"${order}]`, 'JSON_MALFORMED'],
    ['J04: cut off within one', `[${order},${order.slice(0, 20)}`, 'JSON_MALFORMED'],
    ['J04 V13: cut off behind one', `[${order}`, 'JSON_MALFORMED'],
    ['with a null among them', `[${order},null]`, 'SCHEMA_VIOLATION'],
    ['with a number among them', `[${order},0]`, 'SCHEMA_VIOLATION'],
    ['with a list among them', `[${order},[${order}]]`, 'SCHEMA_VIOLATION'],
    ['as an object', `{"a":${order}}`, 'SCHEMA_VIOLATION'],
    ['as a null', 'null', 'SCHEMA_VIOLATION'],
    ['V12: one too few', `[${order}]`, 'COUNT_MISMATCH'],
    ['J01: with a forbidden name in one', `[{"__proto__":{}},${order}]`, 'FORBIDDEN_KEY'],
    ['J04: with a name twice in one', `[{"id":"1","id":"2"}]`, 'JSON_MALFORMED'],
    ['J02: nested too deep in one', `[{"a":${'['.repeat(100_000)}`, 'JSON_TOO_DEEP'],
  ])('and orders are refused: %s', (_what, text, code) => {
    expect(orders(text)).toMatchObject([code, expect.any(String)]);
  });

  test('and a property name that never ends is refused before it fills the memory', () => {
    expect(read([encode(`{"${'a'.repeat(600)}`), encode('a'.repeat(600))])).toMatchObject([
      'JSON_MALFORMED',
      expect.any(String),
    ]);
  });

  test('J05: and a record or a header that is too large to be read at once is refused', () => {
    const blanks = encode(' '.repeat(1024 * 1024));
    const many = Array.from({ length: 20 }, () => blanks);
    expect(read([encode('{"orders":[{'), ...many])).toMatchObject(['RECORD_TOO_LARGE', expect.any(String)]);
    expect(read([encode('{'), ...many])).toMatchObject(['RECORD_TOO_LARGE', expect.any(String)]);
  });
});
