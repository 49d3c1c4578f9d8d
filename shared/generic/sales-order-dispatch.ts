import type { GenericInterface } from './generic-interface.ts';
import {
  dateTime,
  device,
  errors,
  externalFileName,
  object,
  safeInteger,
  text,
  type GenericDevice,
  type GenericError,
} from './schema-parts.ts';

/** Sales Order Dispatch 1.2 (the Order Dispatch Response): a warehouse says what it sent, or that it will not. */

export interface DispatchLine {
  readonly lineNumber: number;
  readonly devices: readonly GenericDevice[];
}

interface DispatchCommon {
  /** The CMP order number. */
  readonly id: string;
  readonly dispatchDateTime: string;
}

export type DispatchOrder =
  | (DispatchCommon & {
      readonly status: 'DISPATCHED';
      readonly deliveryNumber: string;
      readonly lines: readonly DispatchLine[];
    })
  | (DispatchCommon & { readonly status: 'REJECTED'; readonly errors: readonly GenericError[] });

export interface SalesOrderDispatch {
  readonly interfaceCategory: 'Sales Order';
  readonly interfaceType: 'Sales Order Dispatch';
  readonly version: number;
  readonly transformDateTime?: string;
  readonly transmitDateTime?: string;
  readonly externalFileName: string;
  /** Counts orders. */
  readonly recordCount: number;
  readonly wareHouse: { readonly id: string };
  readonly orders: readonly DispatchOrder[];
}

const order = {
  ...object(
    {
      id: text(32),
      dispatchDateTime: dateTime,
      deliveryNumber: text(32),
      status: { enum: ['DISPATCHED', 'REJECTED'] },
      errors: { ...errors, minItems: 1 },
      lines: {
        type: 'array',
        minItems: 1,
        items: object({ lineNumber: safeInteger, devices: { type: 'array', minItems: 1, items: device } }),
      },
    },
    ['deliveryNumber', 'errors', 'lines'],
  ),
  if: { properties: { status: { const: 'DISPATCHED' } } },
  then: { required: ['deliveryNumber', 'lines'], properties: { errors: false } },
  else: { required: ['errors'], properties: { lines: false, deliveryNumber: false } },
};

const countDevices = (lines: readonly DispatchLine[]) =>
  lines.reduce((sum, line) => sum + line.devices.length, 0);

export const salesOrderDispatch: GenericInterface<SalesOrderDispatch, DispatchOrder> = {
  category: 'Sales Order',
  type: 'Sales Order Dispatch',
  version: 1.2,
  fileStem: 'sales-order-dispatch',
  header: object(
    {
      interfaceCategory: { const: 'Sales Order' },
      interfaceType: { const: 'Sales Order Dispatch' },
      version: { const: 1.2 },
      transformDateTime: dateTime,
      transmitDateTime: dateTime,
      externalFileName,
      recordCount: safeInteger,
      wareHouse: object({ id: text(32) }),
    },
    ['transformDateTime', 'transmitDateTime'],
  ),
  records: {
    property: 'orders',
    list: true,
    schema: order,
    problems: () => [],
    describe: (order) => ({
      customerReference: order.id,
      description:
        order.status === 'DISPATCHED' ? `${countDevices(order.lines)} device(s) dispatched` : 'rejected',
    }),
  },
  providerId: () => undefined,
};
