import type {
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  ProviderReply,
  ProviderRequest,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type { Settings } from '../../../daemons/adaptor/providers/windows-autopilot/request-mapping.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { provider } from '../../../shared/runtime/provider-schema.ts';

export const customer = '0a1b2c3d-0000-4000-8000-00000000aa01';
export const otherCustomer = '0a1b2c3d-0000-4000-8000-00000000aa02';
export const trackingId = 'beba2053-0000-4000-8000-7e841ed78fbf';

/** Settings with every default, and these. */
export function settingsWith(changes: object = {}): Settings {
  const settings = provider.parse({ format: 'windows-autopilot', transport: 'https', ...changes });
  if (settings.format !== 'windows-autopilot') throw new Error('the example is of another format');
  return settings;
}

export const sheets = settingsWith({ transport: 'spool', files: 'csv' });

/** A device with what a firmware says of it. */
export const tuple = (deviceId: string, serialNumber = `ser-${deviceId}`): GenericDevice => ({
  deviceId,
  serialNumber,
  manufacturer: 'Contoso Ltd. ',
  model: 'Laptop 13',
});

export function orderOf(
  id: number,
  devices: readonly GenericDevice[],
  changes: Partial<RequestOrder> = {},
): RequestOrder {
  const shipDate = '2026-05-05T07:30:15Z';
  return {
    id,
    requestType: 'ORDER',
    organisationId: customer,
    orderDate: '2026-05-04T10:00:00Z',
    deliveries: [{ deliveryNumber: `DN-${id}`, shipDate, devices }],
    ...changes,
  };
}

const undone = { originalRequestId: 'R1' };

export const returnOf = (id: number, devices: readonly GenericDevice[]): RequestOrder =>
  orderOf(id, devices, { ...undone, requestType: 'RETURN' });

export const overrideOf = (
  id: number,
  devices: readonly GenericDevice[],
  changes: Partial<RequestOrder> = {},
) => orderOf(id, devices, { ...undone, requestType: 'OVERRIDE', ...changes });

export function voidOf(id: number): RequestOrder {
  const { deliveries, ...order } = orderOf(id, [], { ...undone, requestType: 'VOID' });
  return order;
}

export const documentOf = (...orders: readonly RequestOrder[]): DeviceEnrolmentRequest => ({
  identifier: 907,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-05-06T00:00:00.000Z',
  extractLoadDateTime: '2026-05-06T00:00:05.000Z',
  recordCount: orders.length,
  deviceEnrolmentProviderId: 'microsoft',
  orders,
});

/** The stamp of `documentOf`: whole seconds of its batchDateTime in base 36, and its identifier. */
export const stamp = `${(Date.parse('2026-05-06T00:00:00Z') / 1000).toString(36)}-907`;

/** Remembers these devices for an order, and nothing else. */
export const enrolledWith = (orderId: number, ...devices: readonly EnrolledDevice[]): Enrolments => ({
  ofOrder: (id) => (id === orderId ? devices : []),
});

export const nothingEnrolled: Enrolments = { ofOrder: () => [] };

/** A device that the batch `b-1` enrolled. */
export const enrolled = (deviceId: string, changes: Partial<EnrolledDevice> = {}): EnrolledDevice => ({
  deviceId,
  providerDeviceId: `ser-${deviceId}`,
  providerRecordId: `${customer}/b-1/guid-${deviceId}`,
  transactionId: 'b-1',
  ...changes,
});

/** A request as the store has it, with none of its devices settled. */
export const asked = (
  { transactionId, message, orders }: ProviderRequest,
  changes: Partial<AskedRequest> = {},
): AskedRequest => ({ transactionId, providerTransactionId: null, message, orders, ...changes });

/** A reply over the spool. */
export const json = (document: unknown): ProviderReply => ({ content: { kind: 'json', document } });

/** A reply over HTTPS. */
export const http = (status: number, document?: unknown): ProviderReply => ({
  status,
  content: document === undefined ? { kind: 'empty' } : { kind: 'json', document },
});

export const csv = (text: string): ProviderReply => ({
  content: { kind: 'csv', bytes: Buffer.from(text) },
});
