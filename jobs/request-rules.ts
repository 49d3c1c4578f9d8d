import type {
  RequestDelivery,
  RequestOrder,
  RequestType,
} from '../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../shared/generic/schema-parts.ts';
import type { DeviceRole, DeviceStatus } from '../shared/store/states/device.ts';

/** A device that waits for a request. */
export interface WaitingDevice {
  readonly id: number;
  readonly status: DeviceStatus;
  readonly deliveryNumber: string;
  readonly shipDate: string;
  readonly device: GenericDevice;
  /** The request that enrolled it; undefined when none did. */
  readonly enrolledBy: number | undefined;
}

/** An order at one provider, with what waits in it. */
export interface WaitingOrder {
  readonly orderId: string;
  readonly orderDate: string;
  readonly purchaseOrderNumber: string | null;
  readonly organisationId: string | undefined;
  readonly pendingAction: 'VOID' | 'OVERRIDE' | null;
  /** The last request about the order at this provider. */
  readonly lastRequest: number | undefined;
  readonly devices: readonly WaitingDevice[];
}

export interface PlannedRequest {
  readonly order: RequestOrder;
  readonly requestType: RequestType;
  /** Devices that the request is about, with what it asks for each. */
  readonly devices: readonly {
    readonly id: number;
    readonly status: DeviceStatus;
    readonly role: DeviceRole;
  }[];
}

export type RequestPlan = PlannedRequest | { readonly problem: string };

/**
 * The one request that an order sends next. Only one at a time is open, so what does not fit into it waits for the
 * answer: an order enrols before it returns, and returns go by the request that enrolled the devices.
 *
 * @param now date of a return: the provider wants it later than the order's
 */
export function planRequest(waiting: WaitingOrder, now: Date): RequestPlan {
  const { organisationId, orderId } = waiting;
  if (organisationId === undefined)
    return { problem: `order ${orderId}: no organisation id at the provider` };
  if (!/^(0|[1-9]\d{0,15})$/.test(orderId) || !Number.isSafeInteger(Number(orderId))) {
    return { problem: `order ${orderId}: the generic format wants a whole number` };
  }
  const { requestType, chosen, original } = choose(waiting);
  if (requestType !== 'ORDER' && original === undefined) {
    return { problem: `order ${orderId}: ${requestType} without an earlier request to undo` };
  }
  const returning = requestType === 'RETURN';
  const listed = requestType === 'OVERRIDE' ? chosen.filter((device) => roleOf(device) === 'enrol') : chosen;
  if (requestType === 'OVERRIDE' && listed.length === 0) {
    return { problem: `order ${orderId}: an override that keeps no device; void the order instead` };
  }
  const order: RequestOrder = {
    id: Number(orderId),
    requestType,
    organisationId,
    orderDate: returning ? now.toISOString() : waiting.orderDate,
    ...(waiting.purchaseOrderNumber !== null && { purchaseOrderNumber: waiting.purchaseOrderNumber }),
    ...(requestType !== 'ORDER' && { originalRequestId: String(original) }),
    ...(requestType !== 'VOID' && { deliveries: toDeliveries(listed, returning ? now : undefined) }),
  };
  return {
    order,
    requestType,
    devices: chosen.map((device) => ({ id: device.id, status: device.status, role: roleOf(device) })),
  };
}

const roleOf = (device: WaitingDevice): DeviceRole =>
  device.status === 'Enrol Pending' ? 'enrol' : 'unenrol';

function choose(waiting: WaitingOrder): {
  requestType: RequestType;
  chosen: readonly WaitingDevice[];
  original: number | undefined;
} {
  const { devices, pendingAction, lastRequest } = waiting;
  const enrol = devices.filter((device) => roleOf(device) === 'enrol');
  const unenrol = devices.filter((device) => roleOf(device) === 'unenrol');
  if (pendingAction === 'VOID') return { requestType: 'VOID', chosen: unenrol, original: lastRequest };
  if (pendingAction === 'OVERRIDE')
    return { requestType: 'OVERRIDE', chosen: devices, original: lastRequest };
  if (enrol.length > 0) return { requestType: 'ORDER', chosen: enrol, original: undefined };
  const original = unenrol[0]?.enrolledBy;
  return {
    requestType: 'RETURN',
    chosen: unenrol.filter((device) => device.enrolledBy === original),
    original,
  };
}

/** Devices by delivery, as they were shipped; a return ships now. */
function toDeliveries(devices: readonly WaitingDevice[], shippedNow: Date | undefined): RequestDelivery[] {
  return [...Map.groupBy(devices, (device) => device.deliveryNumber)].map(([deliveryNumber, group]) => ({
    deliveryNumber,
    shipDate: shippedNow?.toISOString() ?? latest(group.map((device) => device.shipDate)),
    devices: group.map((device) => device.device),
  }));
}

const latest = (dates: readonly string[]): string => dates.reduce((a, b) => (b > a ? b : a));
