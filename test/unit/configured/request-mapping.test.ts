import { describe, expect, test } from '@jest/globals';

import { readXml } from '../../../shared/formats/read-xml.ts';
import {
  documentOf,
  enrolled,
  formatWith,
  imei,
  minimal,
  nothingEnrolled,
  orderOf,
  voidOf,
} from './examples.ts';

type Json = Readonly<Record<string, unknown>>;
const device = (serialNumber: string) => ({ serialNumber });

/** A flat list in JSON whose devices have one more property. */
const withField = (field: Json, others: object = {}) => {
  const { request } = minimal.json;
  const fields = [...request.devices.fields, field];
  return formatWith(
    { ...minimal.json, request: { ...request, devices: { ...request.devices, fields } } },
    others,
  );
};

const withRequest = (changes: Json, others: object = {}) =>
  formatWith({ ...minimal.json, request: { ...minimal.json.request, ...changes } }, others);

interface Flat {
  readonly id: string;
  readonly devices: readonly Json[];
}
const documents = (mapped: ReturnType<ReturnType<typeof formatWith>['toRequests']>) =>
  mapped.requests.map(({ message }) => JSON.parse(message.content) as Flat);
const values = (field: Json, order: ReturnType<typeof orderOf>, others: object = {}) => {
  const mapped = withField({ name: 'value', ...field }, others).toRequests(
    documentOf([order]),
    nothingEnrolled,
  );
  const refused = mapped.refused.flatMap(({ devices }) =>
    devices.flatMap((one) => (one.outcome === 'failed' ? one.errors.map(({ code }) => code) : [])),
  );
  return { written: documents(mapped).flatMap(({ devices }) => devices.map(({ value }) => value)), refused };
};

