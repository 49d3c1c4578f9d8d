import { writeDocument } from '../../shared/generic/document.ts';
import { salesOrderDispatch, type SalesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';

/** Orders and their dispatches, as operators and warehouses write them. */

export interface OrderInHand {
  readonly id: string;
  readonly devices: readonly string[];
  readonly organisation?: string;
}

/** Of each order: one line with all its devices, to be enrolled at `apple`. */
export const ordersFile = (orders: readonly OrderInHand[]): string =>
  JSON.stringify(
    orders.map(({ id, devices, organisation = '7100456' }) => ({
      id,
      customer: 'Example Ltd',
      orderDate: '2026-01-12T09:15:00Z',
      enrolmentRequired: true,
      organisations: { apple: organisation },
      lines: [{ lineNumber: 1, product: 'Phone', quantity: devices.length, provider: 'apple' }],
    })),
  );

export const dispatchOf = ({ id, devices }: OrderInHand): SalesOrderDispatch => ({
  interfaceCategory: 'Sales Order',
  interfaceType: 'Sales Order Dispatch',
  version: 1.2,
  externalFileName: `wh-${id}.json`,
  recordCount: 1,
  wareHouse: { id: 'WH-EAST' },
  orders: [
    {
      id,
      status: 'DISPATCHED',
      dispatchDateTime: '2026-01-13T16:00:00Z',
      deliveryNumber: `DN-${id}`,
      lines: [
        { lineNumber: 1, devices: devices.map((serialNumber) => ({ deviceId: serialNumber, serialNumber })) },
      ],
    },
  ],
});

export const dispatchBytes = (order: OrderInHand): Uint8Array =>
  Buffer.from(writeDocument(salesOrderDispatch, dispatchOf(order)));

/** The dispatch of an order as its warehouse sends it: signed and encrypted to us. */
export const sealedDispatch = (order: OrderInHand, warehouse: KeyRing): Promise<Uint8Array> =>
  sealMessage(dispatchBytes(order), warehouse, { encryptTo: ['cmp'] });
