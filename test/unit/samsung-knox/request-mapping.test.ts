import { describe, expect, test } from '@jest/globals';

import { samsungKnox } from '../../../daemons/adaptor/providers/samsung-knox/samsung-knox.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import {
  asked,
  bodyOf,
  byImei,
  bySerial,
  customer,
  documentOf,
  enrolments,
  imeis,
  onlyRequest,
  orderOf,
  overrideOf,
  returnOf,
  settingsWith,
  stamp,
  voidOf,
} from './examples.ts';

const [lowest, second, third, highest] = imeis;
const known = { 1: { D1: `IMEI:${lowest}`, S1: 'SN:R58M90abcDE' } };

const map = (orders: readonly RequestOrder[], settings = settingsWith(), enrolled = enrolments()) =>
  samsungKnox(settings).toRequests(documentOf(...orders), enrolled);

/** Stem and orders with their devices, of each request. */
const shapeOf = ({ requests }: ReturnType<typeof map>) =>
  requests.map(({ message, orders, preparatory }) => [
    preparatory === true ? `${message.stem}, preparatory` : message.stem,
    ...orders.map(({ orderId, devices }) => [orderId, ...devices.map(({ deviceId }) => deviceId)].join(' ')),
  ]);

const failuresOf = ({ refused }: ReturnType<typeof map>) =>
  refused.map(({ orderId, errors, devices }) => ({
    orderId,
    errors: errors.map(({ code }) => code),
    devices: Object.fromEntries(
      devices.map((device) => [device.deviceId, 'errors' in device ? device.errors[0]?.code : undefined]),
    ),
  }));

describe('an order', () => {
  test('Gen1: an upload with its type in the devices', () => {
    const { message } = onlyRequest(orderOf(1, byImei(lowest, second)), settingsWith({ generation: 1 }));
    expect(message).toMatchObject({
      stem: 'devices-upload',
      method: 'PUT',
      path: '/bulkenroll/v1/reseller/devices',
      mediaType: 'application/json',
    });
    expect(bodyOf({ message })).toEqual({
      transactionId: `${stamp}-1`,
      resellerId: '1000000001',
      customerId: customer,
      transactionType: 'New',
      devices: { type: 'IMEI', list: [lowest, second] },
    });
  });

  test('Gen2: an upload with a flat list, and the number of the only order', () => {
    const { message } = onlyRequest(orderOf(884210, byImei(lowest, second)));
    expect(message).toMatchObject({ method: 'PUT', path: '/kcs/v1/rp/devices/upload' });
    expect(bodyOf({ message })).toEqual({
      transactionId: `${stamp}-1`,
      resellerId: '1000000001',
      customerId: customer,
      type: 'IMEI',
      devices: [lowest, second],
      orderNo: '884210',
    });
  });

  test('Gen2: several orders of one customer share a request, which then has no order number', () => {
    const { requests } = map([orderOf(1, byImei(lowest)), orderOf(2, byImei(second))]);
    expect(requests.map(bodyOf)).toEqual([expect.objectContaining({ devices: [lowest, second] })]);
    expect(requests.map(bodyOf)).toEqual([expect.not.objectContaining({ orderNo: expect.anything() })]);
  });

  test.each([1, 2] as const)('the vendor of two-tier resellers, Gen%i', (generation) => {
    const request = onlyRequest(
      orderOf(1, byImei(lowest)),
      settingsWith({ generation, vendorId: '3000000003' }),
    );
    expect(bodyOf(request)).toMatchObject({ vendorId: '3000000003' });
  });

  test('each customer has a request', () => {
    const other = orderOf(2, byImei(second), { organisationId: '2000000009' });
    const { requests } = map([orderOf(1, byImei(lowest)), other, orderOf(3, byImei(third))]);
    expect(requests.map(bodyOf)).toEqual([
      expect.objectContaining({ customerId: customer, devices: [lowest, third] }),
      expect.objectContaining({ customerId: '2000000009', devices: [second] }),
    ]);
  });

  test('both kinds of identifier: two requests, one of each kind', () => {
    const { requests } = map([orderOf(1, [...bySerial('R58M90abcDE'), ...byImei(lowest)])]);
    expect(requests.map(bodyOf)).toEqual([
      expect.objectContaining({ transactionId: `${stamp}-1`, type: 'IMEI', devices: [lowest] }),
      expect.objectContaining({ transactionId: `${stamp}-2`, type: 'SN', devices: ['R58M90abcDE'] }),
    ]);
    expect(requests.map(({ orders }) => orders[0])).toEqual([
      {
        orderId: 1,
        orderNumber: '1',
        requestType: 'ORDER',
        devices: [{ deviceId: 'D1', providerDeviceId: `IMEI:${lowest}` }],
      },
      {
        orderId: 1,
        orderNumber: '1',
        requestType: 'ORDER',
        devices: [{ deviceId: 'S1', providerDeviceId: 'SN:R58M90abcDE' }],
      },
    ]);
  });

  test('complaint "appending to an existing batch fails": every instruction has an id of its own', () => {
    const later = { ...documentOf(orderOf(1, byImei(lowest))), batchDateTime: '2026-05-06T00:00:01Z' };
    const [first] = map([orderOf(1, byImei(lowest))]).requests;
    const [next] = samsungKnox(settingsWith()).toRequests(later, enrolments()).requests;
    expect(first?.transactionId).toBe(`${stamp}-1`);
    expect(next?.transactionId).not.toBe(first?.transactionId);
  });
});

