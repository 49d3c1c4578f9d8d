import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { OrderOutcome } from '../../../daemons/adaptor/providers/provider-format.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import {
  askedOf,
  bodyOf,
  documentOf,
  map,
  orderOf,
  settingsWith,
  shipDate,
  stamp,
  voidOf,
} from './examples.ts';

const sender = {
  requestContext: { shipTo: '0000054321', timeZone: '0', langCode: 'en' },
  depResellerId: '0F0F0F0F',
};
const post = { method: 'POST', mediaType: 'application/json' };

const mapped = (...orders: RequestOrder[]) => map(documentOf(orders));
const bodies = (document: DeviceEnrolmentRequest, settings = settingsWith()) =>
  map(document, settings).requests.map(({ message }) => bodyOf(message));
const withDevices = (devices: readonly GenericDevice[], changes: Partial<RequestOrder> = {}) =>
  orderOf(12, [], { deliveries: [{ deliveryNumber: 'X', shipDate, devices }], ...changes });
const withDevice = (device: Omit<GenericDevice, 'deviceId'>) => withDevices([{ deviceId: 'D1', ...device }]);
const serials = (count: number) => Array.from({ length: count }, (_, index) => `S${index + 1}`);
const override = { requestType: 'OVERRIDE', originalRequestId: 'R1' } as const;
const back = { requestType: 'RETURN', originalRequestId: 'R1' } as const;

/** What a refusal says after the words of the fault table: of the order, and of each device. */
function refusalsIn(refused: readonly OrderOutcome[]) {
  const said = ({ code, message }: { code: string; message: string }) =>
    `${code} ${message.replace(/^.*?\. /, '')}`;
  return refused.map(({ orderId, errors, devices, settled }) => {
    expect(settled).toBe(true);
    return {
      orderId,
      errors: errors.map(said),
      devices: devices.map((device) => {
        if (device.outcome !== 'failed') throw new Error('a refused device did not fail');
        return [device.deviceId, ...device.errors.map(said)];
      }),
    };
  });
}

