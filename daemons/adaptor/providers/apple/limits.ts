import { Fault } from '../../../../shared/runtime/faults.ts';
import type { RequestedOrder } from '../provider-format.ts';

/** What the provider takes in one request. Apple publishes no value for devices: both are configuration. */
export interface RequestLimits {
  readonly ordersPerRequest: number;
  readonly devicesPerRequest: number;
}

/**
 * Splits orders into requests, in their order. An order is never split: the provider reports on orders.
 *
 * @throws Fault UNMAPPABLE when one order alone has more devices than a request may have
 */
export function splitByLimits<Item extends { readonly requested: RequestedOrder }>(
  items: readonly Item[],
  limits: RequestLimits,
): Item[][] {
  const requests: Item[][] = [];
  let current: Item[] = [];
  let devices = 0;
  for (const item of items) {
    const more = item.requested.devices.length;
    refuseTooLarge(item.requested, limits);
    if (current.length === limits.ordersPerRequest || devices + more > limits.devicesPerRequest) {
      requests.push(current);
      current = [];
      devices = 0;
    }
    current.push(item);
    devices += more;
  }
  return current.length === 0 ? requests : [...requests, current];
}

function refuseTooLarge(order: RequestedOrder, limits: RequestLimits): void {
  if (order.devices.length <= limits.devicesPerRequest) return;
  throw new Fault(
    'UNMAPPABLE',
    `order ${order.orderId} has ${order.devices.length} devices, devicesPerRequest is ${limits.devicesPerRequest}`,
  );
}
