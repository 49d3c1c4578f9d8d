import type {
  DeviceEnrolmentRequest,
  RequestDelivery,
  RequestOrder,
  RequestType,
} from '../../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import type { ProviderConfig } from '../../../../shared/runtime/config-schema.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import type { ProviderRequest, RequestedOrder } from '../provider-format.ts';
import { appleDeviceId } from './device-id.ts';
import { splitByLimits } from './limits.ts';

/**
 * Generic request -> `bulk-enroll-devices`. Facts: Apple's reseller API as restated by integrators; key case, date
 * format and lengths are exact, because the service is strict.
 */

/** Longest values that Apple takes. The limit of transactionId is not published; clients stay within 20. */
const longest = { transactionId: 20, orderNumber: 32, customerId: 32, deviceId: 20 } as const;

const orderTypes = { ORDER: 'OR', RETURN: 'RE', VOID: 'VD', OVERRIDE: 'OV' } as const satisfies Record<
  RequestType,
  string
>;

export interface AppleDevice {
  readonly deviceId: string;
  readonly assetTag?: string;
}

export interface AppleDelivery {
  readonly deliveryNumber: string;
  readonly shipDate: string;
  readonly devices: readonly AppleDevice[];
}

export interface AppleOrder {
  readonly orderNumber: string;
  readonly orderDate: string;
  readonly orderType: (typeof orderTypes)[RequestType];
  readonly customerId: string;
  readonly poNumber?: string;
  readonly deliveries: readonly AppleDelivery[];
}

export interface BulkEnrollRequest {
  readonly requestContext: { readonly shipTo: string; readonly timeZone: string; readonly langCode: string };
  readonly transactionId: string;
  readonly depResellerId: string;
  readonly orders: readonly AppleOrder[];
}

/** One order as it is sent, and what we keep of it to understand the answers. */
interface MappedOrder {
  readonly requested: RequestedOrder;
  readonly sent: AppleOrder;
}

/**
 * Maps a generic request file to as many requests as the limits demand.
 *
 * @throws Fault UNMAPPABLE naming the order, and the device where it is one
 */
export function toRequests(document: DeviceEnrolmentRequest, settings: ProviderConfig): ProviderRequest[] {
  const mapped = document.orders.map((order, index) =>
    mapOrder(order, orderNumberOf(document, order, index)),
  );
  refuseRepeated(
    mapped.map(({ requested }) => requested.orderNumber),
    (orderNumber) => `order number ${orderNumber} stands twice in the file`,
  );
  return splitByLimits(mapped, settings.limits).map((orders, index) => {
    const transactionId = transactionIdOf(document, index + 1);
    return {
      transactionId,
      body: bodyOf(transactionId, orders, settings),
      orders: orders.map(({ requested }) => requested),
    };
  });
}

/** The question for the result of an accepted request, `check-transaction-status`. */
export function toQuery(providerTransactionId: string, settings: ProviderConfig): object {
  return { ...sender(settings), deviceEnrollmentTransactionId: providerTransactionId };
}

function bodyOf(
  transactionId: string,
  orders: readonly MappedOrder[],
  settings: ProviderConfig,
): BulkEnrollRequest {
  return { ...sender(settings), transactionId, orders: orders.map(({ sent }) => sent) };
}

function sender({ account }: ProviderConfig): Pick<BulkEnrollRequest, 'requestContext' | 'depResellerId'> {
  const { shipTo, timeZone, langCode, depResellerId } = account;
  return { requestContext: { shipTo, timeZone, langCode }, depResellerId };
}

function mapOrder(order: RequestOrder, orderNumber: string): MappedOrder {
  const { id: orderId, requestType, organisationId, purchaseOrderNumber } = order;
  const deliveries = deliveriesOf(order);
  return {
    requested: { orderId, orderNumber, requestType, devices: requestedDevices(orderId, deliveries) },
    sent: {
      orderNumber,
      orderDate: toAppleDate(order.orderDate, `orderDate of order ${orderId}`),
      orderType: orderTypes[requestType],
      customerId: within('customerId', organisationId, `organisationId of order ${orderId}`),
      ...(purchaseOrderNumber && { poNumber: purchaseOrderNumber }),
      deliveries: deliveries.map((delivery) => mapDelivery(orderId, delivery)),
    },
  };
}

