import { z } from 'zod';

import { tokenRules } from './oauth2.ts';
import type { Surroundings } from './service.ts';
import { isBase64, keysOf, type PostedWindowsDevice } from './windows-autopilot-request-check.ts';

/** Windows Autopilot as a partner sees it, in memory: batches of devices by customer, and the jobs that bring them in. */

const counter = z.number().int().min(0);
const errorRule = z.strictObject({ errorCode: z.string().optional(), errorDescription: z.string() });

/** Devices are named by their serial number, product key or hardware hash, whichever they have first. */
export const autopilotRules = z.strictObject({
  ...tokenRules,
  /** By device, in the status of the batch. */
  refuseDevices: z.record(z.string(), errorRule).default({}),
  /** Customers that exist; empty: all. */
  customers: z.array(z.string()).default([]),
  /** Devices of another tenant. */
  othersDevices: z.array(z.string()).default([]),
  /** Devices that are missing in the status. */
  omitDevices: z.array(z.string()).default([]),
  /** So many questions find the batch queued, and so many processing. */
  queuedPolls: counter.default(1),
  processingPolls: counter.default(1),
  devicesPerBatch: counter.default(2000),
  /** How error codes are written. */
  codes: z.enum(['text', 'number']).default('text'),
  /** `finished on top`: as in Microsoft's sample, the batch is finished where a device is not. */
  quirks: z.array(z.enum(['finished on top'])).default([]),
});
export type AutopilotRules = z.infer<typeof autopilotRules>;

interface DeviceError {
  readonly errorCode?: string | undefined;
  readonly errorDescription: string;
}

export interface Registration {
  readonly id: string;
  readonly customerId: string;
  readonly batchId: string;
  readonly posted: PostedWindowsDevice;
  readonly uploadedDate: string;
}

interface DeviceResult {
  readonly id: string;
  readonly posted: PostedWindowsDevice;
  readonly error?: DeviceError | undefined;
}

interface Job {
  readonly customerId: string;
  readonly startedTime: string;
  readonly results: readonly DeviceResult[];
  readonly polls: number;
}

interface Batch {
  readonly id: string;
  readonly creationDate: string;
}

export class AutopilotService {
  readonly #surroundings: Surroundings;
  readonly #batches = new Map<string, Batch>();
  readonly #jobs = new Map<string, Job>();
  #registered: Registration[] = [];

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  hasBatch(customerId: string, batchId: string): boolean {
    return this.#batches.has(keyOf(customerId, batchId));
  }

  /** Makes a batch if there is none of that name, and brings devices in. Returns the id to follow the job by. */
  upload(
    customerId: string,
    batchId: string,
    devices: readonly PostedWindowsDevice[],
    rules: AutopilotRules,
  ): string {
    const creationDate = this.#surroundings.now().toISOString();
    if (!this.hasBatch(customerId, batchId))
      this.#batches.set(keyOf(customerId, batchId), { id: batchId, creationDate });
    const seen = new Set<string>();
    const results = devices.map((posted): DeviceResult => {
      const id = this.#surroundings.newId();
      const keys = keysOf(posted);
      const error = keys.some((key) => seen.has(key))
        ? { errorDescription: 'ZtdDeviceDuplicated' }
        : this.#error(customerId, posted, rules);
      keys.forEach((key) => seen.add(key));
      if (!error) this.#registered.push({ id, customerId, batchId, posted, uploadedDate: creationDate });
      return { id, posted, error };
    });
    const trackingId = this.#surroundings.newId();
    this.#jobs.set(trackingId, { customerId, startedTime: creationDate, results, polls: 0 });
    return trackingId;
  }

