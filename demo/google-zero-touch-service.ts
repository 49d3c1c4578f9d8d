import { z } from 'zod';

import {
  claimError,
  deviceError,
  identifierError,
  sectionError,
  type Claim,
  type DeviceError,
  type DeviceIdentifier,
  type Unclaim,
} from './google-zero-touch-request-check.ts';
import { tokenRules } from './oauth2.ts';

/**
 * Android zero-touch as a reseller sees it, in memory: which device is claimed for which customer, and the long-running
 * operations. The record of a device outlives its claim.
 */

const counter = z.number().int().min(0);
const names = z.array(z.string()).default([]);

/** Devices are named by their IMEI, MEID or serial number. */
export const zeroTouchRules = z.strictObject({
  ...tokenRules,
  /** By device: the end of `SINGLE_DEVICE_STATUS_...`, and a custom error code. */
  refuseDevices: z
    .record(
      z.string(),
      z.strictObject({
        status: z.string(),
        errorIdentifier: z.string().optional(),
        errorMessage: z.string().optional(),
      }),
    )
    .default({}),
  /** Customers, manufacturers and models that exist; empty: all. */
  customers: names,
  manufacturers: names,
  models: names,
  /** Devices that another reseller has claimed. */
  othersDevices: names,
  /** Devices that the server does not manage to read: they are missing in counts and results. */
  unreadDevices: names,
  /** So many questions find the operation running. The last of them sees 100 percent, and still no result. */
  pendingPolls: counter.default(1),
  devicesPerRequest: counter.default(100_000),
  /** false: new terms of service wait in the portal. */
  termsAccepted: z.boolean().default(true),
  /** The partner id of the caller; empty: any. */
  partnerId: z.string().default(''),
});
export type ZeroTouchRules = z.infer<typeof zeroTouchRules>;

interface DeviceRecord {
  readonly deviceId: string;
  readonly identifier: DeviceIdentifier;
  readonly claim?: { readonly partnerId: string; readonly customerId: string };
}

interface Operation {
  readonly devicesCount: number;
  readonly perDeviceStatus: readonly { readonly result: { readonly status: string } }[];
  readonly polls: number;
}

const succeeded = 'SINGLE_DEVICE_STATUS_SUCCESS';
const typeOf = (name: string): string => `type.googleapis.com/google.android.device.provisioning.v1.${name}`;

export class ZeroTouchService {
  readonly #records = new Map<string, DeviceRecord>();
  readonly #operations = new Map<string, Operation>();
  #numbers = 1_000_000_000;

  /** Claims one device. A claim for the same customer again is a success, with the same id. */
  claim(partnerId: string, claim: Claim, rules: ZeroTouchRules): DeviceRecord | DeviceError {
    const error = claimError(claim, rules) ?? rules.refuseDevices[nameOf(claim.deviceIdentifier)];
    if (error) return error;
    if (rules.othersDevices.includes(nameOf(claim.deviceIdentifier))) return deviceError('SECTION_NOT_YOURS');
    const customerId = claim.customerId ?? claim.googleWorkspaceCustomerId ?? '';
    const known = this.find(claim.deviceIdentifier)[0];
    if (known?.claim && known.claim.partnerId !== partnerId) return deviceError('SECTION_NOT_YOURS');
    if (known?.claim && known.claim.customerId !== customerId)
      return deviceError('OTHER_ERROR', 'DEVICE_ALREADY_EXISTS');
    const record = {
      deviceId: known?.deviceId ?? String(++this.#numbers),
      identifier: claim.deviceIdentifier,
      claim: { partnerId, customerId },
    };
    this.#records.set(record.deviceId, record);
    return record;
  }

  /** Takes the claim away; undefined when that is done. */
  unclaim(partnerId: string, unclaim: Unclaim, rules: ZeroTouchRules): DeviceError | undefined {
    const { deviceId, deviceIdentifier = {} } = unclaim;
    const identifierWrong = deviceId === undefined ? identifierError(deviceIdentifier, rules) : undefined;
    const wrong = sectionError(unclaim.sectionType) ?? identifierWrong;
    if (wrong) return wrong;
    const record = deviceId === undefined ? this.find(deviceIdentifier)[0] : this.#records.get(deviceId);
    const refused = rules.refuseDevices[nameOf(record?.identifier ?? deviceIdentifier)];
    if (refused) return refused;
    if (rules.othersDevices.includes(nameOf(deviceIdentifier))) return deviceError('SECTION_NOT_YOURS');
    if (!record) return deviceError('INVALID_DEVICE_IDENTIFIER', 'INVALID_DEVICE_ID');
    if (record.claim?.partnerId !== partnerId) return deviceError('SECTION_NOT_YOURS');
    const { deviceId: id, identifier } = record;
    this.#records.set(id, { deviceId: id, identifier });
    return undefined;
  }

  /** Records of devices with an identifier in common; a serial number counts together with its model. */
  find(wanted: DeviceIdentifier): DeviceRecord[] {
    const keys = keysOf(wanted);
    return [...this.#records.values()].filter(({ identifier }) =>
      keysOf(identifier).some((key) => keys.includes(key)),
    );
  }

  /** Device -> the customer for whom it is claimed. */
  enrolled(): Record<string, string> {
    return Object.fromEntries(
      [...this.#records.values()].flatMap(({ identifier, claim }) =>
        claim ? [[nameOf(identifier), claim.customerId]] : [],
      ),
    );
  }

  record(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  startClaims(partnerId: string, claims: readonly Claim[], rules: ZeroTouchRules): object {
    const read = claims.filter(({ deviceIdentifier }) => isRead(deviceIdentifier, rules));
    return this.#start(
      read.map((claim) => {
        const done = this.claim(partnerId, claim, rules);
        return { claim, result: 'deviceId' in done ? success(done.deviceId) : failure(done) };
      }),
    );
  }

  startUnclaims(partnerId: string, unclaims: readonly Unclaim[], rules: ZeroTouchRules): object {
    const read = unclaims.filter(({ deviceIdentifier = {} }) => isRead(deviceIdentifier, rules));
    return this.#start(
      read.map((unclaim) => {
        const error = this.unclaim(partnerId, unclaim, rules);
        return { unclaim, result: error ? failure(error) : { status: succeeded } };
      }),
    );
  }

