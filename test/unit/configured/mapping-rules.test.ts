import { describe, expect, test } from '@jest/globals';

import { minimal, problemsOf } from './examples.ts';

type Json = Readonly<Record<string, unknown>>;
const request = (changes: Json) => ({ ...minimal.json, request: { ...minimal.json.request, ...changes } });
const answer = (changes: Json) => ({ ...minimal.json, answer: { ...minimal.json.answer, ...changes } });
const serial = { name: 'serial', from: 'serialNumber' };
const devices = (...fields: Json[]) => ({ devices: { at: 'devices', fields: [serial, ...fields] } });

describe('a mapping', () => {
  test.each(Object.entries(minimal))('is taken: the smallest of %s', (_kind, mapping) => {
    expect(problemsOf(mapping)).toEqual([]);
  });

  test('O01: is refused with every problem at once, each with its place', () => {
    const wrong = {
      ...request({ kind: 'json', types: {}, key: 'imei', colour: 'red' }),
      query: { path: '/x/{orderId}' },
      errors: [
        { code: 'A', class: 'data', text: 'x' },
        { code: 'A', class: 'worse', text: 'x' },
      ],
    };
    expect(problemsOf(wrong).map((problem) => problem.split(':')[0])).toEqual(
      expect.arrayContaining(['request.colour', 'errors.1.class']),
    );
  });

  test.each<[string, unknown, string]>([
    ['no type of request', request({ types: {} }), 'request.types: names no type of request'],
    [
      'a void without devices',
      request({ types: { ORDER: 'A', VOID: 'V' } }),
      'request.types.VOID: names no devices',
    ],
    [
      'byDevice without RETURN',
      request({ types: { ORDER: 'A' }, byDevice: ['VOID'] }),
      'request.byDevice: needs ORDER',
    ],
    [
      'a type both taken and put by device',
      request({ types: { ORDER: 'A', RETURN: 'R', OVERRIDE: 'O' }, byDevice: ['OVERRIDE'] }),
      'request.byDevice: has a type that stands among the types',
    ],
    [
      'a needed column that nobody remembers',
      request({ byDevice: ['VOID'], ...devices({ name: 'model', from: 'model' }) }),
      'request.devices.fields.1.required: must be false',
    ],
    [
      'neither orders nor devices',
      request({ devices: undefined }),
      'request: lists neither orders nor devices',
    ],
    ['a key that is not sent', request({ key: 'imei' }), 'request.key: no field of devices is from imei'],
    [
      'an order key that is not sent',
      request({ key: 'orderId' }),
      'request.key: no field of orders is from orderId',
    ],
    [
      'a value of devices in an order',
      request({ orders: { at: 'orders', fields: [{ name: 'imei', from: 'imei' }] } }),
      'request.orders.fields.0.from: belongs to something else than an order',
    ],
    [
      'a value of orders in the whole',
      request({ fields: [{ name: 'id', from: 'orderId' }] }),
      'request.fields.0.from: belongs to something else than the whole request',
    ],
    [
      'a constant without text',
      request(devices({ name: 'x', from: 'constant' })),
      'request.devices.fields.1.text: belongs',
    ],
    [
      'a text without constant',
      request(devices({ name: 'x', from: 'model', text: 'y' })),
      'request.devices.fields.1.text: belongs',
    ],
    [
      'an identifier as a number',
      request(devices({ name: 'imei', from: 'imei', number: true })),
      'request.devices.fields.1.number: is only for orderId',
    ],
    [
      'two properties at one place',
      request(devices({ name: 'serial', from: 'model' })),
      'request.devices.fields: two of them',
    ],
    [
      'a property within the text of another',
      request(devices({ name: 'serial.text', from: 'model' })),
      'request.devices.fields: two of them',
    ],
    [
      'a property in place of the list',
      request({ fields: [{ name: 'devices', from: 'transactionId' }] }),
      'request.fields: two of them',
    ],
    [
      'a word of two meanings',
      answer({ words: { success: ['OK'], failure: [' ok'] } }),
      'answer.words: a word has two meanings',
    ],
    [
      'an acknowledgement with a word of two meanings',
      {
        ...minimal.json,
        acknowledgement: { kind: 'json', status: 's', words: { accepted: ['A'], refused: ['a'] } },
      },
      'acknowledgement.words: a word has two meanings',
    ],
    [
      'a query about nothing',
      { ...minimal.json, query: { path: '/all' } },
      'query.path: needs {transactionId}',
    ],
    [
      'a query with other braces',
      { ...minimal.json, query: { path: '/{orderId}' } },
      'query.path: may have {transactionId}',
    ],
    [
      'a query by an id that nobody says',
      { ...answer({ whole: {} }), query: { path: '/{providerTransactionId}' } },
      'query.path: has {providerTransactionId}',
    ],
    [
      'an error code twice',
      { ...minimal.json, errors: [1, 2].map(() => ({ code: 'A', class: 'data', text: 'x' })) },
      'errors.1.code: stands twice',
    ],
    [
      'a path with an expression',
      request(devices({ name: 'a[0]', from: 'model' })),
      'request.devices.fields.1.name: must be',
    ],
    [
      'J01: a forbidden name',
      request(devices({ name: 'a.__proto__', from: 'model' })),
      'request.devices.fields.1.name: must be',
    ],
    [
      'an unknown source',
      request(devices({ name: 'a', from: 'price' })),
      'request.devices.fields.1.from: must be one of',
    ],
    [
      'a query path to another host',
      { ...minimal.json, query: { path: '//evil/{transactionId}\n' } },
      'query.path: must be',
    ],
    ['no success', answer({ words: { success: [] } }), 'answer.words.success: '],
  ])('is refused: %s', (_what, mapping, problem) => {
    expect(problemsOf(mapping)).toEqual([expect.stringContaining(problem)]);
  });

  test('the same for a table: two columns of one name, and rows of orders with devices in them', () => {
    const { csv } = minimal;
    const table = (changes: Json) => problemsOf({ ...csv, request: { ...csv.request, ...changes } });
    const twice = [...csv.request.fields, { name: 'Serial', from: 'model' }];
    expect(table({ fields: twice })).toEqual([expect.stringMatching(/^request\.fields: two of them/)]);
    expect(
      table({
        rows: 'order',
        key: 'orderId',
        fields: [
          { name: 'Order', from: 'orderId' },
          { name: 'Imei', from: 'imei' },
        ],
      }),
    ).toEqual([expect.stringMatching(/^request\.fields\.1\.from: belongs to something else than an order/)]);
  });

  test('of no length takes long to refuse', () => {
    const started = performance.now();
    for (const text of [
      'a.'.repeat(100_000),
      `${'a'.repeat(200_000)}!`,
      '/'.repeat(100_000),
      '{'.repeat(100_000),
    ]) {
      expect(problemsOf(request(devices({ name: text, from: 'model' })))).toHaveLength(1);
      expect(problemsOf({ ...minimal.json, query: { path: text } })).not.toEqual([]);
      const { xml } = minimal;
      expect(problemsOf({ ...xml, request: { ...xml.request, root: text } })).not.toEqual([]);
      expect(problemsOf({ ...xml, answer: { ...xml.answer, key: `${text}/@` } })).not.toEqual([]);
    }
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
