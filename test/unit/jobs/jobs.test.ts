import { hostname } from 'node:os';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Job } from '../../../jobs/job.ts';
import { processBatches } from '../../../jobs/process-batches.ts';
import { jobNamed, jobs } from '../../../jobs/registry.ts';
import { runJob } from '../../../jobs/run-job.ts';
import type { RequestOrder } from '../../../shared/generic/device-enrolment-request.ts';
import type { DispatchRecord } from '../../../shared/generic/sales-order-dispatch.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { batchHistory, batchItems, listBatches, moveBatch } from '../../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../../shared/store/devices.ts';
import { openRequest } from '../../../shared/store/enrolment-requests.ts';
import { lastRun, startRun } from '../../../shared/store/job-runs.ts';
import { setProperty } from '../../../shared/store/module-properties.ts';
import { listDispatches, requireOrder, updateOrder } from '../../../shared/store/orders.ts';
import { eventsOf } from '../../../shared/store/workflow-events.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
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
  standing,
  statuses,
} from './scenes.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const itemErrors = async (batchId: number) =>
  (await batchItems(rt.db, batchId)).map(({ status, error }) =>
    error === null ? status : `${status} ${error}`,
  );
const outbound = () => listBatches(rt.db, { direction: 'outbound', limit: 100, order: 'oldest' });
const requestsIn = async (batchId: number) =>
  (await batchItems(rt.db, batchId)).map((item) => JSON.parse(item.payload_json) as RequestOrder);
/** The request that the job makes next. */
async function nextRequest(): Promise<RequestOrder | undefined> {
  await run(rt, 'deviceEnrolmentRequest');
  const newest = (await outbound()).at(-1);
  return newest && (await requestsIn(newest.id))[0];
}
const notesOf = async (orderId: string) => (await eventsOf(rt.db, orderId)).map((event) => event.notes);
const errors = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'already enrolled' }];

