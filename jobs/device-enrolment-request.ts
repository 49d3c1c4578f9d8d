import { deviceEnrolmentRequest, describeRequest } from '../shared/generic/device-enrolment-request.ts';
import { failPoint } from '../shared/runtime/fail-point.ts';
import { requestedStatus, type DeviceRole } from '../shared/store/states/device.ts';
import { createBatch, moveBatch } from '../shared/store/batches.ts';
import { moveDevices, pendingDevices, toGenericDevice, type PendingDevice } from '../shared/store/devices.ts';
import {
  insertRequest,
  lastEnrolling,
  lastRequest,
  orderAtProvider,
  ordersWithOpenRequest,
} from '../shared/store/enrolment-requests.ts';
import { organisationsOf, requireOrder, updateOrder } from '../shared/store/orders.ts';
import type { Db } from '../shared/store/tables.ts';
import type { Job, JobContext, JobResult } from './job.ts';
import { planRequest, type PlannedRequest, type WaitingOrder } from './request-rules.ts';

/** Device Enrolment Request: what waits for a provider becomes one outbound batch per provider. */
export const deviceEnrolmentRequestJob: Job = {
  key: 'deviceEnrolmentRequest',
  name: 'Device Enrolment Request',
  description: 'Prepares a batch per provider from devices that are to be enrolled or unenrolled.',
  run: (context) => context.run.transaction((trx) => prepare(context, trx)),
};

async function prepare(context: JobContext, trx: Db): Promise<JobResult> {
  const pending = await pendingDevices(trx, ['Enrol Pending', 'Unenrol Pending']);
  const busy = await ordersWithOpenRequest(trx);
  const problems: string[] = [];
  /** Orders of which something is left for a later run. */
  const unplanned = new Set<string>();
  const batches = new Map<string, PlannedRequest[]>();
  for (const group of Map.groupBy(pending, atProvider).values()) {
    const [{ order_id: orderId, provider_id: providerId }] = group as [PendingDevice];
    if (providerId === null) continue;
    if (busy.has(orderAtProvider(orderId, providerId))) {
      unplanned.add(orderId); // Its answer comes first.
      continue;
    }
    const plan = planRequest(await waitingOrder(trx, orderId, providerId, group), context.clock.now());
    if ('problem' in plan) {
      problems.push(plan.problem);
      unplanned.add(orderId);
      continue;
    }
    const others = batches.get(providerId);
    if (others) others.push(plan);
    else batches.set(providerId, [plan]);
  }
  // Written only when everything is planned: what an operator wants of an order holds for each of its providers.
  for (const [providerId, requests] of batches) await writeBatch(context, trx, providerId, requests);
  const planned = [...batches.values()].flat();
  for (const { order, requestType } of planned) {
    const whole = requestType === 'VOID' || requestType === 'OVERRIDE';
    if (whole && !unplanned.has(String(order.id))) {
      await updateOrder(trx, String(order.id), { pending_action: null }, context.clock.now());
    }
  }
  failPoint('job.requests-written');
  return { batches: batches.size, records: planned.length, problems };
}

const atProvider = (device: PendingDevice): string =>
  orderAtProvider(device.order_id, device.provider_id ?? '');

async function waitingOrder(
  trx: Db,
  orderId: string,
  providerId: string,
  devices: readonly PendingDevice[],
): Promise<WaitingOrder> {
  const order = await requireOrder(trx, orderId);
  return {
    orderId,
    orderDate: order.order_date,
    purchaseOrderNumber: order.purchase_order_number,
    organisationId: (await organisationsOf(trx, orderId)).get(providerId),
    pendingAction: order.pending_action,
    lastRequest: await lastRequest(trx, orderId, providerId),
    devices: await Promise.all(
      devices.map(async (device) => ({
        id: device.id,
        status: device.status,
        deliveryNumber: device.delivery_number,
        shipDate: device.dispatched_at,
        device: toGenericDevice(device),
        enrolledBy: device.status === 'Unenrol Pending' ? await lastEnrolling(trx, device.id) : undefined,
      })),
    ),
  };
}

async function writeBatch(
  { worker, clock, run }: JobContext,
  trx: Db,
  providerId: string,
  requests: readonly PlannedRequest[],
): Promise<void> {
  const now = clock.now();
  const batch = await createBatch(
    trx,
    {
      direction: 'outbound',
      category: deviceEnrolmentRequest.category,
      type: deviceEnrolmentRequest.type,
      version: deviceEnrolmentRequest.version,
      providerId,
      externalFileName: null,
      standing: { stage: 'Batch', status: 'In progress' },
      items: requests.map(({ order }) => ({
        customerReference: String(order.id),
        description: describeRequest(order),
        payload: order,
      })),
    },
    worker.actor,
    now,
  );
  await run.batches(trx, [batch.id], 'made');
  for (const { order, requestType, devices } of requests) {
    const orderId = String(order.id);
    await insertRequest(trx, { batchId: batch.id, orderId, providerId, requestType, devices }, now);
    for (const role of ['enrol', 'unenrol'] satisfies DeviceRole[]) {
      const asked = devices.filter((device) => device.role === role);
      const cause = { actor: worker.actor, now, batchId: batch.id, note: `${requestType} to ${providerId}` };
      await moveDevices(trx, asked, requestedStatus(role), cause);
    }
  }
  await moveBatch(trx, batch.id, { stage: 'Batch', status: 'Complete' }, worker.actor, now);
}
