import { beforeEach, describe, expect, test } from '@jest/globals';

import { AppleService, noRules, type Rules } from '../../../demo/apple-service.ts';

const orderDate = '2026-05-04T08:00:00Z';
const shipDate = '2026-05-05T08:00:00Z';
const sender = {
  requestContext: { shipTo: '0000054321', timeZone: '0', langCode: 'en' },
  depResellerId: '0F0F0F0F',
};

let service: AppleService;
let transactions: number;
beforeEach(() => {
  let ids = 0;
  transactions = 0;
  service = new AppleService({
    now: () => new Date('2026-05-06T00:00:00.500Z'),
    newId: () => `id${++ids}`,
  });
});

const order = (orderNumber: string, orderType: string, devices: string[], changes: object = {}) => ({
  orderNumber,
  orderDate,
  orderType,
  customerId: '880011',
  deliveries:
    orderType === 'VD'
      ? []
      : [{ deliveryNumber: 'DN', shipDate, devices: devices.map((deviceId) => ({ deviceId })) }],
  ...changes,
});

const enrol = (document: unknown, rules: Rules = noRules) =>
  service.answer('bulk-enroll-devices', document, rules);
const check = (document: unknown) => service.answer('check-transaction-status', document, noRules);
const request = (orders: unknown[], changes: object = {}) => ({
  ...sender,
  transactionId: `t${++transactions}`,
  orders,
  ...changes,
});

interface Result {
  statusCode: string;
  orders: {
    orderPostStatus: string;
    deliveries?: { deliveryPostStatus: string; devices?: { deviceId: string; devicePostStatus: string }[] }[];
  }[];
}

/** Posts orders and asks until there is a result. */
function post(orders: unknown[], rules: Rules = noRules): Result {
  const accepted = enrol(request(orders), rules) as { deviceEnrollmentTransactionId: string };
  const { deviceEnrollmentTransactionId } = accepted;
  check({ ...sender, deviceEnrollmentTransactionId });
  return check({ ...sender, deviceEnrollmentTransactionId }) as Result;
}

const orderStatus = (result: Result) => result.orders[0]?.orderPostStatus;
const deviceStatus = (result: Result) => result.orders[0]?.deliveries?.[0]?.devices?.[0]?.devicePostStatus;

describe('the simulated service: transactions', () => {
  test('accepts, is at work when first asked, then gives the result as often as asked', () => {
    const accepted = enrol(request([order('1', 'OR', ['AA1'])], { transactionId: 'ours' }));
    expect(accepted).toMatchObject({
      deviceEnrollmentTransactionId: 'id1_1778025600500',
      enrollDevicesResponse: { statusCode: 'SUCCESS' },
    });
    const question = { ...sender, deviceEnrollmentTransactionId: 'id1_1778025600500' };
    expect(check(question)).toMatchObject({ checkTransactionErrorResponse: [{ errorCode: 'DEP-ERR-4003' }] });
    expect(check(question)).toEqual({
      deviceEnrollmentTransactionID: 'id1_1778025600500',
      transactionId: 'ours',
      completedOn: '2026-05-06T00:00:00Z',
      statusCode: 'COMPLETE',
      orders: [
        {
          orderNumber: '1',
          orderPostStatus: 'COMPLETE',
          deliveries: [
            {
              deliveryNumber: 'DN',
              deliveryPostStatus: 'COMPLETE',
              devices: [{ deviceId: 'AA1', devicePostStatus: 'COMPLETE' }],
            },
          ],
        },
      ],
    });
    expect(check(question)).toMatchObject({ statusCode: 'COMPLETE' });
  });

  test('a transaction id is used once', () => {
    const document = request([order('1', 'OR', ['AA1'])]);
    enrol(document);
    expect(enrol(document)).toMatchObject({ enrollDeviceErrorResponse: { errorCode: 'DEP-ERR-3001' } });
  });

  test.each([
    ['DEP-ERR-4001', {}],
    ['DEP-ERR-4004', { deviceEnrollmentTransactionId: 'never given' }],
    ['GRX-1056', { depResellerId: '' }],
  ])('a question is refused with %s', (errorCode, changes) => {
    expect(check({ ...sender, ...changes })).toMatchObject({ checkTransactionErrorResponse: { errorCode } });
  });

  test.each([
    ['another reseller key', { depResellerID: 'x' }, 'GRX-5004'],
    ['another case', { Orders: [] }, 'GRX-5004'],
    ['a number as text', { transactionId: 5 }, 'GRX-5004'],
    ['a key of the order', { orders: [order('1', 'OR', [], { OrderType: 'OR' })] }, 'GRX-5004'],
    ['Ship-To not padded', { requestContext: { ...sender.requestContext, shipTo: '54321' } }, 'GRX-50025'],
    ['no Ship-To', { requestContext: { timeZone: '0', langCode: 'en' } }, 'GRX-50020'],
    ['time zone', { requestContext: { ...sender.requestContext, timeZone: 'CEST+2' } }, 'GRX-50022'],
    ['language', { requestContext: { ...sender.requestContext, langCode: 'english' } }, 'GRX-50028'],
  ])('a bare error, with an id of the service: %s', (_what, changes, errorCode) => {
    const transactionId = expect.stringMatching(/^id\d+-1778025600500$/);
    expect(enrol(request([order('1', 'OR', ['AA1'])], changes))).toMatchObject({ errorCode, transactionId });
  });

  test.each([
    ['DEP-ERR-3002', { transactionId: 'x'.repeat(21) }],
    ['DEP-ERR-3003', { orders: [] }],
    ['DEP-ERR-3004', { orders: [order('', 'OR', ['AA1'])] }],
    ['DEP-ERR-3006', { orders: [order('1'.repeat(33), 'OR', ['AA1'])] }],
    [
      'DEP-ERR-3005',
      {
        orders: [
          order(
            '1',
            'OR',
            Array.from({ length: 1001 }, (_, n) => `A${n}`),
          ),
        ],
      },
    ],
    ['DEP-ERR-3007', { orders: Array.from({ length: 1001 }, (_, n) => order(`${n}`, 'VD', [])) }],
  ])('a request is refused with %s', (errorCode, changes) => {
    expect(enrol(request([order('1', 'OR', ['AA1'])], changes))).toMatchObject({
      enrollDeviceErrorResponse: { errorCode },
    });
  });

  test('several errors come as a list', () => {
    const codes = [{ errorCode: 'GRX-1056' }, { errorCode: 'DEP-ERR-3003' }];
    expect(enrol(request([], { depResellerId: '' }))).toMatchObject({ enrollDeviceErrorResponse: codes });
  });
});

