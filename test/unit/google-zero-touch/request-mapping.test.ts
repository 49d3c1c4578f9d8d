import { describe, expect, test } from '@jest/globals';

import { googleZeroTouch } from '../../../daemons/adaptor/providers/google-zero-touch/google-zero-touch.ts';
import type { ProviderRequest } from '../../../daemons/adaptor/providers/provider-format.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import {
  askedFor,
  askedOf,
  devicesOf,
  documentOf,
  enrolledAs,
  format,
  imeis,
  nothingEnrolled,
  operationName,
  orderOf,
  overrideOf,
  returnOf,
  settingsWith,
  tablet,
  voidOf,
} from './examples.ts';

const [first, second, third] = imeis;
const map = (orders: readonly RequestOrder[], enrolled = nothingEnrolled, settings = {}) =>
  googleZeroTouch(settingsWith(settings)).toRequests(documentOf(orders), enrolled);
const bodyOf = ({ message }: ProviderRequest): unknown => JSON.parse(message.content);
const pathOf = ({ message }: ProviderRequest) => message.path.split(':')[1];
const codesOf = (orders: readonly RequestOrder[], enrolled = nothingEnrolled, settings = {}) =>
  map(orders, enrolled, settings).refused.map(({ orderId, errors, devices }) => ({
    orderId,
    errors: errors.map(({ code }) => code),
    devices: devices.map((device) => [
      device.deviceId,
      device.outcome === 'failed' ? device.errors[0]?.code : '',
    ]),
  }));

describe('an order', () => {
  test('becomes a claim of each device for the customer', () => {
    const { requests, refused, notes } = map([
      orderOf(884210, devicesOf([{ imei: first, manufacturer: 'Google', model: 'Pixel 9' }, tablet])),
    ]);
    expect(refused).toEqual([]);
    expect(notes).toEqual([]);
    const [request] = requests;
    expect(request).toEqual({
      transactionId: expect.stringMatching(/^[a-z0-9]+-907-1$/),
      message: {
        stem: 'claim',
        method: 'POST',
        path: '/v1/partners/555/devices:claimAsync',
        mediaType: 'application/json',
        content: expect.anything(),
      },
      orders: [
        {
          orderId: 884210,
          orderNumber: '884210',
          requestType: 'ORDER',
          devices: [
            { deviceId: 'D1', providerDeviceId: `imei:${first}` },
            { deviceId: 'D2', providerDeviceId: 'serial:Zx8Test01/Google/Pixel Tablet' },
          ],
        },
      ],
    });
    expect(requests.map(bodyOf)).toEqual([
      {
        claims: [
          {
            customerId: '1234567890',
            sectionType: 'SECTION_TYPE_ZERO_TOUCH',
            deviceIdentifier: { imei: first, manufacturer: 'Google' },
            deviceMetadata: { entries: { ordernumber: '884210' } },
          },
          {
            customerId: '1234567890',
            sectionType: 'SECTION_TYPE_ZERO_TOUCH',
            deviceIdentifier: tablet,
            deviceMetadata: { entries: { ordernumber: '884210' } },
          },
        ],
      },
    ]);
  });

  test.each([
    ['SO-884210', 'SO-884210'],
    ['', '7'],
    ['  ', '7'],
  ])('with the purchase order number %j shows the customer %j', (purchaseOrderNumber, shown) => {
    const { requests } = map([orderOf(7, devicesOf([{ imei: first }]), { purchaseOrderNumber })]);
    expect(requests.map(bodyOf)).toMatchObject([
      { claims: [{ deviceMetadata: { entries: { ordernumber: shown } } }] },
    ]);
    expect(requests[0]?.orders[0]?.orderNumber).toBe(shown);
  });

  test('customer ids stay texts: a number would lose digits', () => {
    const { requests } = map([
      orderOf(7, devicesOf([{ imei: first }]), { organisationId: '9223372036854775807' }),
    ]);
    expect(requests[0]?.message.content).toContain('"customerId":"9223372036854775807"');
  });

  test.each(['880011x', '0880011', '', '9223372036854775808', '99999999999999999999', '-1', ' 5'])(
    'of the organisation %j is refused as a whole, and the others go on',
    (organisationId) => {
      const bad = orderOf(7, devicesOf([{ imei: first }, { imei: second }]), { organisationId });
      const orders = [bad, orderOf(8, devicesOf([{ imei: third }]))];
      expect(codesOf(orders)).toEqual([
        {
          orderId: 7,
          errors: ['UNMAPPABLE'],
          devices: [
            ['D1', 'UNMAPPABLE'],
            ['D2', 'UNMAPPABLE'],
          ],
        },
      ]);
      expect(map(orders).requests.map(({ orders: [order] }) => order?.orderId)).toEqual([8]);
    },
  );

  test('the same file gives the same requests', () => {
    const orders = [orderOf(7, devicesOf([{ imei: first }, tablet]))];
    expect(map(structuredClone(orders))).toEqual(map(orders));
  });
});

