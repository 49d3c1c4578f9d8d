import { describe, expect, test } from '@jest/globals';

import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { DocumentReader } from '../../../shared/generic/document.ts';
import type { GenericInterface } from '../../../shared/generic/generic-interface.ts';
import { DocumentProblem } from '../../../shared/generic/problem.ts';
import { salesOrderDispatch } from '../../../shared/generic/sales-order-dispatch.ts';
import { changed, dispatch, request } from './examples.ts';

/** Code and message with which a document that comes in pieces of this size is refused; `read`: how many records. */
function outcome(bytes: Uint8Array, size: number, known: GenericInterface<never, never>): [string, string] {
  const reader = new DocumentReader(known);
  let records = 0;
  try {
    for (let at = 0; at < bytes.length; at += size)
      records += reader.read(bytes.subarray(at, at + size)).length;
    reader.end();
    return ['read', String(records)];
  } catch (error) {
    if (error instanceof DocumentProblem) return [error.code, error.message];
    throw error;
  }
}

/** The same for any size of the pieces. */
function outcomeOf(
  content: string | Uint8Array,
  known: GenericInterface<never, never> = deviceEnrolmentRequest,
): [string, string] {
  const bytes = Buffer.from(content as string);
  const [whole, ...others] = [bytes.length, 1, 2, 3, 64].map((size) => outcome(bytes, size, known));
  for (const other of others) expect(other).toEqual(whole);
  return whole ?? ['', ''];
}

const text = JSON.stringify(request);
const count = String(request.orders.length);
const organisation = ['orders', 1, 'organisationId'];
const placeOf = (part: string) => Buffer.byteLength(text.slice(0, text.indexOf(part)));

