import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { planDispatch, type DispatchedOrder } from '../../../jobs/dispatch-rules.ts';
import type { DispatchOrder } from '../../../shared/generic/sales-order-dispatch.ts';

type Record = Extract<DispatchOrder, { status: 'DISPATCHED' }>;

const order: DispatchedOrder = {
  id: '12',
  status: 'Awaiting Dispatch',
  orderDate: '2026-05-01T08:00:00.000Z',
  enrolmentRequired: true,
  lines: [
    { lineNumber: 1, quantity: 2, providerId: 'apple' },
    { lineNumber: 2, quantity: 1, providerId: null },
  ],
  dispatched: new Map(),
  knownDevices: new Set(),
  organisations: new Set(['apple']),
};
const record = (lines: [number, string[]][], dispatchDateTime = '2026-05-02T08:00:00Z'): Record => ({
  id: '12',
  status: 'DISPATCHED',
  dispatchDateTime,
  deliveryNumber: 'DN',
  lines: lines.map(([lineNumber, ids]) => ({ lineNumber, devices: ids.map((deviceId) => ({ deviceId })) })),
});
const plan = (lines: [number, string[]][], changes: Partial<DispatchedOrder> = {}) =>
  planDispatch({ ...order, ...changes }, record(lines));

describe('a dispatch', () => {
  test('of everything completes the order; only lines with a provider are enrolled', () => {
    const all: [number, string[]][] = [
      [1, ['A', 'B']],
      [2, ['C']],
    ];
    expect(plan(all)).toEqual({
      complete: true,
      devices: [
        { device: { deviceId: 'A' }, lineNumber: 1, providerId: 'apple', status: 'Enrol Pending' },
        { device: { deviceId: 'B' }, lineNumber: 1, providerId: 'apple', status: 'Enrol Pending' },
        { device: { deviceId: 'C' }, lineNumber: 2, providerId: null, status: 'Not Required' },
      ],
    });
  });

  test('of a part leaves the order open, until the rest comes', () => {
    expect(plan([[1, ['A', 'B']]])).toMatchObject({ complete: false });
    expect(plan([[2, ['C']]], { dispatched: new Map([[1, 2]]) })).toMatchObject({ complete: true });
  });

  test('an order that did not ask for enrolment needs no organisation id', () => {
    const changes = { enrolmentRequired: false, organisations: new Set<string>() };
    expect(plan([[1, ['A']]], changes)).toMatchObject({ devices: [{ status: 'Not Required' }] });
  });

  test('a line may stand in it twice', () => {
    const twice: [number, string[]][] = [
      [1, ['A']],
      [1, ['B']],
    ];
    expect(plan(twice)).toMatchObject({ devices: [{ lineNumber: 1 }, { lineNumber: 1 }] });
  });

  test('may be at the moment of the order', () => {
    expect(planDispatch(order, record([[1, ['A']]], '2026-05-01T10:00:00+02:00'))).not.toHaveProperty(
      'problem',
    );
  });

  test.each<[string, ReturnType<typeof plan>]>([
    ['the order is cancelled', plan([[1, ['A']]], { status: 'Cancelled' })],
    ['line 3 is not in the order', plan([[3, ['A']]])],
    ['line 1: 3 devices dispatched, 2 ordered', plan([[1, ['A', 'B', 'C']]])],
    ['line 1: 3 devices dispatched, 2 ordered', plan([[1, ['A', 'B']]], { dispatched: new Map([[1, 1]]) })],
    [
      'line 1: 3 devices dispatched, 2 ordered',
      plan([
        [1, ['A', 'B']],
        [1, ['C']],
      ]),
    ],
    [
      'the customer has no organisation id at apple',
      plan([[1, ['A']]], { organisations: new Set(['google']) }),
    ],
    ['device A was dispatched for this order before', plan([[1, ['A']]], { knownDevices: new Set(['A']) })],
    ['device A was dispatched for this order before', plan([[1, ['A', 'A']]])],
    [
      'device A was dispatched for this order before',
      plan([
        [1, ['A']],
        [2, ['A']],
      ]),
    ],
    [
      'dispatched at 2026-05-01T07:59:59Z, before it was ordered (2026-05-01T08:00:00.000Z)',
      planDispatch(order, record([[1, ['A']]], '2026-05-01T07:59:59Z')),
    ],
  ])('is not taken: %s', (problem, planned) => {
    expect(planned).toEqual({ problem });
  });

  test('what is taken never exceeds the order, and has every device once', () => {
    const lines = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.constantFrom('A', 'B', 'C', 'D'), { maxLength: 3 }),
      ),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(lines, fc.nat(2), (dispatched, before) => {
        const planned = plan(dispatched, { dispatched: new Map([[1, before]]) });
        if ('problem' in planned) return;
        const ids = planned.devices.map(({ device }) => device.deviceId);
        expect(ids).toEqual(dispatched.flatMap(([, devices]) => devices));
        expect(new Set(ids).size).toBe(ids.length);
        const count = (line: number) =>
          planned.devices.filter(({ lineNumber }) => lineNumber === line).length;
        expect(before + count(1)).toBeLessThanOrEqual(2);
        expect(count(2)).toBeLessThanOrEqual(1);
        expect(planned.complete).toBe(before + count(1) === 2 && count(2) === 1);
      }),
    );
  });
});