describe('Sales Order Dispatch', () => {
  test('all devices: they wait for their enrolment, the order is complete', async () => {
    await newOrder(rt, '12');
    const batch = await loadDispatch(rt, sent('12', ['A', 'B', 'C']));
    expect(await run(rt, 'salesOrderDispatch')).toEqual({ batches: 1, records: 1, problems: [] });
    expect(await standing(rt, batch)).toBe('Batch · Complete');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Pending', B: 'Enrol Pending', C: 'Enrol Pending' });
    expect((await requireOrder(rt.db, '12')).status).toBe('Complete');
    expect(await listDispatches(rt.db, '12')).toMatchObject([
      {
        delivery_number: 'DN-12',
        warehouse_id: 'W1',
        dispatched_at: '2026-05-02T08:00:00.000Z',
        batch_id: batch,
      },
    ]);
    const [device] = await devicesOfOrder(rt.db, '12');
    expect(device).toMatchObject({
      device_id: 'A',
      serial_number: 'S-A',
      provider_id: 'apple',
      line_number: 1,
    });
    expect(await deviceHistory(rt.db, device?.id ?? 0)).toMatchObject([
      {
        status: 'Enrol Pending',
        batch_id: batch,
        actor: rt.worker.actor,
        note: 'dispatched by W1, delivery DN-12',
      },
    ]);
    const stages = (await batchHistory(rt.db, batch)).map(({ stage, status }) => `${stage} · ${status}`);
    expect(stages.slice(2)).toEqual(['Batch · In progress', 'Batch · Complete']);
  });

  test('a part leaves the order open, the rest completes it', async () => {
    await newOrder(rt, '12');
    await loadDispatch(rt, sent('12', ['A', 'B']));
    await run(rt, 'salesOrderDispatch');
    expect((await requireOrder(rt.db, '12')).status).toBe('Awaiting Dispatch');
    await loadDispatch(rt, sent('12', ['C']));
    await run(rt, 'salesOrderDispatch');
    expect((await requireOrder(rt.db, '12')).status).toBe('Complete');
    expect(Object.keys(await statuses(rt, '12'))).toEqual(['A', 'B', 'C']);
  });

  test('devices of an order that did not ask for it are not enrolled', async () => {
    await newOrder(rt, '12', { enrolmentRequired: false, organisations: {} });
    await loadDispatch(rt, sent('12', ['A']));
    await run(rt, 'salesOrderDispatch');
    expect(await statuses(rt, '12')).toEqual({ A: 'Not Required' });
  });

  test('one bad item among good ones: the good ones are applied, the batch ends in error', async () => {
    await newOrder(rt, '12');
    await newOrder(rt, '13');
    await newOrder(rt, '14');
    const batch = await loadDispatch(
      rt,
      sent('12', ['A']),
      sent('99', ['X']),
      sent('13', ['B', 'C', 'D', 'E']),
      sent('14', ['F']),
    );
    const { records, problems } = await run(rt, 'salesOrderDispatch');
    expect({ records, problems: problems.length }).toEqual({ records: 4, problems: 2 });
    expect(await standing(rt, batch)).toBe('Batch · Error');
    expect(await itemErrors(batch)).toEqual([
      'Complete',
      'Error NOT_FOUND: there is no order 99',
      'Error NOT_ALLOWED: order 13: line 1: 4 devices dispatched, 3 ordered',
      'Complete',
    ]);
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Pending' });
    expect(await statuses(rt, '13')).toEqual({});
    expect(await listDispatches(rt.db, '13')).toEqual([]);
    expect(await statuses(rt, '14')).toEqual({ F: 'Enrol Pending' });
    expect(rt.events.filter(({ name }) => name === 'item.failed')).toMatchObject([
      { fields: { batch, item: 2, code: 'NOT_FOUND' } },
      { fields: { batch, item: 3, code: 'NOT_ALLOWED' } },
    ]);
  });

  test('the same device again is an error of its item', async () => {
    await newOrder(rt, '12');
    await loadDispatch(rt, sent('12', ['A']));
    await run(rt, 'salesOrderDispatch');
    const batch = await loadDispatch(rt, sent('12', ['A', 'B']));
    await run(rt, 'salesOrderDispatch');
    expect(await itemErrors(batch)).toEqual([
      'Error NOT_ALLOWED: order 12: device A was dispatched for this order before',
    ]);
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Pending' });
  });

  test('a batch in error is worked on again only after it was set back, and then only its bad items', async () => {
    await newOrder(rt, '12');
    const batch = await loadDispatch(rt, sent('12', ['A']), sent('13', ['B']));
    await run(rt, 'salesOrderDispatch');
    expect(await run(rt, 'salesOrderDispatch')).toEqual({ batches: 0, records: 0, problems: [] });
    await newOrder(rt, '13');
    await run(rt, 'batchErrorManagement');
    expect(await run(rt, 'salesOrderDispatch')).toEqual({ batches: 1, records: 1, problems: [] });
    expect(await standing(rt, batch)).toBe('Batch · Complete');
    expect(await itemErrors(batch)).toEqual(['Complete', 'Complete']);
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Pending' });
    expect(await statuses(rt, '13')).toEqual({ B: 'Enrol Pending' });
  });

  test('a rejected order is in error, and people are told why', async () => {
    await newOrder(rt, '12');
    const rejected: DispatchRecord = {
      id: '12',
      status: 'REJECTED',
      dispatchDateTime: '2026-05-02T08:00:00Z',
      errors: [
        { id: 'W-1', errorMessage: 'out of stock' },
        { id: 'W-2', errorMessage: 'address unknown' },
      ],
      warehouseId: 'W1',
    };
    const batch = await loadDispatch(rt, rejected);
    await run(rt, 'salesOrderDispatch');
    expect(await standing(rt, batch)).toBe('Batch · Complete');
    expect((await requireOrder(rt.db, '12')).status).toBe('Error');
    expect(await eventsOf(rt.db, '12')).toMatchObject([
      {
        event_type: 'DEP',
        event_code: 'SORJ',
        batch_id: batch,
        notes: 'The warehouse rejected order 12.\nW-1: out of stock\nW-2: address unknown',
      },
    ]);
    expect(rt.events).toContainEqual({
      name: 'workflow.event',
      fields: { type: 'DEP', code: 'SORJ', reference: '12', batch },
    });
  });
});

