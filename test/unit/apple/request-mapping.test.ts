import { describe, expect, test } from '@jest/globals';

import { toQuery, toRequests } from '../../../daemons/adaptor/providers/apple/request-mapping.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { documentOf, orderOf, settingsWith, shipDate, stamp, voidOf } from './examples.ts';

const settings = settingsWith();
const sender = {
  requestContext: { shipTo: '0000054321', timeZone: '0', langCode: 'en' },
  depResellerId: '0F0F0F0F',
};
const unmappable = (detail: string | RegExp) =>
  expect.objectContaining({
    code: 'UNMAPPABLE',
    detail: typeof detail === 'string' ? detail : expect.stringMatching(detail),
  });

const map = (...orders: RequestOrder[]) => toRequests(documentOf(orders), settings);
const withDevice = (device: Omit<GenericDevice, 'deviceId'>) =>
  orderOf(12, [], {
    deliveries: [{ deliveryNumber: 'X', shipDate, devices: [{ deviceId: 'D1', ...device }] }],
  });

describe('a request to Apple', () => {
  test('an order: exact keys, true UTC in whole seconds, nothing empty', () => {
    const order = orderOf(12, ['fqwe00112233'], { purchaseOrderNumber: '' });
    expect(map(order)).toEqual([
      {
        transactionId: `${stamp}-1`,
        body: {
          ...sender,
          transactionId: `${stamp}-1`,
          orders: [
            {
              orderNumber: '12',
              orderDate: '2026-05-04T08:00:00Z',
              orderType: 'OR',
              customerId: '880011',
              deliveries: [
                {
                  deliveryNumber: 'DN-12',
                  shipDate: '2026-05-05T07:30:15Z',
                  devices: [{ deviceId: 'FQWE00112233' }],
                },
              ],
            },
          ],
        },
        orders: [
          {
            orderId: 12,
            orderNumber: '12',
            requestType: 'ORDER',
            devices: [{ deviceId: 'D1', providerDeviceId: 'FQWE00112233' }],
          },
        ],
      },
    ]);
  });

  test('purchase order number and asset tag are sent when there are any', () => {
    const order = { ...withDevice({ serialNumber: 'AB12', assetTag: 'T-1' }), purchaseOrderNumber: 'PO 7' };
    expect(map(order)[0]?.body).toMatchObject({
      orders: [{ poNumber: 'PO 7', deliveries: [{ devices: [{ deviceId: 'AB12', assetTag: 'T-1' }] }] }],
    });
    expect(JSON.stringify(map(withDevice({ serialNumber: 'AB12', assetTag: '' })))).not.toContain('assetTag');
  });

  test('a void names no deliveries, and keeps the order number', () => {
    const [request] = map(voidOf(12));
    expect(request?.body).toMatchObject({ orders: [{ orderNumber: '12', orderType: 'VD', deliveries: [] }] });
    expect(request?.orders).toEqual([{ orderId: 12, orderNumber: '12', requestType: 'VOID', devices: [] }]);
  });

  test('an override has one delivery SELF with all devices and the latest ship date', () => {
    const deliveries = [
      {
        deliveryNumber: 'A',
        shipDate: '2026-05-07T01:00:00+09:00',
        devices: [{ deviceId: 'D1', serialNumber: 'S1' }],
      },
      {
        deliveryNumber: 'B',
        shipDate: '2026-05-06T20:00:00Z',
        devices: [{ deviceId: 'D2', serialNumber: 'S2' }],
      },
      {
        deliveryNumber: 'C',
        shipDate: '2026-05-06T19:00:00Z',
        devices: [{ deviceId: 'D3', serialNumber: 'S3' }],
      },
    ];
    const [request] = map(orderOf(12, [], { requestType: 'OVERRIDE', deliveries }));
    const devices = [{ deviceId: 'S1' }, { deviceId: 'S2' }, { deviceId: 'S3' }];
    expect(request?.body).toMatchObject({
      orders: [
        {
          orderNumber: '12',
          orderType: 'OV',
          deliveries: [{ deliveryNumber: 'SELF', shipDate: '2026-05-06T20:00:00Z', devices }],
        },
      ],
    });
  });

  test('each return has a new order number, the same when the file is mapped again', () => {
    const back = (id: number, serial: string) => orderOf(id, [serial], { requestType: 'RETURN' });
    const numbers = () => map(back(12, 'S1'), back(12, 'S2'))[0]?.orders.map((order) => order.orderNumber);
    expect(numbers()).toEqual([`RE-12-${stamp}-1`, `RE-12-${stamp}-2`]);
    expect(numbers()).toEqual(numbers());
  });

  test.each([
    ['serial number first', { serialNumber: 'c02x', imei: '350000000000006', meid: 'A1' }, 'C02X'],
    ['then IMEI, leading zeros kept', { imei: '004400000000006', meid: 'A1' }, '004400000000006'],
    ['then MEID, upper case', { meid: 'a000001234beef' }, 'A000001234BEEF'],
    ['a blank serial number is none', { serialNumber: ' ', imei: '350000000000006' }, '350000000000006'],
    ['blanks around are not part of it', { serialNumber: ' c02x\t' }, 'C02X'],
    ['20 characters still fit', { serialNumber: 'A'.repeat(20) }, 'A'.repeat(20)],
  ])('device id: %s', (_what, device, expected) => {
    expect(map(withDevice(device))[0]?.orders[0]?.devices[0]?.providerDeviceId).toBe(expected);
  });

  test('orders go into as many requests as the limits demand, each with a transaction id of its own', () => {
    const orders = [orderOf(1, ['A']), orderOf(2, ['B']), orderOf(3, ['C'])];
    const requests = toRequests(documentOf(orders), settingsWith({ ordersPerRequest: 2 }));
    expect(requests.map((request) => request.transactionId)).toEqual([`${stamp}-1`, `${stamp}-2`]);
    expect(requests.map((request) => request.orders.map((order) => order.orderId))).toEqual([[1, 2], [3]]);
  });

  test('a file without orders makes no request', () => {
    expect(map()).toEqual([]);
  });

  test('the question for a result', () => {
    expect(toQuery('abc_1', settings)).toEqual({ ...sender, deviceEnrollmentTransactionId: 'abc_1' });
  });
});