describe('a field', () => {
  const full = {
    ...device('S1'),
    imei: imei(1),
    imei2: imei(2),
    meid: 'A0000000000001',
    manufacturer: 'Contoso',
    model: 'Phone 13',
    assetTag: 'FIN-1',
    productId: '0123456789012',
    hardwareHash: 'T0FBQUVYQU1QTEU=',
  };
  const order = orderOf(5, [full], { purchaseOrderNumber: 'PO-1' });

  test.each([
    [{ from: 'orderId' }, '5'],
    [{ from: 'orderNumber' }, '5'],
    [{ from: 'purchaseOrderNumber' }, 'PO-1'],
    [{ from: 'organisationId' }, '880011'],
    [{ from: 'orderDate' }, '2026-05-04T08:00:00Z'],
    [{ from: 'orderDate', date: 'date' }, '2026-05-04'],
    [{ from: 'shipDate', date: 'compact' }, '20260505T073015Z'],
    [{ from: 'shipDate', date: 'compactDate' }, '20260505'],
    [{ from: 'deliveryNumber' }, 'DN-5'],
    [{ from: 'requestType' }, 'ADD'],
    [{ from: 'deviceId' }, 'D5-1'],
    [{ from: 'serialNumber' }, 'S1'],
    [{ from: 'imei' }, imei(1)],
    [{ from: 'imei2' }, imei(2)],
    [{ from: 'meid' }, 'A0000000000001'],
    [{ from: 'manufacturer' }, 'Contoso'],
    [{ from: 'model' }, 'Phone 13'],
    [{ from: 'assetTag' }, 'FIN-1'],
    [{ from: 'productId' }, '0123456789012'],
    [{ from: 'hardwareHash' }, 'T0FBQUVYQU1QTEU='],
    [{ from: 'firstIdentifier' }, 'S1'],
    [{ from: 'constant', text: 'fixed' }, 'fixed'],
    [{ from: 'orderId', number: true }, 5],
  ])('%j is written as %j', (field, expected) => {
    expect(values(field, order)).toEqual({ written: [expected], refused: [] });
  });

  test('of the transaction id holds that of its request', () => {
    const mapped = withField({ name: 'value', from: 'transactionId' }).toRequests(
      documentOf([order]),
      nothingEnrolled,
    );
    expect(documents(mapped)[0]?.devices[0]?.value).toBe(mapped.requests[0]?.transactionId);
  });

  test.each([
    ['T05: longer than the partner takes', { from: 'model', maxLength: 7 }, full, 'UNMAPPABLE'],
    ['needed, and missing', { from: 'assetTag' }, device('S1'), 'UNMAPPABLE'],
    ['an identifier that is needed, and missing', { from: 'imei' }, device('S1'), 'IDENTIFIER_MISSING'],
    [
      'V10: an IMEI from a spreadsheet',
      { from: 'imei' },
      { ...full, imei: '3.56E+14' },
      'IDENTIFIER_DAMAGED',
    ],
    ['an IMEI of letters', { from: 'imei2' }, { ...full, imei2: 'unknown' }, 'IDENTIFIER_INVALID'],
    [
      'a product id that lost its zeros',
      { from: 'productId' },
      { ...full, productId: '123' },
      'IDENTIFIER_DAMAGED',
    ],
    ['a character that XML cannot have', { from: 'model' }, { ...full, model: 'x\uffff' }, 'UNMAPPABLE'],
  ])('is refused, and never cut: %s', (_what, field, one, code) => {
    const good = { ...full, serialNumber: 'S2', model: 'Phone' };
    expect(values(field, orderOf(5, [one, good]))).toEqual({ written: [expect.anything()], refused: [code] });
  });

  test('that is not required is left out', () => {
    const { written } = values({ from: 'assetTag', required: false }, orderOf(5, [device('S1')]));
    expect(written).toEqual([undefined]);
  });

  test('of exactly the longest length is written', () => {
    expect(values({ from: 'model', maxLength: 8 }, order).written).toEqual(['Phone 13']);
  });

  test('T05: a number is written as one only when it stays the same', () => {
    const field = { from: 'organisationId', number: true };
    const written = (organisationId: string) => values(field, orderOf(5, [full], { organisationId }));
    expect(written('42')).toEqual({ written: [42], refused: [] });
    for (const id of ['007', '1e3', '12345678901234567890', 'x']) {
      expect(written(id)).toEqual({ written: [], refused: ['UNMAPPABLE'] });
    }
  });

  test('a damaged first identifier is not replaced by another', () => {
    const damaged = orderOf(5, [{ ...full, imei: '3.56E+14' }]);
    const format = withRequest({
      identifiers: ['imei', 'meid'],
      ...{ key: 'firstIdentifier' },
      devices: { at: 'devices', fields: [{ name: 'id', from: 'firstIdentifier' }] },
    });
    const { requests, refused } = format.toRequests(documentOf([damaged]), nothingEnrolled);
    expect(requests).toEqual([]);
    expect(refused).toMatchObject([{ devices: [{ errors: [{ code: 'IDENTIFIER_DAMAGED' }] }] }]);
  });

  test('serial numbers are written in upper case where the partner wants it', () => {
    const [request] = withRequest({ upperCase: true }).toRequests(
      documentOf([orderOf(1, [device('ab1')])]),
      nothingEnrolled,
    ).requests;
    expect(request?.orders[0]?.devices).toEqual([{ deviceId: 'D1-1', providerDeviceId: 'AB1' }]);
  });

  test('IMEIs with a wrong check digit are counted in the notes', () => {
    const wrong = imei(1).slice(0, 14) + String((Number(imei(1)[14]) + 1) % 10);
    const format = withField({ name: 'imei', from: 'imei' });
    const { notes, requests } = format.toRequests(
      documentOf([orderOf(1, [{ ...device('S'), imei: wrong }])]),
      nothingEnrolled,
    );
    expect(requests).toHaveLength(1);
    expect(notes).toEqual(['IMEIs sent with a wrong check digit: 1']);
  });
});

