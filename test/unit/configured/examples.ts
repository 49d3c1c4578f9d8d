import { readFileSync } from 'node:fs';

import { configured } from '../../../daemons/adaptor/providers/configured/configured.ts';
import type {
  AnswerContent,
  AskedRequest,
  EnrolledDevice,
  Enrolments,
  ProviderFormat,
  ProviderRequest,
} from '../../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import type {
  DeviceEnrolmentRequest,
  RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import type { GenericDevice } from '../../../shared/generic/schema-parts.ts';
import { checkConfig } from '../../../shared/runtime/config-check.ts';
import { readYaml } from '../../../shared/runtime/config-document.ts';
import type { ProviderConfigOf } from '../../../shared/runtime/provider-schema.ts';

export type Settings = ProviderConfigOf<'configured'>;

/** What is wrong with a mapping, as `path: message`; empty: nothing. The path begins below the mapping. */
export function problemsOf(mapping: unknown): string[] {
  const inbox = { encryption: 'none' };
  const checked = checkConfig({ providers: { p: { format: 'configured', inbox, mapping } } });
  if ('config' in checked) return [];
  return checked.findings.map(({ path, message }) => `${path.slice(3).join('.')}: ${message}`);
}

/** Settings through the real check of the configuration. */
export function settingsOf(mapping: unknown, others: object = {}): Settings {
  const inbox = { encryption: 'none' };
  return settingsIn({ providers: { p: { format: 'configured', inbox, mapping, ...others } } });
}

export const sample = (name: string): Settings => {
  const file = new URL(`../../../config/samples/providers/${name}.yaml`, import.meta.url);
  const document = readYaml(readFileSync(file, 'utf8'));
  if (document.mistakes.length > 0) throw new Error(JSON.stringify(document.mistakes));
  return settingsIn(document.value);
};

function settingsIn(written: unknown): Settings {
  const checked = checkConfig(written);
  if (!('config' in checked)) throw new Error(JSON.stringify(checked.findings));
  const [provider] = Object.values(checked.config.providers);
  if (provider?.format !== 'configured') throw new Error('not a configured provider');
  return provider;
}

export const formatWith = (mapping: unknown, others: object = {}): ProviderFormat =>
  configured(settingsOf(mapping, others));

export const orderDate = '2026-05-04T10:00:00+02:00';
export const shipDate = '2026-05-05T07:30:15.900Z';

/** An order of one delivery; the devices have our ids `D<order>-1` and so on, unless they say otherwise. */
export function orderOf(
  id: number,
  devices: readonly Partial<GenericDevice>[],
  changes: Partial<RequestOrder> = {},
): RequestOrder {
  const listed = devices.map((device, index) => ({ deviceId: `D${id}-${index + 1}`, ...device }));
  const deliveries = [{ deliveryNumber: `DN-${id}`, shipDate, devices: listed }];
  return { id, requestType: 'ORDER', organisationId: '880011', orderDate, deliveries, ...changes };
}

export const voidOf = (id: number): RequestOrder => ({
  id,
  requestType: 'VOID',
  organisationId: '880011',
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
  deviceEnrolmentProviderId: 'p',
  orders,
});

export const nothingEnrolled: Enrolments = { ofOrder: () => [] };

/**
 * Devices that were enrolled with one order: our id and what the partner names them by.
 *
 * @param holders device id -> the customer for whom it was enrolled
 */
export const enrolled = (
  orderId: number,
  devices: Readonly<Record<string, string>>,
  holders: Readonly<Record<string, string>> = {},
): Enrolments => ({
  ofOrder: (id) =>
    id !== orderId
      ? []
      : Object.entries(devices).map(([deviceId, providerDeviceId]): EnrolledDevice => ({
          deviceId,
          providerDeviceId,
          providerRecordId: null,
          transactionId: 'earlier-1',
          ...(holders[deviceId] !== undefined && { organisationId: holders[deviceId] }),
        })),
});

/** A request as the store has it, when nothing of it is settled. */
export const asked = (
  { transactionId, message, orders }: ProviderRequest,
  providerTransactionId: string | null = null,
): AskedRequest => ({ transactionId, providerTransactionId, message, orders });

export const csv = (text: string): AnswerContent => ({ kind: 'csv', bytes: Buffer.from(text) });
export const xml = (text: string): AnswerContent => ({ kind: 'xml', root: readXml(Buffer.from(text)) });
export const json = (document: unknown): AnswerContent => ({ kind: 'json', document });

/** An IMEI of a test range, with its check digit. */
export function imei(n: number): string {
  const body = `00101${String(n).padStart(9, '0')}`;
  const sum = Array.from(body, Number).reduce((total, digit, index) => {
    const weighted = index % 2 === 1 ? digit * 2 : digit;
    return total + (weighted > 9 ? weighted - 9 : weighted);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

/** The smallest mappings of each kind; tests change them. */
export const minimal = {
  csv: {
    request: {
      kind: 'csv',
      types: { ORDER: 'ADD', RETURN: 'REMOVE' },
      key: 'serialNumber',
      fields: [
        { name: 'Serial', from: 'serialNumber' },
        { name: 'Action', from: 'requestType' },
      ],
    },
    answer: {
      kind: 'csv',
      key: 'Serial',
      status: 'Status',
      code: 'Code',
      text: 'Text',
      words: { success: ['OK'], failure: ['ERROR'], pending: ['OPEN'] },
      whole: { transactionId: 'Batch' },
    },
  },
  json: {
    request: {
      kind: 'json',
      types: { ORDER: 'ADD', RETURN: 'REMOVE' },
      key: 'serialNumber',
      fields: [{ name: 'id', from: 'transactionId' }],
      devices: {
        at: 'devices',
        fields: [
          { name: 'serial', from: 'serialNumber' },
          { name: 'action', from: 'requestType' },
        ],
      },
    },
    answer: {
      kind: 'json',
      records: 'result.devices',
      key: 'serial',
      status: 'status',
      code: 'errors.code',
      text: 'errors.text',
      words: { success: ['OK'], failure: ['ERROR'], pending: ['OPEN'] },
      whole: {
        status: 'status',
        code: 'error.code',
        text: 'error.text',
        transactionId: 'id',
        providerTransactionId: 'ticket',
      },
    },
    errors: [
      { code: 'E1', class: 'conflict', text: 'Taken' },
      { code: 'E2', class: 'retry', text: 'Busy' },
      { code: 'E3', class: 'pending', text: 'At work' },
    ],
  },
  xml: {
    request: {
      kind: 'xml',
      root: 'Request',
      namespace: 'urn:example',
      types: { ORDER: 'ADD', RETURN: 'REMOVE' },
      key: 'serialNumber',
      fields: [{ name: 'Header/Id', from: 'transactionId' }],
      orders: { at: 'Order', fields: [{ name: 'Number', from: 'orderNumber' }] },
      devices: { at: 'Devices/Device', fields: [{ name: 'Serial', from: 'serialNumber' }] },
    },
    answer: {
      kind: 'xml',
      records: 'Devices/Device',
      key: 'Serial',
      status: 'Status',
      code: 'Error/Code',
      text: 'Error/Text',
      words: { success: ['OK'], failure: ['ERROR'], pending: ['OPEN'] },
    },
  },
} as const;
