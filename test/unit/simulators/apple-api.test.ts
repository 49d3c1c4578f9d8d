import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { appleApi } from '../../../demo/apple-api.ts';
import { Simulated } from './simulated.ts';

let simulated: Simulated;
let transactions = 0;
beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
beforeEach(() => simulated.start(appleApi, true));
afterEach(() => simulated.stop());

const sender = {
  requestContext: { shipTo: '0000054321', timeZone: '0', langCode: 'en' },
  depResellerId: '0F0F0F0F',
};
const order = (orderNumber: string, orderType: string, devices: string[], changes: object = {}) => ({
  orderNumber,
  orderDate: '2026-05-04T08:00:00Z',
  orderType,
  customerId: '880011',
  deliveries:
    orderType === 'VD'
      ? []
      : [
          {
            deliveryNumber: 'DN',
            shipDate: '2026-05-05T08:00:00Z',
            devices: devices.map((deviceId) => ({ deviceId })),
          },
        ],
  ...changes,
});
const ask = async (question: string, json: unknown) =>
  (await simulated.call('POST', `/enroll-service/1.0/${question}`, { json })).json;
const enrol = (orders: object[], changes: object = {}) =>
  ask('bulk-enroll-devices', { ...sender, transactionId: `t${++transactions}`, orders, ...changes });
const check = (deviceEnrollmentTransactionId: string) =>
  ask('check-transaction-status', { ...sender, deviceEnrollmentTransactionId });
const show = (orderNumbers: string[], changes: object = {}) =>
  ask('show-order-details', { ...sender, orderNumbers, ...changes });

interface Result {
  statusCode: string;
  orders: { deliveries?: { devices?: { deviceId: string; devicePostStatus: string }[] }[] }[];
}

/** Posts orders under rules without pending answers, and returns the result. */
async function post(orders: object[], changes: object = {}, rules: object = {}): Promise<Result> {
  await simulated.rules({ pendingQuestions: 0, ...rules });
  const accepted = (await enrol(orders, changes)) as { deviceEnrollmentTransactionId: string };
  return (await check(accepted.deviceEnrollmentTransactionId)) as Result;
}
const statuses = ({ orders }: Result) =>
  orders.flatMap(({ deliveries = [] }) =>
    deliveries.flatMap(({ devices = [] }) => devices.map((device) => device.devicePostStatus)),
  );

describe('Apple over HTTPS', () => {
  test('errors of the business come with HTTP 200, those of the address do not', async () => {
    const path = '/enroll-service/1.0/bulk-enroll-devices';
    const bare = (errorCode: string) => ({
      status: 200,
      json: { errorCode, transactionId: expect.stringMatching(/^[0-9a-f-]{36}-\d+$/) },
    });
    const type = 'application/json';
    expect(await simulated.call('POST', path, { body: '{}', type: 'text/plain' })).toMatchObject(
      bare('GRX-16002'),
    );
    expect(await simulated.call('POST', path, { body: '', type })).toMatchObject(bare('GRX-16001'));
    expect(await simulated.call('POST', path, { body: '{', type })).toMatchObject(bare('GRX-1000'));
    expect(await simulated.call('GET', path)).toMatchObject({ status: 405 });
    expect(await simulated.call('POST', '/enroll-service/1.0/other', { json: {} })).toMatchObject({
      status: 404,
    });
  });

  test('nobody is served without a certificate', async () => {
    const call = simulated.call('POST', '/enroll-service/1.0/show-order-details', {
      json: {},
      certificate: false,
    });
    await expect(call).rejects.toThrow();
  });

  test('is at work for as many questions as the rules say', async () => {
    await simulated.rules({ pendingQuestions: 2 });
    const accepted = (await enrol([order('1', 'OR', ['AA1'])])) as { deviceEnrollmentTransactionId: string };
    const id = accepted.deviceEnrollmentTransactionId;
    const pending = { checkTransactionErrorResponse: [{ errorCode: 'DEP-ERR-4003' }] };
    expect(await check(id)).toMatchObject(pending);
    expect(await check(id)).toMatchObject(pending);
    expect(await check(id)).toMatchObject({ statusCode: 'COMPLETE' });
  });

  test('a reseller id that is not the caller’s', async () => {
    await simulated.rules({ resellerIds: ['1A2B3C4D'] });
    const error = { errorCode: 'GRX-90004' };
    expect(await enrol([order('1', 'OR', ['AA1'])])).toMatchObject({ enrollDeviceErrorResponse: error });
    expect(await check('x')).toMatchObject({ checkTransactionErrorResponse: error });
    expect(await show(['1'])).toMatchObject({ showOrderErrorResponse: error });
  });
});

