import { describe, expect, test } from '@jest/globals';

import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { ProviderRequest } from '../../../daemons/adaptor/providers/provider-format.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { askedOf, bodyOf, documentOf, map, orderOf, settingsWith, stamp, voidOf } from './examples.ts';

const ids = [`${stamp}-8`, `${stamp}-9`] as const;
const back = { requestType: 'RETURN', originalRequestId: 'R1' } as const;

function requestOf(...orders: RequestOrder[]): ProviderRequest {
  const [request, ...more] = map(documentOf(orders)).requests;
  if (!request || more.length > 0) throw new Error('not one request');
  return request;
}

const halves = (...orders: RequestOrder[]) => apple(settingsWith()).halve(askedOf(requestOf(...orders)), ids);

describe('a request that Apple finds too large (DEP-ERR-3005, DEP-ERR-3007)', () => {
  test('half of the orders each, the first half the larger; nothing else is changed', () => {
    const orders = [orderOf(1, ['A', 'B']), voidOf(2), orderOf(3, ['C'], back)];
    const whole = bodyOf(requestOf(...orders).message);
    const parts = halves(...orders);
    expect(parts?.map(({ transactionId }) => transactionId)).toEqual(ids);
    expect(parts?.map(({ message }) => bodyOf(message))).toEqual([
      { ...whole, transactionId: ids[0], orders: whole.orders.slice(0, 2) },
      { ...whole, transactionId: ids[1], orders: whole.orders.slice(2) },
    ]);
    expect(parts?.flatMap((part) => part.orders)).toEqual(requestOf(...orders).orders);
  });

  test('of one order half of the devices each, under the same number', () => {
    const parts = halves(orderOf(1, ['A', 'B', 'C']));
    const listed = (...names: string[]) => names.map((deviceId) => ({ deviceId }));
    expect(parts?.map(({ message }) => bodyOf(message).orders)).toMatchObject([
      [{ orderNumber: '1', deliveries: [{ deliveryNumber: 'DN-1', devices: listed('A', 'B') }] }],
      [{ orderNumber: '1', deliveries: [{ deliveryNumber: 'DN-1', devices: listed('C') }] }],
    ]);
    expect(parts?.map(({ orders }) => orders[0]?.devices.map(({ deviceId }) => deviceId))).toEqual([
      ['D1', 'D2'],
      ['D3'],
    ]);
  });

  test('of one return half of the devices each, under numbers that were never used', () => {
    const parts = halves(orderOf(1, ['A', 'B'], back));
    const numbers = [`RE-1-${stamp}-8`, `RE-1-${stamp}-9`];
    expect(parts?.map(({ orders }) => orders[0]?.orderNumber)).toEqual(numbers);
    expect(parts?.map(({ message }) => bodyOf(message).orders[0]?.orderNumber)).toEqual(numbers);
  });

  test.each<[string, RequestOrder]>([
    ['one device', orderOf(1, ['A'])],
    ['a void', voidOf(1)],
    ['an override, which replaces the whole list', orderOf(1, ['A', 'B'], { requestType: 'OVERRIDE' })],
    ['a return whose new number would be too long', orderOf(1_234_567_890_123_456, ['A', 'B'], back)],
  ])('cannot be parted: %s', (_what, order) => {
    const [request] = map(documentOf([order], { identifier: 7 })).requests;
    if (!request) throw new Error('no request');
    const longer = ['zzzzzz-7-1000', 'zzzzzz-7-1001'] as const;
    expect(apple(settingsWith()).halve(askedOf(request), longer)).toBeNull();
  });

  test.each(['etisalat', 'telenor'] as const)('in the wrapper of %s it is parted the same', (wrapper) => {
    const orders = [orderOf(1, ['A', 'B'], { purchaseOrderNumber: 'a < b & "c"' })];
    const format = apple(settingsWith({}, { wrapper }));
    const [request] = map(documentOf(orders), settingsWith({}, { wrapper })).requests;
    if (!request) throw new Error('no request');
    const parts = format.halve(askedOf(request), ids);
    const wanted = map(
      documentOf([orderOf(1, ['A'], { purchaseOrderNumber: 'a < b & "c"' })]),
      settingsWith({}, { wrapper }),
    ).requests[0];
    expect(parts?.[0].message.content).toBe(wanted?.message.content.replace(`${stamp}-1`, ids[0]));
    expect(parts?.[1].orders[0]?.devices).toEqual([{ deviceId: 'D2', providerDeviceId: 'B' }]);
  });
});
