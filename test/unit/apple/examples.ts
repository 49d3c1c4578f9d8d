import { apple } from '../../../daemons/adaptor/providers/apple/apple.ts';
import type { BulkEnrollRequest } from '../../../daemons/adaptor/providers/apple/bulk-enroll-request.ts';
import type {
  AskedRequest,
  Enrolments,
  MappedDocument,
  ProviderMessage,
  ProviderReply,
  ProviderRequest,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import { provider, type ProviderConfigOf } from '../../../shared/runtime/provider-schema.ts';

type Settings = ProviderConfigOf<'apple'>;

/** Settings of a provider with every default, and our limits and account. */
export function settingsWith(
  limits: Partial<Settings['limits']> = {},
  changes: Partial<Settings['account']> = {},
): Settings {
  const account = { shipTo: '0000054321', depResellerId: '0F0F0F0F', ...changes };
  const settings = provider.parse({ format: 'apple', account, limits });
  if (settings.format !== 'apple') throw new Error('settings of another format');
  return settings;
}

/** Nothing was enrolled before. */
export const nothingEnrolled: Enrolments = { ofOrder: () => [] };

export const map = (document: DeviceEnrolmentRequest, settings = settingsWith()): MappedDocument =>
  apple(settings).toRequests(document, nothingEnrolled);

/** The body of a message in JSON. */
export const bodyOf = ({ content }: ProviderMessage): BulkEnrollRequest =>
  JSON.parse(content) as BulkEnrollRequest;

/** A request as the store has it after it was sent. */
export const askedOf = (
  { transactionId, message, orders }: ProviderRequest,
  providerTransactionId: string | null = null,
): AskedRequest => ({ transactionId, providerTransactionId, message, orders });

export const json = (document: unknown): ProviderReply => ({ content: { kind: 'json', document } });
export const xml = (text: string): ProviderReply => ({
  content: { kind: 'xml', root: readXml(Buffer.from(text)) },
});

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
