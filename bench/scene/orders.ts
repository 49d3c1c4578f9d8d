import type { DeviceEnrolmentRequest, RequestOrder } from '../../shared/generic/device-enrolment-request.ts';

/** Orders as they are asked of a provider. */

export const orderOf = (id: number, devices = 10): RequestOrder => ({
  id,
  requestType: 'ORDER',
  organisationId: '7100456',
  orderDate: '2026-01-12T09:15:00.000Z',
  purchaseOrderNumber: `PO-${id}`,
  deliveries: [
    {
      deliveryNumber: `DN-${id}`,
      shipDate: '2026-01-13T16:00:00.000Z',
      devices: Array.from({ length: devices }, (_, n) => {
        const serialNumber = `B${id}X${n}`;
        return { deviceId: serialNumber, serialNumber };
      }),
    },
  ],
});

/** The document of a batch, as the extractor writes it. */
export const requestDocument = (
  batch: number,
  providerId: string,
  orders: readonly RequestOrder[],
): DeviceEnrolmentRequest => ({
  identifier: batch,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-01-14T06:00:00.000Z',
  extractLoadDateTime: '2026-01-14T06:00:01.000Z',
  recordCount: orders.length,
  deviceEnrolmentProviderId: providerId,
  orders,
});