describe('identifiers', () => {
  const identifierOf = (device: object, settings = {}): unknown => {
    const { requests, refused } = map([orderOf(7, devicesOf([device]))], nothingEnrolled, settings);
    const [body] = requests.map(bodyOf) as { claims: { deviceIdentifier: unknown }[] }[];
    const [outcome] = refused[0]?.devices ?? [];
    return (
      body?.claims[0]?.deviceIdentifier ?? (outcome?.outcome === 'failed' ? outcome.errors[0]?.code : null)
    );
  };

  test('complaint "Dual-SIM: which IMEI?": the lowest is the first, and the other one is sent as well', () => {
    expect(identifierOf({ imei: third, imei2: first })).toEqual({ imei: first, imei2: third });
    expect(identifierOf({ imei: first, imei2: third })).toEqual({ imei: first, imei2: third });
    expect(identifierOf({ imei2: first })).toEqual({ imei: first });
    expect(identifierOf({ imei: first, imei2: first })).toEqual({ imei: first });
  });

  test('complaint "Tuple must match exactly": serial number, manufacturer and model keep their case', () => {
    const device = { serialNumber: 'zX8tEST01', manufacturer: 'HMD Global', model: 'Nokia 3.4 äß' };
    expect(identifierOf(device)).toEqual(device);
  });

  test.each([
    ['IMEI before MEID', { imei: first, meid: 'A0000012345678' }, { imei: first }],
    [
      'MEID with its manufacturer',
      { meid: 'a0000012345678', manufacturer: 'LGE' },
      { meid: 'A0000012345678', manufacturer: 'LGE' },
    ],
    [
      'a telephone has no need of a serial number',
      { imei: first, ...tablet },
      { imei: first, manufacturer: 'Google' },
    ],
    ['V10: IMEI with leading zeros', { imei: '001017000000011' }, { imei: '001017000000011' }],
    ['V10: 14 digits get their check digit', { imei: '00101700000001' }, { imei: first }],
    [
      'V10: 16 digits get a check digit in place of the version',
      { imei: '0010170000000178' },
      { imei: first },
    ],
    ['blanks around manufacturer and model', { ...tablet, manufacturer: ' Google ' }, tablet],
    ['blank IMEIs are none', { imei: ' ', imei2: '', ...tablet }, tablet],
  ])('%s', (_what, device, identifier) => {
    expect(identifierOf(device)).toEqual(identifier);
  });

  test.each([
    ['nothing', {}, 'IDENTIFIER_MISSING'],
    ['only a model', { model: 'Pixel Tablet' }, 'IDENTIFIER_MISSING'],
    ['serial number without model', { ...tablet, model: ' ' }, 'IDENTIFIER_MISSING'],
    ['serial number without manufacturer', { serialNumber: 'S', model: 'M' }, 'IDENTIFIER_MISSING'],
    ['spreadsheet damage', { imei: '3.56E+14' }, 'IDENTIFIER_DAMAGED'],
    ['letters in an IMEI', { imei: '35999900123450x' }, 'IDENTIFIER_INVALID'],
    ['a second IMEI that is none', { imei: first, imei2: 'none' }, 'IDENTIFIER_INVALID'],
    ['a MEID that is none', { meid: 'XYZ' }, 'IDENTIFIER_INVALID'],
    ['a line break in the model', { ...tablet, model: 'a\nb' }, 'IDENTIFIER_INVALID'],
    ['half a character in the manufacturer', { ...tablet, manufacturer: '\ud800' }, 'IDENTIFIER_INVALID'],
  ])('%s is refused', (_what, device, code) => {
    expect(identifierOf(device)).toBe(code);
  });

  test('14 digits are refused where the settings say so', () => {
    expect(identifierOf({ imei: '00101700000001' }, { identifiers: { imei14: 'refuse' } })).toBe(
      'IDENTIFIER_INVALID',
    );
  });

  test('a wrong check digit is asked for, and counted in the notes without the number', () => {
    const { requests, notes } = map([orderOf(7, devicesOf([{ imei: '001017000000012' }, { imei: second }]))]);
    expect(requests).toHaveLength(1);
    expect(notes).toEqual(['1 device(s) asked for though the check digit of the IMEI is wrong']);
  });

  test('the devices of an order that cannot be asked for are refused one by one', () => {
    const orders = [orderOf(7, devicesOf([{ imei: first }, {}, tablet]))];
    expect(codesOf(orders)).toEqual([{ orderId: 7, errors: [], devices: [['D2', 'IDENTIFIER_MISSING']] }]);
    expect(map(orders).requests[0]?.orders[0]?.devices.map(({ deviceId }) => deviceId)).toEqual(['D1', 'D3']);
  });

  test('of two devices with the same identifiers the second is refused', () => {
    const same = [{ imei: first }, { imei: '00101700000001' }, tablet, { ...tablet, model: 'pixel TABLET' }];
    expect(codesOf([orderOf(7, devicesOf(same))])).toEqual([
      {
        orderId: 7,
        errors: [],
        devices: [
          ['D2', 'UNMAPPABLE'],
          ['D4', 'UNMAPPABLE'],
        ],
      },
    ]);
  });

  test('serial numbers that differ in case only are two devices', () => {
    const devices = devicesOf([tablet, { ...tablet, serialNumber: 'ZX8TEST01' }]);
    expect(map([orderOf(7, devices)]).requests[0]?.orders[0]?.devices).toHaveLength(2);
  });

  test('a device that stands twice in an order is refused, and answered once', () => {
    const devices = [
      { deviceId: 'D1', imei: first },
      { deviceId: 'D1', imei: second },
      { deviceId: 'D2', imei: third },
    ];
    expect(codesOf([orderOf(7, devices)])).toEqual([
      { orderId: 7, errors: [], devices: [['D1', 'UNMAPPABLE']] },
    ]);
    expect(map([orderOf(7, devices)]).requests[0]?.orders[0]?.devices).toEqual([
      { deviceId: 'D2', providerDeviceId: `imei:${third}` },
    ]);
  });
});

