import { samsungKnox } from '../../../daemons/adaptor/providers/samsung-knox/samsung-knox.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  ProviderAnswer,
  ProviderRequest,
  Question,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { provider, type ProviderConfigOf } from '../../../shared/runtime/provider-schema.ts';

export type KnoxSettings = ProviderConfigOf<'samsung-knox'>;

interface Changes {
  readonly generation?: 1 | 2;
  readonly vendorId?: string;
  readonly limits?: Partial<KnoxSettings['limits']>;
  readonly identifiers?: Partial<KnoxSettings['identifiers']>;
  readonly transport?: KnoxSettings['transport'];
  readonly files?: KnoxSettings['files'];
}

/** Settings of a provider with every default: Gen2, JSON over the spool. */
export function settingsWith({ generation = 2, vendorId = '', ...others }: Changes = {}): KnoxSettings {
  const account = { generation, resellerId: '1000000001', vendorId };
  const settings = provider.parse({ format: 'samsung-knox', account, ...others });
  if (settings.format !== 'samsung-knox') throw new Error('settings of another format');
  return settings;
}

export const customer = '2000000002';
export const shipDate = '2026-05-05T07:30:15Z';

/** IMEIs with a right check digit, in the order of their numbers. */
export const imeis = ['359999001234509', '359999001234517', '359999001234525', '359999001234533'] as const;

/** Devices `D1`, `D2` … by IMEI. */
export const byImei = (...values: readonly string[]): GenericDevice[] =>
  values.map((imei, index) => ({ deviceId: `D${index + 1}`, imei }));

/** Devices `S1`, `S2` … by serial number. */
export const bySerial = (...values: readonly string[]): GenericDevice[] =>
  values.map((serialNumber, index) => ({ deviceId: `S${index + 1}`, serialNumber }));

export function orderOf(
  id: number,
  devices: readonly GenericDevice[],
  changes: Partial<RequestOrder> = {},
): RequestOrder {
  const deliveries = [{ deliveryNumber: `DN-${id}`, shipDate, devices }];
  return {
    id,
    requestType: 'ORDER',
    organisationId: customer,
    orderDate: '2026-05-04T10:00:00+02:00',
    deliveries,
    ...changes,
  };
}

export const returnOf = (id: number, devices: readonly GenericDevice[]): RequestOrder =>
  orderOf(id, devices, { requestType: 'RETURN', originalRequestId: 'R1' });

export const overrideOf = (id: number, devices: readonly GenericDevice[]): RequestOrder =>
  orderOf(id, devices, { requestType: 'OVERRIDE', originalRequestId: 'R1' });

export const voidOf = (id: number): RequestOrder => ({
  id,
  requestType: 'VOID',
  organisationId: customer,
  orderDate: '2026-05-04T10:00:00+02:00',
  originalRequestId: 'R1',
});

export const documentOf = (...orders: readonly RequestOrder[]): DeviceEnrolmentRequest => ({
  identifier: 907,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-05-06T00:00:00.000Z',
  extractLoadDateTime: '2026-05-06T00:00:05.000Z',
  recordCount: orders.length,
  deviceEnrolmentProviderId: 'samsung',
  orders,
});

/** The stamp of `documentOf`: whole seconds of its batchDateTime in base 36, and its identifier. */
export const stamp = `${(Date.parse('2026-05-06T00:00:00Z') / 1000).toString(36)}-907`;

/**
 * Nothing was enrolled before, or these devices of these orders: device id -> key at Knox.
 *
 * @param holders device id -> the customer for whom it was enrolled
 */
export const enrolments = (
  orders: Readonly<Record<number, Readonly<Record<string, string>>>> = {},
  holders: Readonly<Record<string, string>> = {},
): Enrolments => ({
  ofOrder: (orderId) =>
    Object.entries(orders[orderId] ?? {}).map(([deviceId, providerDeviceId]): EnrolledDevice => ({
      deviceId,
      providerDeviceId,
      providerRecordId: null,
      transactionId: 'earlier-1',
      ...(holders[deviceId] !== undefined && { organisationId: holders[deviceId] }),
    })),
});

/** A request as it stands in the store once it was sent. */
export const asked = ({ transactionId, message, orders }: ProviderRequest): AskedRequest => ({
  transactionId,
  providerTransactionId: transactionId,
  message,
  orders,
});

/** The only request of an order. */
export function onlyRequest(order: RequestOrder, settings = settingsWith()): AskedRequest {
  const { requests } = samsungKnox(settings).toRequests(documentOf(order), enrolments());
  const [request, ...more] = requests;
  if (!request || more.length > 0) throw new Error(`${requests.length} requests`);
  return asked(request);
}

export const bodyOf = ({ message }: { readonly message: { readonly content: string } }): unknown =>
  JSON.parse(message.content);

export const answerIn = (
  document: unknown,
  of: Question,
  request: AskedRequest,
  status?: number,
): ProviderAnswer =>
  samsungKnox(settingsWith()).readAnswer(
    { content: { kind: 'json', document }, ...(status !== undefined && { status }) },
    of,
    request,
  );

/** What becomes of each device, by our ids: its outcome, or the code of its first error. */
export function outcomesIn(
  document: unknown,
  request: AskedRequest,
  settings = settingsWith(),
): Record<string, string> {
  const answer = answerIn(document, 'query', request);
  if (answer.kind !== 'result') throw new Error(`read as ${answer.kind}`);
  const { orders } = samsungKnox(settings).toOutcomes(answer.result, 'query', request);
  return Object.fromEntries(
    orders.flatMap(({ devices }) =>
      devices.map((device) => [
        device.deviceId,
        device.outcome === 'failed' ? (device.errors[0]?.code ?? '') : device.outcome,
      ]),
    ),
  );
}
