import type {
  AskedRequest,
  ProviderFormat,
  ProviderReply,
  Question,
} from '../../daemons/adaptor/providers/provider-format.ts';
import { formatOf } from '../../daemons/adaptor/providers/registry.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import type { DeviceEnrolmentRequest, RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../shared/generic/schema-parts.ts';
import { provider, type ProviderConfig } from '../../shared/runtime/provider-schema.ts';
import { acme } from './example-provider/acme.ts';

/** For the contract of provider formats: settings of each, and a document that every provider can do something with. */

export type Limits = ProviderConfig['limits'];

export interface Example {
  /** The format, and what of it. */
  readonly what: string;
  /** Of the settings: format, account, mapping and so on. */
  readonly settings: { readonly format: string; readonly [setting: string]: unknown };
  /** Of a format that the settings do not know: makes it. */
  readonly make?: (limits: Limits) => ProviderFormat;
  /** The customer, in the form that the provider wants. */
  readonly organisationId: string;
  /** The provider's own number of an enrolled device. */
  readonly recordIdOf?: (deviceId: string) => string;
  /** A whole that succeeded, and no device with it; undefined where such a request has no such answer. */
  readonly hollow?: (
    asked: AskedRequest,
  ) => { readonly of: Question; readonly reply: ProviderReply } | undefined;
}

/** The format with the settings of the example. */
export const formatOfExample = ({ settings, make }: Example, limits: Partial<Limits> = {}): ProviderFormat =>
  make
    ? make({ ordersPerRequest: 1000, devicesPerRequest: 1000, ...limits })
    : formatOf(provider.parse({ ...settings, limits }));

const json = (document: unknown): ProviderReply => ({ content: { kind: 'json', document } });

const appleAccount = { shipTo: '0000054321', depResellerId: '0F0F0F0F' };
const knoxAccount = { generation: 2, resellerId: '1000000001' };
const tenant = '0a1b2c3d-0000-4000-8000-00000000aa01';

const hollowApple: Example['hollow'] = ({ orders }) => ({
  of: 'query',
  reply: json({
    deviceEnrollmentTransactionID: 'theirs-1',
    statusCode: 'COMPLETE',
    orders: orders.map(({ orderNumber }) => ({
      orderNumber,
      orderPostStatus: 'COMPLETE',
      deliveries: [{ deliveryNumber: 'DN', deliveryPostStatus: 'COMPLETE', devices: [] }],
    })),
  }),
});

const hollowGoogle: Example['hollow'] = ({ orders }) => ({
  of: 'query',
  reply: json({
    name: 'operations/theirs-1',
    done: true,
    metadata: { processingStatus: 'BATCH_PROCESS_PROCESSED', progress: 100 },
    response: { successCount: orders.flatMap(({ devices }) => devices).length, perDeviceStatus: [] },
  }),
});

const hollowKnox: Example['hollow'] = ({ transactionId }) => ({
  of: 'query',
  reply: json({ transactionId, state: 'Complete', code: 'SUCCESS', devices: [] }),
});

/** A deletion is of one device, and done with its answer. */
const hollowWindows: Example['hollow'] = ({ message }) =>
  message.method === 'DELETE'
    ? undefined
    : { of: 'query', reply: json({ id: 'theirs-1', status: 'finished', devicesStatus: [] }) };

const words = { success: ['OK'], failure: ['ERROR'], pending: ['OPEN'] };
const ofAnswer = { status: 'status', code: 'error.code', text: 'error.text', words };

const distributorJson = {
  request: {
    kind: 'json',
    types: { ORDER: 'ADD', RETURN: 'REMOVE' },
    byDevice: ['VOID', 'OVERRIDE'],
    key: 'serialNumber',
    path: '/enrolments',
    fields: [{ name: 'id', from: 'transactionId' }],
    orders: { at: 'orders', fields: [{ name: 'number', from: 'orderNumber' }] },
    devices: {
      at: 'devices',
      fields: [
        { name: 'serial', from: 'serialNumber' },
        { name: 'action', from: 'requestType' },
      ],
    },
  },
  answer: { kind: 'json', records: 'devices', key: 'serial', ...ofAnswer, whole: { status: 'status' } },
  query: { path: '/enrolments/{transactionId}' },
};

const distributorXml = {
  request: {
    kind: 'xml',
    root: 'Request',
    namespace: 'urn:example',
    types: { ORDER: 'ADD', RETURN: 'REMOVE', OVERRIDE: 'REPLACE' },
    byDevice: ['VOID'],
    key: 'firstIdentifier',
    fields: [{ name: 'Header/Id', from: 'transactionId' }],
    orders: {
      at: 'Order',
      fields: [
        { name: 'Number', from: 'orderNumber' },
        { name: 'Action', from: 'requestType' },
      ],
    },
    devices: { at: 'Devices/Device', fields: [{ name: 'Id', from: 'firstIdentifier' }] },
  },
  answer: {
    kind: 'xml',
    records: 'Devices/Device',
    key: 'Id',
    status: 'Status',
    words,
    whole: { status: 'Status' },
  },
};

const distributorCsv = {
  request: {
    kind: 'csv',
    types: { ORDER: 'ADD', RETURN: 'REMOVE' },
    byDevice: ['VOID', 'OVERRIDE'],
    key: 'imei',
    fields: [
      { name: 'IMEI', from: 'imei' },
      { name: 'Action', from: 'requestType' },
    ],
  },
  answer: { kind: 'csv', key: 'IMEI', status: 'Status', words },
};

