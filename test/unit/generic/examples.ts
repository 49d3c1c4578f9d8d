import type { DeviceEnrolmentRequest } from '../../../shared/generic/device-enrolment-request.ts';
import type { DeviceEnrolmentResponse } from '../../../shared/generic/device-enrolment-response.ts';
import type { SalesOrderDispatch } from '../../../shared/generic/sales-order-dispatch.ts';

/** One valid document of each interface, with every optional property that may stand in it. */

const device = {
  deviceId: 'D1',
  serialNumber: 'C02X0001',
  imei: '004400000000006',
  imei2: '004400000000014',
  meid: 'A000001234BEEF',
  manufacturer: 'Apple',
  model: 'A2890',
  assetTag: '',
  productId: 'P-1',
  hardwareHash: 'T0F',
};

export const request: DeviceEnrolmentRequest = {
  identifier: 1042,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-05-06T00:00:00Z',
  extractLoadDateTime: '2026-05-06T00:00:05+02:00',
  recordCount: 4,
  deviceEnrolmentProviderId: 'apple',
  orders: [
    {
      id: 1,
      requestType: 'ORDER',
      organisationId: '880011',
      orderDate: '2026-05-04T10:00:00Z',
      purchaseOrderNumber: 'PO 7',
      deliveries: [{ deliveryNumber: 'DN-1', shipDate: '2026-05-04T10:00:00Z', devices: [device] }],
    },
    {
      id: 2,
      requestType: 'RETURN',
      organisationId: '880011',
      orderDate: '2026-05-04T10:00:00Z',
      originalRequestId: '7',
      deliveries: [
        { deliveryNumber: 'DN-2', shipDate: '2026-05-05T10:00:00Z', devices: [{ deviceId: 'D2' }] },
      ],
    },
    {
      id: 3,
      requestType: 'VOID',
      organisationId: '880011',
      orderDate: '2026-05-04T10:00:00Z',
      originalRequestId: '8',
    },
    {
      id: 4,
      requestType: 'OVERRIDE',
      organisationId: '880011',
      orderDate: '2026-05-04T10:00:00Z',
      originalRequestId: '9',
      deliveries: [
        { deliveryNumber: 'DN-4', shipDate: '2026-05-05T10:00:00Z', devices: [{ deviceId: 'D4' }] },
      ],
    },
  ],
};

const errors = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'taken' }];

export const response: DeviceEnrolmentResponse = {
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Response',
  version: 1.0,
  extractLoadDateTime: '2026-05-06T00:00:05.123Z',
  deviceEnrolmentProviderId: 'apple',
  externalFileName: '12-1.json',
  order: { id: 1, errors, devices: [{ deviceId: 'D1', errors }, { deviceId: 'D2' }] },
};

export const dispatch: SalesOrderDispatch = {
  interfaceCategory: 'Sales Order',
  interfaceType: 'Sales Order Dispatch',
  version: 1.2,
  transformDateTime: '2026-05-06T00:00:00Z',
  transmitDateTime: '2026-05-06T00:00:01Z',
  externalFileName: 'W-1',
  recordCount: 2,
  wareHouse: { id: 'W1' },
  orders: [
    {
      id: '0012',
      dispatchDateTime: '2026-05-06T00:00:00Z',
      status: 'DISPATCHED',
      deliveryNumber: 'DN-1',
      lines: [{ lineNumber: 1, devices: [device] }],
    },
    { id: '13', dispatchDateTime: '2026-05-06T00:00:00Z', status: 'REJECTED', errors },
  ],
};

/** A path into a document: names and indices. */
type Path = readonly (string | number)[];

/** The document with one value replaced, or removed where the new one is undefined. */
export function changed(document: unknown, path: Path, value: unknown): unknown {
  const copy = structuredClone(document);
  const [last, ...way] = path.toReversed();
  let at = copy as Record<string | number, unknown>;
  for (const step of way.toReversed()) at = at[step] as typeof at;
  if (value === undefined) Reflect.deleteProperty(at, last ?? '');
  else at[last ?? ''] = value;
  return copy;
}