describe('a document', () => {
  const orders = [orderOf(1, [device('A'), device('B')]), orderOf(2, [device('C')])];

  test('in XML repeats elements, with or without one around them', () => {
    const [request] = formatWith(minimal.xml).toRequests(documentOf(orders), nothingEnrolled).requests;
    const root = readXml(Buffer.from(request?.message.content ?? ''));
    expect(root).toMatchObject({ name: 'Request', namespace: 'urn:example' });
    expect(root.children.map(({ name }) => name)).toEqual(['Header', 'Order', 'Order']);
    const serials = root.children
      .slice(1)
      .map(({ children }) =>
        children
          .filter(({ name }) => name === 'Devices')
          .flatMap((list) => list.children.map((one) => one.children[0]?.text)),
      );
    expect(serials).toEqual([['A', 'B'], ['C']]);
  });

  test('in XML keeps any text as it is', () => {
    const text = `<&>"'\r\n\t ]]> 𝄞 é`;
    const xml = formatWith({
      ...minimal.xml,
      request: {
        ...minimal.xml.request,
        devices: {
          at: 'Device',
          fields: [
            { name: 'Serial', from: 'serialNumber' },
            { name: 'Tag', from: 'assetTag' },
          ],
        },
      },
    });
    const [sent] = xml.toRequests(
      documentOf([orderOf(1, [{ ...device('A'), assetTag: text }])]),
      nothingEnrolled,
    ).requests;
    const root = readXml(Buffer.from(sent?.message.content ?? ''));
    expect(root.children[1]?.children[1]?.children[1]?.text).toBe(text);
  });

  test('in JSON nests by dots, and may be the order itself', () => {
    const format = withRequest({
      fields: [{ name: 'header.id', from: 'transactionId' }],
      orders: { at: '', fields: [{ name: 'order.number', from: 'orderNumber' }] },
      devices: { at: 'order.devices', fields: [{ name: 'ids.serial', from: 'serialNumber' }] },
    });
    const { requests } = format.toRequests(documentOf(orders), nothingEnrolled);
    expect(requests.map(({ message }) => JSON.parse(message.content) as unknown)).toEqual(
      [
        ['1', ['A', 'B']],
        ['2', ['C']],
      ].map(([number, serials], index) => ({
        header: { id: requests[index]?.transactionId },
        order: { number, devices: (serials as string[]).map((serial) => ({ ids: { serial } })) },
      })),
    );
  });

  test('may be one device', () => {
    const format = withRequest({
      fields: [],
      devices: { at: '', fields: [{ name: 'serial', from: 'serialNumber' }] },
    });
    const { requests } = format.toRequests(documentOf(orders), nothingEnrolled);
    expect(requests.map(({ message }) => message.content)).toEqual([
      '{"serial":"A"}',
      '{"serial":"B"}',
      '{"serial":"C"}',
    ]);
  });

  test.each([
    ['comma', 'crlf', true, 'Serial,Action\r\n"A,;|\t""",ADD\r\n'],
    ['semicolon', 'lf', false, '"A,;|\t""";ADD\n'],
    ['tab', 'lf', false, '"A,;|\t"""\tADD\n'],
    ['pipe', 'lf', false, '"A,;|\t"""|ADD\n'],
  ])('in CSV: %s, %s', (delimiter, lineEnd, header, expected) => {
    const format = formatWith({
      ...minimal.csv,
      request: {
        ...minimal.csv.request,
        delimiter,
        lineEnd,
        header,
        key: 'deviceId',
        fields: [
          { name: 'Serial', from: 'deviceId' },
          { name: 'Action', from: 'requestType' },
        ],
      },
    });
    const order = orderOf(1, [{ deviceId: 'A,;|\t"' }]);
    expect(format.toRequests(documentOf([order]), nothingEnrolled).requests[0]?.message.content).toBe(
      expected,
    );
  });

  test.each(["=cmd|'/C calc'!A0", '+1', '-1', '@x', 'x', ' x '])(
    'V11: in CSV a value is quoted only where it must be: %s',
    (model) => {
      const fields = [...minimal.csv.request.fields, { name: 'Model', from: 'model' }];
      const format = formatWith({ ...minimal.csv, request: { ...minimal.csv.request, fields } });
      const order = orderOf(1, [{ ...device('A'), model }]);
      const content = format.toRequests(documentOf([order]), nothingEnrolled).requests[0]?.message.content;
      expect(content).toBe(`Serial,Action,Model\r\nA,ADD,${model}\r\n`);
    },
  );

  test('in CSV has a row for each order where the partner wants that', () => {
    const request = {
      ...minimal.csv.request,
      rows: 'order',
      key: 'orderNumber',
      fields: [{ name: 'Order', from: 'orderNumber' }],
    };
    const [sent] = formatWith({ ...minimal.csv, request }).toRequests(
      documentOf(orders),
      nothingEnrolled,
    ).requests;
    expect(sent?.message.content).toBe('Order\r\n1\r\n2\r\n');
    expect(sent?.orders.map(({ devices }) => devices.length)).toEqual([2, 1]);
  });
});