describe('identifiers', () => {
  test.each([
    ['the lower one first', { imei: lowest, imei2: highest }],
    ['the lower one second', { imei: highest, imei2: lowest }],
    ['only the second', { imei2: lowest }],
    ['an IMEI and a serial number', { imei: lowest, serialNumber: 'R58M90ABCDE' }],
    ['with separators', { imei: '35-999900-123450-9' }],
    ['a blank one beside it', { imei: ' ', imei2: lowest }],
  ])('complaint "dual SIM: which IMEI?": the lowest, %s', (_what, identifiers) => {
    const request = onlyRequest(orderOf(1, [{ deviceId: 'D1', ...identifiers }]));
    expect(bodyOf(request)).toMatchObject({ type: 'IMEI', devices: [lowest] });
  });

  test('the lower of two is lower without its check digit as well', () => {
    const settings = settingsWith({ identifiers: { imei14: 'accept' } });
    const devices = [{ deviceId: 'D1', imei: second.slice(0, 14), imei2: lowest }];
    expect(bodyOf(onlyRequest(orderOf(1, devices), settings))).toMatchObject({ devices: [lowest] });
  });

  test('a serial number keeps its letters as they are written', () => {
    expect(bodyOf(onlyRequest(orderOf(1, bySerial(' r58M90abcDE '))))).toMatchObject({
      type: 'SN',
      devices: ['r58M90abcDE'],
    });
  });

  test('14 digits are completed and 16 converted, as the defaults have it', () => {
    const request = onlyRequest(orderOf(1, byImei(lowest.slice(0, 14), `${second.slice(0, 14)}07`)));
    expect(bodyOf(request)).toMatchObject({ devices: [lowest, second] });
  });

  test('V10: a spreadsheet’s number is refused, and the others go', () => {
    const mapped = map([orderOf(1, byImei('3.59999E+14', second, '12'))]);
    expect(shapeOf(mapped)).toEqual([['devices-upload', '1 D2']]);
    expect(failuresOf(mapped)).toEqual([
      { orderId: 1, errors: [], devices: { D1: 'IDENTIFIER_DAMAGED', D3: 'IDENTIFIER_DAMAGED' } },
    ]);
  });

  test('a damaged IMEI is not passed over for the other one, or for the serial number', () => {
    const mapped = map([
      orderOf(1, [
        { deviceId: 'D1', imei: '3.59999E+14', imei2: lowest },
        { deviceId: 'D2', imei: second, imei2: '3.59999E+14', serialNumber: 'R58M90ABCDE' },
      ]),
    ]);
    expect(mapped.requests).toEqual([]);
    expect(failuresOf(mapped)[0]?.devices).toEqual({ D1: 'IDENTIFIER_DAMAGED', D2: 'IDENTIFIER_DAMAGED' });
  });

  test('a device with a MEID only cannot be asked for', () => {
    expect(failuresOf(map([orderOf(1, [{ deviceId: 'D1', meid: 'A0000012345678' }])]))).toEqual([
      { orderId: 1, errors: [], devices: { D1: 'IDENTIFIER_MISSING' } },
    ]);
  });

  test('IMEIs with a wrong check digit go, and are counted in the history', () => {
    const { requests, notes } = map([orderOf(1, byImei('359999001234500', second))]);
    expect(requests.map(bodyOf)).toEqual([expect.objectContaining({ devices: ['359999001234500', second] })]);
    expect(notes).toEqual(['IMEIs with a wrong check digit, sent as they stand: 1']);
    expect(map([orderOf(1, byImei(second))]).notes).toEqual([]);
  });

  test('two devices of one identifier are both refused; the same identifier in another kind is none', () => {
    const devices = [...byImei(lowest, second, lowest), { deviceId: 'S1', serialNumber: second }];
    const mapped = map([orderOf(1, devices)]);
    expect(shapeOf(mapped)).toEqual([
      ['devices-upload', '1 D2'],
      ['devices-upload', '1 S1'],
    ]);
    expect(failuresOf(mapped)).toEqual([
      { orderId: 1, errors: [], devices: { D1: 'UNMAPPABLE', D3: 'UNMAPPABLE' } },
    ]);
  });

  test('an order with a device id twice is refused as a whole', () => {
    const mapped = map([orderOf(1, [...byImei(lowest), ...byImei(second)]), orderOf(2, byImei(third))]);
    expect(shapeOf(mapped)).toEqual([['devices-upload', '2 D1']]);
    expect(failuresOf(mapped)).toEqual([
      { orderId: 1, errors: ['UNMAPPABLE'], devices: { D1: 'UNMAPPABLE' } },
    ]);
  });
});

