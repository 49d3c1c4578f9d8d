import { describe, expect, test } from '@jest/globals';

import type {
  AnswerContent,
  AskedRequest,
  ProviderAnswer,
  ProviderFormat,
  Question,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import {
  asked,
  csv,
  documentOf,
  formatWith,
  json,
  minimal,
  nothingEnrolled,
  orderOf,
  xml,
} from './examples.ts';

const order = orderOf(
  1,
  ['A', 'B', 'C'].map((serialNumber) => ({ serialNumber })),
);

function askedOf(format: ProviderFormat, providerTransactionId: string | null = null): AskedRequest {
  const [request] = format.toRequests(documentOf([order]), nothingEnrolled).requests;
  if (!request) throw new Error('no request');
  return asked(request, providerTransactionId);
}

const tables = formatWith(minimal.csv);
const properties = formatWith(minimal.json);
const elements = formatWith(minimal.xml);

/** What an answer says of the devices: `ok`, `?` or the codes of the errors. */
function outcomes(
  format: ProviderFormat,
  content: AnswerContent,
  of: Question = 'request',
): Record<string, string> {
  const request = askedOf(format);
  const answer = format.readAnswer({ content }, of, request);
  if (answer.kind !== 'result') throw new Error(`it is ${answer.kind}`);
  const { orders } = format.toOutcomes(answer.result, of, request);
  return Object.fromEntries(
    orders.flatMap(({ devices }) =>
      devices.map((device) => [
        device.deviceId.slice('D1-'.length),
        device.outcome === 'failed'
          ? device.errors.map(({ code }) => code).join('+')
          : device.outcome === 'succeeded'
            ? 'ok'
            : '?',
      ]),
    ),
  );
}

const header = 'Serial,Status,Code,Text,Batch\n';

describe('the outcome of a device', () => {
  test.each([
    ['a word of success', 'A,OK,,,', 'ok'],
    ['in another letter case, with blanks around it', 'A, ok ,,,', 'ok'],
    ['a word of success beside a code of the past', 'A,OK,E1,,', 'ok'],
    ['a word of failure with a code', 'A,ERROR,E1,x,', 'E1'],
    ['a word of failure alone: the word is the code', 'A,ERROR,,,', 'ERROR'],
    ['a word of failure beside a code of success', 'A,ERROR,OK,,', 'ERROR'],
    ['no status, and a code', 'A,,E1,,', 'E1'],
    ['a word that nobody listed', 'A,SUCCESS,,,', '?'],
    ['a word that nobody listed, and a code', 'A,STRANGE,E1,,', '?'],
    ['nothing', 'A,,,,', '?'],
    ['pending', 'A,OPEN,,,', '?'],
    ['missing', 'X,OK,,,', '?'],
  ])('is what its own record says: %s', (_what, line, expected) => {
    expect(outcomes(tables, csv(`${header}${line}\nB,OK,,,\n`))).toEqual({ 1: expected, 2: 'ok', 3: '?' });
  });

  test('two records that contradict each other settle nothing; two errors are both told', () => {
    expect(
      outcomes(tables, csv(`${header}A,OK,,,\nA,ERROR,E1,,\nB,ERROR,E1,,\nB,ERROR,E2,,\nC,OK,,,\nC,OK,,,\n`)),
    ).toEqual({
      1: '?',
      2: 'E1+E2',
      3: 'ok',
    });
  });

  test('is failed by a code that stands in place of a status, when it is listed', () => {
    const format = formatWith({
      ...minimal.csv,
      answer: { ...minimal.csv.answer, status: 'Code', words: { success: ['0'] } },
      errors: [{ code: '17', class: 'data', text: 'Not known' }],
    });
    expect(outcomes(format, csv(`${header}A,,0,,\nB,,17,,\nC,,18,,\n`))).toEqual({
      1: 'ok',
      2: '17',
      3: '?',
    });
  });

  test('is not settled by a word of success beside a code that is listed', () => {
    const devices = [
      { serial: 'A', status: 'OK', errors: { code: 'E1' } },
      { serial: 'B', status: 'OK', errors: { code: 'S-0' } },
    ];
    expect(outcomes(properties, json({ result: { devices } }))).toEqual({ 1: '?', 2: 'ok', 3: '?' });
  });

  test('is open with a code of class pending', () => {
    const devices = [
      { serial: 'A', status: 'ERROR', errors: { code: 'E3' } },
      { serial: 'B', status: 'OK' },
    ];
    expect(outcomes(properties, json({ result: { devices } }))).toEqual({ 1: '?', 2: 'ok', 3: '?' });
  });

  test('T01: things that nobody asked for are passed over, and devices that are not ours are told', () => {
    const request = askedOf(tables);
    const table = 'Colour,Serial,Status,Code,Text,Batch\nred,X,OK,,,\nred,A,OK,,,\n';
    const answer = tables.readAnswer({ content: csv(table) }, 'request', request);
    if (answer.kind !== 'result') throw new Error(answer.kind);
    expect(tables.toOutcomes(answer.result, 'request', request).unexpected).toEqual(['device X']);
  });

  test('has the text of the partner, or ours where there is none', () => {
    const request = askedOf(properties);
    const devices = ['A', 'B', 'C'].map((serial, n) => ({
      serial,
      status: 'ERROR',
      errors: [{ code: 'E1', text: 'belegt' }, { code: 'E1' }, { code: 404, text: '' }][n],
    }));
    const answer = properties.readAnswer({ content: json({ result: { devices } }) }, 'query', request);
    if (answer.kind !== 'result') throw new Error(answer.kind);
    const [outcome] = properties.toOutcomes(answer.result, 'query', request).orders;
    expect(outcome?.devices.map((device) => (device.outcome === 'failed' ? device.errors : []))).toEqual([
      [{ code: 'E1', message: 'belegt' }],
      [{ code: 'E1', message: expect.stringMatching(/^Taken/) }],
      [{ code: '404', message: expect.stringMatching(/not in our list/) }],
    ]);
  });
});

describe('one thing where several are usual (a single error as an object, several as a list)', () => {
  const one = { serial: 'A', status: 'ERROR', errors: { code: 1, text: 'x' } };
  test.each([
    ['a list', { result: { devices: [one] } }, '1'],
    ['an object', { result: { devices: one } }, '1'],
    ['lists of lists', { result: [{ devices: [one] }, { devices: [{ serial: 'B', status: 'OK' }] }] }, '1'],
    ['several errors', { result: { devices: [{ ...one, errors: [{ code: 1 }, { code: '2' }] }] } }, '1+2'],
    ['errors as null', { result: { devices: [{ ...one, errors: null }] } }, 'ERROR'],
  ])('in JSON: %s', (_what, document, expected) => {
    expect(outcomes(properties, json(document))).toMatchObject({ 1: expected, 3: '?' });
  });

  test('X04: in XML, and in any namespace where none is asked for', () => {
    const device = (serial: string, errors: string) =>
      `<x:Device><x:Serial> ${serial} </x:Serial><x:Status>ERROR</x:Status>${errors}</x:Device>`;
    const error = (code: number) => `<x:Error><x:Code>${code}</x:Code></x:Error>`;
    const document = `<Any xmlns:x="urn:x"><x:Devices>${device('A', error(1))}${device('B', error(1) + error(2))}</x:Devices></Any>`;
    expect(outcomes(elements, xml(document))).toEqual({ 1: '1', 2: '1+2', 3: '?' });
  });

  test('in XML, elements of another namespace are passed over where one is asked for', () => {
    const format = formatWith({ ...minimal.xml, answer: { ...minimal.xml.answer, namespace: 'urn:x' } });
    const device = (prefix: string, serial: string) =>
      `<${prefix}:Device><${prefix}:Serial>${serial}</${prefix}:Serial><${prefix}:Status>OK</${prefix}:Status></${prefix}:Device>`;
    const document = `<Any xmlns:x="urn:x" xmlns:y="urn:y"><x:Devices>${device('x', 'A')}${device('y', 'B')}</x:Devices></Any>`;
    expect(outcomes(format, xml(document))).toEqual({ 1: 'ok', 2: '?', 3: '?' });
  });
});

describe('an answer', () => {
  const read = (document: unknown, of: Question = 'request', theirs: string | null = null, status?: number) =>
    properties.readAnswer(
      { ...(status !== undefined && { status }), content: json(document) },
      of,
      askedOf(properties, theirs),
    );
  const allPending = { id: 'ours', ticket: 'T', result: { devices: [{ serial: 'A', status: 'open' }] } };
  const failure = { status: 'ERROR', error: { code: 'E1' } };
  const errors = [{ code: 'E1', message: expect.stringMatching(/^Taken/) }];

  test.each<[string, ProviderAnswer | object, unknown, Question, string | null]>([
    [
      'at work: accepted, at first',
      { kind: 'accepted', providerTransactionId: 'T' },
      allPending,
      'request',
      null,
    ],
    [
      'at work: pending, then',
      { kind: 'pending', ids: { transactionId: 'ours', providerTransactionId: 'T' } },
      allPending,
      'request',
      'T',
    ],
    ['at work: pending, to a query', { kind: 'pending' }, allPending, 'query', 'T'],
    ['the whole at work', { kind: 'pending', ids: {} }, { status: 'OPEN' }, 'query', 'T'],
    ['the whole failed: refused, at first', { kind: 'refused', errors }, failure, 'request', null],
    ['the whole failed: a result, when it was accepted', { kind: 'result' }, failure, 'request', 'T'],
    ['the whole failed: a result, to a query', { kind: 'result' }, failure, 'query', 'T'],
    ['an error alone: refused', { kind: 'refused', errors }, { error: { code: 'E1' } }, 'request', null],
    [
      'an error alone, to a query: the question is refused',
      { kind: 'query-refused', errors },
      { error: { code: 'E1' } },
      'query',
      'T',
    ],
    ['an error of class pending is none', { kind: 'pending' }, { error: { code: 'E3' } }, 'query', 'T'],
  ])('says: %s', (_what, expected, document, of, theirs) => {
    expect(read(document, of, theirs)).toMatchObject(expected);
  });

  test('a whole that failed fails every device, with the error of the whole', () => {
    const request = askedOf(properties, 'T');
    const answer = read(failure, 'query', 'T');
    expect(
      answer.kind === 'result' && properties.toOutcomes(answer.result, 'query', request).orders,
    ).toMatchObject([
      { orderId: 1, errors, devices: [1, 2, 3].map(() => ({ outcome: 'failed', errors })), settled: true },
    ]);
  });

  test('a whole that succeeded is no success of a device', () => {
    expect(outcomes(properties, json({ status: 'OK', result: { devices: [] } }))).toEqual({
      1: '?',
      2: '?',
      3: '?',
    });
    const devices = [{ serial: 'A', status: 'ERROR' }];
    expect(outcomes(properties, json({ status: 'OK', result: { devices } }))).toEqual({
      1: 'ERROR',
      2: '?',
      3: '?',
    });
  });

  test('ids that a table repeats in each row are those of the whole; two are refused', () => {
    const readTable = (text: string) => tables.readAnswer({ content: csv(text) }, 'request', askedOf(tables));
    expect(readTable(`${header}A,OK,,,T1\nB,OK,,,T1\n`)).toMatchObject({ ids: { transactionId: 'T1' } });
    expect(() => readTable(`${header}A,OK,,,T1\nB,OK,,,T2\n`)).toThrow('several transactions');
  });

  test('an id that comes late is no contradiction, where ours stood in its place', () => {
    const { transactionId } = askedOf(properties);
    const late = { ...allPending, id: undefined };
    expect(read(late, 'query', transactionId)).toEqual({ kind: 'pending', ids: {} });
  });

  const notFound = { ...minimal.json, query: { path: '/x/{transactionId}', notFound: ['E404'] } };
  test.each([
    [400, 'E1', 'request', { kind: 'refused' }],
    [400, 'NEW', 'request', { kind: 'refused', errors: [{ code: 'NEW' }] }],
    [503, 'E2', 'request', { kind: 'refused' }],
    [409, 'E3', 'request', { kind: 'accepted' }],
    [400, 'E1', 'query', { kind: 'query-refused' }],
    [404, 'E404', 'reconciliation', { kind: 'not-found' }],
    [404, 'E1', 'reconciliation', { kind: 'query-refused' }],
  ] as const)('over HTTPS, %d with code %s to a %s', (status, code, of, expected) => {
    const format = formatWith(notFound);
    const content = json({ error: { code }, result: { devices: [{ serial: 'A', status: 'OK' }] } });
    expect(format.readAnswer({ status, content }, of, askedOf(format))).toMatchObject(expected);
  });

  test('a partner that answers a question with a refusing acknowledgement may not know the request', () => {
    const format = formatWith({
      ...minimal.csv,
      acknowledgement: {
        kind: 'csv',
        status: 'State',
        words: { accepted: ['YES'], refused: ['NO'] },
        code: 'Code',
        text: 'Text',
        providerTransactionId: 'Number',
      },
      query: { path: '/x/{transactionId}', notFound: ['E404'] },
    });
    const refusal = (code: string) => ({ content: csv(`State,Code,Text,Number\nNO,${code},why,\n`) });
    expect(format.readAnswer(refusal('E404'), 'reconciliation', askedOf(format))).toEqual({
      kind: 'not-found',
    });
    expect(format.readAnswer(refusal('E1'), 'reconciliation', askedOf(format)).kind).toBe('result');
    expect(format.readAnswer(refusal('E404'), 'request', askedOf(format)).kind).toBe('refused');
  });

  test.each([
    [500, { error: { code: 'NEW' } }],
    [401, { error: { code: 'NEW' } }],
    [429, {}],
    [404, { result: { devices: [{ serial: 'A', status: 'OK' }] } }],
  ])('over HTTPS, %d with %j is left to its status', (status, document) => {
    expect(() => read(document, 'request', null, status)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
    );
  });

  const nonsense: AnswerContent[] = [
    { kind: 'empty' },
    { kind: 'other' },
    csv(''),
    csv('secret'),
    csv(header),
    csv(`${header}A,"OK,secret`),
    csv('Serial;Status\nA;OK\n'),
    csv('secret\0,'),
    xml('<a/>'),
    xml('<a><Devices><Device>secret</Device></Devices></a>'),
    ...[
      null,
      1,
      'secret',
      [],
      {},
      [[]],
      { result: 'secret' },
      { result: { devices: [{ secret: 'secret' }] } },
    ].map(json),
  ];
  test.each(nonsense.map((content) => [content.kind, content] as const))(
    'that says nothing is refused, and not quoted: %s',
    (_kind, content) => {
      for (const format of [tables, properties, elements]) {
        for (const question of ['request', 'query', 'reconciliation'] as const) {
          expect(() => format.readAnswer({ content }, question, askedOf(format))).toThrow(
            expect.objectContaining({
              code: 'UNKNOWN_ANSWER',
              message: expect.not.stringContaining('secret'),
            }),
          );
        }
      }
    },
  );

  test.each([null, {}, [], 'x', { records: [{ key: 'A' }] }])(
    'that was not read before is refused: %j',
    (result) => {
      expect(() => properties.toOutcomes(result, 'query', askedOf(properties))).toThrow(
        expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
      );
    },
  );

  test('a result survives JSON', () => {
    const answer = read(
      { ...failure, result: { devices: [{ serial: 'A', status: 'ERROR', errors: { code: 'E1' } }] } },
      'query',
    );
    expect(answer.kind === 'result' && JSON.parse(JSON.stringify(answer.result))).toEqual(
      answer.kind === 'result' && answer.result,
    );
  });
});

describe('an acknowledgement (accepted is not enrolled)', () => {
  const words = { accepted: ['OK'], refused: ['NO'] };
  const places = { status: 'status', code: 'reason', providerTransactionId: 'number' };
  const format = formatWith({ ...minimal.json, acknowledgement: { kind: 'json', ...places, words } });
  const read = (document: unknown, of: Question = 'request', theirs: string | null = null) =>
    format.readAnswer({ content: json(document) }, of, askedOf(format, theirs));

  test.each<[unknown, Question, string | null, object]>([
    [{ status: 'ok', number: 7 }, 'request', null, { kind: 'accepted', providerTransactionId: '7' }],
    [
      { status: 'OK' },
      'request',
      null,
      { kind: 'accepted', providerTransactionId: expect.stringMatching(/-907-1$/) },
    ],
    [{ status: 'OK', number: 7 }, 'request', '7', { kind: 'pending', ids: { providerTransactionId: '7' } }],
    [{ status: 'OK', number: 7 }, 'query', '7', { kind: 'pending' }],
    [{ status: 'NO', reason: 'E1' }, 'request', null, { kind: 'refused', errors: [{ code: 'E1' }] }],
    [{ status: 'NO' }, 'request', '7', { kind: 'result' }],
    [
      { status: 'OK', result: { devices: [{ serial: 'A', status: 'OK' }] } },
      'request',
      null,
      { kind: 'result' },
    ],
  ])('%j to a %s', (document, of, theirs, expected) => {
    expect(read(document, of, theirs)).toMatchObject(expected);
  });

  test('may be an answer without a body', () => {
    const empty = formatWith({ ...minimal.json, acknowledgement: { kind: 'empty' } });
    expect(
      empty.readAnswer({ status: 202, content: { kind: 'empty' } }, 'request', askedOf(empty)),
    ).toMatchObject({
      kind: 'accepted',
    });
    expect(() =>
      empty.readAnswer({ status: 503, content: { kind: 'empty' } }, 'request', askedOf(empty)),
    ).toThrow('UNKNOWN_ANSWER');
  });

  test('in a table of other columns than the answer', () => {
    const both = formatWith({
      ...minimal.csv,
      acknowledgement: { kind: 'csv', status: 'File', code: 'Why', providerTransactionId: 'Number', words },
    });
    const readTable = (text: string) => both.readAnswer({ content: csv(text) }, 'request', askedOf(both));
    expect(readTable('File,Why,Number\nOK,,9\n')).toEqual({ kind: 'accepted', providerTransactionId: '9' });
    expect(readTable(`${header}A,OK,,,\n`)).toMatchObject({ kind: 'result' });
  });
});

describe('a question', () => {
  const ask = (path: string, theirs: string | null) => {
    const format = formatWith({ ...minimal.json, query: { method: 'POST', path } });
    return [format.toQuery(askedOf(format, theirs)), format.toReconciliation(askedOf(format, theirs))];
  };

  test('is none where the partner answers by itself', () => {
    expect(properties.toQuery(askedOf(properties, 'T'))).toBeNull();
    expect(properties.toReconciliation(askedOf(properties))).toBeNull();
  });

  test('has the ids in its path, encoded, and no pattern of ours', () => {
    const { transactionId } = askedOf(properties);
    const message = {
      method: 'POST',
      path: `/r/${transactionId}?t=a%2Fb%3F%26%24%261`,
      mediaType: 'application/json',
      content: '',
    };
    expect(ask('/r/{transactionId}?t={providerTransactionId}', 'a/b?&$&1')).toEqual([
      { stem: 'query', ...message },
      { stem: 'reconciliation', ...message },
    ]);
  });

  test("needs the partner's id where its path has it", () => {
    const { transactionId } = askedOf(properties);
    expect(ask('/r/{providerTransactionId}', null)).toEqual([null, null]);
    expect(ask('/r/{providerTransactionId}', transactionId)).toEqual([null, null]);
    expect(ask('/r/{transactionId}', null)).not.toContain(null);
  });
});

test('the list of errors is the catalogue; what is not listed is of class data', () => {
  expect(properties.errors.rows).toEqual([
    ['E1', 'conflict', 'Taken'],
    ['E2', 'retry', 'Busy'],
    ['E3', 'pending', 'At work'],
  ]);
  for (const [code, errorClass, text] of properties.errors.rows) {
    expect(properties.errors.lookUp(code)).toEqual({ class: errorClass, meaning: text });
    expect(properties.errors.describe({ code, message: '' })).toEqual({
      code,
      message: expect.stringContaining(text),
    });
  }
  expect(properties.errors.lookUp('E99').class).toBe('data');
});