  /** The state of an operation; every question brings it on. */
  poll(name: string, { pendingPolls }: ZeroTouchRules): object | undefined {
    const operation = this.#operations.get(name);
    if (!operation) return undefined;
    const { devicesCount, perDeviceStatus, polls } = operation;
    if (polls < pendingPolls) {
      this.#operations.set(name, { ...operation, polls: polls + 1 });
      const progress = Math.round((100 * (polls + 1)) / pendingPolls);
      return { name, metadata: metadata(devicesCount, 'BATCH_PROCESS_IN_PROGRESS', progress) };
    }
    const successCount = perDeviceStatus.filter(({ result }) => result.status === succeeded).length;
    return {
      name,
      metadata: metadata(devicesCount, 'BATCH_PROCESS_PROCESSED', 100),
      done: true,
      response: {
        '@type': typeOf('DevicesLongRunningOperationResponse'),
        // JSON of protocol buffers leaves zeros out.
        ...(successCount === 0 ? {} : { successCount }),
        perDeviceStatus,
      },
    };
  }

  #start(perDeviceStatus: Operation['perDeviceStatus']): object {
    const name = `operations/apibatchoperation/${++this.#numbers}`;
    const devicesCount = perDeviceStatus.length;
    this.#operations.set(name, { devicesCount, perDeviceStatus, polls: 0 });
    return { name, metadata: metadata(devicesCount, 'BATCH_PROCESS_PENDING', 0) };
  }
}

const metadata = (devicesCount: number, processingStatus: string, progress: number) => ({
  '@type': typeOf('DevicesLongRunningOperationMetadata'),
  devicesCount,
  processingStatus,
  progress,
});

const success = (deviceId: string) => ({ status: succeeded, deviceId });
const failure = ({ status, ...error }: DeviceError) => ({
  ...error,
  status: `SINGLE_DEVICE_STATUS_${status}`,
});

const nameOf = ({ imei, meid, serialNumber }: DeviceIdentifier): string => imei ?? meid ?? serialNumber ?? '';

const isRead = (identifier: DeviceIdentifier, { unreadDevices }: ZeroTouchRules): boolean =>
  !unreadDevices.includes(nameOf(identifier));

/** What tells a device from all others. A serial number does so only with manufacturer and model. */
function keysOf({ imei, imei2, meid, meid2, serialNumber, manufacturer, model }: DeviceIdentifier): string[] {
  const modems = [imei, imei2, meid, meid2].filter((id) => id !== undefined);
  const whole = serialNumber !== undefined && manufacturer !== undefined && model !== undefined;
  return [...modems, ...(whole ? [JSON.stringify([serialNumber, manufacturer, model])] : [])];
}
