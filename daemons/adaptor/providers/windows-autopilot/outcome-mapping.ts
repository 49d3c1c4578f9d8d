import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  ProviderError,
  RequestedDevice,
  ResultOutcomes,
} from '../provider-format.ts';
import type { Verdict } from '../result-sheet.ts';
import { recordIdOf, type Place } from './addresses.ts';
import {
  batchDevicesIn,
  batchStatusIn,
  resultIn,
  type BatchDevices,
  type BatchStatus,
  type DeviceStatus,
} from './answer-shapes.ts';
import { comparable, isNameless, keyOf, namesOf } from './device-identity.ts';
import { errors as catalogue, isListed } from './error-catalogue.ts';
import { sentIn, type Sent } from './message-mapping.ts';

/** What a result of Partner Center says of each device. */

type Said =
  | { readonly outcome: 'succeeded'; readonly providerRecordId?: string }
  | { readonly outcome: 'failed'; readonly errors: readonly ProviderError[] }
  | { readonly outcome: 'unknown' };

const unknown: Said = { outcome: 'unknown' };
const failed = (...errors: readonly ProviderError[]): Said => ({ outcome: 'failed', errors });

/** @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave, or not for such a request */
export function toOutcomes(result: unknown, asked: AskedRequest): ResultOutcomes {
  const read = resultIn(result);
  const sent = sentIn(asked);
  if (sent === undefined) throw new Fault('UNKNOWN_ANSWER', 'the request is none of this format');
  switch (read.kind) {
    case 'deleted':
      return { orders: ordersOf(asked, () => ({ outcome: 'succeeded' })), unexpected: [] };
    case 'status':
      return ofStatus(batchStatusIn(read.document), asked, sent);
    case 'devices':
      return ofDevices(batchDevicesIn(read.document), asked, sent);
    case 'sheet':
      return ofSheet(new Map(read.verdicts), asked, sent);
  }
}

function ordersOf(asked: AskedRequest, saidOf: (device: RequestedDevice) => Said): OrderOutcome[] {
  return asked.orders.map(({ orderId, devices }) => {
    const outcomes = devices.map((device): DeviceOutcome => ({
      deviceId: device.deviceId,
      ...saidOf(device),
    }));
    const settled = outcomes.every(({ outcome }) => outcome !== 'unknown');
    return { orderId, errors: [], devices: outcomes, settled };
  });
}

interface Entry {
  /** In comparable form. */
  readonly names: readonly string[];
}

/**
 * What an answer has of one device. A device that was sent by its hardware hash alone is the only one of its batch, so
 * that an answer of one entry is of that one, whatever it is called there.
 */
export function entriesOf<Any extends Entry>(
  entries: readonly Any[],
  { providerDeviceId }: RequestedDevice,
  sent: Sent | undefined,
): Any[] {
  const devices = sent?.kind === 'batch' ? sent.devices : [];
  const identity = devices.find((device) => keyOf(device) === providerDeviceId);
  if (identity && isNameless(identity) && entries.length === 1) return [...entries];
  const names = identity ? namesOf(identity) : [comparable(providerDeviceId)];
  return entries.filter((entry) => entry.names.some((name) => names.includes(name)));
}

/** Entries of no device that the request has; those that an earlier answer settled are of one. */
function unexpectedIn(entries: readonly Entry[], sent: Sent): string[] {
  if (sent.kind !== 'batch') return [];
  const known = new Set(
    sent.devices.flatMap((device) => {
      const named = { deviceId: '', providerDeviceId: keyOf(device) };
      return entriesOf(entries, named, sent);
    }),
  );
  return entries.filter((entry) => !known.has(entry)).map(({ names }) => nameOf(names[0]));
}

/** A hardware hash has thousands of characters. */
const nameOf = (name = 'without a name'): string => `device ${name.slice(0, 64)}`;

function ofStatus({ devices }: BatchStatus, asked: AskedRequest, sent: Sent): ResultOutcomes {
  const orders = ordersOf(asked, (device) => said(entriesOf(devices, device, sent), sent.place));
  return { orders, unexpected: unexpectedIn(devices, sent) };
}

