import { deviceEnrolmentResponse, type ResponseOrder } from '../shared/generic/device-enrolment-response.ts';
import { bug, Fault } from '../shared/runtime/faults.ts';
import { settleItemAbout, type Batch, type BatchItem } from '../shared/store/batches.ts';
import { runs } from '../shared/store/chunks.ts';
import { devicesOfOrder, moveDevices } from '../shared/store/devices.ts';
import { isLetGo } from '../shared/store/states/device.ts';
import {
  closeRequest,
  failedDevices,
  openDevices,
  openDevicesOf,
  openRequests,
  orderAtProvider,
  requestsWithFailures,
  settleRequestDevices,
  type EnrolmentRequest,
  type OpenDevice,
} from '../shared/store/enrolment-requests.ts';
import { readProperties, type Properties } from '../shared/store/module-properties.ts';
import { updateOrder } from '../shared/store/orders.ts';
import type { Db } from '../shared/store/tables.ts';
import { raiseEvent } from '../shared/store/workflow-events.ts';
import type { Job, JobContext } from './job.ts';
import type { OpenItem } from './portions.ts';
import { processPortions } from './process-batches.ts';
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
    processPortions(context, deviceEnrolmentResponse.type, async (trx, items) => {
      const known = await knownOf(trx, items);
      return (part, batch, item, emit) => applyResponse({ ...context, emit }, part, known, batch, item);
    }),
};

/** What the store knows of the orders of a portion. */
interface Known {
  readonly properties: Properties;
  /** By `order provider`. */
  readonly requests: ReadonlyMap<string, EnrolmentRequest>;
  /** Of the requests that were read ahead. */
  readonly devices: ReadonlyMap<number, readonly OpenDevice[]>;
  /** Requests of which a device has failed before. */
  readonly failures: ReadonlySet<number>;
}

/** Devices read ahead for a portion: an order may have more devices than are to be held in memory a hundred times. */
const devicesAhead = 5000;

async function knownOf(trx: Db, items: readonly OpenItem[]): Promise<Known> {
  const orders = items.map(({ item }) => item.customer_reference);
  const requests = await openRequests(trx, orders);
  const ids = [...requests.values()].map(({ id }) => id);
  return {
    properties: await readProperties(trx),
    requests,
    devices: await openDevicesOf(trx, ids, devicesAhead),
    failures: await requestsWithFailures(trx, ids),
  };
}

async function applyResponse(
  context: JobContext,
  trx: Db,
  known: Known,
  batch: Batch,
  item: BatchItem,
): Promise<void> {
  const response = JSON.parse(item.payload_json) as ResponseOrder;
  const orderId = item.customer_reference;
  const providerId = batch.provider_id;
  if (providerId === null) throw bug(`response batch ${batch.id} has no provider`);
  const request = known.requests.get(orderAtProvider(orderId, providerId));
  if (!request) throw new Fault('NOT_FOUND', `order ${orderId} has no open request at ${providerId}`);
  const asked = known.devices.get(request.id) ?? (await openDevices(trx, request.id));
  const plan = planResponse(request.request_type, asked, response);
  await settleDevices(context, trx, batch, request, plan);
  const text = describeOutcome({ requestType: request.request_type, orderId, providerId }, plan);
  if (plan.silent.length === 0) {
    const failed = plan.settled.filter((device) => !device.succeeded);
    // Its outcome may have come in several responses.
    const all = known.failures.has(request.id) ? await failedDevices(trx, request.id) : failed;
    await closeAnswered(context, trx, request, all);
  }
  await tellPeople(context, trx, known.properties, batch, orderId, text);
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

async function closeAnswered(
  { clock }: JobContext,
  trx: Db,
  request: EnrolmentRequest,
  failed: readonly Pick<SettledDevice, 'deviceId' | 'errors'>[],
): Promise<void> {
  await closeRequest(trx, request.id, clock.now());
  const error = failed.length === 0 ? null : failed.map(describeFailure).join('\n');
  await settleItemAbout(trx, request.batch_id, request.order_id, error);
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
  properties: Properties,
  batch: Batch,
  orderId: string,
  text: EventText,
): Promise<void> {
  if (properties[`device.enrolment.response.event.${text.outcome}`] !== 'true') return;
  const eventType = properties['device.enrolment.response.event.type'];
  const eventCode = properties[`device.enrolment.response.event.${text.outcome}.code`];
  await raiseEvent(
    trx,
    { eventType, eventCode, referenceNumber: orderId, notes: text.notes, batchId: batch.id },
    clock.now(),
  );
  emit('workflow.event', { type: eventType, eventCode, reference: orderId, batch: batch.id });
}
