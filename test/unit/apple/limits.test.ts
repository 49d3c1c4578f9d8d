import { describe, expect, test } from '@jest/globals';

import { splitByLimits } from '../../../daemons/adaptor/providers/apple/limits.ts';

const item = (orderId: number, count: number) => ({
  requested: {
    orderId,
    orderNumber: String(orderId),
    requestType: 'ORDER' as const,
    devices: Array.from({ length: count }, (_, n) => ({ deviceId: `${n}`, providerDeviceId: `${n}` })),
  },
});

describe('splitting by the limits of the provider', () => {
  test.each<[string, number[], [orders: number, devices: number], number[][]]>([
    ['nothing', [], [2, 10], []],
    ['everything fits', [1, 2, 3], [3, 6], [[1, 2, 3]]],
    ['number of orders', [1, 1, 1], [2, 10], [[1, 1], [1]]],
    ['number of devices', [4, 4, 2], [9, 6], [[4], [4, 2]]],
    ['an order exactly of the limit', [6, 1], [9, 6], [[6], [1]]],
    ['voids have no devices', [6, 0, 0, 1], [9, 6], [[6, 0, 0], [1]]],
    ['one order each', [1, 1], [1, 1], [[1], [1]]],
  ])('%s', (_what, counts, [ordersPerRequest, devicesPerRequest], expected) => {
    const split = splitByLimits(
      counts.map((count, index) => item(index, count)),
      { ordersPerRequest, devicesPerRequest },
    );
    expect(split.map((part) => part.map(({ requested }) => requested.devices.length))).toEqual(expected);
  });

  test('an order is never split', () => {
    expect(() => splitByLimits([item(31, 3)], { ordersPerRequest: 5, devicesPerRequest: 2 })).toThrow(
      /order 31/,
    );
  });
});