export const examples: readonly Example[] = [
  {
    what: 'apple',
    settings: { format: 'apple', account: appleAccount },
    organisationId: '880011',
    hollow: hollowApple,
  },
  {
    what: 'apple, by Etisalat',
    settings: { format: 'apple', account: { ...appleAccount, wrapper: 'etisalat' } },
    organisationId: '880011',
    hollow: hollowApple,
  },
  {
    what: 'apple, by Telenor',
    settings: { format: 'apple', account: { ...appleAccount, wrapper: 'telenor' } },
    organisationId: '880011',
    hollow: hollowApple,
  },
  {
    what: 'google-zero-touch',
    settings: { format: 'google-zero-touch', account: { partnerId: '54321' } },
    organisationId: '880011',
    recordIdOf: (deviceId) => String(1000 + deviceId.length),
    hollow: hollowGoogle,
  },
  {
    what: 'google-zero-touch, sheets',
    settings: { format: 'google-zero-touch', account: { partnerId: '54321' }, files: 'csv' },
    organisationId: '880011',
  },
  {
    what: 'samsung-knox, Gen1',
    settings: { format: 'samsung-knox', account: { ...knoxAccount, generation: 1 } },
    organisationId: '2000000002',
    hollow: hollowKnox,
  },
  {
    what: 'samsung-knox, Gen2',
    settings: { format: 'samsung-knox', account: knoxAccount },
    organisationId: '2000000002',
    hollow: hollowKnox,
  },
  {
    what: 'samsung-knox, sheets',
    settings: { format: 'samsung-knox', account: knoxAccount, files: 'csv' },
    organisationId: '2000000002',
  },
  {
    what: 'windows-autopilot',
    settings: { format: 'windows-autopilot', transport: 'https' },
    organisationId: tenant,
    recordIdOf: (deviceId) => `${tenant}/batch-1/${deviceId}`,
    hollow: hollowWindows,
  },
  {
    what: 'windows-autopilot, sheets',
    settings: { format: 'windows-autopilot', files: 'csv' },
    organisationId: tenant,
    recordIdOf: () => `${tenant}/batch-1`,
  },
  {
    what: 'configured, JSON',
    settings: { format: 'configured', mapping: distributorJson },
    organisationId: '880011',
    hollow: () => ({ of: 'request', reply: json({ status: 'OK', devices: [] }) }),
  },
  {
    what: 'configured, XML',
    settings: { format: 'configured', mapping: distributorXml },
    organisationId: '880011',
    hollow: () => ({
      of: 'request',
      reply: { content: { kind: 'xml', root: readXml(Buffer.from('<Answer><Status>OK</Status></Answer>')) } },
    }),
  },
  {
    what: 'configured, CSV',
    settings: { format: 'configured', mapping: distributorCsv },
    organisationId: '880011',
  },
  {
    what: 'acme, the example of docs/adding-a-provider.md',
    settings: { format: 'acme' },
    make: (limits) => acme({ account: { reseller: '7' }, limits }),
    organisationId: '880011',
    hollow: ({ transactionId }) => ({
      of: 'query',
      reply: json({ job: transactionId, state: 'done', devices: [] }),
    }),
  },
];

/** With all that any provider may want to know of a device. */
export const device = (deviceId: string, n: number): GenericDevice => ({
  deviceId,
  serialNumber: `SN${n}X`,
  imei: imeiOf(n),
  manufacturer: 'Example',
  model: 'One',
  productId: `0000000${String(n).padStart(6, '0')}`,
  hardwareHash: Buffer.from(`the hash of the hardware of ${n}`).toString('base64'),
});

/** Of the test range 00101, with its check digit (Luhn). */
function imeiOf(n: number): string {
  const digits = `00101${String(n).padStart(9, '0')}`;
  const sum = Array.from(digits, Number)
    .map((digit, index) => (index % 2 === 1 ? digit * 2 : digit))
    .reduce((total, value) => total + Math.floor(value / 10) + (value % 10), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

const orderDate = '2026-05-04T10:00:00+02:00';
const shipDate = '2026-05-05T07:30:15.900Z';

/** An order whose devices stand in deliveries of two. */
export function orderOf(
  { organisationId }: Example,
  id: number,
  requestType: RequestOrder['requestType'],
  devices: readonly GenericDevice[],
): RequestOrder {
  const pairs = Array.from({ length: Math.ceil(devices.length / 2) }, (_, n) =>
    devices.slice(2 * n, 2 * n + 2),
  );
  return {
    id,
    requestType,
    organisationId,
    orderDate,
    ...(requestType !== 'ORDER' && { originalRequestId: 'R1' }),
    ...(requestType !== 'VOID' && {
      deliveries: pairs.map((pair, n) => ({ deliveryNumber: `DN-${n}`, shipDate, devices: pair })),
    }),
  };
}

export const documentOf = (
  orders: readonly RequestOrder[],
  changes: Partial<DeviceEnrolmentRequest> = {},
): DeviceEnrolmentRequest => ({
  identifier: 907,
  version: 1.1,
  interfaceCategory: 'Device Enrolment',
  interfaceType: 'Device Enrolment Request',
  batchDateTime: '2026-05-06T00:00:00.000Z',
  extractLoadDateTime: '2026-05-06T00:00:05.000Z',
  recordCount: orders.length,
  deviceEnrolmentProviderId: 'p',
  orders,
  ...changes,
});
