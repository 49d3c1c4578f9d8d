import { describe, expect, test } from '@jest/globals';

import { readJson } from '../../../shared/generic/read-json.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => readJson(bytes(text));
const problem = (code: string) => expect.objectContaining({ name: 'DocumentProblem', code });

describe('bytes', () => {
  test('V01 a byte-order mark is accepted, and no part of the first name', () => {
    expect(read('\uFEFF{"a":1}')).toEqual({ a: 1 });
  });

  test('V02 Latin-1 bytes are refused with their offset, and never become U+FFFD', () => {
    const latin = Buffer.from('{"a":"Zürich"}', 'latin1');
    expect(() => readJson(latin)).toThrow(problem('ENCODING'));
    expect(() => readJson(latin)).toThrow('byte FC at offset 7');
    expect(latin[7]).toBe(0xfc);
  });

  test.each(['"\\ud800"', '"\\udc00a"', '{"\\ud83d":1}', '["\\ude00\\ud83d"]', '"\\\\ud83d\\ude00"'])(
    'V02 half a character, which would be written as U+FFFD, is refused: %s',
    (text) => {
      expect(() => read(text)).toThrow(problem('ENCODING'));
    },
  );

  test('V02 a whole character in two escapes is read', () => {
    expect(read('{"a\\ud83d\\ude00":"\\ud83d\\ude00\\\\ud800"}')).toEqual({ 'a😀': '😀\\ud800' });
  });

  test.each([
    ['NUL', '{"a":"x\0y"}', 'U+0000 at character 7'],
    ['NUL, escaped', '{"a":"x\\u0000y"}', 'U+0000, written as an escape'],
    ['NUL, escaped, in a name', '{"a":[{"x\\u0000y":1}]}', 'U+0000, written as an escape'],
    ['backspace, escaped', '["\\b"]', 'U+0008, written as an escape'],
    ['form feed, escaped', '["a\\\\\\f"]', 'U+000C, written as an escape'],
    ['escape', '"\u001b[2J"', 'U+001B at character 1'],
    ['delete', '"\u007f"', 'U+007F at character 1'],
    ['delete, escaped', '"\\u007F"', 'U+007F, written as an escape'],
    ['next line', '"\u0085"', 'U+0085 at character 1'],
    ['between values', '[1,\v2]', 'U+000B at character 3'],
  ])('V09 a control character is refused: %s', (_what, text, message) => {
    expect(() => read(text)).toThrow(problem('CONTROL_CHAR'));
    expect(() => read(text)).toThrow(message);
  });

  test('V09 tab and line ends are values, and so is what looks like an escape', () => {
    const value = { a: 'one\ttwo\r\nthree', b: 'C:\\bin\\f', c: '\\u0000', d: 'é\u00a0' };
    expect(read(JSON.stringify(value))).toEqual(value);
    expect(read('"\\u0009\\u000A\\u00e9"')).toBe('\t\né');
  });

  test.each([
    ['with a byte-order mark', Buffer.from('\uFEFF{"a":"Zürich"}', 'utf16le')],
    ['without one', Buffer.from('{"a":1}', 'utf16le')],
    ['cut within a character', bytes('"ü"').subarray(0, 2)],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ])('V03 UTF-16 or damaged UTF-8 is refused: %s', (_what, content) => {
    expect(() => readJson(content)).toThrow(problem('ENCODING'));
  });

  test('V04 any line ends, with or without the last', () => {
    expect(read('{\r\n"a":\r1\n}')).toEqual({ a: 1 });
    expect(read('{"a":1}\n')).toEqual({ a: 1 });
  });

  test('V10 a text of digits stays as it is', () => {
    expect(read('"004400000000006"')).toBe('004400000000006');
  });
});

