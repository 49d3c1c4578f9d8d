import { describe, expect, test } from '@jest/globals';

import { windowsAutopilot } from '../../../daemons/adaptor/providers/windows-autopilot/windows-autopilot.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import {
  asked,
  customer,
  documentOf,
  nothingEnrolled,
  orderOf,
  otherCustomer,
  settingsWith,
  stamp,
  trackingId,
  tuple,
} from './examples.ts';

const format = windowsAutopilot(settingsWith());
const map = (...orders: RequestOrder[]) => format.toRequests(documentOf(...orders), nothingEnrolled);
const contentOf = (message: { readonly content: string } | undefined): unknown =>
  JSON.parse(message?.content ?? 'null');
const deviceIds = (requests: ReturnType<typeof map>['requests']) =>
  requests.map(({ orders }) => orders.map(({ devices }) => devices.map(({ deviceId }) => deviceId)));

const hash = 'T0FBQUVYQU1QTEU=';

describe('a new batch at Partner Center', () => {
  test('exact keys, the batch named by our transaction id, the customer in the path', () => {
    expect(map(orderOf(12, [tuple('D1', 'ZZ-Test-0001')]))).toEqual({
      requests: [
        {
          transactionId: `${stamp}-1`,
          message: {
            stem: 'device-batch',
            method: 'POST',
            path: `/v1/customers/${customer}/deviceBatches`,
            mediaType: 'application/json',
            content: JSON.stringify({
              BatchId: `${stamp}-1`,
              Devices: [
                {
                  SerialNumber: 'ZZ-Test-0001',
                  OemManufacturerName: 'Contoso Ltd. ',
                  ModelName: 'Laptop 13',
                  Attributes: { ObjectType: 'Device' },
                },
              ],
              Attributes: { ObjectType: 'DeviceBatchCreationRequest' },
            }),
          },
          orders: [
            {
              orderId: 12,
              orderNumber: '12',
              requestType: 'ORDER',
              devices: [{ deviceId: 'D1', providerDeviceId: 'ZZ-Test-0001' }],
            },
          ],
        },
      ],
      refused: [],
      notes: [],
    });
  });

  const productId = '0034567890123';
  const serialNumber = 's-1';
  const names = { manufacturer: 'Contoso', model: 'Laptop 13' };
  test.each<[string, Partial<GenericDevice>, object, string]>([
    ['a hardware hash alone', { hardwareHash: hash }, { HardwareHash: hash }, hash],
    [
      'with product id',
      { hardwareHash: hash, productId },
      { HardwareHash: hash, ProductKey: productId },
      productId,
    ],
    [
      'with serial number, without manufacturer and model',
      { hardwareHash: hash, serialNumber, ...names },
      { HardwareHash: hash, SerialNumber: serialNumber },
      serialNumber,
    ],
    [
      'all three',
      { hardwareHash: hash, productId, serialNumber },
      { HardwareHash: hash, ProductKey: productId, SerialNumber: serialNumber },
      serialNumber,
    ],
    [
      'the product id alone, before the tuple, zeros kept',
      { productId, serialNumber, ...names },
      { ProductKey: productId },
      productId,
    ],
    [
      'the tuple',
      { serialNumber, ...names, hardwareHash: ' ' },
      { SerialNumber: serialNumber, OemManufacturerName: 'Contoso', ModelName: 'Laptop 13' },
      serialNumber,
    ],
    [
      'the tuple as it stands, blanks and letter case',
      { serialNumber: ' s1 ', manufacturer: 'HP ', model: 'elite\u00a0x2' },
      { SerialNumber: ' s1 ', OemManufacturerName: 'HP ', ModelName: 'elite\u00a0x2' },
      ' s1 ',
    ],
  ])('combination: %s', (_what, device, sent, key) => {
    const { requests, refused } = map(orderOf(1, [{ deviceId: 'D1', ...device }]));
    expect(refused).toEqual([]);
    const [one] = (contentOf(requests[0]?.message) as { Devices: object[] }).Devices;
    expect(one).toEqual({ ...sent, Attributes: { ObjectType: 'Device' } });
    expect(requests[0]?.orders[0]?.devices).toEqual([{ deviceId: 'D1', providerDeviceId: key }]);
  });

  test('one customer for each request, whatever the letter case of the id', () => {
    const { requests } = map(
      orderOf(1, [tuple('A')]),
      orderOf(2, [tuple('B')], { organisationId: otherCustomer }),
      orderOf(3, [tuple('C')], { organisationId: ` ${customer.toUpperCase()}` }),
    );
    expect(requests.map(({ message }) => message.path)).toEqual([
      `/v1/customers/${customer}/deviceBatches`,
      `/v1/customers/${otherCustomer}/deviceBatches`,
    ]);
    expect(deviceIds(requests)).toEqual([[['A'], ['C']], [['B']]]);
  });

  test('a batch of the API is never larger than the page in which it is read back', () => {
    const devices = Array.from({ length: 250 }, (_, index) => tuple(`D${index}`));
    const { requests } = map(orderOf(1, devices));
    expect(requests.map(({ orders }) => orders[0]?.devices.length)).toEqual([100, 100, 50]);
    expect(settingsWith().limits.devicesPerRequest).toBe(500);
  });

  test('the limits of the settings', () => {
    const limited = windowsAutopilot(settingsWith({ limits: { ordersPerRequest: 2, devicesPerRequest: 3 } }));
    const orders = [1, 2, 3].map((id) => orderOf(id, [tuple(`D${id}`)]));
    const large = orderOf(
      4,
      ['A', 'B', 'C', 'D', 'E'].map((id) => tuple(id)),
    );
    const { requests } = limited.toRequests(documentOf(...orders, large), nothingEnrolled);
    expect(deviceIds(requests)).toEqual([[['D1'], ['D2']], [['D3']], [['A', 'B', 'C']], [['D', 'E']]]);
  });

  test('devices that no answer could tell apart go in different batches', () => {
    const lenovo = { deviceId: 'D2', serialNumber: 'SER-D1', manufacturer: 'Lenovo', model: 'T14' };
    const { requests, refused } = map(orderOf(1, [tuple('D1', 'ser-d1'), lenovo, tuple('D3')]));
    expect(deviceIds(requests)).toEqual([[['D1']], [['D2', 'D3']]]);
    expect(refused).toEqual([]);
  });

  test('a device known by its hash alone has a batch of its own', () => {
    const nameless = { deviceId: 'H', hardwareHash: hash };
    const { requests } = map(orderOf(1, [tuple('A'), nameless, tuple('B')]), orderOf(2, [tuple('C')]));
    expect(deviceIds(requests)).toEqual([[['A']], [['H']], [['B'], ['C']]]);
  });

  test('over the spool the customer is in the id, and not in the name of the batch', () => {
    const spool = windowsAutopilot(settingsWith({ transport: 'spool' }));
    const [request] = spool.toRequests(documentOf(orderOf(1, [tuple('A')])), nothingEnrolled).requests;
    expect(request?.transactionId).toBe(`${stamp}-${customer}-1`);
    expect(contentOf(request?.message)).toMatchObject({ BatchId: `${stamp}-1` });
  });
});

