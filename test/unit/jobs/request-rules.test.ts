import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { planRequest, type WaitingDevice, type WaitingOrder } from '../../../jobs/request-rules.ts';
import { deviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import { request } from '../generic/examples.ts';

const now = new Date('2026-05-06T12:00:00.000Z');
const shipDate = '2026-05-02T08:00:00.000Z';

const device = (
  id: number,
  status: WaitingDevice['status'],
  changes: Partial<WaitingDevice> = {},
): WaitingDevice => ({
  id,
  status,
  deliveryNumber: 'DN-1',
  shipDate,
  device: { deviceId: `D${id}` },
  enrolledBy: status === 'Unenrol Pending' ? 7 : undefined,
  ...changes,
});
const enrol = (id: number, changes: Partial<WaitingDevice> = {}) => device(id, 'Enrol Pending', changes);
const unenrol = (id: number, changes: Partial<WaitingDevice> = {}) => device(id, 'Unenrol Pending', changes);

const waiting = (devices: WaitingDevice[], changes: Partial<WaitingOrder> = {}): WaitingOrder => ({
  orderId: '12',
  orderDate: '2026-05-01T08:00:00.000Z',
  purchaseOrderNumber: null,
  organisationId: '880011',
  pendingAction: null,
  lastRequest: 8,
  devices,
  ...changes,
});
const plan = (devices: WaitingDevice[], changes: Partial<WaitingOrder> = {}) =>
  planRequest(waiting(devices, changes), now);

describe('the next request of an order', () => {
  test('ORDER: its devices by delivery, shipped when the last of them was', () => {
    const later = '2026-05-03T08:00:00.000Z';
    const devices = [enrol(1), enrol(2, { deliveryNumber: 'DN-2' }), enrol(3, { shipDate: later })];
    expect(plan(devices, { purchaseOrderNumber: 'PO 7' })).toEqual({
      requestType: 'ORDER',
      order: {
        id: 12,
        requestType: 'ORDER',
        organisationId: '880011',
        orderDate: '2026-05-01T08:00:00.000Z',
        purchaseOrderNumber: 'PO 7',
        deliveries: [
          { deliveryNumber: 'DN-1', shipDate: later, devices: [{ deviceId: 'D1' }, { deviceId: 'D3' }] },
          { deliveryNumber: 'DN-2', shipDate, devices: [{ deviceId: 'D2' }] },
        ],
      },
      devices: [1, 2, 3].map((id) => ({ id, status: 'Enrol Pending', role: 'enrol' })),
    });
  });

  test('an order enrols before it returns', () => {
    expect(plan([unenrol(1), enrol(2)])).toMatchObject({ requestType: 'ORDER', devices: [{ id: 2 }] });
  });

  test('RETURN: by the request that enrolled the devices, dated and shipped now', () => {
    const devices = [unenrol(1), unenrol(2, { enrolledBy: 9 }), unenrol(3)];
    expect(plan(devices)).toEqual({
      requestType: 'RETURN',
      order: {
        id: 12,
        requestType: 'RETURN',
        organisationId: '880011',
        orderDate: now.toISOString(),
        originalRequestId: '7',
        deliveries: [
          {
            deliveryNumber: 'DN-1',
            shipDate: now.toISOString(),
            devices: [{ deviceId: 'D1' }, { deviceId: 'D3' }],
          },
        ],
      },
      devices: [1, 3].map((id) => ({ id, status: 'Unenrol Pending', role: 'unenrol' })),
    });
  });

  test('VOID: the whole order by its last request, without a list of devices', () => {
    const planned = plan([unenrol(1), unenrol(2, { enrolledBy: 9 })], { pendingAction: 'VOID' });
    expect(planned).toMatchObject({
      requestType: 'VOID',
      order: { requestType: 'VOID', originalRequestId: '8', orderDate: '2026-05-01T08:00:00.000Z' },
      devices: [
        { id: 1, role: 'unenrol' },
        { id: 2, role: 'unenrol' },
      ],
    });
    expect(planned).not.toHaveProperty('order.deliveries');
  });

  test('OVERRIDE: lists what is kept; what is dropped is asked for, and in no list', () => {
    expect(plan([enrol(1), unenrol(2), enrol(3)], { pendingAction: 'OVERRIDE' })).toMatchObject({
      requestType: 'OVERRIDE',
      order: {
        originalRequestId: '8',
        deliveries: [{ devices: [{ deviceId: 'D1' }, { deviceId: 'D3' }] }],
      },
      devices: [
        { id: 1, role: 'enrol' },
        { id: 2, role: 'unenrol' },
        { id: 3, role: 'enrol' },
      ],
    });
  });

  test.each<[string, ReturnType<typeof plan>]>([
    ['order 12: no organisation id at the provider', plan([enrol(1)], { organisationId: undefined })],
    ['order A12: the generic format wants a whole number', plan([enrol(1)], { orderId: 'A12' })],
    ['order 012: the generic format wants a whole number', plan([enrol(1)], { orderId: '012' })],
    ['order -1: the generic format wants a whole number', plan([enrol(1)], { orderId: '-1' })],
    [
      'order 9007199254740992: the generic format wants a whole number',
      plan([enrol(1)], { orderId: '9007199254740992' }),
    ],
    ['order 12: RETURN without an earlier request to undo', plan([unenrol(1, { enrolledBy: undefined })])],
    [
      'order 12: VOID without an earlier request to undo',
      plan([unenrol(1)], { pendingAction: 'VOID', lastRequest: undefined }),
    ],
    [
      'order 12: OVERRIDE without an earlier request to undo',
      plan([enrol(1)], { pendingAction: 'OVERRIDE', lastRequest: undefined }),
    ],
    [
      'order 12: an override that keeps no device; void the order instead',
      plan([unenrol(1)], { pendingAction: 'OVERRIDE' }),
    ],
  ])('none: %s', (problem, planned) => {
    expect(planned).toEqual({ problem });
  });

  test('the largest number of an order that the generic format takes', () => {
    const orderId = String(Number.MAX_SAFE_INTEGER);
    expect(plan([enrol(1)], { orderId })).toMatchObject({ order: { id: Number.MAX_SAFE_INTEGER } });
  });
});

describe('whatever waits', () => {
  const arbitraryDevices = fc
    .array(
      fc.record({
        status: fc.constantFrom('Enrol Pending' as const, 'Unenrol Pending' as const),
        deliveryNumber: fc.constantFrom('DN-1', 'DN-2'),
        shipDate: fc.constantFrom(shipDate, '2026-05-01T08:00:00.000Z', '2026-05-05T00:00:00.000Z'),
        enrolledBy: fc.constantFrom(7, 8, undefined),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((list) => list.map((changes, index) => device(index + 1, changes.status, changes)));
  const arbitraryOrder = fc.record({
    orderId: fc.oneof(fc.nat().map(String), fc.constantFrom('0', '007', 'X', '99999999999999999')),
    orderDate: fc.constant('2026-05-01T08:00:00.000Z'),
    purchaseOrderNumber: fc.constantFrom(null, '', 'PO 7'),
    organisationId: fc.constantFrom('880011', undefined),
    pendingAction: fc.constantFrom(null, 'VOID' as const, 'OVERRIDE' as const),
    lastRequest: fc.constantFrom(8, undefined),
    devices: arbitraryDevices,
  });

  test('a planned request can be written, and asks each device for what it waits for', () => {
    let planned = 0;
    fc.assert(
      fc.property(arbitraryOrder, (order) => {
        const found = planRequest(order, now);
        if ('problem' in found) return;
        planned++;
        writeDocument(deviceEnrolmentRequest, { ...request, recordCount: 1, orders: [found.order] });
        const byId = new Map(order.devices.map((one) => [one.id, one]));
        for (const { id, status, role } of found.devices) {
          expect(byId.get(id)?.status).toBe(status);
          expect(role).toBe(status === 'Enrol Pending' ? 'enrol' : 'unenrol');
        }
        expect(new Set(found.devices.map(({ id }) => id)).size).toBe(found.devices.length);
        if (found.requestType === 'ORDER')
          expect(found.devices.map(({ role }) => role)).not.toContain('unenrol');
        if (found.requestType === 'RETURN')
          expect(found.devices.map(({ role }) => role)).not.toContain('enrol');
        const listed = found.order.deliveries?.flatMap((delivery) =>
          delivery.devices.map((one) => one.deviceId),
        );
        const roles = found.requestType === 'OVERRIDE' ? ['enrol'] : ['enrol', 'unenrol'];
        const expected = found.devices.filter(({ role }) => roles.includes(role)).map(({ id }) => `D${id}`);
        expect(listed?.toSorted()).toEqual(found.requestType === 'VOID' ? undefined : expected.toSorted());
      }),
      { numRuns: 500 },
    );
    expect(planned).toBeGreaterThan(50);
  });
});
