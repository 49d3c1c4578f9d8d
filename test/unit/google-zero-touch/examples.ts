import { googleZeroTouch } from '../../../daemons/adaptor/providers/google-zero-touch/google-zero-touch.ts';
import type {
  AskedRequest,
  EnrolledDevice,
  ProviderAnswer,
  ProviderRequest,
  Question,
  ResultOutcomes,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { provider, type ProviderConfigOf } from '../../../shared/runtime/provider-schema.ts';

/** Settings of a provider with every default but those given. */
export const settingsWith = (changes: object = {}): ProviderConfigOf<'google-zero-touch'> =>
  provider.parse({
    format: 'google-zero-touch',
    account: { partnerId: '555' },
    ...changes,
  }) as ProviderConfigOf<'google-zero-touch'>;

export const format = googleZeroTouch(settingsWith());
export const sheets = googleZeroTouch(settingsWith({ files: 'csv' }));

/** IMEIs of a test range, with right check digits, from the lowest. */
export const imeis = ['001017000000011', '001017000000029', '001017000000037', '001017000000045'] as const;

export const tablet = {
  serialNumber: 'Zx8Test01',
  manufacturer: 'Google',
  model: 'Pixel Tablet',
} as const;

/** Devices `D1`, `D2` … of the given identifiers. */
export const devicesOf = (identifiers: readonly Omit<GenericDevice, 'deviceId'>[]): GenericDevice[] =>
  identifiers.map((identifier, index) => ({ deviceId: `D${index + 1}`, ...identifier }));

export const orderDate = '2026-05-04T10:00:00+02:00';
export const shipDate = '2026-05-05T07:30:15.900Z';

/** An order of devices, in one delivery. */
export const orderOf = (
  id: number,
  devices: readonly GenericDevice[],
  changes: Partial<RequestOrder> = {},
): RequestOrder => ({
  id,
  requestType: 'ORDER',
  organisationId: '1234567890',
  orderDate,
  deliveries: [{ deliveryNumber: `DN-${id}`, shipDate, devices }],
  ...changes,
});

export const returnOf = (id: number, devices: readonly GenericDevice[]): RequestOrder =>
  orderOf(id, devices, { requestType: 'RETURN', originalRequestId: 'R1' });

export const overrideOf = (id: number, devices: readonly GenericDevice[]): RequestOrder =>
  orderOf(id, devices, { requestType: 'OVERRIDE', originalRequestId: 'R1' });

export const voidOf = (id: number): RequestOrder => ({
  id,
  requestType: 'VOID',
  organisationId: '1234567890',
  orderDate,
  originalRequestId: 'R1',
});

export const documentOf = (orders: readonly RequestOrder[]): DeviceEnrolmentRequest => ({
  identifier: 907,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-05-06T00:00:00.000Z',
  extractLoadDateTime: '2026-05-06T00:00:05.000Z',
  recordCount: orders.length,
  deviceEnrolmentProviderId: 'google',
  orders,
});

/** What is enrolled of every order: our ids with our names, and Google's number where it is given. */
export const enrolledAs = (devices: readonly (readonly [string, string, string?])[]) => ({
  ofOrder: (): EnrolledDevice[] =>
    devices.map(([deviceId, providerDeviceId, recordId]) => ({
      deviceId,
      providerDeviceId,
      providerRecordId: recordId ?? null,
      transactionId: 'earlier-1',
    })),
});

export const nothingEnrolled = enrolledAs([]);

/** A request as it stands in the store, which keeps orders and devices by their ids. */
export const askedOf = (
  { transactionId, message, orders }: ProviderRequest,
  changes: Partial<AskedRequest> = {},
): AskedRequest => ({
  transactionId,
  providerTransactionId: null,
  message,
  orders: orders
    .map((order) => ({
      ...order,
      devices: order.devices.toSorted((a, b) => (a.deviceId < b.deviceId ? -1 : 1)),
    }))
    .sort((a, b) => a.orderId - b.orderId),
  ...changes,
});

/** The only request that orders come to. */
export function askedFor(orders: readonly RequestOrder[], enrolled = nothingEnrolled): AskedRequest {
  const { requests } = format.toRequests(documentOf(orders), enrolled);
  const [request, ...more] = requests;
  if (!request || more.length > 0) throw new Error(`the orders come to ${requests.length} requests`);
  return askedOf(request);
}

export const read = (document: unknown, of: Question, asked: AskedRequest, status?: number): ProviderAnswer =>
  format.readAnswer(
    { content: { kind: 'json', document }, ...(status !== undefined && { status }) },
    of,
    asked,
  );

/** The outcomes that an answer comes to. */
export function outcomesOf(document: unknown, asked: AskedRequest, of: Question = 'query'): ResultOutcomes {
  const answer = read(document, of, asked);
  if (answer.kind !== 'result') throw new Error(`the answer is ${answer.kind}`);
  return format.toOutcomes(answer.result, of, asked);
}

/** Our id -> `succeeded` with Google's number, `unknown`, or the codes of the errors. */
export const flat = ({ orders }: ResultOutcomes): Record<string, string> =>
  Object.fromEntries(
    orders.flatMap(({ devices }) =>
      devices.map((device) => [
        device.deviceId,
        device.outcome === 'failed'
          ? device.errors.map(({ code }) => code).join(' ')
          : [device.outcome, device.outcome === 'succeeded' ? device.providerRecordId : undefined]
              .filter(Boolean)
              .join(' '),
      ]),
    ),
  );

export const operationName = 'operations/apibatchoperation/1234567890123456789';

/** A finished operation as Google's reference shows it. */
export const operationOf = (perDeviceStatus: unknown, changes: object = {}) => ({
  name: operationName,
  metadata: {
    '@type': 'type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationMetadata',
    devicesCount: Array.isArray(perDeviceStatus) ? perDeviceStatus.length : 1,
    processingStatus: 'BATCH_PROCESS_PROCESSED',
    progress: 100,
  },
  done: true,
  response: {
    '@type': 'type.googleapis.com/google.android.device.provisioning.v1.DevicesLongRunningOperationResponse',
    perDeviceStatus,
  },
  ...changes,
});

/** One device of an operation, with the copy of what was asked for it. */
export const claimed = (deviceIdentifier: object | undefined, result: object) => ({
  ...(deviceIdentifier && {
    claim: { customerId: '1234567890', sectionType: 'SECTION_TYPE_ZERO_TOUCH', deviceIdentifier },
  }),
  result,
});

export const success = (deviceId?: string) => ({
  status: 'SINGLE_DEVICE_STATUS_SUCCESS',
  ...(deviceId && { deviceId }),
});

export const failure = (errorIdentifier: string, status = 'SINGLE_DEVICE_STATUS_OTHER_ERROR') => ({
  status,
  errorIdentifier,
  errorMessage: 'nicht gut',
});
