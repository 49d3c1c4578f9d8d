import { deviceEnrolmentResponse, type ResponseOrder } from '../shared/generic/device-enrolment-response.ts';
import { bug, Fault } from '../shared/runtime/faults.ts';
import { findItem, settleItem, type Batch } from '../shared/store/batches.ts';
import { runs } from '../shared/store/chunks.ts';
import { devicesOfOrder, moveDevices } from '../shared/store/devices.ts';
import { isLetGo } from '../shared/store/states/device.ts';
import {
  closeRequest,
  failedDevices,
  openDevices,
  openRequest,
  settleRequestDevices,
  type EnrolmentRequest,
} from '../shared/store/enrolment-requests.ts';
import { readProperties } from '../shared/store/module-properties.ts';
import { updateOrder } from '../shared/store/orders.ts';
import type { Db } from '../shared/store/tables.ts';
import { raiseEvent } from '../shared/store/workflow-events.ts';
import type { Job, JobContext } from './job.ts';
import { processBatches } from './process-batches.ts';
import {
  describeErrors,
  describeFailure,
  describeOutcome,
  planResponse,
  type EventText,
  type ResponsePlan,
  type SettledDevice,
} from './response-rules.ts';

/** Device Enrolment Response: a provider's outcome changes the devices, and people are told of failures. */
export const deviceEnrolmentResponseJob: Job = {
  key: 'deviceEnrolmentResponse',
  name: 'Device Enrolment Response',
  description: 'Applies providers’ outcomes to devices and raises workflow events.',
  trigger: deviceEnrolmentResponse.type,
  run: (context) =>
    processBatches(context, deviceEnrolmentResponse.type, (trx, batch, item) =>
      applyResponse(context, trx, batch, JSON.parse(item.payload_json) as ResponseOrder),
    ),
};

async function applyResponse(
  context: JobContext,
  trx: Db,
  batch: Batch,
  response: ResponseOrder,
): Promise<void> {
  const orderId = String(response.id);
  const providerId = batch.provider_id;
  if (providerId === null) throw bug(`response batch ${batch.id} has no provider`);
  const request = await openRequest(trx, orderId, providerId);
  if (!request) throw new Fault('NOT_FOUND', `order ${orderId} has no open request at ${providerId}`);
  const plan = planResponse(request.request_type, await openDevices(trx, request.id), response);
  await settleDevices(context, trx, batch, request, plan);
  const text = describeOutcome({ requestType: request.request_type, orderId, providerId }, plan);
  if (plan.silent.length === 0) await closeAnswered(context, trx, request);
  await tellPeople(context, trx, batch, orderId, text);
}

async function settleDevices(
  { worker, clock }: JobContext,
  trx: Db,
  batch: Batch,
  request: EnrolmentRequest,
  plan: ResponsePlan,
): Promise<void> {
  const now = clock.now();
  // Of most devices of an order the same is said.
  const alike = ({ to, succeeded, errors }: SettledDevice) => JSON.stringify({ to, succeeded, errors });
  for (const devices of runs(plan.settled, alike)) {
    const [{ to, succeeded, errors }] = devices;
    const ids = devices.map(({ id }) => id);
    await settleRequestDevices(trx, request.id, ids, succeeded ? 'succeeded' : 'failed', errors);
    const note = succeeded ? `${request.request_type} done` : describeErrors(errors);
    await moveDevices(trx, devices, to, { actor: worker.actor, now, batchId: batch.id, note });
  }
}

async function closeAnswered({ clock }: JobContext, trx: Db, request: EnrolmentRequest): Promise<void> {
  await closeRequest(trx, request.id, clock.now());
  // Its outcome may have come in several responses.
  const failed = await failedDevices(trx, request.id);
  const asked = await findItem(trx, request.batch_id, request.order_id);
  if (asked)
    await settleItem(trx, asked, failed.length === 0 ? null : failed.map(describeFailure).join('\n'));
  if (request.request_type !== 'VOID') return;
  const devices = await devicesOfOrder(trx, request.order_id);
  // Another provider of the order may not have answered yet, or may have refused.
  if (devices.every((device) => isLetGo(device.status))) {
    await updateOrder(trx, request.order_id, { status: 'Cancelled' }, clock.now());
  }
}

/** Raises the event that the module properties ask for. */
async function tellPeople(
  { clock, emit }: JobContext,
  trx: Db,
  batch: Batch,
  orderId: string,
  text: EventText,
): Promise<void> {
  const properties = await readProperties(trx);
  if (properties[`device.enrolment.response.event.${text.outcome}`] !== 'true') return;
  const eventType = properties['device.enrolment.response.event.type'];
  const eventCode = properties[`device.enrolment.response.event.${text.outcome}.code`];
  await raiseEvent(
    trx,
    { eventType, eventCode, referenceNumber: orderId, notes: text.notes, batchId: batch.id },
    clock.now(),
  );
  emit('workflow.event', { type: eventType, code: eventCode, reference: orderId, batch: batch.id });
}