describe('property names', () => {
  test.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":[{"b":{"__proto__":{"polluted":1}}}]}',
    '{"\\u005f_proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '[{"a":{"constructor":{"prototype":{"polluted":1}}}}]',
    '{"constructor":1}',
    '[{"a":{"const\\u0072uctor":{}}}]',
  ])('J01 %s is refused, and nothing is polluted', (text) => {
    expect(() => read(text)).toThrow(problem('FORBIDDEN_KEY'));
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('J01 the same words as values are values', () => {
    expect(read('{"a":"__proto__","b":"constructor"}')).toEqual({ a: '__proto__', b: 'constructor' });
  });

  test.each([
    '{"a":1,"a":1}',
    '{"a":1,"b":{"a":1,"c":[],"a" : 2}}',
    '[{"a":1},{"a":1,"\\u0061":2}]',
    '{"":1,"":2}',
    '{"\\"":1,"\\"":2}',
  ])('J04 a name that stands twice in one object is refused: %s', (text) => {
    expect(() => read(text)).toThrow(problem('JSON_MALFORMED'));
  });

  test.each([
    ['in two objects', '[{"a":1},{"a":2}]'],
    ['in an object within', '{"a":{"a":{"a":1}}}'],
    ['as value', '{"a":"a","b":"a"}'],
    ['in a list', '{"a":["a","a"]}'],
    ['after an object within', '{"b":{"a":1},"a":{"b":1}}'],
    ['looking like one', '{"a":"\\"a\\":","b":"a:"}'],
  ])('J04 a name may stand %s', (_what, text) => {
    expect(read(text)).toEqual(JSON.parse(text));
  });
});

describe('depth', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  test.each([
    ['arrays', nested(100_000)],
    ['objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)],
    ['never closed', '['.repeat(100_000)],
  ])('J02 a depth of 100,000 is refused before the stack overflows: %s', (_what, text) => {
    expect(() => read(text)).toThrow(problem('JSON_TOO_DEEP'));
  });

  test('32 levels are read, 33 are not', () => {
    expect(JSON.stringify(read(nested(32)))).toBe(nested(32));
    expect(() => read(nested(33))).toThrow(problem('JSON_TOO_DEEP'));
  });

  test('brackets in texts are no depth, wherever the text ends', () => {
    const text = JSON.stringify({ a: '['.repeat(50), b: `\\"${'{'.repeat(50)}\\` });
    expect(read(text)).toEqual(JSON.parse(text));
  });
});

describe('well-formed', () => {
  test.each([
    ['', 'nothing'],
    ['{"a":1,}', 'trailing comma'],
    ['[1,]', 'trailing comma in a list'],
    ['{"a":NaN}', 'NaN'],
    ['{"a":Infinity}', 'Infinity'],
    ['{"a":1}{"a":1}', 'two documents'],
    ['{"a":1}\n{"a":1}', 'two lines'],
    ["{'a':1}", 'single quotes'],
    ['{"a":01}', 'a number with a leading zero'],
    ['{"a":"b', 'cut off in a text'],
    ['{"a":[1,', 'cut off in a list'],
    ['{"a":"x\ny"}', 'a line end in a text'],
    ['{"\\x":1}', 'an unknown escape in a name'],
    ['// a\n{}', 'a comment'],
  ])('J04 %j is refused: %s', (text) => {
    expect(() => read(text)).toThrow(problem('JSON_MALFORMED'));
  });

  test.each([
    '{"imei":"CANARY" oops}',
    '{"imei":CANARY}',
    'CANARY',
    '{"imei":"CANARY',
    '{"imei":"CANARY","imei":"CANARY"}',
    '{"CANARY":1,"CANARY":2}',
    '{"__proto__":"CANARY"}',
    '{"a" "in JSON at position 490154203237518"}',
    'at position 4901542',
  ])('O12 the error text never holds content: %s', (text) => {
    const seen: unknown[] = [];
    try {
      read(text);
    } catch (error) {
      seen.push(error);
    }
    const [error] = seen as [Error];
    expect(error).toBeInstanceOf(Error);
    expect(`${error.message} ${error.stack ?? ''} ${String(error.cause)}`).not.toMatch(/CANARY|4901542/);
  });

  test('the error text says where it is wrong, where that is known', () => {
    expect(() => read('{"a":1,}')).toThrow('not well-formed JSON at character 7');
  });
});
