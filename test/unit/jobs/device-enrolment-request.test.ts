import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import { batchItems, listBatches } from '../../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../../shared/store/devices.ts';
import { openRequest } from '../../../shared/store/enrolment-requests.ts';
import { requireOrder, updateOrder } from '../../../shared/store/orders.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import {
  decide,
  dispatchedOrder,
  enrolledOrder,
  loadDispatch,
  loadResponse,
  newOrder,
  run,
  sent,
  statuses,
} from './scenes.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const outbound = () => listBatches(rt.db, { direction: 'outbound', limit: 100, order: 'oldest' });
const requestsIn = async (batchId: number) =>
  (await batchItems(rt.db, batchId)).map((item) => JSON.parse(item.payload_json) as RequestOrder);
/** The request that the job makes next. */
async function nextRequest(): Promise<RequestOrder | undefined> {
  await run(rt, 'deviceEnrolmentRequest');
  const newest = (await outbound()).at(-1);
  return newest && (await requestsIn(newest.id))[0];
}
const errors = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'already enrolled' }];

describe('Device Enrolment Request', () => {
  test('E06: nothing pending: no batch, and so no file', async () => {
    await newOrder(rt, '12');
    expect(await run(rt, 'deviceEnrolmentRequest')).toEqual({ batches: 0, records: 0, problems: [] });
    expect(await outbound()).toEqual([]);
  });

  test('one batch per provider, with every order that waits for it', async () => {
    const lines = [
      { lineNumber: 1, product: null, quantity: 3, providerId: 'apple' },
      { lineNumber: 2, product: null, quantity: 3, providerId: 'google' },
    ];
    await newOrder(rt, '12', { lines });
    await loadDispatch(
      rt,
      sent('12', [], {
        lines: [
          { lineNumber: 1, devices: [{ deviceId: 'A' }] },
          { lineNumber: 2, devices: [{ deviceId: 'G' }] },
        ],
      }),
    );
    await dispatchedOrder(rt, '13', ['B', 'C']);
    expect(await run(rt, 'deviceEnrolmentRequest')).toEqual({ batches: 2, records: 3, problems: [] });
    const [apple, google] = await outbound();
    expect(apple).toMatchObject({
      provider_id: 'apple',
      stage: 'Batch',
      status: 'Complete',
      record_count: 2,
    });
    expect(google).toMatchObject({
      provider_id: 'google',
      stage: 'Batch',
      status: 'Complete',
      record_count: 1,
    });
    expect(await requestsIn(google?.id ?? 0)).toEqual([
      {
        id: 12,
        requestType: 'ORDER',
        organisationId: 'G-5',
        orderDate: '2026-05-01T08:00:00.000Z',
        purchaseOrderNumber: 'PO 7',
        deliveries: [
          { deliveryNumber: 'DN-12', shipDate: '2026-05-02T08:00:00.000Z', devices: [{ deviceId: 'G' }] },
        ],
      },
    ]);
    expect((await batchItems(rt.db, apple?.id ?? 0)).map((item) => item.description)).toEqual([
      'ORDER of 1 device',
      'ORDER of 2 devices',
    ]);
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Requested', G: 'Enrol Requested' });
    const [device] = await devicesOfOrder(rt.db, '12');
    expect((await deviceHistory(rt.db, device?.id ?? 0)).at(-1)).toMatchObject({
      status: 'Enrol Requested',
      note: 'ORDER to apple',
      batch_id: apple?.id,
    });
  });

  test('an order with an open request waits for its answer', async () => {
    await dispatchedOrder(rt, '12', ['A', 'B']);
    await run(rt, 'deviceEnrolmentRequest');
    await loadDispatch(rt, sent('12', ['C']));
    await run(rt, 'salesOrderDispatch');
    expect(await run(rt, 'deviceEnrolmentRequest')).toEqual({ batches: 0, records: 0, problems: [] });
    await loadResponse(rt, { id: 12 });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await nextRequest()).toMatchObject({ deliveries: [{ devices: [{ deviceId: 'C' }] }] });
  });

  test('an order that cannot be asked about is a problem of its own', async () => {
    await dispatchedOrder(rt, 'A12', ['A']);
    await dispatchedOrder(rt, '13', ['B']);
    expect(await run(rt, 'deviceEnrolmentRequest')).toEqual({
      batches: 1,
      records: 1,
      problems: ['order A12: the generic format wants a whole number'],
    });
    expect(await statuses(rt, 'A12')).toEqual({ A: 'Enrol Pending' });
  });

  test('RETURN goes by the request that enrolled the devices, one request at a time', async () => {
    await enrolledOrder(rt, '12', ['A', 'B']);
    const first = await rt.db.selectFrom('enrolment_request').select('id').executeTakeFirstOrThrow();
    await loadDispatch(rt, sent('12', ['C']));
    await run(rt, 'salesOrderDispatch');
    await run(rt, 'deviceEnrolmentRequest');
    await loadResponse(rt, { id: 12 });
    await run(rt, 'deviceEnrolmentResponse');
    await decide(rt, '12', ['B', 'C'], 'Unenrol Pending');
    expect(await nextRequest()).toMatchObject({
      requestType: 'RETURN',
      originalRequestId: String(first.id),
      orderDate: rt.clock.now().toISOString(),
      deliveries: [{ shipDate: rt.clock.now().toISOString(), devices: [{ deviceId: 'B' }] }],
    });
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Unenrol Requested', C: 'Unenrol Pending' });
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'B' }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await nextRequest()).toMatchObject({
      requestType: 'RETURN',
      originalRequestId: String(first.id + 1),
    });
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Unenrolled', C: 'Unenrol Requested' });
  });

  test('VOID: the whole order; when it is done, the order is cancelled', async () => {
    await enrolledOrder(rt, '12', ['A', 'B']);
    await decide(rt, '12', ['A', 'B'], 'Unenrol Pending');
    await updateOrder(rt.db, '12', { pending_action: 'VOID' }, rt.clock.now());
    const request = await nextRequest();
    expect(request).toMatchObject({ requestType: 'VOID', orderDate: '2026-05-01T08:00:00.000Z' });
    expect(request).not.toHaveProperty('deliveries');
    expect(await statuses(rt, '12')).toEqual({ A: 'Unenrol Requested', B: 'Unenrol Requested' });
    expect((await requireOrder(rt.db, '12')).pending_action).toBeNull();
    await loadResponse(rt, { id: 12 });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Unenrolled', B: 'Unenrolled' });
    expect((await requireOrder(rt.db, '12')).status).toBe('Cancelled');
  });

  test('a VOID that was refused does not cancel the order', async () => {
    await enrolledOrder(rt, '12', ['A']);
    await decide(rt, '12', ['A'], 'Unenrol Pending');
    await updateOrder(rt.db, '12', { pending_action: 'VOID' }, rt.clock.now());
    await run(rt, 'deviceEnrolmentRequest');
    await loadResponse(rt, { id: 12, errors });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Unenrol Failed' });
    expect((await requireOrder(rt.db, '12')).status).not.toBe('Cancelled');
  });

  test('VOID of an order at two providers goes to both, also when one has to answer first', async () => {
    const lines = [
      { lineNumber: 1, product: null, quantity: 3, providerId: 'apple' },
      { lineNumber: 2, product: null, quantity: 3, providerId: 'google' },
    ];
    await newOrder(rt, '12', { lines });
    const both = [
      { lineNumber: 1, devices: [{ deviceId: 'A' }] },
      { lineNumber: 2, devices: [{ deviceId: 'G' }] },
    ];
    await loadDispatch(rt, sent('12', [], { lines: both }));
    await run(rt, 'salesOrderDispatch');
    await run(rt, 'deviceEnrolmentRequest');
    for (const provider of ['apple', 'google']) await loadResponse(rt, { id: 12 }, provider);
    await run(rt, 'deviceEnrolmentResponse');
    const late = [{ lineNumber: 2, devices: [{ deviceId: 'H' }] }];
    await loadDispatch(rt, sent('12', [], { lines: late }));
    await run(rt, 'salesOrderDispatch');
    await run(rt, 'deviceEnrolmentRequest');

    await decide(rt, '12', ['A', 'G'], 'Unenrol Pending');
    await updateOrder(rt.db, '12', { pending_action: 'VOID' }, rt.clock.now());
    expect(await nextRequest()).toMatchObject({ requestType: 'VOID', organisationId: '880011' });
    await loadResponse(rt, { id: 12 }, 'google');
    await run(rt, 'deviceEnrolmentResponse');
    expect(await nextRequest()).toMatchObject({ requestType: 'VOID', organisationId: 'G-5' });
    expect((await requireOrder(rt.db, '12')).pending_action).toBeNull();
  });

  test('OVERRIDE keeps some devices of the order and drops the others', async () => {
    await enrolledOrder(rt, '12', ['A', 'B', 'C']);
    await decide(rt, '12', ['A', 'C'], 'Enrol Pending');
    await decide(rt, '12', ['B'], 'Unenrol Pending');
    await updateOrder(rt.db, '12', { pending_action: 'OVERRIDE' }, rt.clock.now());
    expect(await nextRequest()).toMatchObject({
      requestType: 'OVERRIDE',
      deliveries: [{ devices: [{ deviceId: 'A' }, { deviceId: 'C' }] }],
    });
    expect(await statuses(rt, '12')).toEqual({
      A: 'Enrol Requested',
      B: 'Unenrol Requested',
      C: 'Enrol Requested',
    });
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'A' }, { deviceId: 'C', errors }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Unenrolled', C: 'Enrol Failed' });
    expect(await openRequest(rt.db, '12', 'apple')).toBeUndefined();
  });
});
