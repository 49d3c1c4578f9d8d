import { describe, expect, test } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';

import { refuseControlCharacters } from '../../shared/formats/decode-text.ts';
import { CsvReader, readCsv } from '../../shared/formats/read-csv.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import type { XmlElement } from '../../shared/formats/xml-element.ts';
import { controlCharacter } from '../../shared/generic/text.ts';
import { Fault } from '../../shared/runtime/faults.ts';

/** Any text that the formats can hold: all of Unicode, and often what means something to them. */
const isClean = (text: string) => !controlCharacter.test(text) && !/[\ufffe\uffff]/.test(text);
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }).filter(isClean),
      fc.constantFrom(
        '"',
        ',',
        '\n',
        '\r',
        '\r\n',
        '\t',
        '<',
        '>',
        '&',
        "'",
        ']]>',
        '&amp;',
        '--',
        '=',
        '\ufeff',
      ),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));

/** The code of a refusal; undefined when it is read. Anything else that is thrown fails the test. */
function refusalOf(read: () => unknown): string | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    expect(error.class).toBe('permanent');
    return error.code;
  }
}

/** Code and detail of a refusal, as `refusalOf`. */
function saidOf(read: () => unknown): string | undefined {
  let said: string | undefined;
  refusalOf(() => {
    try {
      read();
    } catch (error) {
      if (error instanceof Fault) said = `${error.code} ${error.detail}`;
      throw error;
    }
  });
  return said;
}