describe('Device Enrolment Request', () => {
  test('nothing pending: no batch', async () => {
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

describe('Device Enrolment Response', () => {
  beforeEach(async () => {
    await dispatchedOrder(rt, '12', ['A', 'B', 'C']);
    await run(rt, 'deviceEnrolmentRequest');
  });

  test('all devices succeed: nobody is told, unless that is wanted', async () => {
    const batch = await loadResponse(rt, { id: 12 });
    expect(await run(rt, 'deviceEnrolmentResponse')).toEqual({ batches: 1, records: 1, problems: [] });
    expect(await standing(rt, batch)).toBe('Batch · Complete');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Enrolled', C: 'Enrolled' });
    expect(await openRequest(rt.db, '12', 'apple')).toBeUndefined();
    expect(await eventsOf(rt.db, '12')).toEqual([]);
  });

  test('one device fails: the provider’s message is in the event and in the device’s history', async () => {
    const devices = [{ deviceId: 'A' }, { deviceId: 'B', errors }, { deviceId: 'C' }];
    const batch = await loadResponse(rt, { id: 12, devices });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await standing(rt, batch)).toBe('Batch · Complete');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Enrol Failed', C: 'Enrolled' });
    expect(await eventsOf(rt.db, '12')).toMatchObject([
      {
        event_type: 'DEP',
        event_code: 'DEER',
        batch_id: batch,
        notes: 'ORDER of order 12 at apple: 2 of 3 device(s) succeeded.\nB: DEP-ERR-DE-4303 already enrolled',
      },
    ]);
    const failed = (await devicesOfOrder(rt.db, '12'))[1];
    expect((await deviceHistory(rt.db, failed?.id ?? 0)).at(-1)).toMatchObject({
      status: 'Enrol Failed',
      note: 'DEP-ERR-DE-4303 already enrolled',
      batch_id: batch,
    });
    expect(rt.events).toContainEqual({
      name: 'workflow.event',
      fields: { type: 'DEP', code: 'DEER', reference: '12', batch },
    });
  });

  test('the order is refused: every device fails', async () => {
    await loadResponse(rt, { id: 12, errors });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Failed', B: 'Enrol Failed', C: 'Enrol Failed' });
    expect((await notesOf('12'))[0]).toContain('0 of 3 device(s) succeeded');
  });

  test('a device that is not mentioned stays requested, and a later response settles it', async () => {
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'A' }, { deviceId: 'B' }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Enrolled', C: 'Enrol Requested' });
    expect((await notesOf('12'))[0]).toContain('C: not mentioned in the answer, stays Enrol Requested');
    expect(await openRequest(rt.db, '12', 'apple')).toBeDefined();
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'C', errors }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Enrolled', C: 'Enrol Failed' });
    expect(await openRequest(rt.db, '12', 'apple')).toBeUndefined();
  });

  test('the item of the request says how it ended, once it is answered', async () => {
    const [asked] = await outbound();
    const item = () => itemErrors(asked?.id ?? 0);
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'A' }, { deviceId: 'B' }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await item()).toEqual(['Open']);
    await loadResponse(rt, { id: 12, errors });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await item()).toEqual([expect.stringContaining('C: DEP-ERR-DE-4303 already enrolled')]);
  });

  test('a device that was not asked for is named', async () => {
    const devices = ['A', 'B', 'C', 'X'].map((deviceId) => ({ deviceId }));
    await loadResponse(rt, { id: 12, devices });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrolled', B: 'Enrolled', C: 'Enrolled' });
    expect(await notesOf('12')).toEqual([
      'ORDER of order 12 at apple: 3 of 3 device(s) succeeded.\nX: mentioned in the answer, but not asked for',
    ]);
  });

  test.each([
    ['no order of that number', { id: 99 }, 'apple', 'order 99 has no open request at apple'],
    ['another provider', { id: 12 }, 'google', 'order 12 has no open request at google'],
  ])('%s: the item ends in error', async (_what, order, provider, detail) => {
    const batch = await loadResponse(rt, order, provider);
    await run(rt, 'deviceEnrolmentResponse');
    expect(await standing(rt, batch)).toBe('Batch · Error');
    expect(await itemErrors(batch)).toEqual([`Error NOT_FOUND: ${detail}`]);
    expect(await statuses(rt, '12')).toEqual({
      A: 'Enrol Requested',
      B: 'Enrol Requested',
      C: 'Enrol Requested',
    });
  });

  test('the same response again changes nothing', async () => {
    await loadResponse(rt, { id: 12, errors });
    await run(rt, 'deviceEnrolmentResponse');
    const again = await loadResponse(rt, { id: 12 });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await standing(rt, again)).toBe('Batch · Error');
    expect(await statuses(rt, '12')).toEqual({ A: 'Enrol Failed', B: 'Enrol Failed', C: 'Enrol Failed' });
  });

  test('module properties say of what people are told, by which type and code', async () => {
    const set = (name: string, value: string) =>
      setProperty(rt.db, `device.enrolment.response.event.${name}`, value, 'admin', rt.clock.now());
    await set('success', 'true');
    await set('failure', 'false');
    await set('type', 'ENR');
    await set('success.code', 'FINE');
    await loadResponse(rt, { id: 12, devices: [{ deviceId: 'A', errors }, { deviceId: 'B' }] });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await eventsOf(rt.db, '12')).toEqual([]);
    await loadResponse(rt, { id: 12 });
    await run(rt, 'deviceEnrolmentResponse');
    expect(await eventsOf(rt.db, '12')).toMatchObject([{ event_type: 'ENR', event_code: 'FINE' }]);
  });
});