describe('bytes', () => {
  test('V01: a byte-order mark is accepted', () => {
    expect(outcomeOf(`\ufeff${text}`)).toEqual(['read', count]);
  });

  test('V02: Latin-1 is refused with its offset in the document, in a record and around the records', () => {
    const inRecord = Buffer.from(text.replace('PO 7', 'PÖ 7'), 'latin1');
    expect(outcomeOf(inRecord)).toEqual([
      'ENCODING',
      `the bytes are not text in UTF-8: byte D6 at offset ${placeOf('PO 7') + 1}`,
    ]);
    const inHeader = Buffer.from(text.replace('"apple"', '"äpple"'), 'latin1');
    expect(outcomeOf(inHeader)[0]).toBe('ENCODING');
  });

  test.each([
    ['with a byte-order mark', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['without one', Buffer.from(text, 'utf16le')],
    ['big-endian', Buffer.from(text, 'utf16le').swap16()],
  ])('V03: UTF-16 is refused: %s', (_what, bytes) => {
    expect(outcomeOf(bytes)).toEqual(['ENCODING', 'the bytes are UTF-16, not UTF-8']);
  });

  test.each(['\n', '\r\n', '\r'])('V04: lines may end in %j, and the last one need not', (end) => {
    const lines = JSON.stringify(request, null, 1).replaceAll('\n', end);
    expect(outcomeOf(lines)).toEqual(['read', count]);
    expect(outcomeOf(lines + end)).toEqual(['read', count]);
  });

  test.each([
    ['NUL', '\0'],
    ['NUL, escaped', '\\u0000'],
    ['backspace, escaped', '\\b'],
    ['escape, escaped', '\\u001B'],
    ['delete', '\u007f'],
    ['next line', '\u0085'],
  ])('V09: a control character is refused, in a record and around the records: %s', (_what, char) => {
    expect(outcomeOf(text.replace('PO 7', `PO${char}7`))[0]).toBe('CONTROL_CHAR');
    expect(outcomeOf(text.replace('"apple"', `"ap${char}ple"`))[0]).toBe('CONTROL_CHAR');
  });

  test('V09: tab and line ends in a text are values', () => {
    expect(outcomeOf(text.replace('PO 7', 'PO\\t7\\r\\n'))).toEqual(['read', count]);
  });

  test('V10: a serial number, order number or IMEI is never a number', () => {
    const asNumber = text.replace('"004400000000006"', '4400000000006');
    expect(asNumber).not.toBe(text);
    expect(outcomeOf(asNumber)[0]).toBe('SCHEMA_VIOLATION');
  });
});

describe('V13: a file that is cut', () => {
  test('anywhere is refused', () => {
    for (let length = 1; length < text.length; length++) {
      const [code] = outcome(Buffer.from(text.slice(0, length)), length, deviceEnrolmentRequest);
      expect([length, code]).toEqual([length, 'JSON_MALFORMED']);
    }
  });

  test.each([
    ['Device Enrolment Request', deviceEnrolmentRequest, request],
    ['Sales Order Dispatch', salesOrderDispatch, dispatch],
  ])('at a record, and closed again, is told by the count: %s', (_what, known, document) => {
    const orders: readonly unknown[] = document.orders;
    const cut = { ...document, orders: orders.slice(0, -1) };
    expect(outcomeOf(JSON.stringify(cut), known as never)).toEqual([
      'COUNT_MISMATCH',
      `recordCount says ${orders.length}, the file has ${orders.length - 1} orders`,
    ]);
    const doubled = { ...document, orders: [...orders, ...orders] };
    expect(outcomeOf(JSON.stringify(doubled), known as never)[0]).toBe('COUNT_MISMATCH');
  });
});

describe('JSON', () => {
  test.each(['__proto__', 'constructor', '\\u005f_proto__'])(
    'J01: a property named %s is refused',
    (name) => {
      const inRecord = text.replace('"organisationId":"880011"', `"${name}":{"polluted":1}`);
      expect(outcomeOf(inRecord)[0]).toBe('FORBIDDEN_KEY');
      expect(outcomeOf(text.replace('{', `{"${name}":{"polluted":1},`))[0]).toBe('FORBIDDEN_KEY');
      expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    },
  );

  test('J02: a depth of 100,000 is refused, in a record and around the records', () => {
    const deep = '['.repeat(100_000);
    expect(outcomeOf(text.replace('"880011"', deep))[0]).toBe('JSON_TOO_DEEP');
    expect(outcomeOf(text.replace('"apple"', deep))[0]).toBe('JSON_TOO_DEEP');
  });

  test('J03: a number that a program rounds is refused as an id', () => {
    expect(outcomeOf(text.replace('"id":2', '"id":12345678901234567890'))[0]).toBe('SCHEMA_VIOLATION');
    expect(outcomeOf(text.replace('"deviceId":"D2"', '"deviceId":12345678901234567890'))[0]).toBe(
      'SCHEMA_VIOLATION',
    );
  });

  test.each([
    ['a name twice', text.replace('"id":2', '"id":2,"id":2')],
    ['a name twice in the header', text.replace('{', '{"version":1.1,')],
    ['a trailing comma in a record', text.replace('"id":2,', '"id":2,,')],
    ['a trailing comma in the list', text.replace(/\]\}$/, ',]}')],
    ['a comma in front', text.replace('"orders":[', '"orders":[,')],
    ['no comma between records', text.replace('},{"id":3', '}{"id":3')],
    ['NaN', text.replace('"id":2', '"id":NaN')],
    ['two documents', `${text}${text}`],
    ['two documents in lines', `${text}\n${text}\n`],
    ['text behind', `${text}x`],
  ])('J04: strict: %s is refused', (_what, content) => {
    expect(content).not.toBe(text);
    expect(outcomeOf(content)[0]).toBe('JSON_MALFORMED');
  });
});

describe('bad records', () => {
  const many = (bad: (index: number) => boolean) => {
    const orders = Array.from({ length: 3000 }, (_, index) => ({
      ...request.orders[2],
      id: index,
      ...(bad(index) && { organisationId: '' }),
    }));
    return JSON.stringify(changed(changed(request, ['orders'], orders), ['recordCount'], orders.length));
  };

  test('V16: one bad record of 3,000 refuses the file, and is named', () => {
    expect(outcomeOf(many((index) => index === 1777))).toEqual([
      'SCHEMA_VIOLATION',
      expect.stringMatching(/^\/orders\/1777\/organisationId: [^;]*$/),
    ]);
    expect(outcomeOf(many(() => false))).toEqual(['read', '3000']);
  });

  test('V17: of 3,000 bad records ten are named, and the rest is counted', () => {
    const [code, message] = outcomeOf(many(() => true));
    expect(code).toBe('SCHEMA_VIOLATION');
    expect(message.split('; ')).toHaveLength(11);
    expect(message).toMatch(/and 2990 more$/);
  });

  test('O12: no value is told', () => {
    expect(outcomeOf(JSON.stringify(changed(request, organisation, 'CANARY'.repeat(20))))[1]).not.toContain(
      'CANARY',
    );
  });
});