describe('types of requests', () => {
  test('that the partner does not take are refused order by order, and the others go on', () => {
    const orders = [
      orderOf(1, [device('A')]),
      orderOf(2, [device('B')], { requestType: 'OVERRIDE', originalRequestId: 'R' }),
      voidOf(3),
    ];
    const { requests, refused } = formatWith(minimal.json).toRequests(documentOf(orders), nothingEnrolled);
    expect(requests.flatMap((request) => request.orders.map(({ orderId }) => orderId))).toEqual([1]);
    expect(refused).toEqual([
      {
        orderId: 2,
        errors: [expect.objectContaining({ code: 'UNMAPPABLE' })],
        devices: [expect.objectContaining({ deviceId: 'D2-1', outcome: 'failed' })],
        settled: true,
      },
      { orderId: 3, errors: [expect.objectContaining({ code: 'UNMAPPABLE' })], devices: [], settled: true },
    ]);
  });

  const byDevice = withRequest({ byDevice: ['VOID', 'OVERRIDE'] });
  const override = orderOf(4, [device('NEW'), device('OLD2')], {
    requestType: 'OVERRIDE',
    originalRequestId: 'R',
  });

  test('a void by device takes back what is known as enrolled', () => {
    const { requests, refused } = byDevice.toRequests(
      documentOf([voidOf(4)]),
      enrolled(4, { a: 'OLD1', b: 'OLD2' }),
    );
    expect(refused).toEqual([]);
    expect(requests.map(({ message }) => (JSON.parse(message.content) as Flat).devices)).toEqual([
      [
        { serial: 'OLD1', action: 'REMOVE' },
        { serial: 'OLD2', action: 'REMOVE' },
      ],
    ]);
    expect(requests[0]?.orders).toMatchObject([{ orderId: 4, requestType: 'VOID' }]);
    expect(requests[0]?.preparatory).toBeUndefined();
  });

  test('a void by device of what nobody knows is refused', () => {
    expect(byDevice.toRequests(documentOf([voidOf(4)]), nothingEnrolled)).toMatchObject({
      requests: [],
      refused: [{ orderId: 4, errors: [{ code: 'NOT_ENROLLED' }] }],
    });
  });

  test('an override by device takes back first, as a step that nobody is told of', () => {
    const { requests } = byDevice.toRequests(documentOf([override]), enrolled(4, { a: 'OLD1', b: 'OLD2' }));
    expect(requests.map(({ preparatory = false }) => preparatory)).toEqual([true, false]);
    expect(documents({ requests, refused: [], notes: [] }).map(({ devices }) => devices)).toEqual([
      [
        { serial: 'OLD1', action: 'REMOVE' },
        { serial: 'OLD2', action: 'REMOVE' },
      ],
      [
        { serial: 'NEW', action: 'ADD' },
        { serial: 'OLD2', action: 'ADD' },
      ],
    ]);
  });

  test('by device, they are taken back from the customer who has them', () => {
    const { request } = minimal.json;
    const fields = [...request.devices.fields, { name: 'customer', from: 'organisationId' }];
    const format = withRequest({ byDevice: ['VOID', 'OVERRIDE'], devices: { ...request.devices, fields } });
    const known = enrolled(4, { a: 'OLD1', b: 'OLD2' }, { a: 'C-OLD' });
    const writtenFor = (order: ReturnType<typeof orderOf>) =>
      documents(format.toRequests(documentOf([order]), known)).map(({ devices }) =>
        devices.map(({ serial, action, customer }) => [serial, action, customer].join(' ')),
      );
    const ours = override.organisationId;
    expect(writtenFor(override)).toEqual([
      ['OLD1 REMOVE C-OLD'],
      [`OLD2 REMOVE ${ours}`],
      [`NEW ADD ${ours}`, `OLD2 ADD ${ours}`],
    ]);
    expect(writtenFor(voidOf(4))).toEqual([['OLD1 REMOVE C-OLD'], [`OLD2 REMOVE ${ours}`]]);
  });

  test('nothing else stands in a request that only prepares', () => {
    const orders = [orderOf(1, [device('A')]), override, orderOf(5, [device('B')])];
    const { requests } = byDevice.toRequests(documentOf(orders), enrolled(4, { a: 'OLD1' }));
    expect(
      requests.map(({ preparatory = false, orders: own }) => [
        preparatory,
        own.map(({ orderId }) => orderId),
      ]),
    ).toEqual([
      [false, [1]],
      [true, [4]],
      [false, [4, 5]],
    ]);
  });

  test('an override by device of which nothing can be enrolled takes nothing back', () => {
    const damaged = orderOf(4, [{ serialNumber: '1.2E+10' }], {
      requestType: 'OVERRIDE',
      originalRequestId: 'R',
    });
    const { requests, refused } = byDevice.toRequests(documentOf([damaged]), enrolled(4, { a: 'OLD1' }));
    expect(requests).toEqual([]);
    expect(refused).toMatchObject([{ orderId: 4, devices: [{ outcome: 'failed' }] }]);
  });

  test('an override that the partner takes is never parted', () => {
    const format = withRequest({ types: { OVERRIDE: 'SET' } }, { limits: { devicesPerRequest: 1 } });
    const { requests, refused } = format.toRequests(documentOf([override]), nothingEnrolled);
    expect(requests).toEqual([]);
    expect(refused).toMatchObject([{ orderId: 4, errors: [{ code: 'UNMAPPABLE' }] }]);
  });

  test('a void is an order without devices, where orders are named', () => {
    const format = withRequest({
      types: { ORDER: 'ADD', VOID: 'CANCEL' },
      key: 'orderNumber',
      orders: {
        at: 'orders',
        fields: [
          { name: 'number', from: 'orderNumber' },
          { name: 'action', from: 'requestType' },
        ],
      },
      devices: { at: 'devices', fields: [{ name: 'serial', from: 'serialNumber' }] },
    });
    const { requests } = format.toRequests(
      documentOf([voidOf(4), orderOf(5, [device('A')])]),
      nothingEnrolled,
    );
    expect(requests.map(({ message }) => JSON.parse(message.content) as unknown)).toEqual([
      {
        id: requests[0]?.transactionId,
        orders: [
          { number: '4', action: 'CANCEL' },
          { number: '5', action: 'ADD', devices: [{ serial: 'A' }] },
        ],
      },
    ]);
    expect(requests[0]?.orders[0]).toEqual({
      orderId: 4,
      orderNumber: '4',
      requestType: 'VOID',
      devices: [],
    });
  });

  test('a return has an order number of its own, another in each batch', () => {
    const request = {
      ...minimal.csv.request,
      fields: [...minimal.csv.request.fields, { name: 'Order', from: 'orderNumber' }],
    };
    const format = formatWith({ ...minimal.csv, request });
    const back = documentOf([orderOf(3, [device('A')], { requestType: 'RETURN', originalRequestId: 'R' })]);
    const numberIn = (document: typeof back) =>
      format.toRequests(document, nothingEnrolled).requests[0]?.orders[0]?.orderNumber;
    expect(numberIn(back)).toMatch(/^RE-3-/);
    expect(numberIn({ ...back, batchDateTime: '2026-05-06T00:00:01.000Z' })).not.toBe(numberIn(back));
  });
});