/** A void names no deliveries; an override replaces the whole list, as one delivery by the name that Apple asks for. */
function deliveriesOf(order: RequestOrder): readonly RequestDelivery[] {
  const deliveries = order.deliveries ?? [];
  if (order.requestType !== 'OVERRIDE') return deliveries;
  const latest = deliveries.reduce((a, b) => (Date.parse(b.shipDate) > Date.parse(a.shipDate) ? b : a));
  return [
    {
      deliveryNumber: 'SELF',
      shipDate: latest.shipDate,
      devices: deliveries.flatMap((delivery) => delivery.devices),
    },
  ];
}

function mapDelivery(orderId: number, delivery: RequestDelivery): AppleDelivery {
  return {
    deliveryNumber: delivery.deliveryNumber,
    shipDate: toAppleDate(delivery.shipDate, `shipDate of order ${orderId}`),
    devices: delivery.devices.map((device) => ({
      deviceId: deviceIdOf(orderId, device),
      ...(device.assetTag && { assetTag: device.assetTag }),
    })),
  };
}

/** Answers name devices by Apple's id only, and ours go back by our id only: either must mean one device. */
function requestedDevices(
  orderId: number,
  deliveries: readonly RequestDelivery[],
): RequestedOrder['devices'] {
  const devices = deliveries
    .flatMap((delivery) => delivery.devices)
    .map((device) => ({ deviceId: device.deviceId, providerDeviceId: deviceIdOf(orderId, device) }));
  refuseRepeated(
    devices.map((device) => device.deviceId),
    (id) => `order ${orderId} has device ${id} twice`,
  );
  refuseRepeated(
    devices.map((device) => device.providerDeviceId),
    (id) => `order ${orderId} has two devices that are both ${id} at Apple`,
  );
  return devices;
}

function deviceIdOf(orderId: number, device: GenericDevice): string {
  const what = `identifier of device ${device.deviceId} of order ${orderId}`;
  const id = appleDeviceId(device);
  if (id === '') throw new Fault('UNMAPPABLE', `${what}: neither serialNumber nor imei nor meid`);
  return within('deviceId', id, what);
}

/**
 * A return needs an order number that was never used before. Like the transaction id it has the time of the batch,
 * because numbers of batches begin again when a store is made anew.
 */
function orderNumberOf(document: DeviceEnrolmentRequest, order: RequestOrder, index: number): string {
  if (order.requestType !== 'RETURN') return String(order.id);
  const number = `RE-${order.id}-${batchStamp(document)}-${index + 1}`;
  return within('orderNumber', number, `order number of the return of order ${order.id}`);
}

/** The same for the same file, so that a file mapped again is known to be the same request. */
function transactionIdOf(document: DeviceEnrolmentRequest, n: number): string {
  const id = `${batchStamp(document)}-${n}`;
  return within('transactionId', id, `transaction id of batch ${document.identifier}`);
}

const batchStamp = ({ batchDateTime, identifier }: DeviceEnrolmentRequest): string =>
  `${Math.floor(instant(batchDateTime, `batchDateTime of batch ${identifier}`) / 1000).toString(36)}-${identifier}`;

/** True UTC in whole seconds, the one form that Apple takes. */
function toAppleDate(dateTime: string, what: string): string {
  const date = new Date(instant(dateTime, what));
  return `${date.toISOString().slice(0, -'.000Z'.length)}Z`;
}

/** Milliseconds since 1970. Years that a date of four digits cannot say are refused, as is a second 60. */
function instant(dateTime: string, what: string): number {
  const milliseconds = Date.parse(dateTime);
  const inRange = milliseconds >= 0 && milliseconds < Date.UTC(10_000, 0);
  if (!inRange) throw new Fault('UNMAPPABLE', `${what}: not a time that can be written for Apple`);
  return milliseconds;
}

/** Never cut: a shorter value would be another one. */
function within(field: keyof typeof longest, value: string, what: string): string {
  if (value.length <= longest[field]) return value;
  throw new Fault(
    'UNMAPPABLE',
    `${what}: ${value.length} characters, Apple takes ${longest[field]} as ${field}`,
  );
}

function refuseRepeated(values: readonly string[], describe: (value: string) => string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new Fault('UNMAPPABLE', describe(value));
    seen.add(value);
  }
}
