import { hostname } from 'node:os';

import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import { createBatch, type Batch, type NewBatch } from '../../shared/store/batches.ts';
import { type Delivery, type FileMark } from '../../shared/store/deliveries.ts';
import { devicesOfOrder, insertDevices, type Device, type NewDevice } from '../../shared/store/devices.ts';
import { findOrder, insertOrder, recordDispatch, type NewOrder } from '../../shared/store/orders.ts';
import { insertProviderRequest, type NewProviderRequest } from '../../shared/store/provider-requests.ts';
import type { Db, Row } from '../../shared/store/tables.ts';
import { registerWorker, type Worker } from '../../shared/store/workers.ts';
import { insertSeen } from './one-file.ts';

/** Rows for tests of the store and of what stands on it. */

export const now = new Date('2026-05-06T07:08:09.010Z');
export const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
export const actor = 'test@host/1';

/** 1, 2, … */
export const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

export const newOrder = (id: string, own: Partial<NewOrder> = {}): NewOrder => ({
  id,
  customer: 'Example Ltd',
  orderDate: '2026-05-01T00:00:00.000Z',
  purchaseOrderNumber: null,
  enrolmentRequired: true,
  organisations: { apple: '0012345' },
  lines: [{ lineNumber: 1, product: 'Phone', quantity: 2, providerId: 'apple' }],
  ...own,
});

export const newBatch = (own: Partial<NewBatch> = {}): NewBatch => ({
  direction: 'inbound',
  category: 'Sales Order',
  type: 'Sales Order Dispatch',
  version: 1.2,
  providerId: null,
  externalFileName: null,
  standing: { stage: 'Extract/Load', status: 'Complete' },
  items: [],
  ...own,
});

export const addBatch = (db: Db, own: Partial<NewBatch> = {}): Promise<Batch> =>
  createBatch(db, newBatch(own), actor, now);

/** Dispatches devices of an order, which is made when it is not there. */
export async function addDevices(
  db: Db,
  orderId: string,
  devices: readonly GenericDevice[],
  own: Partial<NewDevice> = {},
): Promise<Device[]> {
  if (!(await findOrder(db, orderId))) await insertOrder(db, newOrder(orderId), now);
  const { id: batchId } = await addBatch(db);
  const dispatchId = await recordDispatch(db, {
    orderId,
    deliveryNumber: `D-${orderId}`,
    warehouseId: 'WH1',
    dispatchedAt: '2026-05-05T00:00:00.000Z',
    batchId,
  });
  const rows = devices.map((device) => ({
    device,
    orderId,
    lineNumber: 1,
    dispatchId,
    providerId: 'apple',
    status: 'Enrol Pending' as const,
    ...own,
  }));
  await insertDevices(db, rows, { actor, now, batchId, note: 'dispatched' });
  return devicesOfOrder(db, orderId);
}

export const addWorker = (db: Db, daemon = 'loader'): Promise<Worker> => registerWorker(db, daemon, now);

/** A worker of this host whose process runs no more: its pid is above every pid that Linux gives. */
export async function addDeadWorker(db: Db, own: Partial<Row<'worker'>> = {}): Promise<Worker> {
  const row = await db
    .insertInto('worker')
    .values({
      daemon: 'loader',
      host: hostname(),
      pid: 4_194_305,
      pid_start: '1',
      started_at: now.toISOString(),
      heartbeat_at: now.toISOString(),
      ...own,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { id: row.id, actor: `${row.daemon}@${row.host}/${row.pid}` };
}

export const mark = (inode: string): FileMark => ({
  dev: '64769',
  inode,
  size: 10,
  mtimeNs: '1700000000123456789',
});

/** A file that was seen; its name is also its inode. */
export async function addSeen(
  db: Db,
  worker: Worker,
  name: string,
  inbox = 'inboundSalesOrderDispatch',
): Promise<Delivery> {
  const row = await insertSeen(db, { inbox, name, mark: mark(name) }, worker, now);
  if (!row) throw new Error(`${name} is claimed already`);
  return row;
}

/** A request for one order with one device, of a new batch. */
export async function addProviderRequest(
  db: Db,
  transactionId: string,
  own: Partial<NewProviderRequest> = {},
): Promise<number> {
  const batchId = own.batchId ?? (await addBatch(db)).id;
  const devices = [{ deviceId: 'SER1', providerDeviceId: 'SER1' }];
  const orders = [{ orderId: 1, orderNumber: 'ORDER-1', requestType: 'ORDER' as const, devices }];
  const request = { providerId: 'apple', transactionId, message: { any: 'thing' }, orders, ...own, batchId };
  return insertProviderRequest(db, request, now);
}