describe('T05: what cannot be written for Microsoft is refused', () => {
  const refusal = (code: string, text: RegExp) =>
    expect.objectContaining({ code, message: expect.stringMatching(text) });

  test.each(['880011', `{${customer}}`, customer.slice(1), ''])(
    'an order whose organisation id is no GUID: %j',
    (organisationId) => {
      const { requests, refused } = map(
        orderOf(1, [tuple('A'), tuple('B')], { organisationId }),
        orderOf(2, [tuple('C')]),
      );
      expect(deviceIds(requests)).toEqual([[['C']]]);
      const error = refusal('UNMAPPABLE', /GUID/);
      expect(refused).toEqual([
        {
          orderId: 1,
          errors: [error],
          devices: ['A', 'B'].map((deviceId) => ({ deviceId, outcome: 'failed', errors: [error] })),
          settled: true,
        },
      ]);
    },
  );

  test.each<[string, Partial<GenericDevice>, string]>([
    ['no identifier', { imei: '350000000000006' }, 'IDENTIFIER_MISSING'],
    ['a serial number without a model', { serialNumber: 'S', manufacturer: 'HP' }, 'IDENTIFIER_MISSING'],
    [
      'a serial number with a blank model',
      { serialNumber: 'S', manufacturer: 'HP', model: ' ' },
      'IDENTIFIER_MISSING',
    ],
    [
      'a hash that was cut, whatever else there is',
      { hardwareHash: 'T0F', ...tuple('A') },
      'IDENTIFIER_DAMAGED',
    ],
    ['a product id that lost its zeros', { productId: '34567890123' }, 'IDENTIFIER_DAMAGED'],
    ['a product id that is none', { productId: 'ABCDE-12345' }, 'IDENTIFIER_INVALID'],
  ])('a device with %s; the others go on', (_what, device, code) => {
    const { requests, refused } = map(orderOf(1, [{ ...device, deviceId: 'A' }, tuple('B')]));
    expect(deviceIds(requests)).toEqual([[['B']]]);
    expect(refused).toEqual([
      {
        orderId: 1,
        errors: [],
        devices: [{ deviceId: 'A', outcome: 'failed', errors: [refusal(code, /\w/)] }],
        settled: true,
      },
    ]);
  });

  test('an order with one device twice', () => {
    const { requests, refused } = map(orderOf(1, [tuple('A', 's1'), tuple('A', 's2')]));
    expect(requests).toEqual([]);
    expect(refused).toMatchObject([{ orderId: 1, errors: [{ code: 'UNMAPPABLE' }] }]);
  });
});

