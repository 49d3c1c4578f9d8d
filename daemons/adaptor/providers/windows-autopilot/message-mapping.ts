import type { AskedRequest, ProviderMessage } from '../provider-format.ts';
import { batchIdOf, pathOf, placeOf, statusPathOf, type Place } from './addresses.ts';
import { writeDeviceSheet, writeRemovalSheet } from './csv-sheet.ts';
import type { DeviceIdentity } from './device-identity.ts';
import type { OldDevice } from './order-plan-mapping.ts';

/** The messages to Partner Center, and what they say when they are read again. */

const enrolmentStem = 'device-batch';
const removalStem = 'device-removal';
const queryStem = 'batch-job-status';
const reconciliationStem = 'batch-devices';

export const stems = {
  [enrolmentStem]: 'request',
  [removalStem]: 'request',
  [queryStem]: 'query',
  [reconciliationStem]: 'reconciliation',
} as const;

/** A new batch (DeviceBatchCreationRequest). */
export const batchMessage = (
  customer: string,
  transactionId: string,
  devices: readonly DeviceIdentity[],
): ProviderMessage => ({
  stem: enrolmentStem,
  method: 'POST',
  path: pathOf({ customer }),
  mediaType: 'application/json',
  content: JSON.stringify({
    BatchId: batchIdOf(transactionId, customer),
    Devices: devices.map((device) => ({ ...device, Attributes: { ObjectType: 'Device' } })),
    Attributes: { ObjectType: 'DeviceBatchCreationRequest' },
  }),
});

export const deletionMessage = (place: Place): ProviderMessage => ({
  stem: removalStem,
  method: 'DELETE',
  path: pathOf(place),
  mediaType: 'application/json',
  content: '',
});

export const enrolmentSheet = (customer: string, devices: readonly DeviceIdentity[]): ProviderMessage => ({
  stem: enrolmentStem,
  method: 'POST',
  path: pathOf({ customer }),
  mediaType: 'text/csv',
  content: writeDeviceSheet(devices),
});

export const removalSheet = (customer: string, devices: readonly OldDevice[]): ProviderMessage => ({
  stem: removalStem,
  method: 'DELETE',
  path: pathOf({ customer }),
  mediaType: 'text/csv',
  content: writeRemovalSheet(
    devices.map(({ place, providerDeviceId }) => ({
      Customer: customer,
      Batch: place.batch ?? '',
      Device: providerDeviceId,
    })),
  ),
});

const question = (stem: string, path: string): ProviderMessage => ({
  stem,
  method: 'GET',
  path,
  mediaType: 'application/json',
  content: '',
});

/** What a request of ours asked for. */
export type Sent =
  | { readonly kind: 'batch'; readonly place: Place; readonly devices: readonly DeviceIdentity[] }
  | { readonly kind: 'deletion'; readonly place: Place }
  | { readonly kind: 'sheet'; readonly place: Place; readonly removal: boolean };

/** Undefined for a message that is not of this format. */
export function sentIn({ transactionId, message }: AskedRequest): Sent | undefined {
  const place = placeOf(message.path);
  if (place === undefined) return undefined;
  const removal = message.stem === removalStem;
  const batch = batchIdOf(transactionId, place.customer);
  if (message.mediaType === 'text/csv') return { kind: 'sheet', place: { ...place, batch }, removal };
  if (removal) return { kind: 'deletion', place };
  const { Devices } = JSON.parse(message.content) as { readonly Devices: readonly DeviceIdentity[] };
  return { kind: 'batch', place: { ...place, batch }, devices: Devices };
}

/** The status of a batch that was accepted. A deletion has its answer at once, and a sheet gets it from a person. */
export function toQuery(asked: AskedRequest): ProviderMessage | null {
  const sent = sentIn(asked);
  if (sent?.kind !== 'batch' || asked.providerTransactionId === null) return null;
  return question(queryStem, statusPathOf(sent.place.customer, asked.providerTransactionId));
}

/** The devices of the batch, for a deletion too: there is no call that tells of one device whether it is there. */
export function toReconciliation(asked: AskedRequest): ProviderMessage | null {
  const sent = sentIn(asked);
  if (sent === undefined || sent.kind === 'sheet') return null;
  const { customer, batch } = sent.place;
  return batch === undefined ? null : question(reconciliationStem, pathOf({ customer, batch }));
}
