import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { AskedRequest } from '../../../daemons/adaptor/providers/provider-format.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { askedOf, documentOf, json, map, orderOf, settingsWith, stamp, voidOf } from './examples.ts';

/** What became of a request is seen from `show-order-details`: the orders as they stand now. */

const format = apple(settingsWith());
const notLocated = { errorCode: 'DEP-ERR-5002', errorMessage: 'why' };
const back = { requestType: 'RETURN', originalRequestId: 'R1' } as const;
const override = { requestType: 'OVERRIDE', originalRequestId: 'R1' } as const;

function askedFor(...orders: RequestOrder[]): AskedRequest {
  const [request, ...more] = map(documentOf(orders)).requests;
  if (!request || more.length > 0) throw new Error('not one request');
  return askedOf(request);
}

const listed = (orderNumber: string, devices: string[], changes: object = {}) => ({
  orderNumber,
  orderDate: '2026-05-04T15:00:00Z', // shifted by the time zone, as integrators saw it
  orderType: 'OR',
  customerId: '880011',
  deliveries: [{ deliveryNumber: 'DN', devices: devices.map((deviceId) => ({ deviceId })) }],
  ...changes,
});
const gone = (orderNumber: string, showOrderStatusCode: unknown = 'DEP-ERR-5002') => ({
  orderNumber,
  showOrderStatusCode,
  showOrderStatusMessage: 'why',
});
const shown = (...orders: object[]) => ({
  statusCode: 'COMPLETE',
  respondedOn: '2026-05-06T00:00:00Z',
  orders,
});

const read = (document: unknown, asked: AskedRequest) =>
  format.readAnswer(json(document), 'reconciliation', asked);

/** Order ids with whether they are settled, and the outcomes of their devices. */
function outcomes(document: unknown, asked: AskedRequest) {
  const answer = read(document, asked);
  if (answer.kind !== 'result') throw new Error(`it was read as ${answer.kind}`);
  return format
    .toOutcomes(answer.result, 'reconciliation', asked)
    .orders.map(({ orderId, settled, errors, devices }) => {
      expect(errors).toEqual([]);
      return [orderId, settled, devices.map((device) => `${device.deviceId} ${device.outcome}`)];
    });
}

describe('done, as the orders show', () => {
  test.each<[string, RequestOrder, string[]]>([
    ['an order', orderOf(7, ['KX1', 'KX2']), ['KX2', 'KX1', 'KX9']],
    ['an override', orderOf(7, ['KX1', 'KX2'], override), ['KX2', 'KX1']],
  ])('%s is done for the devices that are listed for our customer', (_what, order, devices) => {
    const asked = askedFor(order);
    expect(outcomes(shown(listed('7', devices)), asked)).toEqual([
      [7, true, ['D1 succeeded', 'D2 succeeded']],
    ]);
    expect(outcomes(shown(listed('7', ['kx2'])), asked)).toEqual([
      [7, false, ['D1 unknown', 'D2 succeeded']],
    ]);
  });

  test('several entries and deliveries of one order are read together', () => {
    const second = listed('7', [], { deliveries: [{ devices: [] }, { devices: { deviceId: 'KX2' } }] });
    expect(outcomes(shown(listed('7', ['KX1']), second), askedFor(orderOf(7, ['KX1', 'KX2'])))).toEqual([
      [7, true, ['D1 succeeded', 'D2 succeeded']],
    ]);
  });

  test('a return is done for the devices that are listed under its own number', () => {
    const asked = askedFor(orderOf(7, ['KX1'], back));
    expect(outcomes(shown(listed(`RE-7-${stamp}-1`, ['KX1'], { orderType: 'RE' })), asked)).toEqual([
      [7, true, ['D1 succeeded']],
    ]);
  });

  test.each<[string, unknown]>([
    ['in its place', shown(gone('8'))],
    ['as the one error', { showOrderErrorResponse: notLocated }],
    ['as a list of errors', { showOrderErrorResponse: [notLocated] }],
    ['bare', { ...notLocated, transactionId: 'trace' }],
  ])('a void is done when the order is gone (DEP-ERR-5002): %s', (_what, document) => {
    expect(outcomes(document, askedFor(voidOf(8)))).toEqual([[8, true, []]]);
  });

  test('beside an order that is not there a void is settled, and the order is not', () => {
    const asked = askedFor(voidOf(8), orderOf(7, ['KX1']));
    expect(outcomes({ showOrderErrorResponse: notLocated }, asked)).toEqual([
      [8, true, []],
      [7, false, ['D1 unknown']],
    ]);
  });

  test('orders that we did not ask for are named, devices of our other requests are not', () => {
    const document = shown(listed('9', []), listed('7', ['KX1', 'KX9']));
    const { unexpected } = format.toOutcomes(document, 'reconciliation', askedFor(orderOf(7, ['KX1'])));
    expect(unexpected).toEqual(['order 9']);
  });
});