describe('a batch that is too large', () => {
  const [request] = map(orderOf(1, [tuple('A'), tuple('B')]), orderOf(2, [tuple('C')])).requests;
  if (!request) throw new Error('no request');

  test('is halved, with batches of new names', () => {
    const halves = format.halve(asked(request), ['t-8', 't-9']);
    expect(halves?.map(({ transactionId }) => transactionId)).toEqual(['t-8', 't-9']);
    expect(deviceIds(halves ?? [])).toEqual([[['A', 'B']], [['C']]]);
    expect(halves?.map(({ message }) => contentOf(message))).toMatchObject([
      { BatchId: 't-8', Devices: [{ SerialNumber: 'ser-A' }, { SerialNumber: 'ser-B' }] },
      { BatchId: 't-9', Devices: [{ SerialNumber: 'ser-C' }] },
    ]);
    const [first] = halves ?? [];
    if (!first) throw new Error('no half');
    expect(deviceIds([...(format.halve(asked(first), ['t-10', 't-11']) ?? [])])).toEqual([[['A']], [['B']]]);
  });

  test('is not halved when it has one device', () => {
    const [single] = map(orderOf(1, [tuple('A')])).requests;
    expect(single && format.halve(asked(single), ['t-8', 't-9'])).toBeNull();
  });
});

describe('questions', () => {
  const [request] = map(orderOf(1, [tuple('A')])).requests;
  if (!request) throw new Error('no request');
  const question = { method: 'GET', mediaType: 'application/json', content: '' };

  test('the status of an accepted batch', () => {
    expect(format.toQuery(asked(request, { providerTransactionId: trackingId }))).toEqual({
      ...question,
      stem: 'batch-job-status',
      path: `/v1/customers/${customer}/batchJobStatus/${trackingId}`,
    });
    expect(format.toQuery(asked(request))).toBeNull();
  });

  test('the devices of the batch, by its name', () => {
    expect(format.toReconciliation(asked(request))).toEqual({
      ...question,
      stem: 'batch-devices',
      path: `/v1/customers/${customer}/deviceBatches/${stamp}-1/devices`,
    });
  });

  test('every stem is told', () => {
    expect(format.stems).toEqual({
      'device-batch': 'request',
      'device-removal': 'request',
      'batch-job-status': 'query',
      'batch-devices': 'reconciliation',
    });
  });
});
