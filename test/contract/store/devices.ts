import { expect, test } from '@jest/globals';

import {
  countByStatus,
  countPerLine,
  deviceHistory,
  devicesById,
  devicesOfOrder,
  moveDevices,
  pendingDevices,
  toGenericDevice,
} from '../../../shared/store/devices.ts';
import { actor, addBatch, addDevices, later, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function devicesContract(store: StoreUnderTest): void {
  const cause = { actor: 'job@host/2', now: later(60), batchId: null, note: null };
  const named = (...ids: string[]) => ids.map((deviceId) => ({ deviceId }));

  test('a device comes back as it was put in, its identifiers digit for digit', async () => {
    const full = {
      deviceId: '0001234567890123',
      serialNumber: '00SER',
      imei: '0012345678901234',
      imei2: '9007199254740993',
      meid: '00A1000049BB2C',
      manufacturer: 'Example',
      model: 'Phone “14” 📱',
      assetTag: '',
      productId: '007',
      hardwareHash: 'T0'.repeat(4096),
    };
    const devices = await addDevices(store.db, '1', [full, ...named('9007199254740993')]);
    expect(devices.map(toGenericDevice)).toEqual([full, { deviceId: '9007199254740993' }]);
    expect(devices[0]).toMatchObject({
      order_id: '1',
      line_number: 1,
      provider_id: 'apple',
      status: 'Enrol Pending',
      created_at: now.toISOString(),
      updated_at: now.toISOString(),
    });
  });

  test('more devices than fit into one statement keep their order, each with the beginning of its history', async () => {
    const ids = numbers(1201).map((n) => `SER${1202 - n}`);
    const devices = await addDevices(store.db, '1', named(...ids));
    expect(devices.map((device) => device.device_id)).toEqual(ids);
    const history = await store.db.selectFrom('device_history').selectAll().execute();
    expect(new Set(history.map((row) => row.device)).size).toBe(1201);
    expect(await deviceHistory(store.db, devices[1200]?.id ?? 0)).toMatchObject([
      { at: now.toISOString(), status: 'Enrol Pending', actor, note: 'dispatched' },
    ]);
  });

  test('a device is dispatched once per order, and again with another order', async () => {
    await addDevices(store.db, '1', named('SER1'));
    await expect(addDevices(store.db, '1', named('SER1'))).rejects.toThrow(/unique/i);
    expect(await addDevices(store.db, '2', named('SER1'))).toHaveLength(1);
  });

  test('a device that was sold again is found newest first, by each of its ids', async () => {
    const device = { deviceId: '01', serialNumber: 'SER1', imei: '001234567890123' };
    await addDevices(store.db, '1', [device, { deviceId: '1' }]);
    await addDevices(store.db, '2', [device]);
    for (const id of ['01', 'SER1', '001234567890123']) {
      expect((await devicesById(store.db, id)).map((found) => found.order_id)).toEqual(['2', '1']);
    }
    expect(await devicesById(store.db, '1234567890123')).toEqual([]);
  });

  test('a move changes the devices named and writes the history of each', async () => {
    const all = await addDevices(store.db, '1', named(...numbers(1300).map((n) => `SER${n}`)));
    const moved = all.slice(0, 1201);
    const batch = await addBatch(store.db);
    const why = { ...cause, batchId: batch.id, note: 'asked' };
    await moveDevices(store.db, moved, 'Enrol Requested', why);
    const devices = await devicesOfOrder(store.db, '1');
    expect(devices.slice(0, 1201).every((device) => device.status === 'Enrol Requested')).toBe(true);
    expect(devices[1200]?.updated_at).toBe(cause.now.toISOString());
    expect(devices.slice(1201)).toEqual(all.slice(1201));
    for (const device of [moved[0], moved[1200]]) {
      expect(await deviceHistory(store.db, device?.id ?? 0)).toMatchObject([
        { status: 'Enrol Pending' },
        {
          at: cause.now.toISOString(),
          status: 'Enrol Requested',
          actor: cause.actor,
          note: 'asked',
          batch_id: batch.id,
        },
      ]);
    }
  });

  test('one device that may not take the status keeps all of them from it', async () => {
    const devices = await addDevices(store.db, '1', named('SER1', 'SER2'));
    await moveDevices(store.db, devices.slice(1), 'Enrol Requested', cause);
    const mixed = await devicesOfOrder(store.db, '1');
    await expect(moveDevices(store.db, mixed, 'Enrolled', cause)).rejects.toMatchObject({ code: 'BUG' });
    expect(await devicesOfOrder(store.db, '1')).toEqual(mixed);
    expect(await deviceHistory(store.db, devices[1]?.id ?? 0)).toHaveLength(2);
  });

  test('the status in the store decides, not the one that the caller remembers', async () => {
    const remembered = await addDevices(store.db, '1', named('SER1'));
    await moveDevices(store.db, remembered, 'Enrol Requested', cause);
    await expect(moveDevices(store.db, remembered, 'Not Required', cause)).rejects.toMatchObject({
      code: 'BUG',
    });
    expect(await devicesOfOrder(store.db, '1')).toMatchObject([{ status: 'Enrol Requested' }]);
    expect(await deviceHistory(store.db, remembered[0]?.id ?? 0)).toHaveLength(2);
  });

  test('no devices are moved without complaint', async () => {
    await expect(moveDevices(store.db, [], 'Enrolled', cause)).resolves.toBeUndefined();
  });

  test('devices that wait come grouped by provider and order, with what a request needs of their dispatch', async () => {
    await addDevices(store.db, '2', named('B1'), { providerId: 'zero' });
    await addDevices(store.db, '3', named('C2', 'C1'));
    await addDevices(store.db, '1', named('A1'));
    await addDevices(store.db, '4', named('D1'), { providerId: null });
    await addDevices(store.db, '5', named('E1'), { status: 'Not Required' });
    const asked = await addDevices(store.db, '6', named('F1'));
    await moveDevices(store.db, asked, 'Enrol Requested', cause);
    const found = await pendingDevices(store.db, ['Enrol Pending', 'Unenrol Pending']);
    expect(found.map((device) => device.device_id)).toEqual(['A1', 'C2', 'C1', 'B1']);
    expect(found[0]).toMatchObject({
      order_id: '1',
      delivery_number: 'D-1',
      dispatched_at: '2026-05-05T00:00:00.000Z',
    });
    const [first] = await devicesOfOrder(store.db, '1');
    expect(found[0]?.id).toBe(first?.id);
  });

  test('devices are counted by line and by status', async () => {
    await addDevices(store.db, '1', named('A1', 'A2'));
    await addDevices(store.db, '1', named('A3'), { lineNumber: 10, status: 'Not Required' });
    await addDevices(store.db, '2', named('B1'));
    expect([...(await countPerLine(store.db, '1'))].sort()).toEqual([
      [1, 2],
      [10, 1],
    ]);
    expect(await countByStatus(store.db)).toEqual({ 'Enrol Pending': 3, 'Not Required': 1 });
  });
}