/** Entries that contradict each other settle nothing; neither does none. */
function said(entries: readonly DeviceStatus[], place: Place): Said {
  if (entries.length === 0) return unknown;
  if (entries.every(isRegistered)) {
    const device = entries.find(({ deviceId }) => deviceId !== '')?.deviceId;
    // Without Microsoft's number of the device it could not be given back: the list of the batch's devices has it.
    return device === undefined
      ? unknown
      : { outcome: 'succeeded', providerRecordId: recordIdOf({ ...place, device }) };
  }
  if (!entries.every(isFailed)) return unknown;
  const errors = entries.map(errorOf);
  // Registered before, it may be by a batch of ours whose answer was lost, or not to be seen at all
  // (MicrosoftLearning/MD-101 14): the devices of this batch tell.
  return errors.some(({ code }) => alreadyAssigned.includes(code)) ? unknown : failed(...errors);
}

const alreadyAssigned = ['806', 'ZtdDeviceAlreadyAssigned'];

const isRegistered = ({ status, errorCode }: DeviceStatus) => status === 'finished' && errorCode === '';

const isFailed = ({ status, errorCode }: DeviceStatus) =>
  status === 'finished_with_errors' || (errorCode !== '' && status !== 'finished');

/** Microsoft's description is often the name of the error alone; ours is put behind it then. */
function errorOf({ errorCode, errorDescription }: DeviceStatus): ProviderError {
  const name = isListed(errorDescription) ? errorDescription : 'finished_with_errors';
  const code = errorCode === '' ? name : errorCode;
  if (!/^\w+$/.test(errorDescription)) return catalogue.describe({ code, message: errorDescription });
  const { message } = catalogue.describe({ code, message: '' });
  return { code, message: `${errorDescription}: ${message}` };
}

function ofDevices(list: BatchDevices, asked: AskedRequest, sent: Sent): ResultOutcomes {
  if (sent.kind === 'deletion') {
    const isGone = list.isComplete && !isListedThere(list, sent.place.device);
    return { orders: ordersOf(asked, () => (isGone ? { outcome: 'succeeded' } : unknown)), unexpected: [] };
  }
  const orders = ordersOf(asked, (device) => {
    const [entry] = entriesOf(list.devices, device, sent);
    if (entry) return { outcome: 'succeeded', providerRecordId: recordIdFor(entry.deviceId, sent.place) };
    return list.isComplete ? failed(absence(asked)) : unknown;
  });
  return { orders, unexpected: unexpectedIn(list.devices, sent) };
}

const recordIdFor = (device: string, place: Place): string =>
  recordIdOf(device === '' ? place : { ...place, device });

/**
 * Why a device is not in its batch. The status of an accepted batch left it open because Microsoft said 806, or, which
 * nobody has reported, did not name it. The status of a batch whose acknowledgement was lost cannot be asked for.
 */
const absence = ({ providerTransactionId }: AskedRequest): ProviderError =>
  catalogue.describe({ code: providerTransactionId === null ? 'not_in_batch' : '806', message: '' });

/** Whether a device is among those of a batch, by Microsoft's number of it. */
export const isListedThere = ({ devices }: BatchDevices, device: string | undefined): boolean =>
  devices.some(({ deviceId }) => comparable(deviceId) === comparable(device ?? ''));

function ofSheet(verdicts: ReadonlyMap<string, Verdict>, asked: AskedRequest, sent: Sent): ResultOutcomes {
  const isRemoval = sent.kind === 'sheet' && sent.removal;
  const record = isRemoval ? {} : { providerRecordId: recordIdOf(sent.place) };
  const orders = ordersOf(asked, ({ providerDeviceId }) => {
    const verdict = verdicts.get(comparable(providerDeviceId)) ?? { kind: 'open' };
    switch (verdict.kind) {
      case 'succeeded':
        return { outcome: 'succeeded', ...record };
      case 'failed':
        return failed(catalogue.describe(verdict.error));
      case 'open':
        return unknown;
    }
  });
  const open = asked.orders.flatMap(({ devices }) => devices);
  const known = new Set(open.map(({ providerDeviceId }) => comparable(providerDeviceId)));
  return { orders, unexpected: [...verdicts.keys()].filter((key) => !known.has(key)).map(nameOf) };
}
