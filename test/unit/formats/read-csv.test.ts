import { describe, expect, test } from '@jest/globals';

import { readCsv } from '../../../shared/formats/read-csv.ts';
import { Fault } from '../../../shared/runtime/faults.ts';

const columns = ['id', 'name', 'imei'] as const;
const read = (text: string | Uint8Array) => readCsv(Buffer.from(text as string), columns);
const row = (id: string, name: string, imei: string) => ({ id, name, imei });

/** Code and detail of what it is refused for. */
function refusal(text: string | Uint8Array): { code: string; detail: string } {
  try {
    return { code: 'none', detail: JSON.stringify(read(text)) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { code: error.code, detail: error.detail };
  }
}

const malformed = (detail: unknown) => ({ code: 'CSV_MALFORMED', detail });

describe('bytes', () => {
  test('V01: a byte-order mark is accepted, and no part of the first name', () => {
    expect(read('\ufeffid,name,imei\n1,a,2\n')).toEqual([row('1', 'a', '2')]);
  });

  test('V01: a second byte-order mark is part of the first name', () => {
    expect(refusal('\ufeff\ufeffid,name,imei\n')).toMatchObject(
      malformed(expect.stringContaining('column id is missing')),
    );
  });

  test('V02: Latin-1 bytes are refused with their offset', () => {
    const latin = Buffer.from('id,name,imei\n1,Zürich,2\n', 'latin1');
    const expected = 'the bytes are not text in UTF-8: byte FC at offset 16';
    expect(refusal(latin)).toEqual({ code: 'ENCODING', detail: expected });
    expect(latin[16]).toBe(0xfc);
  });

  test.each([
    ['with a byte-order mark', Buffer.from('\ufeffid,name,imei\n1,a,2\n', 'utf16le')],
    ['big-endian with a byte-order mark', Buffer.from('\ufeffid,name,imei\n', 'utf16le').swap16()],
    ['without one', Buffer.from('id,name,imei\n1,a,2\n', 'utf16le')],
    ['big-endian without one', Buffer.from('id,name,imei\n1,a,2\n', 'utf16le').swap16()],
  ])('V03: UTF-16 is refused: %s', (_what, bytes) => {
    expect(refusal(bytes)).toEqual({ code: 'ENCODING', detail: 'the bytes are UTF-16, not UTF-8' });
  });

  test.each([
    ['NUL', '\0', 'U+0000'],
    ['escape', '\u001b', 'U+001B'],
    ['vertical tab', '\v', 'U+000B'],
    ['delete', '\u007f', 'U+007F'],
    ['control sequence introducer', '\u009b', 'U+009B'],
  ])('V09: a control character is refused with its line: %s', (_what, char, named) => {
    expect(refusal(`id,name,imei\r\n1,a,2\r3,x${char}y,4\n`)).toEqual({
      code: 'CONTROL_CHAR',
      detail: `line 3: ${named}`,
    });
  });

  test('V09: a tab, and line ends in quotes, are values', () => {
    expect(read('id,name,imei\n1,"a\tb\r\nc\rd\ne",2')).toEqual([row('1', 'a\tb\r\nc\rd\ne', '2')]);
  });
});

describe('lines', () => {
  test.each([
    ['mixed', 'id,name,imei\r\n1,a,2\n3,b,4\r5,c,6'],
    ['the last one missing', 'id,name,imei\n1,a,2\n3,b,4\n5,c,6'],
    ['empty ones between', '\n\r\nid,name,imei\n\n1,a,2\r\r3,b,4\n\n5,c,6\n\n'],
  ])('V04: any line ends are accepted: %s', (_what, text) => {
    expect(read(text)).toEqual([row('1', 'a', '2'), row('3', 'b', '4'), row('5', 'c', '6')]);
  });

  test('V06: every row that is too short or too long is told with its line', () => {
    const text = 'id,name,imei\r\n1,"a\r\nb",2\r\n1,2\r\n1,a,2\n\n1,a,2,3\n""\n';
    expect(refusal(text)).toEqual(
      malformed(
        [
          'line 4: 2 columns, where the header has 3',
          'line 7: 4 columns, where the header has 3',
          'line 8: 1 columns, where the header has 3',
        ].join('\n'),
      ),
    );
  });

  test('V17: of many bad rows the first 50 are told, and the rest counted', () => {
    const { detail } = refusal(`id,name,imei\n${'1,2\n'.repeat(1000)}`);
    const lines = detail.split('\n');
    expect(lines).toHaveLength(51);
    expect(lines.slice(49)).toEqual(['line 51: 2 columns, where the header has 3', 'and 950 more']);
  });
});

describe('the header', () => {
  test('V05: columns in another order are accepted', () => {
    expect(read('imei,id,name\n2,1,a\n')).toEqual([row('1', 'a', '2')]);
  });

  test.each([
    ['duplicate', 'id,name,imei,name', 'column name stands twice'],
    ['unknown', 'id,name,imei,colour', 'column colour is not known'],
    ['missing', 'id,name', 'column imei is missing'],
    ['of another case', 'id,name,IMEI', 'column imei is missing; column IMEI is not known'],
    ['with a blank', 'id,name, imei', 'column imei is missing; column  imei is not known'],
    ['__proto__', 'id,name,imei,__proto__', 'column __proto__ is not known'],
    ['not there: data is not told', '884210,Northwind', 'line 1: the header is missing; it is id,name,imei'],
  ])('V05: a name is refused that is %s, before the rows are', (_what, header, detail) => {
    expect(refusal(`${header}\n1,2\n3\n`)).toEqual(malformed(detail));
  });

  test.each([
    ['no bytes', ''],
    ['a byte-order mark alone', '\ufeff'],
    ['empty lines', '\n\r\n'],
  ])('V05: a file without a header is refused: %s', (_what, text) => {
    expect(refusal(text)).toEqual(malformed('line 1: the header is missing'));
  });

  test('V05: of many wrong names the first are told', () => {
    const names = Array.from({ length: 200 }, (_, n) => `c${n}`);
    const told = names.slice(0, 30).map((name) => `column ${name} is not known`);
    expect(refusal(`id,name,imei,${names.join(',')}`)).toEqual(
      malformed([...told, 'and 170 more'].join('; ')),
    );
  });

  test('a header alone is a table without rows', () => {
    expect(read('id,name,imei')).toEqual([]);
  });

  test('J01: names of a prototype in values do no harm', () => {
    expect(read('id,name,imei\n__proto__,constructor,toString\n')).toEqual([
      row('__proto__', 'constructor', 'toString'),
    ]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});

describe('quotes', () => {
  test('quoted values hold commas, quotes and line ends', () => {
    expect(read('id,name,imei\n"1","a, ""b""\nc",""\n')).toEqual([row('1', 'a, "b"\nc', '')]);
  });

  test.each([
    ['in a row', 'id,name,imei\n1,a,2\n3,"b,4\n5,c,6\n', 3],
    ['in a value of several lines', 'id,name,imei\n1,"a\r\nb",2\r\n3,b,"4\n5,c,6\n', 4],
    ['in the header', 'id,"name,imei\n1,a,2', 1],
    ['at the very end', 'id,name,imei\n1,a,"', 2],
    ['with an escaped one behind', 'id,name,imei\n1,a,"2""', 2],
  ])('V07: a quote that is not closed is told with the line where it opens: %s', (_what, text, line) => {
    expect(refusal(text)).toEqual(malformed(`line ${line}: a quote opens here and is not closed`));
  });

  test('V07: a quote that is not closed does not take the rest of a large file for its value', () => {
    expect(refusal(`id,name,imei\n1,a,2\n3,"b,4\n${'5,c,6\n'.repeat(100_000)}`)).toEqual(
      malformed('line 3: a quote opens here and is not closed within 65536 bytes'),
    );
  });

  test.each([
    [
      'within a value',
      'id,name,imei\n1,a"b"c,2',
      'line 2: a quote stands within a value that is not in quotes',
    ],
    [
      'with something behind it',
      'id,name,imei\n\n1,"a"b,2',
      'line 3: something stands between a closing quote and the next comma',
    ],
  ])('V07: a quote is refused %s', (_what, text, detail) => {
    expect(refusal(text)).toEqual(malformed(detail));
  });
});

describe('size', () => {
  test.each([
    ['in quotes', '"', '"'],
    ['bare', '', ''],
  ])('V08: a value of 5 MB is refused: %s', (_what, opens, closes) => {
    const text = `id,name,imei\n1,a,2\n3,${opens}${'x'.repeat(5_000_000)}${closes},4\n`;
    expect(refusal(text)).toEqual(malformed(expect.stringMatching(/^line 3: .* 65536 bytes$/)));
  });

  test('V08: a record of many values is refused at the same size', () => {
    const value = `"${'x'.repeat(16_000)}"`;
    expect(refusal(`id,name,imei\n${[value, value, value, value, value].join(',')}\n`)).toEqual(
      malformed('line 2: a quote opens here and is not closed within 65536 bytes'),
    );
  });

  test('V08: a value just below the limit is read', () => {
    const value = 'x'.repeat(65_000);
    expect(read(`id,name,imei\n1,${value},2\n`)).toEqual([row('1', value, '2')]);
  });

  test.each([
    ['in the header', `${Array.from({ length: 10_000 }, (_, n) => `c${n}`).join(',')}\n`, 1],
    ['in a row', `id,name,imei\n${','.repeat(10_000)}\n`, 2],
  ])('V08: 10,000 columns are refused: %s', (_what, text, line) => {
    expect(refusal(text)).toEqual(malformed(`line ${line}: more than 256 columns`));
  });

  test('V08: more than a million rows are refused', () => {
    expect(refusal(`id,name,imei\n${'1,a,2\n'.repeat(1_000_001)}`)).toEqual({
      code: 'TOO_LARGE',
      detail: 'more than 1000000 rows',
    });
  });
});

describe('values', () => {
  test('V10: stay texts, with every zero', () => {
    const imeis = ['012345678901234', '01234567890123', '0123456789012345', '1e5', ' 12 ', 'true', ''];
    const text = `id,name,imei\n${imeis.map((imei) => `1,a,${imei}`).join('\n')}`;
    expect(read(text).map(({ imei }) => imei)).toEqual(imeis);
  });

  test.each(["=cmd|' /C calc'!A0", '+1', '-1', '@SUM(A1)', '\t=1', "'=1"])(
    'V11: what a spreadsheet takes for a formula is not touched: %j',
    (value) => {
      expect(read(`id,name,imei\n1,${value},2\n`)).toEqual([row('1', value, '2')]);
    },
  );

  test('V02: characters beyond the Basic Multilingual Plane, and U+FFFD itself, are kept', () => {
    expect(read('id,name,imei\n1,𝄞�é,2\n')).toEqual([row('1', '𝄞�é', '2')]);
  });
});

describe('tables of partners', () => {
  const lenient = (text: string, delimiter = ',') =>
    readCsv(Buffer.from(text), columns, { delimiter, tolerant: true });

  test.each([
    ['semicolon', ';'],
    ['tab', '\t'],
    ['pipe', '|'],
  ])('are read with another delimiter: %s', (_what, delimiter) => {
    const text = `id,name,imei\n1,"a${delimiter}""b",2\n`.replaceAll(',', delimiter);
    expect(readCsv(Buffer.from(text), columns, { delimiter })).toEqual([row('1', `a${delimiter}"b`, '2')]);
    expect(() => readCsv(Buffer.from('id,name,imei\n1,a,2\n'), columns, { delimiter })).toThrow(
      'CSV_MALFORMED',
    );
  });

  test('V07: a comma is nothing special where another delimiter is set', () => {
    expect(lenient('id;name;imei\n1;a,b;2\n', ';')).toEqual([row('1', 'a,b', '2')]);
    expect(() => lenient('id;name;imei\n1;"a",b;2\n', ';')).toThrow(
      'line 2: something stands between a closing quote and the next delimiter',
    );
  });

  test('T01: columns that nobody asked for are passed over, and may stand twice or have no name', () => {
    expect(lenient('note,id,note,name,,imei\nx,1,y,a,z,2\n')).toEqual([row('1', 'a', '2')]);
    expect(lenient('__proto__,id,name,imei\nx,1,a,2\n')).toEqual([row('1', 'a', '2')]);
  });

  test('V05: letter case and blanks around names of columns do not count', () => {
    expect(lenient('ID, Name ,imei\n1,a,2\n')).toEqual([row('1', 'a', '2')]);
  });

  test.each([
    ['missing', 'id,name\n1,a\n', 'column imei is missing'],
    ['ambiguous', 'id,name,imei,IMEI\n1,a,2,3\n', 'column imei stands twice'],
    ['of another length', 'id,name,imei,note\n1,a,2\n', 'line 2: 3 columns, where the header has 4'],
  ])('are still refused: %s', (_what, text, detail) => {
    expect(() => lenient(text)).toThrow(detail);
  });
});
