import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { readResultSheet, writeSheet } from '../../../daemons/adaptor/providers/result-sheet.ts';
import { readCsv } from '../../../shared/formats/read-csv.ts';

const columns = ['serial', 'owner'];
const read = (...lines: string[]) =>
  Object.fromEntries(
    readResultSheet(
      Buffer.from(lines.map((line) => `${line}\r\n`).join('')),
      columns,
      (row) => `${row.owner}/${row.serial}`,
    ),
  );

describe('a sheet for a portal', () => {
  test('has lines that end with CR LF, and no quotes where none are needed', () => {
    const rows = [
      { serial: 'Zx8 Test', owner: '12' },
      { serial: '', owner: '7' },
    ];
    expect(writeSheet(['serial', 'owner'], rows)).toBe('serial,owner\r\nZx8 Test,12\r\n,7\r\n');
  });

  test.each([
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['a\nb', '"a\nb"'],
    ['a\rb', '"a\rb"'],
  ])('quotes %j', (value, written) => {
    expect(writeSheet(['x', 'y'], [{ x: value, y: '1' }])).toBe(`x,y\r\n${written},1\r\n`);
  });

  test.each(["=cmd|' /C calc'!A0", '+33600000000', '-1', '@x', '0001'])(
    'V11: writes %j as it stands, because the portal reads it',
    (value) => {
      expect(writeSheet(['x', 'y'], [{ x: value, y: '1' }])).toBe(`x,y\r\n${value},1\r\n`);
    },
  );

  test('is read back as it was written, whatever the values are', () => {
    const value = fc.string({
      unit: fc.constantFrom(',', '"', '\r', '\n', ' ', '=', "'", ';', '\t', '0', 'ä', '漢', '😀'),
    });
    fc.assert(
      fc.property(fc.array(fc.record({ serial: value, owner: value })), (rows) => {
        expect(readCsv(Buffer.from(writeSheet(['serial', 'owner'], rows)), columns)).toEqual(rows);
      }),
    );
  });
});

describe('a result sheet', () => {
  const failed = (code: string, message: string) => ({ kind: 'failed', error: { code, message } });

  test.each(['OK', 'ok', ' Ok ', '\toK'])('%j is done', (result) => {
    expect(read('serial,owner,Result,Error', `S1,12,${result},`)).toEqual({ '12/S1': { kind: 'succeeded' } });
  });

  test.each(['', ' '])('%j is not settled yet', (result) => {
    expect(read('serial,owner,Result,Error', `S1,12,${result},`)).toEqual({ '12/S1': { kind: 'open' } });
  });

  test('any other word is the code of a failure, with the text beside it', () => {
    const sheet = ['serial,owner,Result,Error', 'S1,12, INVALID_MODEL ," no such ""model"", "', 'S2,12,no,'];
    expect(read(...sheet)).toEqual({
      '12/S1': failed('INVALID_MODEL', 'no such "model",'),
      '12/S2': failed('no', ''),
    });
  });

  test('V05: the columns may stand in another order', () => {
    expect(read('Error,Result,owner,serial', 'why,NO,12,S1')).toEqual({ '12/S1': failed('NO', 'why') });
  });

  test.each([
    ['both done', 'OK', 'ok', { kind: 'succeeded' }],
    ['both failed: the first code', 'A', 'B', failed('A', '')],
    ['done and failed', 'OK', 'A', { kind: 'open' }],
    ['failed and done', 'A', 'OK', { kind: 'open' }],
    ['done and not settled', 'OK', '', { kind: 'open' }],
  ])('a device that stands twice, %s', (_what, first, second, verdict) => {
    const sheet = ['serial,owner,Result,Error', `S1,12,${first},`, `S1,12,${second},`];
    expect(read(...sheet)).toEqual({ '12/S1': verdict });
  });

  test('a device that stands three times stays open once two rows contradicted each other', () => {
    const sheet = ['serial,owner,Result,Error', 'S1,12,OK,', 'S1,12,A,', 'S1,12,OK,'];
    expect(read(...sheet)).toEqual({ '12/S1': { kind: 'open' } });
  });

  test('V01: a byte-order mark, as spreadsheets write it, is no part of the first column', () => {
    expect(read('\ufeffserial,owner,Result,Error', 'S1,12,OK,')).toEqual({ '12/S1': { kind: 'succeeded' } });
  });

  test.each([
    ['without the result', ['serial,owner', 'S1,12'], /column Result is missing; column Error is missing/],
    ['with a strange column', ['serial,owner,Result,Error,Note', 'S1,12,OK,,'], /column Note is not known/],
    ['with a short row', ['serial,owner,Result,Error', 'S1,12,OK'], /line 2: 3 columns/],
    ['empty', [], /the header is missing/],
  ])('is refused %s', (_what, lines, message) => {
    expect(() => read(...lines)).toThrow(
      expect.objectContaining({ code: 'CSV_MALFORMED', message: expect.stringMatching(message) }),
    );
  });
});