describe('Apple: errors in each shape', () => {
  test.each([
    ['object', { showOrderErrorResponse: { errorCode: 'DEP-ERR-5001' } }],
    ['array', { showOrderErrorResponse: [{ errorCode: 'DEP-ERR-5001' }] }],
    ['bare', { errorCode: 'DEP-ERR-5001', transactionId: expect.any(String) }],
  ])('%s', async (errorShape, answer) => {
    await simulated.rules({ errorShape });
    expect(await show([])).toMatchObject(answer);
  });

  test('of a refused transaction, with the code that is asked for', async () => {
    await simulated.rules({ refuseTransactions: 1, refusalCode: 'GRX-50026', errorShape: 'bare' });
    expect(await enrol([order('1', 'OR', ['AA1'])])).toMatchObject({ errorCode: 'GRX-50026' });
    expect(await enrol([order('1', 'OR', ['AA1'])])).toHaveProperty('enrollDevicesResponse');
  });

  test('of a refused question', async () => {
    await simulated.rules({ refuseQuestions: 1 });
    expect(await check('x')).toMatchObject({ checkTransactionErrorResponse: { errorCode: 'DEP-ERR-4005' } });
    expect(await check('x')).toMatchObject({ checkTransactionErrorResponse: { errorCode: 'DEP-ERR-4004' } });
    expect(await check('x'.repeat(101))).toMatchObject({
      checkTransactionErrorResponse: { errorCode: 'DEP-ERR-4002' },
    });
  });

  test.each([
    ['DEP-ERR-3005', { devicesPerTransaction: 1 }, [order('1', 'OR', ['AA1', 'AA2'])]],
    ['DEP-ERR-3007', { ordersPerTransaction: 1 }, [order('1', 'OR', ['AA1']), order('2', 'OR', ['AA2'])]],
  ])('%s over a cap of the rules', async (errorCode, rules, orders) => {
    await simulated.rules(rules);
    expect(await enrol(orders)).toMatchObject({ enrollDeviceErrorResponse: { errorCode } });
    expect(await enrol([order('1', 'OR', ['AA1'])])).toHaveProperty('enrollDevicesResponse');
  });

  test('results with a good word on top, a blank, no transaction id, and missing devices', async () => {
    const rules = {
      omitDevices: ['AA1'],
      otherResellersDevices: ['AA2'],
      quirks: ['complete on top', 'blank before status', 'no transaction id'],
    };
    const result = await post([order('1', 'OR', ['AA1', 'AA2'])], {}, rules);
    expect(result.statusCode).toBe(' COMPLETE');
    expect(result).not.toHaveProperty('transactionId');
    expect(result.orders[0]).toMatchObject({
      orderPostStatus: 'POSTED_WITH_ERRORS',
      deliveries: [{ devices: [{ deviceId: 'AA2', devicePostStatus: 'DEP-ERR-DE-4305' }] }],
    });
    expect(result.orders[0]?.deliveries?.[0]?.devices).toHaveLength(1);
  });
});

