import { describe, expect, test } from '@jest/globals';

import { piecesOf, splitByLimits } from '../../../daemons/adaptor/providers/limits.ts';

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
    const limits = { ordersPerRequest, devicesPerRequest };
    expect(splitByLimits(counts, limits, (count) => count)).toEqual(expected);
  });

  test('two requests about one order never share one, and stay in their order', () => {
    const items = ['1a', '2a', '1b', '3a', '1c', '1d'];
    const limits = { ordersPerRequest: 9, devicesPerRequest: 9 };
    const split = splitByLimits(
      items,
      limits,
      () => 1,
      (item) => Number(item[0]),
    );
    expect(split).toEqual([['1a', '2a'], ['1b', '3a'], ['1c'], ['1d']]);
  });

  test.each([
    [0, []],
    [3, [3]],
    [6, [3, 3]],
    [7, [3, 3, 1]],
  ])('an order of %i devices goes in pieces of %j', (count, sizes) => {
    const devices = Array.from({ length: count }, (_, index) => index);
    const pieces = piecesOf(devices, { ordersPerRequest: 1, devicesPerRequest: 3 });
    expect(pieces.map((piece) => piece.length)).toEqual(sizes);
    expect(pieces.flat()).toEqual(devices);
  });
});