describe('the simulated service: orders and devices', () => {
  test.each([
    ['DEP-ERR-OR-4101', { customerId: '' }],
    ['DEP-ERR-OR-4103', { customerId: '1'.repeat(33) }],
    ['DEP-ERR-OR-4104', { orderDate: undefined }],
    ['DEP-ERR-OR-4105', { orderDate: '2026-05-04T08:00:00.000Z' }],
    ['DEP-ERR-OR-4105', { orderDate: '2026-05-04T08:00:00+02:00' }],
    ['DEP-ERR-OR-4105', { orderDate: '2026-02-30T08:00:00Z' }],
    ['DEP-ERR-OR-4106', { orderType: '' }],
    ['DEP-ERR-OR-4107', { orderType: 'VO' }],
    ['DEP-ERR-OR-4108', { poNumber: 'P'.repeat(101) }],
    ['DEP-ERR-OR-4109', { orderType: 'VD', deliveries: [] }],
    ['DEP-ERR-OR-4109', { orderType: 'OV' }],
    ['DEP-ERR-OR-4111', { deliveries: [{ shipDate, devices: [{ deviceId: 'AA1' }] }] }],
    ['DEP-ERR-OR-4112', { deliveries: [{ deliveryNumber: 'D'.repeat(33), shipDate, devices: [] }] }],
    ['DEP-ERR-OR-4113', { orderType: 'VD' }],
    ['DEP-ERR-OR-4114', { deliveries: [] }],
  ])('%s for %j', (status, changes) => {
    const result = post([order('1', 'OR', ['AA1'], changes)]);
    expect([result.statusCode, orderStatus(result)]).toEqual(['ERROR', status]);
  });

  test.each([
    ['DEP-ERR-DL-4201', { shipDate: '' }],
    ['DEP-ERR-DL-4202', { shipDate: 'tomorrow' }],
    ['DEP-ERR-DL-4203', { shipDate: '2026-05-03T08:00:00Z' }],
    ['DEP-ERR-DL-4205', { devices: [] }],
    ['DEP-ERR-DL-4206', { devices: [{ deviceId: 'A'.repeat(21) }] }],
  ])('%s for %j', (status, changes) => {
    const result = post([
      order('1', 'OR', [], { deliveries: [{ deliveryNumber: 'D', shipDate, ...changes }] }),
    ]);
    expect([orderStatus(result), result.orders[0]?.deliveries?.[0]?.deliveryPostStatus]).toEqual([
      'ERROR',
      status,
    ]);
  });

  test.each([
    ['DEP-ERR-DE-4301', { deviceId: 'aa1' }],
    ['DEP-ERR-DE-4302', { deviceId: 'AA1', assetTag: 'T'.repeat(129) }],
  ])('%s for %j', (status, device) => {
    const deliveries = [{ deliveryNumber: 'D', shipDate, devices: [device] }];
    expect(deviceStatus(post([order('1', 'OR', [], { deliveries })]))).toBe(status);
  });

  test('a device belongs to one order; the others of the order are enrolled', () => {
    post([order('1', 'OR', ['AA1'])]);
    const result = post([order('2', 'OR', ['AA1', 'AA2'])]);
    expect([result.statusCode, orderStatus(result), deviceStatus(result)]).toEqual([
      'COMPLETE_WITH_ERRORS',
      'POSTED_WITH_ERRORS',
      'DEP-ERR-DE-4303',
    ]);
    expect([service.orderOf('AA1'), service.orderOf('AA2')]).toEqual(['1', '2']);
  });

  test('the same order again adds devices; with another header it is refused', () => {
    post([order('1', 'OR', ['AA1'])]);
    expect(orderStatus(post([order('1', 'OR', ['AA1', 'AA2'])]))).toBe('COMPLETE');
    expect([service.orderOf('AA1'), service.orderOf('AA2')]).toEqual(['1', '1']);
    expect(orderStatus(post([order('1', 'OR', ['AA3'], { customerId: '2' })]))).toBe('DEP-ERR-OR-4110');
  });

  test('a return takes the listed devices, under a new number', () => {
    post([order('1', 'OR', ['AA1', 'AA2'])]);
    expect(orderStatus(post([order('1', 'RE', ['AA1'])]))).toBe('DEP-ERR-OR-4110');
    expect(orderStatus(post([order('RE-1', 'RE', ['AA1'])]))).toBe('COMPLETE');
    expect([service.orderOf('AA1'), service.orderOf('AA2')]).toEqual([undefined, '1']);
    expect(deviceStatus(post([order('RE-2', 'RE', ['AA1'])]))).toBe('DEP-ERR-DE-4306');
  });

  test('a void of an order lets its devices go, and only these', () => {
    post([order('1', 'OR', ['AA1']), order('2', 'OR', ['AA2'])]);
    expect(post([order('1', 'VD', [])]).orders).toEqual([{ orderNumber: '1', orderPostStatus: 'COMPLETE' }]);
    expect([service.orderOf('AA1'), service.orderOf('AA2')]).toEqual([undefined, '2']);
    expect(orderStatus(post([order('1', 'VD', [])]))).toBe('DEP-ERR-OR-4109');
  });

  test('after a return the order can be voided no more, until the return is voided', () => {
    post([order('1', 'OR', ['AA1', 'AA2'])]);
    post([order('RE-1', 'RE', ['AA1'])]);
    expect(orderStatus(post([order('1', 'VD', [])]))).toBe('DEP-ERR-OR-4114');
    post([order('RE-1', 'VD', [])]);
    expect(service.orderOf('AA1')).toBe('1');
    expect(orderStatus(post([order('1', 'VD', [])]))).toBe('COMPLETE');
  });

  test('an override replaces the whole list, and may change the customer', () => {
    post([order('1', 'OR', ['AA1', 'AA2'])]);
    expect(orderStatus(post([order('1', 'OV', ['AA2', 'AA3'], { customerId: '2' })]))).toBe('COMPLETE');
    expect(['AA1', 'AA2', 'AA3'].map((id) => service.orderOf(id))).toEqual([undefined, '1', '1']);
  });

  test('an override that cannot be read changes nothing', () => {
    post([order('1', 'OR', ['AA1'])]);
    post([order('1', 'OV', [], { deliveries: [{ deliveryNumber: 'SELF', shipDate: 'x', devices: [] }] })]);
    expect(service.orderOf('AA1')).toBe('1');
  });
});