describe('Batch Error Management', () => {
  test('every batch in error goes back to its last valid stage, no other', async () => {
    const inbound = await loadDispatch(rt, sent('99', ['A']));
    await run(rt, 'salesOrderDispatch');
    await newOrder(rt, '12');
    const waiting = await loadDispatch(rt, sent('12', ['A']));
    await dispatchedOrder(rt, '13', ['B']);
    await run(rt, 'deviceEnrolmentRequest');
    const [prepared] = await outbound();
    const outboundId = prepared?.id ?? 0;
    const move = (status: 'In progress' | 'Error') =>
      moveBatch(rt.db, outboundId, { stage: 'Extract/Load', status }, 'extractor', rt.clock.now());
    await move('In progress');
    await move('Error');
    const done = await standing(rt, waiting);
    expect(await run(rt, 'batchErrorManagement')).toEqual({ batches: 2, records: 0, problems: [] });
    expect(await standing(rt, inbound)).toBe('Extract/Load · Complete');
    expect(await standing(rt, outboundId)).toBe('Batch · Complete');
    expect(await standing(rt, waiting)).toBe(done);
    expect((await batchHistory(rt.db, inbound)).at(-1)).toMatchObject({
      actor: rt.worker.actor,
      note: 'Batch Error Management',
    });
    expect(await run(rt, 'batchErrorManagement')).toEqual({ batches: 0, records: 0, problems: [] });
  });
});

