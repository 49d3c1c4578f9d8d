import { rulesSchema } from '../../demo/apple-service.ts';
import type { DeviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import type { DeviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { salesOrderDispatch, type SalesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { dispatchOf, type OrderInHand } from '../support/dispatches.ts';

/** What the crash matrix plays with. Ids are unlike anything else, so that they are found wherever they leak to. */

const orderOf = (n: number, devices: number): OrderInHand => {
  const number = String(n).padStart(4, '0');
  return {
    id: `90511734${number}`,
    devices: Array.from({ length: devices }, (_, index) => `ZZCHAOS${number}X${index}`),
    organisation: `51173${number}`,
  };
};

/** Orders by the part that they play. */
export const orders = {
  /** One of its devices is refused. */
  partly: orderOf(1, 2),
  /** In one file with the first. */
  beside: orderOf(2, 1),
  /** Refused as a whole: its organisation is not known. */
  refused: orderOf(3, 1),
  /** Comes in the fresh file, when the kill is over. */
  fresh: orderOf(4, 1),
  /** Its request goes to a provider that there is not. */
  unmappable: orderOf(5, 1),
  earlier: orderOf(6, 1),
  sameName: orderOf(7, 1),
  twins: orderOf(8, 1),
  neverLoaded: orderOf(9, 1),
  large: orderOf(11, 1),
  alsoLarge: orderOf(12, 1),
  /** The warehouse rejects it. */
  rejected: orderOf(10, 1),
} as const;

/** An order that nobody has imported. */
export const stranger = orderOf(99, 1);

const everyOrder = [...Object.values(orders), stranger];
export const deviceIds: readonly string[] = everyOrder.flatMap((order) => order.devices);
export const canaries: readonly string[] = [
  ...deviceIds,
  ...everyOrder.flatMap(({ id, organisation = '' }) => [id, organisation]),
];

export const providerRules = rulesSchema.parse({
  refuseDevices: {
    [orders.partly.devices[1] ?? '']: { errorCode: 'DEP-ERR-DE-4304', errorMessage: 'Not yours.' },
  },
  refuseOrganisations: {
    [orders.refused.organisation ?? '']: { errorCode: 'DEP-ERR-OR-4102', errorMessage: 'Not known.' },
  },
});

/** One dispatch file for several orders. */
export function dispatches(first: OrderInHand, ...others: readonly OrderInHand[]): SalesOrderDispatch {
  const together = [first, ...others].flatMap((order) => dispatchOf(order).orders);
  return { ...dispatchOf(first), recordCount: together.length, orders: together };
}

/** Above this, a file is not read in memory as a whole. */
const largeBytes = 1024 * 1024;

/** A document whose second order stands so far behind the first that it is large. */
export const withGap = (document: object): Buffer =>
  Buffer.from(JSON.stringify(document).replace('},{"id":', `},${' '.repeat(largeBytes)}{"id":`));

/** One good dispatch, one of an order that nobody knows, and one that the warehouse could not do. */
export function mixedDispatches(): SalesOrderDispatch {
  const { orders: first, ...file } = dispatches(orders.earlier, stranger);
  const rejection = {
    id: orders.rejected.id,
    status: 'REJECTED',
    dispatchDateTime: '2026-01-13T16:00:00Z',
    errors: [{ id: 'WH-1', errorMessage: 'Out of stock.' }],
  } as const;
  const together = [...first, rejection];
  return { ...file, recordCount: together.length, orders: together };
}

/** A request as the extractor would write it for one order. */
export const requestDocument = (
  identifier: number,
  deviceEnrolmentProviderId: string,
  { id, devices, organisation = '' }: OrderInHand,
): DeviceEnrolmentRequest => ({
  identifier,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-01-14T08:00:00Z',
  extractLoadDateTime: '2026-01-14T08:00:00Z',
  recordCount: 1,
  deviceEnrolmentProviderId,
  orders: [
    {
      id: Number(id),
      requestType: 'ORDER',
      organisationId: organisation,
      orderDate: '2026-01-12T09:15:00Z',
      deliveries: [
        {
          deliveryNumber: 'DN-1',
          shipDate: '2026-01-13T16:00:00Z',
          devices: devices.map((deviceId) => ({ deviceId, serialNumber: deviceId })),
        },
      ],
    },
  ],
});

/** A response for an order of which nobody has asked. */
export const strayResponse: DeviceEnrolmentResponse = {
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Response',
  version: 1.0,
  extractLoadDateTime: '2026-01-14T08:00:00Z',
  deviceEnrolmentProviderId: 'apple',
  externalFileName: 'stray.json',
  order: { id: Number(stranger.id) },
};

export const seal = (bytes: Uint8Array, ring: KeyRing, to = 'own'): Promise<Uint8Array> =>
  sealMessage(bytes, ring, { encryptTo: [to] });

export const sealDispatches = (file: SalesOrderDispatch, ring: KeyRing): Promise<Uint8Array> =>
  seal(Buffer.from(writeDocument(salesOrderDispatch, file)), ring, 'cmp');

/** The same with a bit flipped in what is encrypted. */
export function damaged(sealed: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(sealed);
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  return bytes;
}