describe('Apple: who has a device', () => {
  test.each([
    ['DEP-ERR-DE-4303', {}, {}],
    ['DEP-ERR-DE-4304', { customerId: '2' }, {}],
    ['DEP-ERR-DE-4305', {}, { depResellerId: 'ANOTHER1' }],
  ])('%s when it is taken', async (code, changesOfOrder, changesOfRequest) => {
    await post([order('1', 'OR', ['AA1'])]);
    expect(statuses(await post([order('2', 'OR', ['AA1'], changesOfOrder)], changesOfRequest))).toEqual([
      code,
    ]);
    expect(await show(['1'])).toMatchObject({
      orders: [{ deliveries: [{ devices: [{ deviceId: 'AA1' }] }] }],
    });
  });

  test.each([
    ['DEP-ERR-DE-4304', { customerId: '2' }, {}],
    ['DEP-ERR-DE-4305', {}, { depResellerId: 'ANOTHER1' }],
    ['DEP-ERR-DE-4306', { deliveries: order('x', 'RE', ['AA9']).deliveries }, {}],
  ])('%s when it is returned by somebody who has it not', async (code, changesOfOrder, changesOfRequest) => {
    await post([order('1', 'OR', ['AA1'])]);
    expect(statuses(await post([order('RE-1', 'RE', ['AA1'], changesOfOrder)], changesOfRequest))).toEqual([
      code,
    ]);
  });

  test('order numbers of two resellers are different orders', async () => {
    await post([order('1', 'OR', ['AA1'])]);
    const other = { depResellerId: 'ANOTHER1' };
    expect((await post([order('1', 'OR', ['BB1'], { customerId: '2' })], other)).statusCode).toBe('COMPLETE');
    expect(await show(['1'], other)).toMatchObject({ orders: [{ customerId: '2' }] });
    expect(await show(['1'])).toMatchObject({ orders: [{ customerId: '880011' }] });
  });

  test('a return before its order is refused', async () => {
    await post([order('1', 'OR', ['AA1'])]);
    const early = { orderDate: '2026-05-03T08:00:00Z' };
    expect((await post([order('RE-1', 'RE', ['AA1'], early)])).orders).toMatchObject([
      { orderPostStatus: 'DEP-ERR-OR-4114' },
    ]);
  });
});

describe('Apple: show-order-details', () => {
  const devicesOf = async (orderNumber: string) => {
    const { orders } = (await show([orderNumber])) as Result;
    return orders[0]?.deliveries?.flatMap(({ devices = [] }) => devices.map(({ deviceId }) => deviceId));
  };

  test('one order found and one not; empty values are left out', async () => {
    const deliveries = [
      {
        deliveryNumber: 'DN',
        shipDate: '2026-05-05T08:00:00Z',
        devices: [
          { deviceId: 'AA1', assetTag: 'T' },
          { deviceId: 'AA2', assetTag: '' },
        ],
      },
    ];
    await post([order('1', 'OR', [], { deliveries, poNumber: '' })]);
    expect(await show(['1', '9'])).toEqual({
      statusCode: 'COMPLETE',
      respondedOn: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      orders: [
        {
          orderNumber: '1',
          orderDate: '2026-05-04T08:00:00Z',
          orderType: 'OR',
          customerId: '880011',
          deliveries: [
            { ...deliveries[0], devices: [{ deviceId: 'AA1', assetTag: 'T' }, { deviceId: 'AA2' }] },
          ],
        },
        { orderNumber: '9', showOrderStatusCode: 'DEP-ERR-5002', showOrderStatusMessage: expect.any(String) },
      ],
    });
  });

  test('tells the state, where the transaction tells what once was done', async () => {
    await simulated.rules({ pendingQuestions: 0 });
    const accepted = (await enrol([order('1', 'OR', ['AA1', 'AA2'])])) as {
      deviceEnrollmentTransactionId: string;
    };
    await enrol([order('RE-1', 'RE', ['AA1'])]);
    expect(statuses((await check(accepted.deviceEnrollmentTransactionId)) as Result)).toEqual([
      'COMPLETE',
      'COMPLETE',
    ]);
    expect(await devicesOf('1')).toEqual(['AA2']);
    expect(await devicesOf('RE-1')).toEqual(['AA1']);
  });

  test('follows additions, overrides and voids', async () => {
    await post([order('1', 'OR', ['AA1'])]);
    await post([order('1', 'OR', ['AA2'])]);
    expect(await devicesOf('1')).toEqual(['AA1', 'AA2']);
    await post([order('1', 'OV', ['AA2', 'AA3'])]);
    expect(await devicesOf('1')).toEqual(['AA2', 'AA3']);
    await post([order('1', 'VD', [])]);
    expect(await show(['1'])).toMatchObject({ orders: [{ showOrderStatusCode: 'DEP-ERR-5002' }] });
  });

  test('a device that was refused is not listed', async () => {
    const refuseDevices = { AA1: { errorCode: 'DEP-ERR-DE-4301', errorMessage: 'as asked' } };
    await post([order('1', 'OR', ['AA1', 'AA2'])], {}, { refuseDevices });
    expect(await devicesOf('1')).toEqual(['AA2']);
  });
});