  /** The state of a job; every question brings it on. */
  poll(customerId: string, trackingId: string, rules: AutopilotRules): object | undefined {
    const job = this.#jobs.get(trackingId);
    if (job?.customerId !== customerId) return undefined;
    this.#jobs.set(trackingId, { ...job, polls: job.polls + 1 });
    const attributes = { objectType: 'BatchUploadDetails' };
    const common = { batchTrackingId: trackingId, startedTime: job.startedTime };
    if (job.polls < rules.queuedPolls) return { batchTrackingId: trackingId, status: 'queued', attributes };
    if (job.polls < rules.queuedPolls + rules.processingPolls) {
      const devicesStatus = job.results
        .slice(0, 1)
        .map(({ posted }) => deviceStatus({ posted }, 'processing'));
      return { ...common, status: 'processing', devicesStatus, attributes };
    }
    const listed = job.results.filter(({ posted }) => !rules.omitDevices.includes(nameOf(posted)));
    const failed = job.results.some(({ error }) => error !== undefined);
    const hidden = rules.quirks.includes('finished on top');
    return {
      ...common,
      status: failed && !hidden ? 'finished_with_errors' : 'finished',
      completedTime: this.#surroundings.now().toISOString(),
      devicesStatus: listed.map((result) =>
        deviceStatus(result, result.error ? 'finished_with_errors' : 'finished', rules.codes),
      ),
      attributes,
    };
  }

  /** Batches of a customer, each with the number of its devices. */
  batches(customerId: string): (Batch & { readonly deviceCount: number })[] {
    return [...this.#batches]
      .filter(([key]) => key.startsWith(`${customerId} `))
      .map(([, batch]) => ({ ...batch, deviceCount: this.devices(customerId, batch.id).length }));
  }

  devices(customerId: string, batchId: string): Registration[] {
    return this.#registered.filter((found) => found.customerId === customerId && found.batchId === batchId);
  }

  /** Device -> the customer for whom it is registered. */
  enrolled(): Record<string, string> {
    return Object.fromEntries(this.#registered.map(({ posted, customerId }) => [nameOf(posted), customerId]));
  }

  /** Takes a device out. Returns false when there is none of that id in the batch. */
  remove(customerId: string, batchId: string, deviceId: string): boolean {
    const found = this.devices(customerId, batchId).find(({ id }) => id === deviceId);
    if (!found) return false;
    this.#registered = this.#registered.filter((registration) => registration !== found);
    return true;
  }

  #error(customerId: string, posted: PostedWindowsDevice, rules: AutopilotRules): DeviceError | undefined {
    const name = nameOf(posted);
    if (rules.refuseDevices[name]) return rules.refuseDevices[name];
    if (posted.HardwareHash !== undefined && !isBase64(posted.HardwareHash))
      return { errorCode: '802', errorDescription: 'InvalidZtdHardwareHash' };
    const keys = keysOf(posted);
    const held = this.#registered.find((other) => keysOf(other.posted).some((key) => keys.includes(key)));
    if (rules.othersDevices.includes(name) || (held && held.customerId !== customerId))
      return { errorCode: '808', errorDescription: 'ZtdDeviceAssignedToOtherTenant' };
    return held ? { errorCode: '806', errorDescription: 'ZtdDeviceAlreadyAssigned' } : undefined;
  }
}

const keyOf = (customerId: string, batchId: string): string => `${customerId} ${batchId}`;

const nameOf = ({ SerialNumber, ProductKey, HardwareHash }: PostedWindowsDevice): string =>
  SerialNumber ?? ProductKey ?? HardwareHash ?? '';

/** What a device is called in answers: their names begin with a small letter. */
export function namesOf({ SerialNumber, ProductKey, OemManufacturerName, ModelName }: PostedWindowsDevice) {
  return {
    ...(SerialNumber === undefined ? {} : { serialNumber: SerialNumber }),
    ...(ProductKey === undefined ? {} : { productKey: ProductKey }),
    ...(OemManufacturerName === undefined ? {} : { oemManufacturerName: OemManufacturerName }),
    ...(ModelName === undefined ? {} : { modelName: ModelName }),
  };
}

function deviceStatus(
  { id, posted, error }: Partial<DeviceResult> & Pick<DeviceResult, 'posted'>,
  status: string,
  codes: 'text' | 'number' = 'text',
): object {
  const { serialNumber, productKey } = namesOf(posted);
  return {
    ...(id === undefined ? {} : { deviceId: id }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
    ...(productKey === undefined ? {} : { productKey }),
    status,
    ...(error?.errorCode === undefined
      ? {}
      : { errorCode: codes === 'number' ? Number(error.errorCode) : error.errorCode }),
    ...(error ? { errorDescription: error.errorDescription } : {}),
    attributes: { objectType: 'DeviceUploadDetails' },
  };
}