describe('a return', () => {
  test('Gen1: a deletion of the listed devices', () => {
    const request = onlyRequest(returnOf(1, byImei(lowest)), settingsWith({ generation: 1 }));
    expect(request.message).toMatchObject({
      stem: 'devices-delete',
      method: 'PUT',
      path: '/bulkenroll/v1/reseller/devices/delete',
    });
    expect(bodyOf(request)).toMatchObject({
      transactionType: 'Delete',
      devices: { type: 'IMEI', list: [lowest] },
    });
  });

  test('Gen2: the path says it, and there is no order number', () => {
    const request = onlyRequest(returnOf(1, byImei(lowest)));
    expect(request.message).toMatchObject({ method: 'PUT', path: '/kcs/v1/rp/devices/delete' });
    expect(bodyOf(request)).toEqual({
      transactionId: `${stamp}-1`,
      resellerId: '1000000001',
      customerId: customer,
      type: 'IMEI',
      devices: [lowest],
    });
  });

  test('a device goes back by the identifier under which it was enrolled', () => {
    const returned = returnOf(1, [
      { deviceId: 'D1', imei: '3.6E+14' },
      { deviceId: 'S1', imei: second, serialNumber: 'other' },
      { deviceId: 'D3', imei: third },
    ]);
    const { requests, refused } = map([returned], settingsWith(), enrolments(known));
    expect(requests.map(bodyOf)).toEqual([
      expect.objectContaining({ type: 'IMEI', devices: [lowest, third] }),
      expect.objectContaining({ type: 'SN', devices: ['R58M90abcDE'] }),
    ]);
    expect(refused).toEqual([]);
  });
});

describe('a void', () => {
  test('deletes what is known as enrolled, and names it: a transaction may hold other orders too', () => {
    const { requests } = map([voidOf(1)], settingsWith({ generation: 1 }), enrolments(known));
    expect(requests.map(bodyOf)).toEqual([
      expect.objectContaining({ transactionType: 'Delete', devices: { type: 'IMEI', list: [lowest] } }),
      expect.objectContaining({ transactionType: 'Delete', devices: { type: 'SN', list: ['R58M90abcDE'] } }),
    ]);
    expect(requests.map(bodyOf)).not.toContainEqual(
      expect.objectContaining({ removeTransactionId: expect.anything() }),
    );
    expect(requests[0]?.orders).toEqual([
      {
        orderId: 1,
        orderNumber: '1',
        requestType: 'VOID',
        devices: [{ deviceId: 'D1', providerDeviceId: `IMEI:${lowest}` }],
      },
    ]);
  });

  test('of an order of which nothing is enrolled is refused', () => {
    const mapped = map([voidOf(2), voidOf(1)], settingsWith(), enrolments(known));
    expect(failuresOf(mapped)).toEqual([{ orderId: 2, errors: ['NOT_ENROLLED'], devices: {} }]);
    expect(shapeOf(mapped)).toEqual([
      ['devices-delete', '1 D1'],
      ['devices-delete', '1 S1'],
    ]);
  });
});