describe('not done, as far as the orders show', () => {
  test.each<[string, RequestOrder, unknown]>([
    ['the order is not there', orderOf(7, ['KX1']), shown(gone('7'))],
    ['neither is the return', orderOf(7, ['KX1'], back), shown(gone(`RE-7-${stamp}-1`))],
    ['the one error says so', orderOf(7, ['KX1']), { showOrderErrorResponse: [notLocated] }],
    ['it has other devices: an earlier piece', orderOf(7, ['KX1']), shown(listed('7', ['KX8', 'KX9']))],
    ['it has no devices', orderOf(7, ['KX1']), shown(listed('7', []))],
    [
      'it is of another customer: not overridden yet',
      orderOf(7, ['KX1'], override),
      shown(listed('7', ['KX1'], { customerId: '5' })),
    ],
    [
      'the override would have taken a device from the list: those in common prove nothing',
      orderOf(7, ['KX1', 'KX2'], override),
      shown(listed('7', ['KX1', 'KX9'])),
    ],
    ['what is to be void is still there', voidOf(8), shown(listed('8', ['KX1']))],
  ])('%s', (_what, order, document) => {
    expect(read(document, askedFor(order))).toEqual({ kind: 'not-found' });
  });

  test('one order of several that is there makes it a result', () => {
    const asked = askedFor(orderOf(7, ['KX1']), orderOf(9, ['KX2']));
    expect(outcomes(shown(gone('7'), listed('9', ['KX2'])), asked)).toEqual([
      [7, false, ['D1 unknown']],
      [9, true, ['D1 succeeded']],
    ]);
  });

  test('only the devices that are not settled count', () => {
    const asked = askedFor(orderOf(7, ['KX1', 'KX2']));
    const [order] = asked.orders;
    if (!order) throw new Error('no order');
    const open = { ...asked, orders: [{ ...order, devices: order.devices.slice(1) }] };
    expect(read(shown(listed('7', ['KX1'])), open)).toEqual({ kind: 'not-found' });
  });
});

describe('nothing is said', () => {
  test.each<[string, object[]]>([
    ['the order is missing', []],
    ['its customer is missing', [listed('7', ['KX1'], { customerId: undefined })]],
    ['a word that nobody has reported', [gone('7', 'WAITING')]],
  ])('%s', (_what, orders) => {
    expect(outcomes(shown(...orders), askedFor(orderOf(7, ['KX1'])))).toEqual([[7, false, ['D1 unknown']]]);
  });
});

describe('the question is refused', () => {
  test.each<[string, unknown, string]>([
    ['one error', { showOrderErrorResponse: { errorCode: 'GRX-90004', errorMessage: 'why' } }, 'GRX-90004'],
    [
      'a list',
      { showOrderErrorResponse: [{ errorCode: 'DEP-ERR-5003', errorMessage: 'why' }] },
      'DEP-ERR-5003',
    ],
    ['bare', { errorCode: 'GRX-50025', errorMessage: 'why', transactionId: 'trace' }, 'GRX-50025'],
    ['in place of the order', shown(gone('7', 'DEP-ERR-5003')), 'DEP-ERR-5003'],
    ['the order is listed and gone at once', shown(listed('7', ['KX1']), gone('7')), 'DEP-ERR-5002'],
  ])('%s', (_what, document, code) => {
    expect(read(document, askedFor(orderOf(7, ['KX1'])))).toEqual({
      kind: 'query-refused',
      ids: {},
      errors: [{ code, message: 'why' }],
    });
  });
});

test.each<[string, unknown]>([
  ['nothing', {}],
  ['a word and no orders', { statusCode: 'ERROR' }],
  ['orders and an error at once', { ...shown(listed('7', ['KX1'])), showOrderErrorResponse: notLocated }],
  ['complete and an error at once', { statusCode: 'COMPLETE', showOrderErrorResponse: notLocated }],
  [
    'the answer to a request',
    { deviceEnrollmentTransactionId: 'x', enrollDevicesResponse: { statusCode: 'SUCCESS' } },
  ],
  ['the result of a request', { deviceEnrollmentTransactionID: 'x', ...shown({ orderNumber: '7' }) }],
  ['the refusal of another question', { checkTransactionErrorResponse: notLocated, ...shown(gone('7')) }],
  ['an order without a number', shown({ ...listed('7', ['KX1']), orderNumber: '' })],
])('no answer to this question: %s', (_what, document) => {
  expect(() => read(document, askedFor(orderOf(7, ['KX1'])))).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_ANSWER' }),
  );
});