describe('a return', () => {
  test("unclaims the listed devices, by Google's number where it is known", () => {
    const devices = devicesOf([{ imei: first }, { imei: second, manufacturer: 'Google' }, { imei: third }]);
    const enrolled = enrolledAs([
      ['D1', `imei:${first}`, '987654321'],
      ['D3', `imei:${third}`],
      ['D4', 'imei:never asked'],
    ]);
    const { requests } = map([returnOf(7, devices)], enrolled);
    expect(requests.map(pathOf)).toEqual(['unclaimAsync']);
    expect(requests.map(bodyOf)).toEqual([
      {
        unclaims: [
          { deviceId: '987654321', sectionType: 'SECTION_TYPE_ZERO_TOUCH' },
          {
            deviceIdentifier: { imei: second, manufacturer: 'Google' },
            sectionType: 'SECTION_TYPE_ZERO_TOUCH',
          },
          { deviceIdentifier: { imei: third }, sectionType: 'SECTION_TYPE_ZERO_TOUCH' },
        ],
      },
    ]);
    // Always by the identifiers: the adaptor keeps requests about one device apart by it.
    expect(requests[0]?.orders[0]).toMatchObject({
      requestType: 'RETURN',
      devices: [first, second, third].map((imei) => ({ providerDeviceId: `imei:${imei}` })),
    });
  });

  test('of a device that is known needs no identifiers, and no customer', () => {
    const order = { ...returnOf(7, devicesOf([{ imei: '3.56E+14' }])), organisationId: 'gone' };
    const enrolled = enrolledAs([['D1', 'serial:S/Google/Pixel Tablet']]);
    const { requests, refused } = map([order], enrolled);
    expect(refused).toEqual([]);
    expect(requests.map(bodyOf)).toMatchObject([
      {
        unclaims: [
          { deviceIdentifier: { serialNumber: 'S', manufacturer: 'Google', model: 'Pixel Tablet' } },
        ],
      },
    ]);
  });
});

