import type { ServiceError } from './apple-errors.ts';

/** The result of a transaction, level by level, as the service tells it. */

export interface PostedDeviceResult {
  readonly deviceId: string;
  readonly devicePostStatus: string;
  readonly devicePostStatusMessage?: string;
}

export interface PostedDeliveryResult {
  readonly deliveryNumber: string | undefined;
  readonly deliveryPostStatus: string;
  readonly deliveryPostStatusMessage?: string;
  readonly devices?: readonly PostedDeviceResult[];
}

export interface PostedOrderResult {
  readonly orderNumber: string;
  readonly orderPostStatus: string;
  readonly orderPostStatusMessage?: string;
  readonly deliveries?: readonly PostedDeliveryResult[];
}

export interface Result {
  readonly deviceEnrollmentTransactionID: string;
  readonly transactionId?: string;
  readonly completedOn: string;
  readonly statusCode: string;
  readonly orders: readonly PostedOrderResult[];
}

/** The status of a level: all went well, nothing did, or the word for something in between. */
export function summary(statuses: readonly string[], partly: string): string {
  if (statuses.every((status) => status === 'COMPLETE')) return 'COMPLETE';
  return statuses.some((status) => status === 'COMPLETE' || status === 'POSTED_WITH_ERRORS')
    ? partly
    : 'ERROR';
}

export const orderResult = (orderNumber: string, error: ServiceError): PostedOrderResult => ({
  orderNumber,
  orderPostStatus: error.errorCode,
  orderPostStatusMessage: error.errorMessage,
});

export const deliveryResult = (
  deliveryNumber: string | undefined,
  error: ServiceError,
): PostedDeliveryResult => ({
  deliveryNumber,
  deliveryPostStatus: error.errorCode,
  deliveryPostStatusMessage: error.errorMessage,
});

export const deviceResult = (deviceId: string, error: ServiceError | undefined): PostedDeviceResult =>
  error
    ? { deviceId, devicePostStatus: error.errorCode, devicePostStatusMessage: error.errorMessage }
    : { deviceId, devicePostStatus: 'COMPLETE' };

interface Spoiling {
  readonly omitDevices: readonly string[];
  readonly quirks: readonly ('complete on top' | 'blank before status' | 'no transaction id')[];
}

/** A result with what the real service leaves out or gets wrong now and then. */
export function spoil(result: Result, { omitDevices, quirks }: Spoiling): object {
  const { transactionId, ...rest } = result;
  const statusCode = quirks.includes('complete on top') ? 'COMPLETE' : result.statusCode;
  return {
    ...rest,
    ...(quirks.includes('no transaction id') ? {} : { transactionId }),
    statusCode: quirks.includes('blank before status') ? ` ${statusCode}` : statusCode,
    orders: result.orders.map(({ deliveries, ...order }) => ({
      ...order,
      ...(deliveries ? { deliveries: deliveries.map((delivery) => without(delivery, omitDevices)) } : {}),
    })),
  };
}

function without(delivery: PostedDeliveryResult, omitted: readonly string[]): PostedDeliveryResult {
  if (!delivery.devices) return delivery;
  return { ...delivery, devices: delivery.devices.filter(({ deviceId }) => !omitted.includes(deviceId)) };
}
