/** What the provider takes in one request; a setting of each provider, because few of them publish it. */
export interface RequestLimits {
  readonly ordersPerRequest: number;
  readonly devicesPerRequest: number;
}

/** Cuts the devices of one order into pieces that fit into one request each. */
export function piecesOf<Device>(
  devices: readonly Device[],
  { devicesPerRequest }: RequestLimits,
): Device[][] {
  const count = Math.ceil(devices.length / devicesPerRequest);
  return Array.from({ length: count }, (_, index) =>
    devices.slice(index * devicesPerRequest, (index + 1) * devicesPerRequest),
  );
}

/**
 * Fills requests with items (orders, or pieces of orders), in their order. Two pieces of one order never share a request:
 * every piece but the last is full.
 *
 * @param devicesIn at most `devicesPerRequest`
 * @param orderIdOf where a file may have several requests about one order: they never share a request either
 */
export function splitByLimits<Item>(
  items: readonly Item[],
  limits: RequestLimits,
  devicesIn: (item: Item) => number,
  orderIdOf?: (item: Item) => number,
): Item[][] {
  const requests: Item[][] = [];
  let current: Item[] = [];
  let devices = 0;
  const orderIds = new Set<number>();
  for (const item of items) {
    const more = devicesIn(item);
    const orderId = orderIdOf?.(item);
    const isFull = current.length === limits.ordersPerRequest || devices + more > limits.devicesPerRequest;
    if (isFull || (orderId !== undefined && orderIds.has(orderId))) {
      requests.push(current);
      current = [];
      devices = 0;
      orderIds.clear();
    }
    current.push(item);
    if (orderId !== undefined) orderIds.add(orderId);
    devices += more;
  }
  return current.length === 0 ? requests : [...requests, current];
}
