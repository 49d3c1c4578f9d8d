import type { DeviceEnrolmentRequest, RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import type { DeviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import type { SalesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';

/** The documents that are mutated: what partners and operators really write, in every shape that they use. */

/**
 * Stands in every value that is somebody's data. No fault may say it: its detail goes into logs and to other parties.
 */
export const canary = 'KQ7X';

const device = (name: string) => ({
  deviceId: `${canary}-D-${name}`,
  serialNumber: `${canary}S${name}`,
  imei: `35${canary}${name}`,
  imei2: `36${canary}${name}`,
  meid: `A1${canary}${name}`,
  manufacturer: 'Example Works',
  model: `A2890 ${canary}`,
  assetTag: '',
  productId: 'P-1',
  hardwareHash: `${canary}hash`,
});

const errors = [{ id: 'DEP-ERR-DE-4303', errorMessage: `taken by ${canary}` }];

const dispatchOf = (orders: SalesOrderDispatch['orders']): SalesOrderDispatch => ({
  interfaceCategory: 'Sales Order',
  interfaceType: 'Sales Order Dispatch',
  version: 1.2,
  transformDateTime: '2026-04-20T00:00:00Z',
  transmitDateTime: '2026-04-20T00:00:01.250+02:00',
  externalFileName: `wh-${canary}.json`,
  recordCount: orders.length,
  wareHouse: { id: 'WH-EAST' },
  orders,
});

const dispatched = (id: string, devices: number): SalesOrderDispatch['orders'][number] => ({
  id,
  status: 'DISPATCHED',
  dispatchDateTime: '2026-04-20T16:00:00Z',
  deliveryNumber: `DN-${canary}-${id}`,
  lines: [{ lineNumber: 1, devices: Array.from({ length: devices }, (_, n) => device(`${id}${n}`)) }],
});

const refused = (id: string): SalesOrderDispatch['orders'][number] => ({
  id,
  status: 'REJECTED',
  dispatchDateTime: '2026-04-20T16:00:00Z',
  errors,
});

export const dispatches: readonly SalesOrderDispatch[] = [
  dispatchOf([dispatched('884210', 1)]),
  dispatchOf([dispatched('884211', 3), refused('0012'), dispatched('884212', 1)]),
  dispatchOf([]),
];

/** Of some length: it comes in several pieces, whatever its way. */
export const longDispatch = dispatchOf(
  Array.from({ length: 40 }, (_, n) => dispatched(String(885_000 + n), 3)),
);

const responseOf = (order: DeviceEnrolmentResponse['order']): DeviceEnrolmentResponse => ({
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Response',
  version: 1.0,
  extractLoadDateTime: '2026-04-20T00:00:05.123Z',
  deviceEnrolmentProviderId: 'apple',
  externalFileName: '12-1.json',
  order,
});

export const responses: readonly DeviceEnrolmentResponse[] = [
  responseOf({ id: 884210 }),
  responseOf({ id: 884210, errors }),
  responseOf({ id: 884211, devices: [{ deviceId: device('1').deviceId, errors }, { deviceId: 'D2' }] }),
];

const requested = (id: number, requestType: RequestOrder['requestType'], devices: number): RequestOrder => ({
  id,
  requestType,
  organisationId: `${canary}-ORG`,
  orderDate: '2026-04-18T10:00:00+02:00',
  purchaseOrderNumber: `PO ${canary}`,
  ...(requestType !== 'ORDER' && { originalRequestId: '7' }),
  ...(requestType !== 'VOID' && {
    deliveries: [
      {
        deliveryNumber: `DN-${id}`,
        shipDate: '2026-04-19T07:30:15.900Z',
        devices: Array.from({ length: devices }, (_, n) => device(`${id}${n}`)),
      },
    ],
  }),
});

/** The orders of generic requests; the documents around them belong to batches of a store. */
export const requestedOrders: readonly (readonly RequestOrder[])[] = [
  [requested(31, 'ORDER', 2)],
  [
    requested(32, 'ORDER', 1),
    requested(33, 'RETURN', 1),
    requested(34, 'VOID', 0),
    requested(35, 'OVERRIDE', 2),
  ],
];

/** A request as it is read where no batch is needed. */
export const request: DeviceEnrolmentRequest = {
  identifier: 1042,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-04-20T00:00:00Z',
  extractLoadDateTime: '2026-04-20T00:00:05+02:00',
  recordCount: 4,
  deviceEnrolmentProviderId: 'apple',
  orders: requestedOrders[1] ?? [],
};

/** Sales orders as operators bring them in. */
export const orders: readonly object[] = [
  {
    id: '884210',
    customer: `Example Ltd "${canary}"`,
    orderDate: '2026-04-12T09:15:00Z',
    purchaseOrderNumber: 'PO, 7',
    enrolmentRequired: true,
    organisations: { apple: `${canary}-ORG` },
    lines: [
      { lineNumber: 1, product: 'Phone', quantity: 3, provider: 'apple' },
      { lineNumber: 2, product: 'Cable', quantity: 10 },
    ],
  },
  {
    id: 'B-17',
    orderDate: '2026-04-12T09:15:00+02:00',
    enrolmentRequired: false,
    lines: [{ lineNumber: 1, quantity: 1 }],
  },
];

const columns = [
  'order_id',
  'customer',
  'order_date',
  'purchase_order_number',
  'enrolment_required',
  'line_number',
  'product',
  'quantity',
  'provider',
  'organisation_id',
];

/** The same as a table, one row for each line. */
export const orderTable: readonly (readonly string[])[] = [
  columns,
  [
    '884210',
    `Example Ltd "${canary}"`,
    '2026-04-12T09:15:00Z',
    'PO, 7',
    'true',
    '1',
    'Phone',
    '3',
    'apple',
    `${canary}-ORG`,
  ],
  ['884210', `Example Ltd "${canary}"`, '2026-04-12T09:15:00Z', 'PO, 7', 'true', '2', 'Cable', '10', '', ''],
  ['884211', '=cmd|x', '2026-04-12T09:15:00+02:00', '', 'true', '1', 'Tablet\n11"', '1', 'apple', '0071004'],
  ['B-17', '', '2026-04-12T09:15:00+02:00', '', 'false', '1', '', '1', '', ''],
];
