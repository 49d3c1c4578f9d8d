import type { DeviceEnrolmentRequest } from '../../../../shared/generic/device-enrolment-request.ts';
import type { ProviderConfigOf } from '../../../../shared/runtime/provider-schema.ts';
import { piecesOf, splitByLimits, type RequestLimits } from '../limits.ts';
import type {
  AskedRequest,
  MappedDocument,
  ProviderMessage,
  ProviderRequest,
  RequestedOrder,
} from '../provider-format.ts';
import { transactionIdOf } from '../transaction-id.ts';
import { longest, orderTypes, type AppleOrder } from './bulk-enroll-request.ts';
import { deliveriesWith, type MappedDevice } from './device-mapping.ts';
import { enrolMessage, ordersMessage, senderOf, statusMessage } from './messages.ts';
import { mapOrder, refuseWhole, tooLong, type CheckedOrder, type MappedOrder } from './order-mapping.ts';

type Settings = ProviderConfigOf<'apple'>;

/**
 * Generic request -> `bulk-enroll-devices`. An order that is larger than a request may be goes in pieces: Apple adds the
 * devices of an `OR` to those it has under the same order number and header, and each piece of a return is a return of its
 * own.
 */
export function toRequests(document: DeviceEnrolmentRequest, settings: Settings): MappedDocument {
  const longestId = transactionIdOf(document, piecesAtMost(document, settings.limits));
  const checked = document.orders.map((order) => idFault(order, longestId) ?? mapOrder(order, settings));
  const pieces = checked.flatMap(({ mapped }) => (mapped ? piecesOfOrder(mapped, settings.limits) : []));
  const split = splitByLimits(
    pieces,
    settings.limits,
    ({ devices }) => devices.length,
    ({ order }) => order.id,
  );
  return {
    requests: split.map((some, index) => requestOf(some, transactionIdOf(document, index + 1), settings)),
    refused: checked.flatMap(({ refused }) => (refused ? [refused] : [])),
    notes: notesOn(pieces.flatMap(({ devices }) => devices)),
  };
}

/** The question for the result of an accepted request. */
export function toQuery({ providerTransactionId }: AskedRequest, settings: Settings): ProviderMessage | null {
  if (providerTransactionId === null) return null;
  const question = { ...senderOf(settings), deviceEnrollmentTransactionId: providerTransactionId };
  return statusMessage(question, settings);
}

/** Nothing finds a request by our id: what became of it is seen from the orders as they are now. */
export function toReconciliation({ orders }: AskedRequest, settings: Settings): ProviderMessage | null {
  const orderNumbers = orders.map(({ orderNumber }) => orderNumber);
  return ordersMessage({ ...senderOf(settings), orderNumbers }, settings);
}

/** The order number of a return must never have been used before: it has the id of the request in it. */
export const returnNumber = (orderId: number, transactionId: string): string =>
  `RE-${orderId}-${transactionId}`;

const piecesAtMost = ({ orders }: DeviceEnrolmentRequest, { devicesPerRequest }: RequestLimits): number =>
  orders
    .map(({ deliveries = [] }) => deliveries.reduce((sum, { devices }) => sum + devices.length, 0))
    .reduce((sum, devices) => sum + Math.max(1, Math.ceil(devices / devicesPerRequest)), 0);

function idFault(order: MappedOrder['order'], longestId: string): CheckedOrder | undefined {
  const fault =
    tooLong('The transaction id', longestId, longest.transactionId) ??
    (order.requestType === 'RETURN'
      ? tooLong('The order number of the return', returnNumber(order.id, longestId), longest.orderNumber)
      : undefined);
  return fault && refuseWhole(order, fault);
}

/** A void has one piece, without devices. */
function piecesOfOrder(mapped: MappedOrder, limits: RequestLimits): MappedOrder[] {
  if (mapped.devices.length === 0) return [mapped];
  return piecesOf(mapped.devices, limits).map((devices) => ({ ...mapped, devices }));
}

function requestOf(
  pieces: readonly MappedOrder[],
  transactionId: string,
  settings: Settings,
): ProviderRequest {
  const numbered = pieces.map((piece) => ({ ...piece, orderNumber: orderNumberOf(piece, transactionId) }));
  const orders = numbered.map(sentOrder);
  return {
    transactionId,
    message: enrolMessage({ ...senderOf(settings), transactionId, orders }, settings),
    orders: numbered.map(requestedOrder),
  };
}

type NumberedOrder = MappedOrder & { readonly orderNumber: string };

const orderNumberOf = ({ order }: MappedOrder, transactionId: string): string =>
  order.requestType === 'RETURN' ? returnNumber(order.id, transactionId) : String(order.id);

const sentOrder = ({ order, orderNumber, header, devices }: NumberedOrder): AppleOrder => ({
  orderNumber,
  orderDate: header.orderDate,
  orderType: orderTypes[order.requestType],
  customerId: header.customerId,
  ...(header.poNumber !== undefined && { poNumber: header.poNumber }),
  deliveries: deliveriesWith(devices),
});

const requestedOrder = ({ order, orderNumber, devices }: NumberedOrder): RequestedOrder => ({
  orderId: order.id,
  orderNumber,
  requestType: order.requestType,
  devices: devices.map(({ deviceId, sent }) => ({ deviceId, providerDeviceId: sent.deviceId })),
});

function notesOn(devices: readonly MappedDevice[]): string[] {
  const doubtful = devices.filter((device) => device.doubtful).length;
  return doubtful === 0 ? [] : [`IMEIs with a wrong check digit, sent as they stand: ${doubtful}`];
}
