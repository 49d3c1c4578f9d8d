import type { GenericInterface } from './generic-interface.ts';
import {
  dateTime,
  device,
  object,
  optionalText,
  safeInteger,
  text,
  type GenericDevice,
} from './schema-parts.ts';

/** Device Enrolment Request 1.1: CMP asks a provider to enrol, return, void or override. One file per provider. */

export const requestTypes = ['ORDER', 'RETURN', 'VOID', 'OVERRIDE'] as const;
export type RequestType = (typeof requestTypes)[number];

export interface RequestDelivery {
  readonly deliveryNumber: string;
  readonly shipDate: string;
  readonly devices: readonly GenericDevice[];
}

export interface RequestOrder {
  readonly id: number;
  readonly requestType: RequestType;
  /** The customer's organisation id at the provider. */
  readonly organisationId: string;
  readonly orderDate: string;
  readonly purchaseOrderNumber?: string;
  /** The earlier request of ours that this one undoes or replaces. */
  readonly originalRequestId?: string;
  /** Absent for VOID. */
  readonly deliveries?: readonly RequestDelivery[];
}

export interface DeviceEnrolmentRequest {
  /** Unique id of the file: the number of the batch. */
  readonly identifier: number;
  readonly version: number;
  readonly interfaceCategory: 'Device Enrolment';
  readonly interfaceType: 'Device Enrolment Request';
  readonly batchDateTime: string;
  readonly extractLoadDateTime: string;
  /** Counts orders. */
  readonly recordCount: number;
  readonly deviceEnrolmentProviderId: string;
  readonly orders: readonly RequestOrder[];
}

const delivery = object({
  deliveryNumber: text(32),
  shipDate: dateTime,
  devices: { type: 'array', minItems: 1, items: device },
});

const order = {
  ...object(
    {
      id: safeInteger,
      requestType: { enum: requestTypes },
      organisationId: text(64),
      orderDate: dateTime,
      purchaseOrderNumber: optionalText(100),
      originalRequestId: text(64),
      deliveries: { type: 'array', minItems: 1, items: delivery },
    },
    ['purchaseOrderNumber', 'originalRequestId', 'deliveries'],
  ),
  allOf: [
    {
      if: { properties: { requestType: { const: 'VOID' } } },
      then: { properties: { deliveries: false } },
      else: { required: ['deliveries'] },
    },
    {
      if: { properties: { requestType: { const: 'ORDER' } } },
      then: { properties: { originalRequestId: false } },
      else: { required: ['originalRequestId'] },
    },
  ],
};

function problems(order: RequestOrder): string[] {
  const found: string[] = [];
  order.deliveries?.forEach((delivery, index) => {
    if (Date.parse(delivery.shipDate) < Date.parse(order.orderDate)) {
      found.push(`/deliveries/${index}/shipDate: lies before orderDate`);
    }
  });
  return found;
}

/** `ORDER of 3 devices`: the same words wherever a request is listed. */
export function describeRequest(order: RequestOrder): string {
  if (order.deliveries === undefined) return order.requestType;
  const count = order.deliveries.reduce((sum, delivery) => sum + delivery.devices.length, 0);
  return `${order.requestType} of ${count} device${count === 1 ? '' : 's'}`;
}

export const deviceEnrolmentRequest: GenericInterface<DeviceEnrolmentRequest, RequestOrder> = {
  category: 'Device Enrolment',
  type: 'Device Enrolment Request',
  version: 1.1,
  fileStem: 'device-enrolment-request',
  header: object({
    identifier: safeInteger,
    version: { const: 1.1 },
    interfaceCategory: { const: 'Device Enrolment' },
    interfaceType: { const: 'Device Enrolment Request' },
    batchDateTime: dateTime,
    extractLoadDateTime: dateTime,
    recordCount: safeInteger,
    deviceEnrolmentProviderId: text(32),
  }),
  records: {
    property: 'orders',
    list: true,
    schema: order,
    problems,
    describe: (order) => ({ customerReference: String(order.id), description: describeRequest(order) }),
  },
  providerId: (header) => header.deviceEnrolmentProviderId,
};