describe('CSV', () => {
  const columns = ['id', 'name', 'imei'] as const;
  const rows = fc.array(fc.record({ id: text, name: text, imei: text }), { maxLength: 6 });
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  const style = fc.record({
    order: fc.shuffledSubarray([...columns], { minLength: 3 }),
    ends: fc.array(lineEnd, { minLength: 8, maxLength: 8 }),
    quoteAll: fc.boolean(),
    mark: fc.boolean(),
    lastEnd: fc.boolean(),
  });

  /** Bare where that is possible, unless told otherwise. */
  const write = (value: string, quoteAll: boolean) =>
    quoteAll || /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;

  test('what is written is read identical, in any order of columns, with any line ends', () => {
    fc.assert(
      fc.property(rows, style, (values, { order, ends, quoteAll, mark, lastEnd }) => {
        const lines = [
          order.join(','),
          ...values.map((row) => order.map((c) => write(row[c], quoteAll)).join(',')),
        ];
        const body = lines.map((line, n) => line + (n < lines.length - 1 || lastEnd ? (ends[n] ?? '') : ''));
        expect(readCsv(Buffer.from((mark ? '\ufeff' : '') + body.join('')), columns)).toEqual(values);
      }),
      { numRuns: 500 },
    );
  });

  test('where the bytes lie in memory makes no difference', () => {
    const bytes = Buffer.from('\ufeffid,name,imei\n1,"a\n",2\n');
    fc.assert(
      fc.property(fc.nat(16), fc.nat(255), (shift, filler) => {
        const around = Buffer.alloc(bytes.length + 32, filler);
        bytes.copy(around, shift);
        const view = new Uint8Array(around.buffer, around.byteOffset + shift, bytes.length);
        expect(readCsv(view, columns)).toEqual([{ id: '1', name: 'a\n', imei: '2' }]);
      }),
    );
  });

  test('whatever comes, it is read or refused with a code of class permanent', () => {
    const header = Buffer.from('id,name,imei\n');
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, withHeader) => {
        refusalOf(() => readCsv(withHeader ? Buffer.concat([header, bytes]) : bytes, columns));
      }),
      { numRuns: 2000 },
    );
  });

  test('another reader cuts a table into the same values', () => {
    const value = fc.oneof(text, fc.constantFrom('', '"', ';', '\r\n', 'é', '𝄞'));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value, value), { maxLength: 8 }),
        fc.boolean(),
        (values, quoteAll) => {
          const table = values.map((row) => row.map((one) => write(one, quoteAll)).join(','));
          const file = Buffer.from(`id,name,imei\n${table.join('\n')}`);
          expect(readCsv(file, columns).map((row) => columns.map((column) => row[column]))).toEqual(
            parse(file, { from_line: 2, record_delimiter: ['\r\n', '\n', '\r'], skip_empty_lines: true }),
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  test('control characters are found in bytes as they are in text', () => {
    const char = fc.integer({ min: 0, max: 0x17f }).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.string({ unit: char.filter((one) => one !== '"') }), (anything) => {
        const file = `id,name,imei\n${anything}`;
        const refused = [() => readCsv(Buffer.from(file), columns), () => refuseControlCharacters(file)];
        const [inBytes, inText] = refused.map(saidOf);
        expect(inBytes?.startsWith('CONTROL_CHAR') ? inBytes : undefined).toBe(inText);
      }),
      { numRuns: 2000 },
    );
  });

  test('wherever a file is cut into pieces, the same is read of it, or it is refused for the same', () => {
    const signs = fc.constantFrom(
      '"',
      ',',
      '\n',
      '\r',
      '\r\n',
      'x',
      '""',
      'a,b,c\n',
      '"é,\r",b,c\n',
      '𝄞',
      '\v',
    );
    const broken = fc.constantFrom(
      Buffer.of(0xff),
      Buffer.of(0xff, 0xfe),
      Buffer.of(0xc3),
      Buffer.of(0xe2, 0x82),
      Buffer.of(0),
    );
    const parts = fc.array(
      fc.oneof({ arbitrary: signs.map((sign) => Buffer.from(sign)), weight: 30 }, broken),
      {
        maxLength: 16,
      },
    );
    const begins = fc.constantFrom(
      'id,name,imei\n',
      '\ufeffid,name,imei\r\n',
      '\r\nid,"name",imei\r',
      'id,x\n',
      '',
    );
    const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(begins, parts, lengths, (begin, rest, pieces) => {
        const file = Buffer.concat([Buffer.from(begin), ...rest]);
        const read = (lengthsOfPieces: readonly number[]) => {
          const rows: (readonly string[])[] = [];
          const reader = new CsvReader(columns, {}, (values) => rows.push(values));
          const said = saidOf(() => {
            for (let at = 0, n = 0; at < file.length; n++) {
              const length = lengthsOfPieces[n % lengthsOfPieces.length] ?? 1;
              // Memory of its own, that nobody relies on afterwards.
              const piece = Buffer.from(file.subarray(at, at + length));
              reader.push(piece);
              piece.fill('"');
              at += length;
            }
            reader.end();
          });
          return said ?? rows;
        };
        expect(read(pieces)).toEqual(read([file.length || 1]));
      }),
      { numRuns: 5000 },
    );
  });

  test('a file of signs that mean something is read with three values in each row, or refused', () => {
    const signs = fc.array(fc.constantFrom('"', ',', '\n', '\r', 'x', '""', 'a,b,c\n'), { maxLength: 12 });
    const codes = new Set<string | undefined>();
    fc.assert(
      fc.property(signs, (parts) => {
        const file = Buffer.from(`id,name,imei\n${parts.join('')}`);
        codes.add(
          refusalOf(() => {
            for (const row of readCsv(file, columns)) {
              expect(Object.keys(row)).toEqual([...columns]);
              expect(Object.values(row).every((value) => typeof value === 'string')).toBe(true);
            }
          }),
        );
      }),
      { numRuns: 3000 },
    );
    expect([...codes].sort()).toEqual(['CSV_MALFORMED', undefined]);
  });
});