describe('a void', () => {
  test('unclaims the devices that are known to be enrolled', () => {
    const enrolled = enrolledAs([
      ['D1', `imei:${first}`, '11'],
      ['D2', 'meid:A0000012345678'],
    ]);
    const { requests, refused } = map([voidOf(7)], enrolled);
    expect(refused).toEqual([]);
    expect(requests.map(bodyOf)).toMatchObject([
      { unclaims: [{ deviceId: '11' }, { deviceIdentifier: { meid: 'A0000012345678' } }] },
    ]);
    expect(requests[0]?.orders).toEqual([
      {
        orderId: 7,
        orderNumber: '7',
        requestType: 'VOID',
        devices: [
          { deviceId: 'D1', providerDeviceId: `imei:${first}` },
          { deviceId: 'D2', providerDeviceId: 'meid:A0000012345678' },
        ],
      },
    ]);
  });

  test.each([
    ['with nothing known', nothingEnrolled],
    ['with names that another format gave', enrolledAs([['D1', 'F2LZK1ABC']])],
  ])('%s is refused', (_what, enrolled) => {
    expect(codesOf([voidOf(7)], enrolled)).toEqual([{ orderId: 7, errors: ['NOT_ENROLLED'], devices: [] }]);
    expect(map([voidOf(7)], enrolled).requests).toEqual([]);
  });
});

describe('an override', () => {
  const enrolled = enrolledAs([
    ['D1', `imei:${first}`, '11'],
    ['D9', `imei:${second}`],
  ]);

  test('unclaims all that the order had enrolled, and then claims the list', () => {
    const { requests } = map([overrideOf(7, devicesOf([{ imei: first }, { imei: third }]))], enrolled);
    expect(requests.map(({ preparatory = false }) => preparatory)).toEqual([true, false]);
    expect(requests.map(pathOf)).toEqual(['unclaimAsync', 'claimAsync']);
    expect(requests.map(({ message }) => message.stem)).toEqual(['unclaim', 'claim']);
    expect(requests.map(bodyOf)).toMatchObject([
      { unclaims: [{ deviceId: '11' }, { deviceIdentifier: { imei: second } }] },
      { claims: [{ deviceIdentifier: { imei: first } }, { deviceIdentifier: { imei: third } }] },
    ]);
    expect(requests.map(({ orders }) => orders.map(({ orderId }) => orderId))).toEqual([[7], [7]]);
  });

  test('of an order with nothing enrolled is a claim', () => {
    const { requests } = map([overrideOf(7, devicesOf([{ imei: first }]))]);
    expect(requests.map(pathOf)).toEqual(['claimAsync']);
  });

  test('leaves devices as they are that it cannot claim', () => {
    const order = overrideOf(7, [
      { deviceId: 'D1', imei: '3.56E+14' },
      { deviceId: 'D2', imei: third },
    ]);
    expect(map([order], enrolled).requests.map(bodyOf)).toMatchObject([
      { unclaims: [{ deviceIdentifier: { imei: second } }] },
      { claims: [{ deviceIdentifier: { imei: third } }] },
    ]);
  });

  test.each([
    ['no device can be claimed', overrideOf(7, devicesOf([{}]))],
    ['the customer is none', { ...overrideOf(7, devicesOf([{ imei: first }])), organisationId: 'x' }],
  ])('unclaims nothing when %s', (_what, order) => {
    expect(map([order], enrolled).requests).toEqual([]);
  });
});