describe('an override', () => {
  test('takes back all that was enrolled, and then uploads the new list', () => {
    const mapped = map([overrideOf(1, byImei(lowest, second))], settingsWith(), enrolments(known));
    expect(shapeOf(mapped)).toEqual([
      ['devices-delete, preparatory', '1 D1'],
      ['devices-delete, preparatory', '1 S1'],
      ['devices-upload', '1 D1 D2'],
    ]);
  });

  test('for another customer takes the devices back from the one who has them, as returns and voids do', () => {
    const enrolled = enrolments({ 1: { D1: `IMEI:${lowest}`, D2: `IMEI:${second}` } }, { D1: '3000000001' });
    const customersOf = (order: RequestOrder) =>
      map([order], settingsWith(), enrolled).requests.map(bodyOf) as {
        customerId: string;
        devices: string[];
      }[];
    const taken = [
      { customerId: '3000000001', devices: [lowest] },
      { customerId: customer, devices: [second] },
    ];
    expect(customersOf(overrideOf(1, byImei(lowest, third)))).toMatchObject([
      ...taken,
      { customerId: customer, devices: [lowest, third] },
    ]);
    expect(customersOf(returnOf(1, byImei(lowest, second)))).toMatchObject(taken);
    expect(customersOf(voidOf(1))).toMatchObject(taken);
  });

  test('of an order of which nothing is enrolled only uploads', () => {
    expect(shapeOf(map([overrideOf(1, byImei(lowest))]))).toEqual([['devices-upload', '1 D1']]);
  });

  test('takes nothing back when no device can be enrolled in its place', () => {
    const mapped = map([overrideOf(1, byImei('3.6E+14'))], settingsWith(), enrolments(known));
    expect(mapped.requests).toEqual([]);
    expect(failuresOf(mapped)).toEqual([{ orderId: 1, errors: [], devices: { D1: 'IDENTIFIER_DAMAGED' } }]);
  });

  test('its preparatory step does not share a request with a return', () => {
    const orders = [overrideOf(1, byImei(second)), returnOf(2, byImei(third))];
    expect(shapeOf(map(orders, settingsWith(), enrolments({ 1: { D1: `IMEI:${lowest}` } })))).toEqual([
      ['devices-delete, preparatory', '1 D1'],
      ['devices-delete', '2 D1'],
      ['devices-upload', '1 D1'],
    ]);
  });
});

describe('order and limits', () => {
  test('an order too large for one request is parted, each part with its number', () => {
    const settings = settingsWith({ limits: { devicesPerRequest: 2 } });
    const { requests } = map(
      [orderOf(1, byImei(...imeis.slice(0, 3))), orderOf(2, byImei(highest))],
      settings,
    );
    expect(requests.map(bodyOf)).toEqual([
      expect.objectContaining({ devices: [lowest, second], orderNo: '1' }),
      expect.not.objectContaining({ orderNo: expect.anything() }),
    ]);
    expect(requests[1]?.orders.map(({ orderId }) => orderId)).toEqual([1, 2]);
  });

  test('no more orders in a request than the limit says', () => {
    const settings = settingsWith({ limits: { ordersPerRequest: 2 } });
    const orders = imeis.slice(0, 3).map((imei, index) => orderOf(index + 1, byImei(imei)));
    expect(shapeOf(map(orders, settings))).toEqual([
      ['devices-upload', '1 D1', '2 D1'],
      ['devices-upload', '3 D1'],
    ]);
  });

  test('a device that is sold and returned in one file goes before it comes', () => {
    const orders = [orderOf(1, byImei(lowest)), orderOf(3, byImei(third)), returnOf(2, byImei(lowest))];
    expect(shapeOf(map(orders))).toEqual([
      ['devices-delete', '2 D1'],
      ['devices-upload', '1 D1', '3 D1'],
    ]);
  });

  test('what is said later of an order stands in a later request, though an earlier one has room', () => {
    const other = { organisationId: '2000000009' };
    const orders = [
      orderOf(5, byImei(lowest)),
      orderOf(1, byImei(second), other),
      orderOf(1, byImei(third)),
      orderOf(6, byImei(highest)),
    ];
    expect(shapeOf(map(orders))).toEqual([
      ['devices-upload', '5 D1'],
      ['devices-upload', '1 D1'],
      ['devices-upload', '1 D1', '6 D1'],
    ]);
  });

  test('one device in two orders is in two requests: an answer does not name the order', () => {
    const orders = [orderOf(1, byImei(lowest)), orderOf(2, byImei(lowest)), orderOf(3, byImei(second))];
    expect(shapeOf(map(orders))).toEqual([
      ['devices-upload', '1 D1'],
      ['devices-upload', '2 D1', '3 D1'],
    ]);
  });
});

