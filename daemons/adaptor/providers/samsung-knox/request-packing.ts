import type { RequestLimits } from '../limits.ts';
import type { RequestedOrder } from '../provider-format.ts';

/** Devices of one order that are asked for together. */
export interface Piece<Group> {
  /** Only pieces of equal groups may share a request. */
  readonly group: Group;
  readonly order: RequestedOrder;
}

/** The orders of one request. */
export interface Parcel<Group> {
  readonly group: Group;
  readonly orders: readonly RequestedOrder[];
}

interface GrowingParcel<Group> extends Parcel<Group> {
  readonly index: number;
  readonly orders: RequestedOrder[];
  devices: number;
}

/**
 * Fills requests with pieces, in their order. What is said of one order, or of one device, stays in its order: of two
 * such pieces the later one goes into a later request. So an answer, which names devices without their orders, means one
 * device of one order; and an order that is to be taken back and enrolled anew is not enrolled first.
 *
 * @param pieces each of at most `devicesPerRequest` devices
 */
export function pack<Group>(pieces: readonly Piece<Group>[], limits: RequestLimits): Parcel<Group>[] {
  const parcels: GrowingParcel<Group>[] = [];
  /** Group -> the parcel that takes more of it. */
  const open = new Map<string, GrowingParcel<Group>>();
  /** Order or device -> the last parcel that has it. */
  const last = new Map<string, GrowingParcel<Group>>();
  for (const { group, order } of pieces) {
    const subjects = subjectsOf(order);
    const behind = subjects.reduce((index, subject) => Math.max(index, last.get(subject)?.index ?? -1), -1);
    const key = JSON.stringify(group);
    let parcel = open.get(key);
    if (!parcel || parcel.index <= behind || !hasRoom(parcel, order, limits)) {
      parcel = { group, index: parcels.length, orders: [], devices: 0 };
      parcels.push(parcel);
      open.set(key, parcel);
    }
    parcel.orders.push(order);
    parcel.devices += order.devices.length;
    for (const subject of subjects) last.set(subject, parcel);
  }
  return parcels;
}

const hasRoom = <Group>(
  { orders, devices }: GrowingParcel<Group>,
  order: RequestedOrder,
  limits: RequestLimits,
): boolean =>
  orders.length < limits.ordersPerRequest && devices + order.devices.length <= limits.devicesPerRequest;

const subjectsOf = ({ orderId, devices }: RequestedOrder): string[] => [
  `order ${orderId}`,
  ...devices.map(({ providerDeviceId }) => providerDeviceId),
];