describe('runs', () => {
  const job = jobNamed('Batch Error Management');
  const jobThat = (work: Job['run']): Job => ({ ...job, run: work });

  test('a job is found by its key and by its name', () => {
    expect(jobs.map(({ key }) => jobNamed(key).name)).toEqual(jobs.map(({ name }) => name));
    expect(() => jobNamed('nothing')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  test('a run is recorded with its result', async () => {
    const { run: recorded } = await runJob(rt, job, 'schedule');
    expect(recorded).toMatchObject({ state: 'complete', cause: 'schedule', worker_id: rt.worker.id });
    expect(JSON.parse(recorded.result_json ?? '')).toEqual({ batches: 0, records: 0, problems: [] });
    expect(rt.events.map(({ name }) => name)).toEqual(['job.started', 'job.finished']);
  });

  test('O08 a job that runs is not started twice', async () => {
    const other = await registerWorker(rt.db, 'another process that lives', rt.clock.now());
    await startRun(rt.db, job.key, 'schedule', other, rt.clock.now());
    await expect(runJob(rt, job, 'operator')).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(await rt.db.selectFrom('job_run').select('state').execute()).toEqual([{ state: 'running' }]);
    await expect(runJob(rt, jobNamed('salesOrderDispatch'), 'operator')).resolves.toBeDefined();
  });

  test('O08 of two that start at once, one runs', async () => {
    const started = await Promise.allSettled([runJob(rt, job, 'schedule'), runJob(rt, job, 'operator')]);
    const running = started.map((one) => one.status).toSorted();
    expect(running).toEqual(['fulfilled', 'rejected']);
  });

  test('a run of its own whose end a process could not record is interrupted', async () => {
    await startRun(rt.db, job.key, 'schedule', rt.worker, rt.clock.now());
    await runJob(rt, job, 'operator');
    const runs = await rt.db.selectFrom('job_run').select('state').orderBy('id').execute();
    expect(runs.map((run) => run.state)).toEqual(['interrupted', 'complete']);
  });

  test('a run that a dead process left is interrupted, and no obstacle', async () => {
    const at = rt.clock.now().toISOString();
    const dead = await rt.db
      .insertInto('worker')
      .values({
        daemon: 'scheduler',
        host: hostname(),
        pid: 1,
        pid_start: 'never',
        started_at: at,
        heartbeat_at: at,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await startRun(rt.db, job.key, 'schedule', { id: dead.id, actor: 'dead' }, rt.clock.now());
    await runJob(rt, job, 'schedule');
    const states = await rt.db.selectFrom('job_run').select(['state', 'finished_at']).orderBy('id').execute();
    expect(states).toMatchObject([
      { state: 'interrupted', finished_at: at },
      { state: 'complete', finished_at: at },
    ]);
  });

  test('a failure is recorded, told and thrown; the next run may start', async () => {
    const failing = jobThat(() => Promise.reject(new Fault('NO_SPACE', 'the disk is full')));
    await expect(runJob(rt, failing, 'batch')).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await lastRun(rt.db, job.key)).toMatchObject({
      state: 'error',
      fault_code: 'NO_SPACE',
      detail: 'the disk is full',
    });
    expect(rt.events.at(-1)).toMatchObject({ name: 'job.failed', fields: { code: 'NO_SPACE' } });
    await expect(runJob(rt, job, 'operator')).resolves.toBeDefined();
  });
});

describe('an interrupted batch', () => {
  test('is taken up again, and what was done is not done twice', async () => {
    for (const id of ['12', '13', '14']) await newOrder(rt, id);
    const batch = await loadDispatch(rt, sent('12', ['A']), sent('13', ['B']), sent('14', ['C']));
    const handled: number[] = [];
    const diskFullAt = (sequence: number) =>
      processBatches(rt, 'Sales Order Dispatch', async (_trx, _batch, item) => {
        if (item.sequence === sequence) throw new Fault('NO_SPACE', 'the disk is full');
        handled.push(item.sequence);
        await Promise.resolve();
      });
    await expect(diskFullAt(2)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await standing(rt, batch)).toBe('Batch · In progress');
    expect(await itemErrors(batch)).toEqual(['Complete', 'Open', 'Open']);
    expect(await diskFullAt(0)).toEqual({ batches: 1, records: 2, problems: [] });
    expect(handled).toEqual([1, 2, 3]);
    expect(await standing(rt, batch)).toBe('Batch · Complete');
  });

  test('an item that fails leaves nothing behind', async () => {
    await newOrder(rt, '12');
    const batch = await loadDispatch(rt, sent('12', ['A']));
    await processBatches(rt, 'Sales Order Dispatch', async (trx) => {
      await updateOrder(trx, '12', { status: 'Error' }, rt.clock.now());
      throw new Error('a bug of ours');
    });
    expect(await standing(rt, batch)).toBe('Batch · Error');
    expect(await itemErrors(batch)).toEqual(['Error BUG: a bug of ours']);
    expect((await requireOrder(rt.db, '12')).status).toBe('Awaiting Dispatch');
  });
});