describe('halving', () => {
  const ids = ['h-1', 'h-2'] as const;
  const halve = (request: ReturnType<typeof onlyRequest>, settings = settingsWith()) =>
    samsungKnox(settings).halve(request, ids);

  test.each([1, 2] as const)('Gen%i: an order is parted by its devices', (generation) => {
    const settings = settingsWith({ generation });
    const request = onlyRequest(returnOf(1, bySerial('A1', 'B2', 'C3')), settings);
    const halves = halve(request, settings);
    expect(halves?.map(({ transactionId }) => transactionId)).toEqual(ids);
    expect(halves?.map(({ message }) => message.path)).toEqual([request.message.path, request.message.path]);
    expect(halves?.map(({ orders }) => orders[0]?.devices.map(({ deviceId }) => deviceId))).toEqual([
      ['S1', 'S2'],
      ['S3'],
    ]);
    const body = bodyOf(request) as object;
    const list = (of: string[]) => (generation === 1 ? { type: 'SN', list: of } : of);
    expect(halves?.map(bodyOf)).toEqual([
      { ...body, transactionId: 'h-1', devices: list(['A1', 'B2']) },
      { ...body, transactionId: 'h-2', devices: list(['C3']) },
    ]);
  });

  test('several orders are parted whole, and each half has its order number again', () => {
    const [request] = map([orderOf(1, byImei(lowest, second)), orderOf(2, byImei(third))]).requests;
    const halves = request && halve(asked(request));
    expect(halves?.map(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([[1], [2]]);
    expect(halves?.map(bodyOf)).toEqual([
      expect.objectContaining({ customerId: customer, devices: [lowest, second], orderNo: '1' }),
      expect.objectContaining({ customerId: customer, devices: [third], orderNo: '2' }),
    ]);
  });

  test('a single device cannot be parted, nor what is settled, nor a sheet', () => {
    const request = onlyRequest(orderOf(1, byImei(lowest)));
    expect(halve(request)).toBeNull();
    expect(halve({ ...request, orders: [] })).toBeNull();
    const sheets = settingsWith({ files: 'csv' });
    expect(halve(onlyRequest(orderOf(1, byImei(lowest, second)), sheets), sheets)).toBeNull();
  });
});

describe('questions', () => {
  const request = onlyRequest(orderOf(1, byImei(lowest)));

  test.each([
    [1, '', `/bulkenroll/v1/reseller/devices/status?resellerId=1000000001&transactionId=${stamp}-1`],
    [
      1,
      'v 3',
      `/bulkenroll/v1/reseller/devices/status?resellerId=1000000001&vendorId=v+3&transactionId=${stamp}-1`,
    ],
    [2, '', `/kcs/v1/rp/devices/status?resellerId=1000000001&transactionId=${stamp}-1`],
    [2, '3000', `/kcs/v1/rp/devices/status?resellerId=1000000001&vendorId=3000&transactionId=${stamp}-1`],
  ] as const)('Gen%i, vendor %j: by our own id', (generation, vendorId, path) => {
    const format = samsungKnox(settingsWith({ generation, vendorId }));
    const question = { method: 'GET', path, mediaType: 'application/json', content: '' };
    expect(format.toQuery(request)).toEqual({ stem: 'devices-status', ...question });
    expect(format.toReconciliation({ ...request, providerTransactionId: null })).toEqual({
      stem: 'devices-lookup',
      ...question,
    });
  });

  test('the stems tell what a message is for', () => {
    expect(samsungKnox(settingsWith()).stems).toEqual({
      'devices-upload': 'request',
      'devices-delete': 'request',
      'devices-status': 'query',
      'devices-lookup': 'reconciliation',
    });
  });

  test('the portal cannot be asked', () => {
    const settings = settingsWith({ files: 'csv' });
    const sheet = onlyRequest(orderOf(1, byImei(lowest)), settings);
    expect(samsungKnox(settings).toQuery(sheet)).toBeNull();
    expect(samsungKnox(settings).toReconciliation(sheet)).toBeNull();
  });
});