describe('a request to Apple', () => {
  test('an order: exact keys, true UTC in whole seconds, nothing empty', () => {
    const order = orderOf(12, ['fqwe00112233'], { purchaseOrderNumber: '' });
    const { requests, refused, notes } = mapped(order);
    expect(bodies(documentOf([order]))).toEqual([
      {
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
    ]);
    const devices = [{ deviceId: 'D1', providerDeviceId: 'FQWE00112233' }];
    expect(requests).toEqual([
      {
        transactionId: `${stamp}-1`,
        message: expect.objectContaining({
          ...post,
          stem: 'bulk-enroll-devices',
          path: '/enroll-service/1.0/bulk-enroll-devices',
        }),
        orders: [{ orderId: 12, orderNumber: '12', requestType: 'ORDER', devices }],
      },
    ]);
    expect({ refused, notes }).toEqual({ refused: [], notes: [] });
  });

  test('purchase order number and asset tag are sent when there are any', () => {
    const order = { ...withDevice({ serialNumber: 'AB12', assetTag: 'T-1' }), purchaseOrderNumber: 'PO 7' };
    expect(bodies(documentOf([order]))[0]).toMatchObject({
      orders: [{ poNumber: 'PO 7', deliveries: [{ devices: [{ deviceId: 'AB12', assetTag: 'T-1' }] }] }],
    });
    expect(JSON.stringify(mapped(withDevice({ serialNumber: 'AB12', assetTag: '' })))).not.toContain(
      'assetTag',
    );
  });

  test('complaint "deliveries left in a void" (DEP-ERR-OR-4113): a void names none, and keeps the order number', () => {
    const [request] = mapped(voidOf(12)).requests;
    if (!request) throw new Error('no request');
    expect(bodyOf(request.message)).toMatchObject({
      orders: [{ orderNumber: '12', orderType: 'VD', deliveries: [] }],
    });
    expect(request.orders).toEqual([{ orderId: 12, orderNumber: '12', requestType: 'VOID', devices: [] }]);
  });

  test('an override has one delivery SELF with all devices and the latest ship date', () => {
    const deliveries = [
      { deliveryNumber: 'A', shipDate: '2026-05-07T01:00:00+09:00', serialNumber: 'S1' },
      { deliveryNumber: 'B', shipDate: '2026-05-06T20:00:00Z', serialNumber: 'S2' },
      { deliveryNumber: 'C', shipDate: '2026-05-06T19:00:00Z', serialNumber: 'S3' },
    ].map(({ serialNumber, ...delivery }) => ({
      ...delivery,
      devices: [{ deviceId: `D-${serialNumber}`, serialNumber }],
    }));
    const devices = [{ deviceId: 'S1' }, { deviceId: 'S2' }, { deviceId: 'S3' }];
    expect(bodies(documentOf([orderOf(12, [], { ...override, deliveries })]))[0]).toMatchObject({
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
    const numbers = () =>
      mapped(
        orderOf(12, ['S1'], back),
        orderOf(13, ['S2'], back),
        orderOf(12, ['S3'], back),
      ).requests.flatMap(({ orders }) => orders.map((order) => order.orderNumber));
    expect(numbers()).toEqual([`RE-12-${stamp}-1`, `RE-13-${stamp}-1`, `RE-12-${stamp}-2`]);
    expect(numbers()).toEqual(numbers());
  });

  test.each([
    ['serial number first', { serialNumber: 'c02x', imei: '350000000000006', meid: 'A1' }, 'C02X'],
    ['then IMEI, leading zeros kept', { imei: '004400000000006', meid: 'A1' }, '004400000000006'],
    ['then MEID, upper case', { meid: 'a000001234beef' }, 'A000001234BEEF'],
    ['a blank serial number is none', { serialNumber: ' ', imei: '350000000000006' }, '350000000000006'],
    ['blanks around are not part of it', { serialNumber: ' c02x\t' }, 'C02X'],
    ['20 characters still fit', { serialNumber: 'A'.repeat(20) }, 'A'.repeat(20)],
    ['hyphens in an IMEI', { imei: '35-000000000000-6' }, '350000000000006'],
    ['an IMEI of 14 digits as it stands', { imei: '35000000000000' }, '35000000000000'],
  ])('device id: %s', (_what, device, expected) => {
    expect(mapped(withDevice(device)).requests[0]?.orders[0]?.devices[0]?.providerDeviceId).toBe(expected);
  });

  test('an IMEI with a wrong check digit is sent, and the history of the batch counts it', () => {
    const devices = ['350000000000001', '350000000000006', '350000000000017'].map((imei, index) => ({
      deviceId: `D${index}`,
      imei,
    }));
    const { requests, notes } = mapped(withDevices(devices));
    expect(requests[0]?.orders[0]?.devices).toHaveLength(3);
    expect(notes).toEqual(['IMEIs with a wrong check digit, sent as they stand: 2']);
  });

  test('orders go into as many requests as the limits demand, each with a transaction id of its own', () => {
    const orders = [orderOf(1, ['A']), orderOf(2, ['B']), orderOf(3, ['C'])];
    const { requests } = map(documentOf(orders), settingsWith({ ordersPerRequest: 2 }));
    expect(requests.map((request) => request.transactionId)).toEqual([`${stamp}-1`, `${stamp}-2`]);
    expect(requests.map((request) => request.orders.map((order) => order.orderId))).toEqual([[1, 2], [3]]);
  });

  test('two requests about one order go one after the other', () => {
    const { requests } = mapped(orderOf(12, ['A'], back), orderOf(13, ['B']), voidOf(12));
    const orders = requests.map((request) =>
      request.orders.map(({ orderId, requestType }) => [orderId, requestType]),
    );
    expect(orders).toEqual([
      [
        [12, 'RETURN'],
        [13, 'ORDER'],
      ],
      [[12, 'VOID']],
    ]);
  });

  test('a file without orders makes no request', () => {
    expect(mapped()).toEqual({ requests: [], refused: [], notes: [] });
  });
});

describe('an order that is larger than a request may be', () => {
  const small = settingsWith({ devicesPerRequest: 2 });
  const twoDeliveries = [
    { deliveryNumber: 'A', shipDate, devices: [{ deviceId: 'D1', serialNumber: 'S1' }] },
    {
      deliveryNumber: 'B',
      shipDate,
      devices: ['2', '3', '4', '5'].map((n) => ({ deviceId: `D${n}`, serialNumber: `S${n}` })),
    },
  ];

  test('goes in pieces of the same order number and header: Apple adds the devices', () => {
    const order = orderOf(12, [], { deliveries: twoDeliveries, purchaseOrderNumber: 'PO' });
    const pieces = bodies(documentOf([order]), small).flatMap(({ orders }) => orders);
    const header = {
      orderNumber: '12',
      orderDate: '2026-05-04T08:00:00Z',
      orderType: 'OR',
      customerId: '880011',
      poNumber: 'PO',
    };
    const shipped = { shipDate: '2026-05-05T07:30:15Z' };
    const listed = (...ids: string[]) => ids.map((deviceId) => ({ deviceId }));
    expect(pieces).toEqual([
      {
        ...header,
        deliveries: [
          { deliveryNumber: 'A', ...shipped, devices: listed('S1') },
          { deliveryNumber: 'B', ...shipped, devices: listed('S2') },
        ],
      },
      { ...header, deliveries: [{ deliveryNumber: 'B', ...shipped, devices: listed('S3', 'S4') }] },
      { ...header, deliveries: [{ deliveryNumber: 'B', ...shipped, devices: listed('S5') }] },
    ]);
  });

  test('each piece of a return has an order number of its own', () => {
    const { requests } = map(documentOf([orderOf(12, serials(5), back)]), small);
    const numbers = requests.map(({ orders }) => orders.map(({ orderNumber }) => orderNumber));
    expect(numbers).toEqual([[`RE-12-${stamp}-1`], [`RE-12-${stamp}-2`], [`RE-12-${stamp}-3`]]);
  });

  test('the last piece shares its request with other orders', () => {
    const { requests } = map(documentOf([orderOf(12, serials(3)), orderOf(13, ['X'])]), small);
    expect(requests.map(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([[12], [12, 13]]);
  });

  test('an override cannot be parted, because it replaces the whole list: it is refused', () => {
    const { requests, refused } = map(
      documentOf([orderOf(12, serials(3), override), orderOf(13, ['X'])]),
      small,
    );
    expect(requests.flatMap(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([13]);
    const why = 'UNMAPPABLE An override cannot be parted: it has 3 devices, devicesPerRequest is 2.';
    expect(refusalsIn(refused)).toEqual([
      { orderId: 12, errors: [], devices: ['D1', 'D2', 'D3'].map((deviceId) => [deviceId, why]) },
    ]);
  });
});

describe('T05 what cannot be written for Apple is refused, never cut: an order', () => {
  test.each<[string, RequestOrder, string]>([
    [
      'organisation too long',
      orderOf(12, ['A', 'B'], { organisationId: '1'.repeat(33) }),
      'organisationId has 33 characters, Apple takes 32.',
    ],
    ['organisation blank', orderOf(12, ['A', 'B'], { organisationId: ' ' }), 'organisationId is blank.'],
    [
      'purchase order number too long',
      orderOf(12, ['A', 'B'], { purchaseOrderNumber: 'P'.repeat(101) }),
      'purchaseOrderNumber has 101 characters, Apple takes 100.',
    ],
    [
      'a second 60',
      orderOf(12, ['A', 'B'], { orderDate: '2026-06-30T23:59:60Z' }),
      'orderDate is not a time that Apple takes.',
    ],
  ])('%s', (_what, order, why) => {
    const { requests, refused } = mapped(order, orderOf(13, ['C']));
    expect(requests.flatMap(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([13]);
    const said = `UNMAPPABLE ${why}`;
    expect(refusalsIn(refused)).toEqual([
      {
        orderId: 12,
        errors: [said],
        devices: [
          ['D1', said],
          ['D2', said],
        ],
      },
    ]);
  });

  test.each(['0000054321', '54321', '0f0f0f0f', ' 0F0F0F0F '])(
    'complaint "Sold-To used as customer id" (DEP-ERR-OR-4102): %j is a number of ours',
    (organisationId) => {
      const { requests, refused } = mapped(orderOf(12, ['A'], { organisationId }));
      expect(requests).toEqual([]);
      expect(refusalsIn(refused)[0]?.errors).toEqual([
        "UNMAPPABLE organisationId is a number of our own account; it must be the customer's at Apple.",
      ]);
    },
  );

  test('a return whose order number would be too long; other orders go on', () => {
    const long = orderOf(123_456_789_012_345, ['A'], back);
    const { requests, refused } = map(documentOf([long, orderOf(13, ['B'])], { identifier: 9_070_000 }));
    expect(requests.flatMap(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([13]);
    expect(refusalsIn(refused)[0]?.errors).toEqual([
      'UNMAPPABLE The order number of the return has 35 characters, Apple takes 32.',
    ]);
  });

  test('everything, where the transaction id would be too long', () => {
    const document = documentOf([orderOf(1, ['A']), voidOf(2)], { identifier: 123_456_789_012 });
    const { requests, refused } = map(document);
    const why = 'UNMAPPABLE The transaction id has 21 characters, Apple takes 20.';
    expect(requests).toEqual([]);
    expect(refusalsIn(refused)).toEqual([
      { orderId: 1, errors: [why], devices: [['D1', why]] },
      { orderId: 2, errors: [why], devices: [] },
    ]);
  });
});

describe('T05 what cannot be written for Apple is refused, never cut: a device', () => {
  const good = { deviceId: 'OK', serialNumber: 'GOOD' };

  test.each<[string, GenericDevice[], [string, string][]]>([
    [
      'no identifier',
      [{ deviceId: 'D1', productId: 'P' }, good],
      [['D1', 'IDENTIFIER_MISSING Apple needs a serial number, an IMEI or a MEID.']],
    ],
    [
      'identifier too long',
      [good, { deviceId: 'D1', serialNumber: 'A'.repeat(21) }],
      [['D1', 'IDENTIFIER_INVALID The identifier has 21 characters, Apple takes 20.']],
    ],
    [
      'spreadsheet damage, whatever else the device has',
      [good, { deviceId: 'D1', serialNumber: '1.23E+11', imei: '350000000000006' }],
      [
        [
          'D1',
          'IDENTIFIER_DAMAGED The serial number is written as a power of ten: a spreadsheet took it for a number, and digits are lost.',
        ],
      ],
    ],
    [
      'two devices of one identifier',
      [{ deviceId: 'D1', serialNumber: 'ab' }, good, { deviceId: 'D2', serialNumber: 'AB' }],
      [
        ['D1', 'UNMAPPABLE Another device of the order has the same identifier.'],
        ['D2', 'UNMAPPABLE Another device of the order has the same identifier.'],
      ],
    ],
    [
      'a device that stands twice in one order',
      [{ deviceId: 'D1', serialNumber: 'S1' }, good, { deviceId: 'D1', serialNumber: 'S2' }],
      [['D1', 'UNMAPPABLE The order has the device twice.']],
    ],
  ])('%s', (_what, devices, expected) => {
    const { requests, refused } = mapped(withDevices(devices));
    expect(requests[0]?.orders[0]?.devices).toEqual([{ deviceId: 'OK', providerDeviceId: 'GOOD' }]);
    expect(refusalsIn(refused)).toEqual([{ orderId: 12, errors: [], devices: expected }]);
  });

  test.each([
    ['before the order date', '2026-05-04T07:59:59Z', 'The ship date is before the order date.'],
    ['before it by its time zone', '2026-05-04T09:59:59+02:00', 'The ship date is before the order date.'],
    ['a second 60', '2026-06-30T23:59:60Z', 'The ship date is not a time that Apple takes.'],
  ])('complaint "ship date before order date" (DEP-ERR-DL-4203): a delivery %s', (_what, early, why) => {
    const deliveries = [
      { deliveryNumber: 'A', shipDate: early, devices: [{ deviceId: 'D1', serialNumber: 'S1' }] },
      { deliveryNumber: 'B', shipDate, devices: [good] },
    ];
    const { requests, refused } = mapped(orderOf(12, [], { deliveries }));
    expect(requests[0]?.orders[0]?.devices).toEqual([{ deviceId: 'OK', providerDeviceId: 'GOOD' }]);
    expect(refusalsIn(refused)).toEqual([
      { orderId: 12, errors: [], devices: [['D1', `UNMAPPABLE ${why}`]] },
    ]);
  });

  test('a ship date within the second of the order date is not before it', () => {
    const order = orderOf(12, ['A'], { orderDate: '2026-05-05T07:30:15.950Z' });
    expect(mapped(order).refused).toEqual([]);
  });

  test('an order of which nothing is left makes no request', () => {
    const { requests, refused } = mapped(withDevice({ imei: '3.5E+14' }));
    expect(requests).toEqual([]);
    expect(refused).toHaveLength(1);
  });

  test('an override is sent with all of its devices or not at all: it would take the others away', () => {
    const { requests, refused } = mapped(withDevices([good, { deviceId: 'D1' }], override));
    expect(requests).toEqual([]);
    expect(refusalsIn(refused)).toEqual([
      {
        orderId: 12,
        errors: [],
        devices: [
          ['D1', 'IDENTIFIER_MISSING Apple needs a serial number, an IMEI or a MEID.'],
          [
            'OK',
            'UNMAPPABLE An override is sent with all of its devices or not at all, and 1 cannot be asked for.',
          ],
        ],
      },
    ]);
  });
});

describe('questions', () => {
  const format = apple(settingsWith());
  const [request] = mapped(orderOf(12, ['A']), orderOf(13, ['B'], back)).requests;
  if (!request) throw new Error('no request');

  test('for a result', () => {
    const question = format.toQuery(askedOf(request, 'abc_1'));
    expect(question).toMatchObject({
      ...post,
      stem: 'check-transaction-status',
      path: '/enroll-service/1.0/check-transaction-status',
    });
    expect(JSON.parse(question?.content ?? '')).toEqual({
      ...sender,
      deviceEnrollmentTransactionId: 'abc_1',
    });
  });

  test('for a result: none while the provider gave no id', () => {
    expect(format.toQuery(askedOf(request))).toBeNull();
  });

  test('for the orders as they are', () => {
    const question = format.toReconciliation(askedOf(request));
    expect(question).toMatchObject({
      ...post,
      stem: 'show-order-details',
      path: '/enroll-service/1.0/show-order-details',
    });
    const orderNumbers = ['12', `RE-13-${stamp}-1`];
    expect(JSON.parse(question?.content ?? '')).toEqual({ ...sender, orderNumbers });
  });

  test('each has a stem that tells what it is for', () => {
    expect(format.stems).toEqual({
      'bulk-enroll-devices': 'request',
      'check-transaction-status': 'query',
      'show-order-details': 'reconciliation',
    });
  });
});