describe('splitting', () => {
  const many = (count: number, from = 0) =>
    Array.from({ length: count }, (_, index) => ({
      deviceId: `D${from + index}`,
      serialNumber: `S${from + index}`,
      manufacturer: 'Google',
      model: 'Pixel Tablet',
    }));
  const shape = (requests: readonly ProviderRequest[]) =>
    requests.map((request) => [
      pathOf(request),
      ...request.orders.map(({ orderId, devices }) => `${orderId}: ${devices.length}`),
    ]);

  test('orders and devices share requests as far as the limits allow', () => {
    const orders = [orderOf(1, many(2)), orderOf(2, many(5, 10)), orderOf(3, many(1, 20)), voidOf(4)];
    const { requests } = map(orders, enrolledAs([['D1', 'imei:1']]), {
      limits: { devicesPerRequest: 3, ordersPerRequest: 2 },
    });
    expect(shape(requests)).toEqual([
      ['unclaimAsync', '4: 1'],
      ['claimAsync', '1: 2'],
      ['claimAsync', '2: 3'],
      ['claimAsync', '3: 1'],
      ['claimAsync', '2: 2'],
    ]);
    expect(requests.map(({ transactionId }) => transactionId.split('-').at(-1))).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
    ]);
  });

  test('a device that is returned and sold again in one file is unclaimed first', () => {
    const orders = [orderOf(8, devicesOf([{ imei: first }])), returnOf(7, devicesOf([{ imei: first }]))];
    expect(shape(map(orders).requests)).toEqual([
      ['unclaimAsync', '7: 1'],
      ['claimAsync', '8: 1'],
    ]);
  });

  test('complaint "Same device twice in one request": two orders for one device go separately', () => {
    const orders = [orderOf(7, devicesOf([{ imei: first }])), orderOf(8, devicesOf([{ imei: first }]))];
    expect(shape(map(orders).requests)).toEqual([
      ['claimAsync', '7: 1'],
      ['claimAsync', '8: 1'],
    ]);
  });

  const ids = ['t-8', 't-9'] as const;

  test('a request is halved by devices, across orders', () => {
    const asked = askedFor([orderOf(2, many(1, 5)), orderOf(1, many(4))]);
    const halves = format.halve(asked, ids) ?? [];
    expect(halves.map(({ transactionId }) => transactionId)).toEqual(ids);
    expect(shape(halves)).toEqual([
      ['claimAsync', '1: 3'],
      ['claimAsync', '1: 1', '2: 1'],
    ]);
    const listed = halves.map((half) =>
      (bodyOf(half) as { claims: { deviceIdentifier: { serialNumber: string } }[] }).claims.map(
        ({ deviceIdentifier }) => deviceIdentifier.serialNumber,
      ),
    );
    expect(listed).toEqual([
      ['S0', 'S1', 'S2'],
      ['S3', 'S5'],
    ]);
  });

  test("halves of an unclaim by Google's numbers keep numbers and devices together", () => {
    const enrolled = enrolledAs([
      ['D2', `imei:${second}`, '22'],
      ['D10', `imei:${first}`, '10'],
    ]);
    const halves = format.halve(askedFor([voidOf(7)], enrolled), ids) ?? [];
    expect(halves.map((half) => [bodyOf(half), half.orders[0]?.devices])).toMatchObject([
      [{ unclaims: [{ deviceId: '10' }] }, [{ deviceId: 'D10', providerDeviceId: `imei:${first}` }]],
      [{ unclaims: [{ deviceId: '22' }] }, [{ deviceId: 'D2', providerDeviceId: `imei:${second}` }]],
    ]);
  });

  test('a request of one device cannot be halved', () => {
    expect(format.halve(askedFor([orderOf(1, many(1))]), ids)).toBeNull();
  });
});

describe('questions', () => {
  const asked = askedFor([orderOf(7, devicesOf([{ imei: first, imei2: second, manufacturer: 'Google' }]))]);

  test('the operation is asked for by its own name', () => {
    expect(format.toQuery({ ...asked, providerTransactionId: operationName })).toEqual({
      stem: 'operation',
      method: 'GET',
      path: `/v1/${operationName}`,
      mediaType: 'application/json',
      content: '',
    });
    expect(format.toQuery(asked)).toBeNull();
  });

  test('what became of a request is asked of its first open device', () => {
    expect(format.toReconciliation(asked)).toEqual({
      stem: 'find-device',
      method: 'POST',
      path: '/v1/partners/555/devices:findByIdentifier',
      mediaType: 'application/json',
      content: JSON.stringify({ deviceIdentifier: { imei: first }, limit: '100' }),
    });
    expect(format.toReconciliation({ ...asked, orders: [] })).toBeNull();
  });

  test("a device that was unclaimed by Google's number is looked for by its identifiers", () => {
    const enrolled = enrolledAs([['D1', 'serial:a%2Fb/Google/Pixel Tablet', '11']]);
    const question = format.toReconciliation(askedFor([voidOf(7)], enrolled));
    expect(JSON.parse(question?.content ?? '')).toMatchObject({
      deviceIdentifier: { serialNumber: 'a/b', manufacturer: 'Google', model: 'Pixel Tablet' },
    });
  });

  test('every message has a stem that is known', () => {
    expect(format.stems).toEqual({
      claim: 'request',
      unclaim: 'request',
      operation: 'query',
      'find-device': 'reconciliation',
    });
    expect(askedOf(map([orderOf(7, devicesOf([tablet]))]).requests[0] as ProviderRequest).message.stem).toBe(
      'claim',
    );
  });
});
