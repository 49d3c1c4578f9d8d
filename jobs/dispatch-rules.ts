import type { DispatchOrder } from '../shared/generic/sales-order-dispatch.ts';
import type { GenericDevice } from '../shared/generic/schema-parts.ts';

/** What the store knows of an order that a warehouse dispatched. */
export interface DispatchedOrder {
  readonly id: string;
  readonly status: string;
  readonly orderDate: string;
  readonly enrolmentRequired: boolean;
  readonly lines: readonly {
    readonly lineNumber: number;
    readonly quantity: number;
    readonly providerId: string | null;
  }[];
  /** Devices that were dispatched before, per line. */
  readonly dispatched: ReadonlyMap<number, number>;
  readonly knownDevices: ReadonlySet<string>;
  /** Providers at which the customer has an organisation id. */
  readonly organisations: ReadonlySet<string>;
}

export interface PlannedDevice {
  readonly device: GenericDevice;
  readonly lineNumber: number;
  readonly providerId: string | null;
  readonly status: 'Not Required' | 'Enrol Pending';
}

export type DispatchPlan =
  { readonly problem: string } | { readonly devices: readonly PlannedDevice[]; readonly complete: boolean };

type Dispatched = Extract<DispatchOrder, { status: 'DISPATCHED' }>;

/** What a dispatch means for an order: its devices with their first status, or why it cannot be taken. */
export function planDispatch(order: DispatchedOrder, record: Dispatched): DispatchPlan {
  const problem = orderProblem(order, record);
  if (problem !== undefined) return { problem };
  const devices: PlannedDevice[] = [];
  const counts = new Map(order.dispatched);
  const seen = new Set(order.knownDevices);
  for (const line of record.lines) {
    const ordered = order.lines.find((known) => known.lineNumber === line.lineNumber);
    if (!ordered) return { problem: `line ${line.lineNumber} is not in the order` };
    const count = (counts.get(line.lineNumber) ?? 0) + line.devices.length;
    if (count > ordered.quantity) {
      return { problem: `line ${line.lineNumber}: ${count} devices dispatched, ${ordered.quantity} ordered` };
    }
    counts.set(line.lineNumber, count);
    const enrols = order.enrolmentRequired && ordered.providerId !== null;
    if (enrols && !order.organisations.has(ordered.providerId)) {
      return { problem: `the customer has no organisation id at ${ordered.providerId}` };
    }
    for (const device of line.devices) {
      if (seen.has(device.deviceId))
        return { problem: `device ${device.deviceId} was dispatched for this order before` };
      seen.add(device.deviceId);
      devices.push({
        device,
        lineNumber: line.lineNumber,
        providerId: ordered.providerId,
        status: enrols ? 'Enrol Pending' : 'Not Required',
      });
    }
  }
  const complete = order.lines.every((line) => counts.get(line.lineNumber) === line.quantity);
  return { devices, complete };
}

function orderProblem(order: DispatchedOrder, record: Dispatched): string | undefined {
  if (order.status === 'Cancelled') return 'the order is cancelled';
  // The provider refuses a ship date before the order date.
  if (Date.parse(record.dispatchDateTime) < Date.parse(order.orderDate)) {
    return `dispatched at ${record.dispatchDateTime}, before it was ordered (${order.orderDate})`;
  }
  return undefined;
}
