import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { batchItems, listBatches } from '../../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../../shared/store/devices.ts';
import { openRequest } from '../../../shared/store/enrolment-requests.ts';
import { setProperty } from '../../../shared/store/module-properties.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { dispatchedOrder, loadResponse, run, standing, statuses } from './scenes.ts';
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
const outbound = () => listBatches(rt.db, { direction: 'outbound', limit: 100, order: 'oldest' });
const notesOf = async (orderId: string) => (await eventsOf(rt.db, orderId)).map((event) => event.notes);
const errors = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'already enrolled' }];

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
      fields: { type: 'DEP', eventCode: 'DEER', reference: '12', batch },
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
