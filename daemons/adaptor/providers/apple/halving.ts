import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import type { AskedRequest, ProviderRequest, RequestedOrder } from '../provider-format.ts';
import { longest, type AppleOrder } from './bulk-enroll-request.ts';
import { deliveriesWith } from './device-mapping.ts';
import { enrolMessage, senderOf } from './messages.ts';
import { returnNumber } from './request-mapping.ts';
import { sentOrders } from './sent-request.ts';

type Settings = ProviderConfigOf<'apple'>;
type Halves<Item> = readonly [Item, Item];

/** An order as it is sent, and what we keep of it. */
interface Pair {
  readonly requested: RequestedOrder;
  readonly sent: AppleOrder;
}

/**
 * Two requests in place of one that Apple finds too large: each with half of the orders, or with half of the devices of
 * the only order. Null for an override or a void, which cannot be parted, and for one device.
 */
export function halve(
  { message, orders }: AskedRequest,
  ids: Halves<string>,
  settings: Settings,
): Halves<ProviderRequest> | null {
  const sent = new Map(sentOrders(message).map((order) => [order.orderNumber, order]));
  const pairs = orders.flatMap((requested) => {
    const order = sent.get(requested.orderNumber);
    return order ? [{ requested, sent: order }] : [];
  });
  const [only, ...more] = pairs;
  if (!only) return null;
  const halves = more.length > 0 ? inTwo(pairs) : halveOrder(only, ids);
  if (
    !halves ||
    halves.flat().some(({ sent: { orderNumber } }) => orderNumber.length > longest.orderNumber)
  ) {
    return null;
  }
  return [requestOf(halves[0], ids[0], settings), requestOf(halves[1], ids[1], settings)];
}

function inTwo<Item>(items: readonly Item[]): Halves<Item[]> {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}

function halveOrder({ requested, sent }: Pair, ids: Halves<string>): Halves<Pair[]> | null {
  const { requestType, devices } = requested;
  if (devices.length < 2 || (requestType !== 'ORDER' && requestType !== 'RETURN')) return null;
  const [first, second] = inTwo(devices);
  const half = (some: RequestedOrder['devices'], id: string): Pair[] => {
    const orderNumber =
      requestType === 'RETURN' ? returnNumber(requested.orderId, id) : requested.orderNumber;
    return [
      {
        requested: { ...requested, orderNumber, devices: some },
        sent: { ...sent, orderNumber, deliveries: only(sent, some) },
      },
    ];
  };
  return [half(first, ids[0]), half(second, ids[1])];
}

function only({ deliveries }: AppleOrder, devices: RequestedOrder['devices']): AppleOrder['deliveries'] {
  const wanted = new Set(devices.map(({ providerDeviceId }) => providerDeviceId));
  const listed = deliveries.flatMap(({ deliveryNumber, shipDate, devices: all }) =>
    all.map((sent) => ({ deliveryNumber, shipDate, sent })),
  );
  return deliveriesWith(listed.filter(({ sent }) => wanted.has(sent.deviceId)));
}

function requestOf(pairs: readonly Pair[], transactionId: string, settings: Settings): ProviderRequest {
  const orders = pairs.map(({ sent }) => sent);
  return {
    transactionId,
    message: enrolMessage({ ...senderOf(settings), transactionId, orders }, settings),
    orders: pairs.map(({ requested }) => requested),
  };
}