describe('the simulated service: failures on request', () => {
  const refusal = { errorCode: 'DEP-ERR-DE-4305', errorMessage: 'as asked' };

  test('of a device', () => {
    const result = post([order('1', 'OR', ['AA1', 'AA2'])], { ...noRules, refuseDevices: { AA1: refusal } });
    expect(deviceStatus(result)).toBe('DEP-ERR-DE-4305');
    expect([service.orderOf('AA1'), service.orderOf('AA2')]).toEqual([undefined, '1']);
  });

  test('of an organisation', () => {
    const rules = {
      ...noRules,
      refuseOrganisations: { 880011: { ...refusal, errorCode: 'DEP-ERR-OR-4102' } },
    };
    expect(orderStatus(post([order('1', 'OR', ['AA1'])], rules))).toBe('DEP-ERR-OR-4102');
  });

  test('of the first transactions, in each of the three shapes', () => {
    const rules = { ...noRules, refuseTransactions: 3 };
    const answers = [1, 2, 3, 4].map(() => enrol(request([order('1', 'OR', ['AA1'])]), rules));
    const error = expect.objectContaining({ errorCode: 'GRX-50072' });
    expect(answers).toEqual([
      { enrollDeviceErrorResponse: error },
      { enrollDeviceErrorResponse: [error, expect.anything()] },
      error,
      expect.objectContaining({ enrollDevicesResponse: expect.anything() }),
    ]);
  });
});
