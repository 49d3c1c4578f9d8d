import { z } from 'zod';

import { serviceError, type ServiceError } from './apple-errors.ts';

/**
 * What the simulated service checks before it does anything: key case, types, lengths, dates. Values are optional in
 * the shapes, because the service has a code of its own for each that is missing.
 */

const text = z.string().optional();
const device = z.strictObject({ deviceId: text, assetTag: text });
const delivery = z.strictObject({
  deliveryNumber: text,
  shipDate: text,
  devices: z.array(device).optional(),
});
const order = z.strictObject({
  orderNumber: text,
  orderDate: text,
  orderType: text,
  customerId: text,
  poNumber: text,
  deliveries: z.array(delivery).optional(),
});
const senderShape = {
  requestContext: z.strictObject({ shipTo: text, timeZone: text, langCode: text }),
  depResellerId: text,
};

export const enrolShape = z.strictObject({
  ...senderShape,
  transactionId: text,
  orders: z.array(order).optional(),
});
export const checkShape = z.strictObject({ ...senderShape, deviceEnrollmentTransactionId: text });
export const showShape = z.strictObject({ ...senderShape, orderNumbers: z.array(z.string()).optional() });

export type EnrolRequest = z.infer<typeof enrolShape>;
export type CheckRequest = z.infer<typeof checkShape>;
export type ShowRequest = z.infer<typeof showShape>;
export type PostedOrder = z.infer<typeof order>;
export type PostedDelivery = z.infer<typeof delivery>;
export type PostedDevice = z.infer<typeof device>;

type Check = readonly [broken: boolean, code: string];

const brokenOf = (checks: readonly Check[]): ServiceError[] =>
  checks.filter(([broken]) => broken).map(([, code]) => serviceError(code));

const missing = (value: string | undefined): boolean => value === undefined || value === '';
const longerThan = (max: number, value = ''): boolean => value.length > max;
const differs = (pattern: RegExp, value = ''): boolean => value !== '' && !pattern.test(value);

/** Errors of the account, which the service reports bare. */
export function accountErrors({ requestContext }: EnrolRequest | CheckRequest | ShowRequest): ServiceError[] {
  const { shipTo, timeZone, langCode } = requestContext;
  return brokenOf([
    [missing(shipTo), 'GRX-50020'],
    [differs(/^\d{10}$/, shipTo), 'GRX-50025'],
    [missing(timeZone) || differs(/^(-?\d{1,3}|[A-Za-z_]+\/[A-Za-z_/]+)$/, timeZone), 'GRX-50022'],
    [missing(langCode), 'GRX-50031'],
    [differs(/^[a-z]{2}$/, langCode), 'GRX-50028'],
  ]);
}

/** What one transaction may hold. The real numbers are not known. */
interface Caps {
  readonly ordersPerTransaction: number;
  readonly devicesPerTransaction: number;
}

/** Errors for which the whole request is refused. */
export function requestErrors({ transactionId, orders = [] }: EnrolRequest, caps: Caps): ServiceError[] {
  const devices = orders
    .flatMap((posted) => posted.deliveries ?? [])
    .flatMap((posted) => posted.devices ?? []);
  return brokenOf([
    [missing(transactionId), 'DEP-ERR-3001'],
    [longerThan(20, transactionId), 'DEP-ERR-3002'],
    [orders.length === 0, 'DEP-ERR-3003'],
    [orders.some((posted) => missing(posted.orderNumber)), 'DEP-ERR-3004'],
    [devices.length > caps.devicesPerTransaction, 'DEP-ERR-3005'],
    [orders.some((posted) => longerThan(32, posted.orderNumber)), 'DEP-ERR-3006'],
    [orders.length > caps.ordersPerTransaction, 'DEP-ERR-3007'],
  ]);
}

export function orderError(posted: PostedOrder): ServiceError | undefined {
  const { customerId, orderDate, orderType, poNumber, deliveries = [] } = posted;
  const isVoid = orderType === 'VD';
  return brokenOf([
    [missing(customerId), 'DEP-ERR-OR-4101'],
    [longerThan(32, customerId), 'DEP-ERR-OR-4103'],
    [missing(orderDate), 'DEP-ERR-OR-4104'],
    [!missing(orderDate) && !isDate(orderDate), 'DEP-ERR-OR-4105'],
    [missing(orderType), 'DEP-ERR-OR-4106'],
    [differs(/^(OR|RE|VD|OV)$/, orderType), 'DEP-ERR-OR-4107'],
    [longerThan(100, poNumber), 'DEP-ERR-OR-4108'],
    [isVoid && deliveries.length > 0, 'DEP-ERR-OR-4113'],
    [!isVoid && deliveries.length === 0, 'DEP-ERR-OR-4114'],
    [deliveries.some(({ deliveryNumber }) => missing(deliveryNumber)), 'DEP-ERR-OR-4111'],
    [deliveries.some(({ deliveryNumber }) => longerThan(32, deliveryNumber)), 'DEP-ERR-OR-4112'],
  ])[0];
}

export function deliveryError(
  { shipDate = '', devices = [] }: PostedDelivery,
  orderDate = '',
): ServiceError | undefined {
  return brokenOf([
    [shipDate === '', 'DEP-ERR-DL-4201'],
    [!isDate(shipDate), 'DEP-ERR-DL-4202'],
    [shipDate < orderDate, 'DEP-ERR-DL-4203'],
    [devices.length === 0 || devices.some(({ deviceId }) => missing(deviceId)), 'DEP-ERR-DL-4205'],
    [devices.some(({ deviceId }) => longerThan(20, deviceId)), 'DEP-ERR-DL-4206'],
  ])[0];
}

export function deviceError({ deviceId, assetTag }: PostedDevice): ServiceError | undefined {
  return brokenOf([
    [differs(/^[0-9A-Z]+$/, deviceId), 'DEP-ERR-DE-4301'],
    [longerThan(128, assetTag), 'DEP-ERR-DE-4302'],
  ])[0];
}

/** Exactly `YYYY-MM-DDThh:mm:ssZ`, and a day that exists. Dates of this form sort as text. */
function isDate(value = ''): boolean {
  const time = Date.parse(value);
  return !Number.isNaN(time) && new Date(time).toISOString() === value.replace(/Z$/, '.000Z');
}
