import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { ProviderConfig } from '../../../shared/runtime/config-schema.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';

/** Settings of a provider with every default, and our limits. */
export function settingsWith(limits: Partial<ProviderConfig['limits']> = {}): ProviderConfig {
  const account = { shipTo: '0000054321', depResellerId: '0F0F0F0F' };
  const { providers } = configSchema.parse({ providers: { apple: { format: 'apple', account, limits } } });
  const { apple } = providers;
  if (!apple) throw new Error('the example configuration has no provider');
  return apple;
}

export const orderDate = '2026-05-04T10:00:00+02:00';
export const shipDate = '2026-05-05T07:30:15.900Z';

/** An order of devices `D1`, `D2` … whose serial numbers are given. */
export function orderOf(
  id: number,
  serials: readonly string[],
  changes: Partial<RequestOrder> = {},
): RequestOrder {
  const devices = serials.map((serialNumber, index) => ({ deviceId: `D${index + 1}`, serialNumber }));
  const deliveries = [{ deliveryNumber: `DN-${id}`, shipDate, devices }];
  return { id, requestType: 'ORDER', organisationId: '880011', orderDate, deliveries, ...changes };
}

export const voidOf = (id: number): RequestOrder => ({
  id,
  requestType: 'VOID',
  organisationId: '880011',
  orderDate,
  originalRequestId: 'R1',
});

export function documentOf(
  orders: readonly RequestOrder[],
  changes: Partial<DeviceEnrolmentRequest> = {},
): DeviceEnrolmentRequest {
  return {
    identifier: 907,
    version: 1.1,
    interfaceCategory: 'Device Enrolment',
    interfaceType: 'Device Enrolment Request',
    batchDateTime: '2026-05-06T00:00:00.000Z',
    extractLoadDateTime: '2026-05-06T00:00:05.000Z',
    recordCount: orders.length,
    deviceEnrolmentProviderId: 'apple',
    orders,
    ...changes,
  };
}

/** The stamp of `documentOf`: whole seconds of its batchDateTime in base 36, and its identifier. */
export const stamp = `${(Date.parse('2026-05-06T00:00:00Z') / 1000).toString(36)}-907`;
