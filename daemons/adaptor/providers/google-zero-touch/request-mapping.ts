import type { DeviceEnrolmentRequest } from '../../../../shared/generic/device-enrolment-request.ts';
import { splitByLimits } from '../limits.ts';
import type {
  AskedRequest,
  Enrolments,
  MappedDocument,
  ProviderMessage,
  ProviderRequest,
  RequestedOrder,
} from '../provider-format.ts';
import { transactionIdOf } from '../transaction-id.ts';
import { comparable, identifierIn } from './device-reference.ts';
import {
  devicesPath,
  inSentOrder,
  itemsOf,
  orderNumberOf,
  requestMessage,
  withItems,
} from './message-mapping.ts';
import { planOf, type Settings, type Step } from './order-steps-mapping.ts';

/** Maps a generic request file to as many requests as the steps of its orders and the limits demand. */
export function toRequests(
  document: DeviceEnrolmentRequest,
  enrolled: Enrolments,
  settings: Settings,
): MappedDocument {
  const plans = document.orders.map((order) => planOf(order, enrolled.ofOrder(order.id), settings));
  const steps = plans.flatMap((plan) => plan.steps);
  const doubtful = plans.reduce((sum, plan) => sum + plan.doubtful, 0);
  return {
    requests: inWaves(steps)
      .flatMap((wave) => packed(wave, settings))
      .map(([kind, packedSteps], index) => ({
        transactionId: transactionIdOf(document, index + 1),
        message: requestMessage(kind, packedSteps, settings),
        orders: packedSteps.map(requestedOrder),
        ...(kind === 'prepare' && { preparatory: true }),
      })),
    refused: plans.flatMap((plan) => plan.refused),
    notes:
      doubtful === 0 ? [] : [`${doubtful} device(s) asked for though the check digit of the IMEI is wrong`],
  };
}

/**
 * Steps that can go together. No wave has an order or a device twice, so that an answer can mean only one of them; and a
 * device that is returned and sold again in one file is unclaimed before it is claimed.
 */
function inWaves(steps: readonly Step[]): Step[][] {
  const waves: Step[][] = [];
  const next = new Map<string, number>();
  const isClaim = ({ kind }: Step) => kind === 'claim';
  const unclaimsFirst = [...steps.filter((step) => !isClaim(step)), ...steps.filter(isClaim)];
  for (const step of unclaimsFirst) {
    const names = [`order:${step.order.id}`, ...step.devices.map(({ name }) => comparable(name))];
    const wave = names.reduce((latest, name) => Math.max(latest, next.get(name) ?? 0), 0);
    (waves[wave] ??= []).push(step);
    for (const name of names) next.set(name, wave + 1);
  }
  return waves;
}

const kinds = ['unclaim', 'prepare', 'claim'] as const satisfies readonly Step['kind'][];

/** The steps of one request each. */
const packed = (wave: readonly Step[], { limits }: Settings): (readonly [Step['kind'], Step[]])[] =>
  kinds.flatMap((kind) =>
    splitByLimits(
      wave.filter((step) => step.kind === kind),
      limits,
      ({ devices }) => devices.length,
    ).map((steps) => [kind, steps] as const),
  );

const requestedOrder = ({ order, devices }: Step): RequestedOrder => ({
  orderId: order.id,
  orderNumber: orderNumberOf(order),
  requestType: order.requestType,
  devices: devices.map(({ deviceId, name }) => ({ deviceId, providerDeviceId: name })),
});

/**
 * A request in two halves, device by device, so that even one large order can be parted. Nobody refuses a sheet as a
 * whole.
 */
export function halve(
  { message, orders }: AskedRequest,
  ids: readonly [string, string],
): readonly [ProviderRequest, ProviderRequest] | null {
  const items = itemsOf(message);
  const asked = inSentOrder(orders);
  if (items.length < 2 || items.length !== asked.length) return null;
  const middle = Math.ceil(items.length / 2);
  const part = (transactionId: string, from: number, to: number): ProviderRequest => {
    const kept = new Set(asked.slice(from, to).map(({ device }) => device));
    return {
      transactionId,
      message: withItems(message, items.slice(from, to)),
      orders: orders
        .map((order) => ({ ...order, devices: order.devices.filter((device) => kept.has(device)) }))
        .filter(({ devices }) => devices.length > 0),
    };
  };
  return [part(ids[0], 0, middle), part(ids[1], middle, items.length)];
}

/** The operation's own name is its address. Portals are not asked: their answers are sheets that people drop. */
export function toQuery({ message, providerTransactionId }: AskedRequest): ProviderMessage | null {
  if (message.mediaType === 'text/csv' || providerTransactionId === null) return null;
  return {
    stem: 'operation',
    method: 'GET',
    path: `/v1/${providerTransactionId}`,
    mediaType: 'application/json',
    content: '',
  };
}

/** Google keeps no list of requests; but whether a device is claimed can be seen, one after the other. */
export function toReconciliation(
  { message, orders }: AskedRequest,
  settings: Settings,
): ProviderMessage | null {
  const [first] = orders.flatMap((order) => order.devices);
  const deviceIdentifier = identifierIn(first?.providerDeviceId ?? '');
  if (message.mediaType === 'text/csv' || !deviceIdentifier) return null;
  return {
    stem: 'find-device',
    method: 'POST',
    path: devicesPath(settings, 'findByIdentifier'),
    mediaType: 'application/json',
    // A record without a claim may stand beside one with it.
    content: JSON.stringify({ deviceIdentifier, limit: '100' }),
  };
}
