import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { DispatchOrder } from '../../../shared/generic/sales-order-dispatch.ts';
import { batchHistory, batchItems } from '../../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../../shared/store/devices.ts';
import { listDispatches, requireOrder } from '../../../shared/store/orders.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { loadDispatch, newOrder, run, sent, standing, statuses } from './scenes.ts';
import { eventsOf } from '../../support/store-lookups.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const itemErrors = async (batchId: number) =>
  (await batchItems(rt.db, batchId)).map(({ status, error }) =>
    error === null ? status : `${status} ${error}`,
  );

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
    const rejected: DispatchOrder = {
      id: '12',
      status: 'REJECTED',
      dispatchDateTime: '2026-05-02T08:00:00Z',
      errors: [
        { id: 'W-1', errorMessage: 'out of stock' },
        { id: 'W-2', errorMessage: 'address unknown' },
      ],
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
      fields: { type: 'DEP', eventCode: 'SORJ', reference: '12', batch },
    });
  });
});
