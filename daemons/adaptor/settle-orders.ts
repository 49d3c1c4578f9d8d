import type { Runtime } from '../../shared/daemon/process.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { genericFileName } from '../../shared/generic/file-name.ts';
import type { Clock } from '../../shared/runtime/clock.ts';
import { outboxPlace } from '../../shared/runtime/paths.ts';
import { queuePublications, type Publication } from '../../shared/store/publications.ts';
import {
  recordOutcomes,
  sharedOrders,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import type { ProviderOutcome } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import { toGenericResponse } from './generic-response.ts';
import type { Provider } from './provider.ts';
import type { AskedRequest, OrderOutcome, RequestedOrder } from './providers/provider-format.ts';

/** What is needed of the process. */
interface Surroundings extends Pick<Runtime, 'loaded'> {
  readonly clock: Pick<Clock, 'now'>;
}

interface Settled {
  readonly provider: Provider;
  readonly request: ProviderRequestRow;
  /** Begins the names of the generic responses. */
  readonly source: string;
  /** What was asked, and is not settled. */
  readonly asked: Pick<AskedRequest, 'orders'>;
  /** Number of the first of the outcomes, where others of the answer came before; 1 otherwise. */
  readonly first?: number;
}

/** Records the outcomes of a request, and queues a generic response for each order of which there is something to say. */
export async function settleOrders(
  surroundings: Surroundings,
  trx: Db,
  { provider, request, source, asked, first = 1 }: Settled,
  outcomes: readonly OrderOutcome[],
): Promise<void> {
  const orders = new Map(asked.orders.map((order) => [order.orderId, order]));
  const recorded = outcomes.map((outcome) => ({
    orderId: outcome.orderId,
    outcome: outcomeOf(outcome),
    devices: outcome.devices,
    isWhole: isWhole(outcome, orders.get(outcome.orderId)),
  }));
  await recordOutcomes(trx, request.id, recorded);
  if (request.preparatory === 1) return;
  const shared = await sharedOrders(
    trx,
    request,
    outcomes.map(({ orderId }) => orderId),
  );
  const said = outcomes.map((outcome) => (shared.has(outcome.orderId) ? deviceByDevice(outcome) : outcome));
  await respond(
    surroundings,
    trx,
    { provider, source, first, batchId: request.batch_id, requestId: request.id },
    said,
  );
}

/** Whether an outcome names just what was asked. */
const isWhole = ({ devices }: OrderOutcome, asked: RequestedOrder | undefined): boolean =>
  asked?.devices.length === devices.length &&
  asked.devices.every(({ deviceId }, index) => devices[index]?.deviceId === deviceId);

interface Responding {
  readonly provider: Provider;
  readonly source: string;
  readonly first?: number;
  readonly batchId: number;
  /** Null for what was never asked. */
  readonly requestId: number | null;
}

/** Queues the generic responses, one for each order. */
export async function respond(
  { loaded, clock }: Surroundings,
  trx: Db,
  { provider, source, first = 1, batchId, requestId }: Responding,
  outcomes: readonly OrderOutcome[],
): Promise<void> {
  const now = clock.now();
  const publications = outcomes.flatMap((outcome, index): Publication[] => {
    const number = `${source}-${first + index}`;
    const response = toGenericResponse({
      providerId: provider.id,
      outcome,
      externalFileName: `${number}.json`,
      now,
    });
    if (!response) return [];
    return [
      {
        folder: outboxPlace(loaded.config, 'deviceEnrolmentResponse'),
        name: genericFileName(deviceEnrolmentResponse, provider.id, number),
        purpose: 'generic-response',
        content: writeDocument(deviceEnrolmentResponse, response),
        batchId,
        providerRequestId: requestId,
      },
    ];
  });
  await queuePublications(trx, publications, now);
}

/**
 * An error of an order fails every device of it. Where other requests ask for other devices of the same order, it may
 * only be said of the devices of this one.
 */
function deviceByDevice(outcome: OrderOutcome): OrderOutcome {
  return outcome.devices.length === 0 ? outcome : { ...outcome, errors: [] };
}

/** An order is settled when each of its devices is; a void, which names none, by its own status. */
export function outcomeOf(outcome: OrderOutcome): ProviderOutcome {
  if (outcome.errors.length > 0) return 'failed';
  if (outcome.devices.length === 0) return outcome.settled ? 'succeeded' : 'unknown';
  return outcome.devices.some((device) => device.outcome === 'unknown') ? 'unknown' : 'succeeded';
}