describe('XML', () => {
  const name = fc.constantFrom('a', 'B', 'é', '_x-1.y', '__proto__', 'constructor', 'toString', 'xmlns');
  const namespace = fc.constantFrom('', 'urn:x', 'urn:y&z');
  const attribute = fc.record({ namespace, name: name.filter((n) => n !== 'xmlns'), value: text });
  const attributes = fc.uniqueArray(attribute, {
    selector: (one) => `${one.namespace} ${one.name}`,
    maxLength: 3,
  });
  const level = (depth: number): fc.Arbitrary<XmlElement> =>
    fc.record({
      namespace,
      name,
      attributes,
      children: depth === 0 ? fc.constant([]) : fc.array(level(depth - 1), { maxLength: 3 }),
      text,
    });
  const tree = level(3);

  /** What may differ between two writings of the same document. */
  const style = fc.record({
    prefixes: fc.uniqueArray(fc.constantFrom('p', 'q', 'xy', 'é'), { minLength: 2, maxLength: 2 }),
    quote: fc.constantFrom('"', "'"),
    noise: fc.constantFrom('', '<!-- <b> & -->', '<?p it\'s "?>', '<!---->'),
    cdata: fc.boolean(),
    space: fc.constantFrom(' ', '\n', '\t\r\n '),
    mark: fc.constantFrom('', '\ufeff'),
    declaration: fc.constantFrom('', '<?xml version="1.0"?>', "<?xml version='1.0' encoding='utf-8' ?>\n"),
  });
  type Style = typeof style extends fc.Arbitrary<infer S> ? S : never;

  const escape = (value: string) =>
    value
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&#x3E;')
      .replaceAll('\r', '&#13;');
  const escapeAttribute = (value: string) =>
    escape(value).replaceAll(/["'\t\n]/g, (char) => `&#${char.charCodeAt(0)};`);

  function write(element: XmlElement, how: Style): string {
    const uris = ['urn:x', 'urn:y&z'];
    const qualified = (one: { namespace: string; name: string }) => {
      const prefix = how.prefixes[uris.indexOf(one.namespace)];
      return prefix === undefined ? one.name : `${prefix}:${one.name}`;
    };
    const pair = (key: string, value: string) =>
      `${how.space}${key}=${how.quote}${escapeAttribute(value)}${how.quote}`;
    const writeOne = (one: XmlElement, declarations: string): string => {
      const head = `<${qualified(one)}${declarations}${one.attributes.map((a) => pair(qualified(a), a.value)).join('')}`;
      const plain = how.cdata && !/\]\]>|\r/.test(one.text) ? `<![CDATA[${one.text}]]>` : escape(one.text);
      const middle = Math.floor(one.children.length / 2);
      const children = one.children.map((child) => writeOne(child, '') + how.noise);
      const content = [...children.slice(0, middle), how.noise, plain, ...children.slice(middle)].join('');
      return content === '' ? `${head}/>` : `${head}>${content}</${qualified(one)}${how.space}>`;
    };
    const declared = uris.map((uri, n) => pair(`xmlns:${how.prefixes[n] ?? ''}`, uri)).join('');
    return `${how.mark}${how.declaration}${how.noise}${writeOne(element, declared)}${how.noise}\n`;
  }

  test('what is written is read identical, whatever prefixes, quotes, comments and spaces', () => {
    fc.assert(
      fc.property(tree, style, (element, how) => {
        expect(readXml(Buffer.from(write(element, how)))).toEqual(element);
      }),
      { numRuns: 500 },
    );
  });

  test('a document that is cut anywhere before its last tag ends is refused', () => {
    fc.assert(
      fc.property(
        tree,
        style,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (element, how, part) => {
          const whole = write(element, { ...how, noise: '' }).trimEnd();
          const bytes = Buffer.from(whole);
          const code = refusalOf(() => readXml(bytes.subarray(0, Math.floor(part * bytes.length))));
          expect(['XML_NOT_WELL_FORMED', 'ENCODING']).toContain(code);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('whatever comes, it is read or refused with a code of class permanent', () => {
    const parts = fc.constantFrom(
      ...[
        '<a>',
        '</a>',
        '<a',
        '<a b="1"/>',
        '<!--',
        '-->',
        '<![CDATA[',
        ']]>',
        '<?',
        '?>',
        '<!DOCTYPE a',
        '>',
        '/>',
      ],
      ...[
        '&amp;',
        '&#0;',
        '&',
        '"',
        "'",
        '=',
        ' ',
        '\n',
        'x',
        'xmlns:p="u"',
        '<p:a',
        '\ufeff',
        '\0',
        '\ufffe',
      ],
      ...[
        '<?xml version="1.0" encoding="ISO-8859-1"?>',
        '<?xml ',
        '<__proto__>',
        '<constructor __proto__="1"/>',
      ],
    );
    const codes = new Set<string | undefined>();
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string({ maxLength: 3 })), { maxLength: 8 }), (list) => {
        codes.add(refusalOf(() => readXml(Buffer.from(list.join('')))));
      }),
      { numRuns: 5000 },
    );
    expect([...codes]).toEqual(
      expect.arrayContaining([undefined, 'XML_DTD', 'CONTROL_CHAR', 'XML_NOT_WELL_FORMED']),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        refusalOf(() => readXml(bytes));
      }),
      { numRuns: 2000 },
    );
  });
});