describe('T05 what cannot be written for Apple is refused, never cut', () => {
  test.each<[string, RequestOrder[], string]>([
    [
      'no identifier',
      [withDevice({ productId: 'P' })],
      'identifier of device D1 of order 12: neither serialNumber nor imei nor meid',
    ],
    [
      'identifier too long',
      [withDevice({ serialNumber: 'A'.repeat(21) })],
      'identifier of device D1 of order 12: 21 characters, Apple takes 20 as deviceId',
    ],
    [
      'organisation too long',
      [orderOf(12, ['A'], { organisationId: '1'.repeat(33) })],
      'organisationId of order 12: 33 characters, Apple takes 32 as customerId',
    ],
    [
      'two devices of one Apple id',
      [orderOf(12, ['ab', 'AB'])],
      'order 12 has two devices that are both AB at Apple',
    ],
    ['one order number twice', [orderOf(12, ['A']), voidOf(12)], 'order number 12 stands twice in the file'],
    [
      'return number too long',
      [orderOf(1234567890123, ['A'], { requestType: 'RETURN' })],
      'order number of the return of order 1234567890123: 33 characters, Apple takes 32 as orderNumber',
    ],
    [
      'a second 60',
      [orderOf(12, ['A'], { orderDate: '2026-06-30T23:59:60Z' })],
      'orderDate of order 12: not a time that can be written for Apple',
    ],
  ])('%s', (_what, orders, detail) => {
    const document = documentOf(orders, { identifier: 9070000 });
    expect(() => toRequests(document, settings)).toThrow(unmappable(detail));
  });

  test('a device that stands twice in one order', () => {
    const devices = [
      { deviceId: 'D1', serialNumber: 'S1' },
      { deviceId: 'D1', serialNumber: 'S2' },
    ];
    const order = orderOf(12, [], { deliveries: [{ deliveryNumber: 'X', shipDate, devices }] });
    expect(() => map(order)).toThrow(unmappable('order 12 has device D1 twice'));
  });

  test('a transaction id that is too long', () => {
    const document = documentOf([orderOf(1, ['A'])], { identifier: 123_456_789_012 });
    expect(() => toRequests(document, settings)).toThrow(
      unmappable(/^transaction id of batch 123456789012: 21 char/),
    );
  });

  test('an order larger than a request may be', () => {
    const limits = settingsWith({ devicesPerRequest: 2 });
    expect(() => toRequests(documentOf([orderOf(12, ['A', 'B', 'C'])]), limits)).toThrow(
      unmappable('order 12 has 3 devices, devicesPerRequest is 2'),
    );
  });
});
