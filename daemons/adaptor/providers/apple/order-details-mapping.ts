import type {
  AskedRequest,
  OrderOutcome,
  ProviderAnswer,
  ProviderError,
  RequestedOrder,
  ResultOutcomes,
} from '../provider-format.ts';
import type { AnsweredOrder, AppleAnswer } from './answer-shapes.ts';
import type { AppleOrder } from './bulk-enroll-request.ts';
import { sentOrders } from './sent-request.ts';

/**
 * `show-order-details`: the orders as they stand now, whatever transaction made them so. An order that enrols or returns
 * was done for the devices that are listed under its number and our customer; a void was done when the order is gone. An
 * override replaces the whole list: as long as a device stands there that it does not have, it was not done, and the
 * devices that it has in common with the list are no sign of it. Dates are not compared: Apple may have shifted them by
 * the time zone.
 */

const cannotLocate = 'DEP-ERR-5002';

type OrderState =
  | { readonly kind: 'gone' }
  /** With the devices that it has for our customer, as Apple names them. */
  | { readonly kind: 'listed'; readonly devices: ReadonlySet<string> }
  | { readonly kind: 'unclear'; readonly errors: readonly ProviderError[] };

/** Undefined: none of the known answers. */
export function readDetails(
  answer: AppleAnswer,
  document: unknown,
  asked: AskedRequest,
): ProviderAnswer | undefined {
  const errors = errorsOf(answer);
  const contradicts = errors.length > 0 === (answer.orders.length > 0 || answer.verdict?.kind === 'complete');
  if (contradicts || isOfOtherQuestion(answer)) return undefined;
  if (errors.length > 0 && !isNotLocated(errors)) return { kind: 'query-refused', ids: {}, errors };
  const states = statesOf(answer, asked);
  if (states.length > 0 && states.every(isUndone)) return { kind: 'not-found' };
  const perOrder = states.flatMap(({ state }) => (state.kind === 'unclear' ? state.errors : []));
  if (perOrder.length > 0 && states.every(({ state }) => state.kind === 'unclear')) {
    return { kind: 'query-refused', ids: {}, errors: perOrder };
  }
  return { kind: 'result', ids: {}, result: document };
}

export function outcomesOfDetails(answer: AppleAnswer, asked: AskedRequest): ResultOutcomes {
  const known = new Set(asked.orders.map(({ orderNumber }) => orderNumber));
  return {
    orders: statesOf(answer, asked).map(outcomeOf),
    // Devices of other requests stand under the same number with good reason.
    unexpected: answer.orders
      .filter(({ orderNumber }) => !known.has(orderNumber))
      .map(({ orderNumber }) => `order ${orderNumber}`),
  };
}

const errorsOf = ({ bareErrors, showErrors }: AppleAnswer): ProviderError[] => [...bareErrors, ...showErrors];

const isNotLocated = (errors: readonly ProviderError[]): boolean =>
  errors.length > 0 && errors.every(({ code }) => code === cannotLocate);

const isOfOtherQuestion = (answer: AppleAnswer): boolean =>
  answer.providerTransactionId !== '' ||
  answer.acknowledgements.length > 0 ||
  answer.requestErrors.length > 0 ||
  answer.queryErrors.length > 0;

interface Standing {
  readonly order: RequestedOrder;
  readonly state: OrderState;
}

function statesOf(answer: AppleAnswer, { orders, message }: AskedRequest): Standing[] {
  const sent = new Map(sentOrders(message).map((order) => [order.orderNumber, order]));
  const answered = Map.groupBy(answer.orders, ({ orderNumber }) => orderNumber);
  const notLocated = isNotLocated(errorsOf(answer));
  return orders.map((order) => {
    const shown = answered.get(order.orderNumber) ?? [];
    if (notLocated) return { order, state: { kind: 'gone' } };
    const { customerId = '', deliveries = [] } = sent.get(order.orderNumber) ?? {};
    const state = stateOf(shown, customerId);
    const isOfBefore = order.requestType === 'OVERRIDE' && hasOthers(state, deliveries);
    return { order, state: isOfBefore ? { kind: 'listed', devices: new Set() } : state };
  });
}

function hasOthers(state: OrderState, deliveries: AppleOrder['deliveries']): boolean {
  const ours = new Set(deliveries.flatMap(({ devices }) => devices.map(({ deviceId }) => deviceId)));
  return state.kind === 'listed' && [...state.devices].some((device) => !ours.has(device));
}

function stateOf(shown: readonly AnsweredOrder[], customerId: string): OrderState {
  const errors = shown.flatMap((order) => (order.shown?.kind === 'failed' ? order.shown.errors : []));
  if (isNotLocated(errors) && errors.length === shown.length) return { kind: 'gone' };
  const isComplete = shown.every((order) => (order.shown?.kind ?? 'complete') === 'complete');
  if (shown.length === 0 || !isComplete || shown.some((order) => order.customerId === '')) {
    return { kind: 'unclear', errors };
  }
  const ofOurCustomer = shown.filter((order) => order.customerId === customerId);
  const devices = ofOurCustomer.flatMap(({ deliveries }) =>
    deliveries.flatMap((delivery) => delivery.devices),
  );
  return { kind: 'listed', devices: new Set(devices.map(({ deviceId }) => deviceId)) };
}

/** Nothing of the request can be seen: of a void, that the order is still there. */
function isUndone({ order, state }: Standing): boolean {
  switch (state.kind) {
    case 'gone':
      return order.requestType !== 'VOID';
    case 'listed':
      return !order.devices.some(({ providerDeviceId }) => state.devices.has(providerDeviceId));
    case 'unclear':
      return false;
  }
}

function outcomeOf({ order, state }: Standing): OrderOutcome {
  const devices = order.devices.map(({ deviceId, providerDeviceId }) => ({
    deviceId,
    outcome:
      state.kind === 'listed' && state.devices.has(providerDeviceId)
        ? ('succeeded' as const)
        : ('unknown' as const),
  }));
  const settled =
    order.requestType === 'VOID'
      ? state.kind === 'gone'
      : devices.every(({ outcome }) => outcome === 'succeeded');
  return { orderId: order.orderId, errors: [], devices, settled };
}
