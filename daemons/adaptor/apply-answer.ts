import type { Runtime } from '../../shared/daemon/process.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { genericFileName } from '../../shared/generic/file-name.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { queuePublication, type Delivery } from '../../shared/store/deliveries.ts';
import {
  moveRequest,
  recordOutcome,
  requestedOrders,
  transactionsOfDevice,
  type ProviderRequestRow,
  type RequestedOrderRow,
} from '../../shared/store/provider-requests.ts';
import { providerRequestMoves, type ProviderOutcome } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import { toGenericResponse } from './generic-response.ts';
import type { Provider } from './provider.ts';
import type {
  DeviceOutcome,
  OrderOutcome,
  ProviderAnswer,
  ProviderError,
  TransactionIds,
} from './providers/provider-format.ts';

interface Answered {
  readonly provider: Provider;
  readonly request: ProviderRequestRow;
  readonly answer: ProviderAnswer;
  /** The file that the answer came in. */
  readonly delivery: Delivery;
}

/**
 * What an answer means for the request, its orders and its devices. Runs in the transaction that settles the file.
 *
 * @throws Fault BATCH_NOT_READY, UNEXPECTED_ANSWER, UNKNOWN_ANSWER
 */
export async function applyAnswer(runtime: Runtime, trx: Db, answered: Answered): Promise<void> {
  const { request, answer, provider } = answered;
  // We asked again before a slow answer came: it tells nothing new.
  if (request.state === 'finished' && 'ids' in answer) return;
  const now = runtime.clock.now();
  const { firstSeconds, everySeconds } = provider.settings.poll;
  const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000).toISOString();
  switch (answer.kind) {
    case 'accepted':
      requireMove(request, 'accepted');
      await moveRequest(trx, request, 'accepted', {
        provider_transaction_id: answer.providerTransactionId,
        accepted_at: now.toISOString(),
        next_query_at: inSeconds(firstSeconds),
      });
      return;
    case 'pending':
      requireMove(request, 'pending');
      await moveRequest(trx, request, 'pending', {
        ...theirId(answer.ids),
        next_query_at: inSeconds(everySeconds),
        last_error: null,
      });
      return;
    case 'query-refused':
      // The request itself may have been done: keep asking, and show the refusal to operators.
      requireMove(request, 'pending');
      await moveRequest(trx, request, 'pending', {
        ...theirId(answer.ids),
        next_query_at: inSeconds(everySeconds),
        last_error: describe(answer.errors),
      });
      return;
    case 'refused': {
      requireMove(request, 'refused');
      const orders = await requestedOrders(trx, request.id);
      const outcomes = orders.map((order) => refused(order, answer.errors));
      await settleOrders(runtime, trx, answered, outcomes);
      await moveRequest(trx, request, 'refused', {
        finished_at: now.toISOString(),
        last_error: describe(answer.errors),
      });
      return;
    }
    case 'result': {
      const orders = await requestedOrders(trx, request.id);
      const { orders: said, unexpected } = provider.format.toOutcomes(answer.result, orders);
      const outcomes = await newOutcomes(trx, request, orders, said);
      const settled = outcomes.every((outcome) => outcomeOf(outcome) !== 'unknown');
      requireMove(request, settled ? 'finished' : 'unknown');
      await settleOrders(runtime, trx, answered, outcomes);
      await moveRequest(trx, request, settled ? 'finished' : 'unknown', {
        ...theirId(answer.ids),
        finished_at: settled ? now.toISOString() : null,
        next_query_at: null,
        last_error: unexpected.length > 0 ? `not asked for: ${unexpected.join(', ')}` : null,
      });
      return;
    }
  }
}

/** @throws Fault BATCH_NOT_READY, UNEXPECTED_ANSWER */
function requireMove(request: ProviderRequestRow, to: ProviderRequestRow['state']): void {
  if (providerRequestMoves[request.state].includes(to)) return;
  const where = `request ${request.transaction_id} is ${request.state}`;
  // The file is out, but its publisher has not recorded it yet.
  if (request.state === 'queued') throw new Fault('BATCH_NOT_READY', where);
  throw new Fault('UNEXPECTED_ANSWER', `${where}, it cannot become ${to}`);
}

const refused = (order: RequestedOrderRow, errors: readonly ProviderError[]): OrderOutcome => ({
  orderId: order.orderId,
  errors,
  devices: order.devices.map(({ deviceId }) => ({ deviceId, outcome: 'failed', errors })),
  settled: true,
});

/** What is new in a result: what an earlier one settled stands as it is. */
async function newOutcomes(
  trx: Db,
  request: ProviderRequestRow,
  orders: readonly RequestedOrderRow[],
  said: readonly OrderOutcome[],
): Promise<OrderOutcome[]> {
  const settled = new Set(orders.filter((order) => isFinal(order.outcome)).map((order) => order.orderId));
  const open = said.filter((outcome) => !settled.has(outcome.orderId));
  return Promise.all(
    open.map(async (outcome) => ({ ...outcome, devices: await openDevices(trx, request, outcome) })),
  );
}

async function openDevices(
  trx: Db,
  request: ProviderRequestRow,
  { orderId, devices }: OrderOutcome,
): Promise<readonly DeviceOutcome[]> {
  if (request.state !== 'unknown') return devices; // The first result: all are open.
  const open: DeviceOutcome[] = [];
  for (const device of devices) {
    const asked = await transactionsOfDevice(trx, String(orderId), device.deviceId);
    if (!asked.some(({ id, outcome }) => id === request.id && isFinal(outcome))) open.push(device);
  }
  return open;
}

const isFinal = (outcome: ProviderOutcome): boolean => outcome === 'succeeded' || outcome === 'failed';

/** Records the outcomes, and queues a generic response for each order of which there is something to say. */
async function settleOrders(
  { loaded, clock }: Runtime,
  trx: Db,
  { provider, request, delivery }: Answered,
  outcomes: readonly OrderOutcome[],
): Promise<void> {
  const now = clock.now();
  for (const [index, outcome] of outcomes.entries()) {
    await recordOutcome(trx, request.id, {
      orderId: outcome.orderId,
      outcome: outcomeOf(outcome),
      devices: outcome.devices.map((device) => ({ errors: [], ...device })),
    });
    const response = toGenericResponse({
      providerId: provider.id,
      outcome,
      externalFileName: `${delivery.id}-${index + 1}.json`,
      now,
    });
    if (!response) continue;
    const publication = {
      folder: loaded.config.outboxes.deviceEnrolmentResponse.folder,
      name: genericFileName(deviceEnrolmentResponse, provider.id, `${delivery.id}-${index + 1}`),
      purpose: 'generic-response',
      content: Buffer.from(writeDocument(deviceEnrolmentResponse, response)).toString(),
      batchId: request.batch_id,
      providerRequestId: request.id,
    } as const;
    await queuePublication(trx, publication, now);
  }
}

/** An order is settled when each of its devices is; a void, which names none, by its own status. */
function outcomeOf(outcome: OrderOutcome): ProviderOutcome {
  if (outcome.errors.length > 0) return 'failed';
  if (outcome.devices.length === 0) return outcome.settled ? 'succeeded' : 'unknown';
  return outcome.devices.some((device) => device.outcome === 'unknown') ? 'unknown' : 'succeeded';
}

/** The provider's id, should its acknowledgement have been lost. */
const theirId = (ids: TransactionIds) =>
  ids.providerTransactionId === undefined ? {} : { provider_transaction_id: ids.providerTransactionId };

const describe = (errors: readonly ProviderError[]): string =>
  errors.map((error) => `${error.code} ${error.message}`).join('; ');
