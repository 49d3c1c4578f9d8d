import { jobNamed } from '../../../jobs/registry.ts';
import { runJob } from '../../../jobs/run-job.ts';
import type { JobResult } from '../../../jobs/job.ts';
import {
  deviceEnrolmentResponse,
  type ResponseOrder,
} from '../../../shared/generic/device-enrolment-response.ts';
import { salesOrderDispatch, type DispatchOrder } from '../../../shared/generic/sales-order-dispatch.ts';
import type { JobKey } from '../../../shared/runtime/config-schema.ts';
import {
  addItems,
  completeBatch,
  moveBatch,
  openBatch,
  requireBatch,
} from '../../../shared/store/batches.ts';
import { devicesOfOrder, moveDevices } from '../../../shared/store/devices.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import { insertOrder, type NewOrder } from '../../../shared/store/orders.ts';
import type { DeviceStatus } from '../../../shared/store/states/device.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';

/** What happens around the jobs: orders come in, files are loaded, operators decide. */

export const orderDate = '2026-05-01T08:00:00.000Z';

/** An order of three devices that are enrolled with `apple`. */
export const newOrder = (rt: TestRuntime, id: string, changes: Partial<NewOrder> = {}) =>
  insertOrder(
    rt.db,
    {
      id,
      customer: 'Example Ltd',
      orderDate,
      purchaseOrderNumber: 'PO 7',
      enrolmentRequired: true,
      organisations: { apple: '880011', google: 'G-5' },
      lines: [{ lineNumber: 1, product: 'phone', quantity: 3, providerId: 'apple' }],
      ...changes,
    },
    rt.clock.now(),
  );

/** A batch as the loader leaves it. @returns its number */
async function loaded(
  rt: TestRuntime,
  known: typeof salesOrderDispatch | typeof deviceEnrolmentResponse,
  { providerId, header }: { providerId: string | null; header: Record<string, unknown> },
  records: readonly { id: string | number }[],
): Promise<number> {
  const { category, type, version } = known;
  const standing = { stage: 'Extract/Load', status: 'In progress' } as const;
  const start = { direction: 'inbound', category, type, version, standing } as const;
  const batch = await openBatch(rt.db, start, 'loader', rt.clock.now());
  const items = records.map((payload) => ({
    customerReference: String(payload.id),
    description: 'a record',
    payload,
  }));
  await addItems(rt.db, batch.id, 0, items);
  await completeBatch(rt.db, batch.id, { providerId, externalFileName: 'file-1', header }, items.length);
  await moveBatch(rt.db, batch.id, { stage: 'Extract/Load', status: 'Complete' }, 'loader', rt.clock.now());
  return batch.id;
}

export const loadDispatch = (rt: TestRuntime, ...records: DispatchOrder[]) =>
  loaded(rt, salesOrderDispatch, { providerId: null, header: { wareHouse: { id: 'W1' } } }, records);

export const loadResponse = (rt: TestRuntime, order: ResponseOrder, providerId = 'apple') =>
  loaded(rt, deviceEnrolmentResponse, { providerId, header: {} }, [order]);

type Dispatched = Extract<DispatchOrder, { status: 'DISPATCHED' }>;

/** The warehouse sent these devices of line 1. */
export const sent = (
  id: string,
  deviceIds: readonly string[],
  changes: Partial<Dispatched> = {},
): Dispatched => ({
  id,
  status: 'DISPATCHED',
  dispatchDateTime: '2026-05-02T10:00:00+02:00',
  deliveryNumber: `DN-${id}`,
  lines: [
    { lineNumber: 1, devices: deviceIds.map((deviceId) => ({ deviceId, serialNumber: `S-${deviceId}` })) },
  ],
  ...changes,
});

export async function run(rt: TestRuntime, key: JobKey): Promise<JobResult> {
  const { result } = await runJob(rt, jobNamed(key), 'operator');
  return result;
}

/** An order whose devices were dispatched and wait for their enrolment. */
export async function dispatchedOrder(
  rt: TestRuntime,
  id: string,
  deviceIds: readonly string[],
  changes: Partial<NewOrder> = {},
): Promise<void> {
  await newOrder(rt, id, changes);
  await loadDispatch(rt, sent(id, deviceIds));
  await run(rt, 'salesOrderDispatch');
}

/** An order whose devices the provider has enrolled. */
export async function enrolledOrder(
  rt: TestRuntime,
  id: string,
  deviceIds: readonly string[],
): Promise<void> {
  await dispatchedOrder(rt, id, deviceIds);
  await run(rt, 'deviceEnrolmentRequest');
  await loadResponse(rt, { id: Number(id) });
  await run(rt, 'deviceEnrolmentResponse');
}

/** An operator changes the status of devices. */
export async function decide(
  rt: TestRuntime,
  orderId: string,
  deviceIds: readonly string[],
  to: DeviceStatus,
): Promise<void> {
  const devices = await devicesOfOrder(rt.db, orderId);
  const chosen = devices.filter((device) => deviceIds.includes(device.device_id));
  const cause = { actor: 'operator', now: rt.clock.now(), batchId: null, note: null };
  await inTransaction(rt.db, (trx) => moveDevices(trx, chosen, to, cause));
}

/** Device id -> status. */
export async function statuses(rt: TestRuntime, orderId: string): Promise<Record<string, DeviceStatus>> {
  const devices = await devicesOfOrder(rt.db, orderId);
  return Object.fromEntries(devices.map((device) => [device.device_id, device.status]));
}

export async function standing(rt: TestRuntime, batchId: number): Promise<string> {
  const { stage, status } = await requireBatch(rt.db, batchId);
  return `${stage} · ${status}`;
}
