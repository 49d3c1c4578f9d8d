import { setTimeout as pause } from 'node:timers/promises';

import { createBatch } from '../shared/store/batches.ts';
import { insertDevices, moveDevices } from '../shared/store/devices.ts';
import { inTransaction, openStore } from '../shared/store/open-store.ts';
import { devicesOfOrder } from '../shared/store/devices.ts';
import { insertOrder, recordDispatch } from '../shared/store/orders.ts';

/**
 * Loads batches of 500 devices into a store, one after the other, until it is told to end: `STORE-FILE`. Prints a line
 * when it begins, and at the end one with what it has written.
 */
const [file = ''] = process.argv.slice(2);
const db = await openStore({ file, busySeconds: 30 });
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
process.stdout.write('begun\n');

const perBatch = 500;
let batches = 0;
for (; !stop.signal.aborted; batches++) {
  // A loader reads and opens its files in between.
  await pause(50);
  const now = new Date();
  const orderId = `W${process.pid}-${batches}`;
  await inTransaction(db, async (trx) => {
    const lines = [{ lineNumber: 1, product: null, quantity: perBatch, providerId: 'apple' }];
    const order = {
      customer: null,
      orderDate: now.toISOString(),
      purchaseOrderNumber: null,
      enrolmentRequired: true,
    };
    await insertOrder(trx, { ...order, id: orderId, organisations: {}, lines }, now);
    const items = Array.from({ length: perBatch }, (_, index) => ({
      customerReference: orderId,
      description: `device ${index}`,
      payload: { index },
    }));
    const standing = { stage: 'Extract/Load', status: 'Complete' } as const;
    const batch = await createBatch(
      trx,
      {
        direction: 'inbound',
        category: 'Sales Order',
        type: 'Written',
        version: 1.2,
        standing,
        providerId: null,
        externalFileName: null,
        items,
      },
      'bench',
      now,
    );
    const dispatchId = await recordDispatch(trx, {
      orderId,
      deliveryNumber: '1',
      warehouseId: 'W',
      dispatchedAt: now.toISOString(),
      batchId: batch.id,
    });
    const devices = items.map((_, index) => ({
      device: { deviceId: `${orderId}-${index}` },
      orderId,
      lineNumber: 1,
      dispatchId,
      providerId: 'apple',
      status: 'Enrol Pending' as const,
    }));
    const cause = { actor: 'bench', now, batchId: batch.id, note: 'written' };
    await insertDevices(trx, devices, cause);
    await moveDevices(trx, await devicesOfOrder(trx, orderId), 'Enrol Requested', cause);
  });
}
await db.destroy();
process.stdout.write(`${JSON.stringify({ batches, devices: batches * perBatch })}\n`);
