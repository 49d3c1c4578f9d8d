import { expect, test } from '@jest/globals';

import {
  closeRequest,
  failedDevices,
  insertRequest,
  lastEnrolling,
  lastRequest,
  openDevices,
  openDevicesOf,
  openRequest,
  openRequests,
  orderAtProvider,
  ordersWithOpenRequest,
  requestsWithFailures,
  settleRequestDevices,
  type NewEnrolmentRequest,
} from '../../../shared/store/enrolment-requests.ts';
import type { Device } from '../../../shared/store/devices.ts';
import { addBatch, addDevices, later, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';
import { requestsOfDevice } from '../../support/store-lookups.ts';

export function enrolmentRequestsContract(store: StoreUnderTest): void {
  async function ask(devices: readonly Device[], own: Partial<NewEnrolmentRequest> = {}): Promise<number> {
    const { id: batchId } = await addBatch(store.db, { direction: 'outbound' });
    const request = { batchId, orderId: '0001', providerId: 'apple', requestType: 'ORDER' as const };
    const asked = devices.map((device) => ({ id: device.id, role: 'enrol' as const }));
    return insertRequest(store.db, { ...request, devices: asked, ...own }, now);
  }
  const add = (count: number) =>
    addDevices(
      store.db,
      '0001',
      numbers(count).map((n) => ({ deviceId: String(n).padStart(16, '0') })),
    );
  async function addOne(): Promise<Device> {
    const [device] = await add(1);
    if (!device) throw new Error('no device');
    return device;
  }

  test('a request holds every device, more than fit into one statement too', async () => {
    const devices = await add(1201);
    const id = await ask(devices);
    expect(await openDevices(store.db, id)).toEqual(
      devices.map((device) => ({
        id: device.id,
        deviceId: device.device_id,
        status: 'Enrol Pending',
        role: 'enrol',
      })),
    );
    expect(await openRequest(store.db, '0001', 'apple')).toMatchObject({
      id,
      request_type: 'ORDER',
      created_at: now.toISOString(),
      answered_at: null,
    });
  });

  test('an order has one open request per provider', async () => {
    const devices = await add(1);
    const id = await ask(devices);
    await expect(ask(devices)).rejects.toThrow(/unique/i);
    await expect(ask([], { requestType: 'VOID' })).rejects.toThrow(/unique/i);
    await ask(devices, { providerId: 'other' });
    expect(await ordersWithOpenRequest(store.db)).toEqual(
      new Set([orderAtProvider('0001', 'apple'), orderAtProvider('0001', 'other')]),
    );
    await closeRequest(store.db, id, later(5));
    expect(await openRequest(store.db, '0001', 'apple')).toBeUndefined();
    expect(await ordersWithOpenRequest(store.db)).toEqual(new Set([orderAtProvider('0001', 'other')]));
    await expect(ask(devices)).resolves.toBeGreaterThan(id);
  });

  test('a device is named once in a request', async () => {
    const devices = await add(1);
    await expect(ask([...devices, ...devices])).rejects.toThrow(/unique/i);
  });

  test('a settled device is open no more, and keeps what the provider said', async () => {
    const [first, second] = await add(2);
    if (!first || !second) throw new Error('no devices');
    const id = await ask([first, second]);
    const errors = [{ id: 'GRX-1', errorMessage: 'no “such” device' }];
    await settleRequestDevices(store.db, id, [first.id], 'failed', errors);
    expect((await openDevices(store.db, id)).map((device) => device.id)).toEqual([second.id]);
    await settleRequestDevices(store.db, id, [second.id], 'succeeded', []);
    expect(await openDevices(store.db, id)).toEqual([]);
    const [told] = await requestsOfDevice(store.db, first.id);
    expect(told).toMatchObject({ id, role: 'enrol', outcome: 'failed' });
    expect(JSON.parse(told?.errors_json ?? '')).toEqual(errors);
    expect((await requestsOfDevice(store.db, second.id))[0]?.errors_json).toBeNull();
  });

  test('what is open of several orders and requests is read at once', async () => {
    const asked: number[] = [];
    for (const id of ['1', '2', '3']) {
      const devices = await addDevices(
        store.db,
        id,
        ['A', 'B'].map((name) => ({ deviceId: name + id })),
      );
      asked.push(await ask(devices, { orderId: id }));
    }
    const [first = 0, second = 0, third = 0] = asked;
    await closeRequest(store.db, second, later(5));
    const requests = await openRequests(store.db, ['1', '2', '3', '4']);
    expect([...requests.values()].map(({ id }) => id).sort()).toEqual([first, third]);
    expect(requests.get(orderAtProvider('3', 'apple'))).toEqual(await openRequest(store.db, '3', 'apple'));
    const [device] = await openDevices(store.db, first);
    await settleRequestDevices(store.db, first, [device?.id ?? 0], 'failed', []);
    // All of a request or nothing of it: five devices are open, and the last of them may not be the last of its request.
    const devicesOf = async (limit: number) =>
      [...(await openDevicesOf(store.db, asked, limit))].map(([id, devices]) => [
        id,
        devices.map(({ deviceId }) => deviceId),
      ]);
    const all = [
      [first, ['B1']],
      [second, ['A2', 'B2']],
      [third, ['A3', 'B3']],
    ];
    expect(await devicesOf(6)).toEqual(all);
    expect(await devicesOf(5)).toEqual(all.slice(0, 2));
    expect(await devicesOf(2)).toEqual(all.slice(0, 1));
    expect(await devicesOf(1)).toEqual([]);
    expect(await requestsWithFailures(store.db, asked)).toEqual(new Set([first]));
    expect(await failedDevices(store.db, first)).toEqual([{ deviceId: 'A1', errors: [] }]);
    expect(await openRequests(store.db, [])).toEqual(new Map());
    expect(await openDevicesOf(store.db, [], 1)).toEqual(new Map());
    expect(await requestsWithFailures(store.db, [])).toEqual(new Set());
  });

  test('what enrolled a device is the last request that did, not one that failed or let it go', async () => {
    const device = await addOne();
    expect(await lastEnrolling(store.db, device.id)).toBeUndefined();
    const asked = async (outcome: 'succeeded' | 'failed', role: 'enrol' | 'unenrol') => {
      const id = await ask([], { devices: [{ id: device.id, role }] });
      await settleRequestDevices(store.db, id, [device.id], outcome, []);
      await closeRequest(store.db, id, now);
      return id;
    };
    await asked('succeeded', 'enrol');
    const enrolling = await asked('succeeded', 'enrol');
    await asked('failed', 'enrol');
    const last = await asked('succeeded', 'unenrol');
    expect(await lastEnrolling(store.db, device.id)).toBe(enrolling);
    expect(await lastRequest(store.db, '0001', 'apple')).toBe(last);
    expect(await lastRequest(store.db, '0001', 'other')).toBeUndefined();
    expect(await lastRequest(store.db, '1', 'apple')).toBeUndefined();
  });

  test('the requests of a device come oldest first', async () => {
    const device = await addOne();
    const first = await ask([device]);
    const second = await ask([device], { providerId: 'other' });
    expect((await requestsOfDevice(store.db, device.id)).map((row) => row.id)).toEqual([first, second]);
  });
}