describe('splitting', () => {
  const sizes = (mapped: {
    requests: readonly { orders: readonly { orderId: number; devices: readonly unknown[] }[] }[];
  }) => mapped.requests.map(({ orders }) => orders.map(({ orderId, devices }) => [orderId, devices.length]));

  test('an order of more devices than the limit is sent in pieces', () => {
    const format = withRequest({}, { limits: { devicesPerRequest: 2 } });
    const orders = [
      orderOf(1, [device('A')]),
      orderOf(2, ['B', 'C', 'D'].map(device)),
      orderOf(3, [device('E')]),
    ];
    expect(sizes(format.toRequests(documentOf(orders), nothingEnrolled))).toEqual([
      [[1, 1]],
      [[2, 2]],
      [
        [2, 1],
        [3, 1],
      ],
    ]);
  });

  test('a device or an order that comes twice begins a new request: answers name it once', () => {
    const back = orderOf(1, [device('A')], { requestType: 'RETURN', originalRequestId: 'R' });
    const orders = [back, orderOf(2, [device('A')]), orderOf(2, [device('B')])];
    expect(sizes(formatWith(minimal.json).toRequests(documentOf(orders), nothingEnrolled))).toEqual([
      [[1, 1]],
      [[2, 1]],
      [[2, 1]],
    ]);
  });

  test('two devices of one identifier in an order are both refused', () => {
    const order = orderOf(1, [device('A'), device('A'), device('B')]);
    const { requests, refused } = formatWith(minimal.json).toRequests(documentOf([order]), nothingEnrolled);
    expect(requests[0]?.orders[0]?.devices).toEqual([{ deviceId: 'D1-3', providerDeviceId: 'B' }]);
    expect(refused[0]?.devices.map(({ deviceId }) => deviceId)).toEqual(['D1-1', 'D1-2']);
  });

  test('T05: transaction ids that the partner cannot take are refused before anything is sent', () => {
    const format = withRequest({ fields: [{ name: 'id', from: 'transactionId', maxLength: 10 }] });
    expect(format.toRequests(documentOf([orderOf(1, [device('A')])]), nothingEnrolled)).toMatchObject({
      requests: [],
      refused: [{ errors: [{ code: 'UNMAPPABLE' }] }],
    });
  });

  test('the same file gives the same requests', () => {
    const document = documentOf([orderOf(1, [device('A')])]);
    const format = formatWith(minimal.xml);
    expect(format.toRequests(structuredClone(document), nothingEnrolled)).toEqual(
      format.toRequests(document, nothingEnrolled),
    );
  });
});
