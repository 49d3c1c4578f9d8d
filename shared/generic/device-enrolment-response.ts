import type { GenericInterface } from './generic-interface.ts';
import {
  dateTime,
  errors,
  externalFileName,
  object,
  safeInteger,
  text,
  type GenericError,
} from './schema-parts.ts';

/** Device Enrolment Response 1.0: a provider's outcome for one order. */

export interface ResponseDevice {
  readonly deviceId: string;
  readonly errors?: readonly GenericError[];
}

export interface ResponseOrder {
  readonly id: number;
  readonly errors?: readonly GenericError[];
  readonly devices?: readonly ResponseDevice[];
}

export interface DeviceEnrolmentResponse {
  readonly interfaceCategory: 'Device Enrolment';
  readonly interfaceType: 'Device Enrolment Response';
  readonly version: number;
  readonly extractLoadDateTime: string;
  readonly deviceEnrolmentProviderId: string;
  /** Short unique name; the provider file's own name stays in the ledger. */
  readonly externalFileName: string;
  readonly order: ResponseOrder;
}

/** What a response says of one device of the request. `silent`: the response does not mention it. */
export type DeviceVerdict =
  | { readonly outcome: 'succeeded' }
  | { readonly outcome: 'failed'; readonly errors: readonly GenericError[] }
  | { readonly outcome: 'silent' };

/**
 * The reading rule: an error of the order fails every device; a device with errors failed; a device listed without
 * errors succeeded; with neither devices nor errors every device succeeded; a device that is missing from a non-empty
 * list stays as it is.
 */
export function readVerdict(order: ResponseOrder, deviceId: string): DeviceVerdict {
  if (order.errors && order.errors.length > 0) return { outcome: 'failed', errors: order.errors };
  if (!order.devices || order.devices.length === 0) return { outcome: 'succeeded' };
  const device = order.devices.find((listed) => listed.deviceId === deviceId);
  if (!device) return { outcome: 'silent' };
  if (device.errors && device.errors.length > 0) return { outcome: 'failed', errors: device.errors };
  return { outcome: 'succeeded' };
}

function problems({ devices = [] }: ResponseOrder): string[] {
  // As we write them ourselves. To remember each takes several times as long as to look at the one before.
  if (areAscending(devices)) return [];
  const seen = new Set<string>();
  for (const [index, { deviceId }] of devices.entries()) {
    if (seen.has(deviceId)) return [`/devices/${index}/deviceId: stands twice in the list`];
    seen.add(deviceId);
  }
  return [];
}

function areAscending(devices: readonly ResponseDevice[]): boolean {
  let before: string | undefined;
  for (const { deviceId } of devices) {
    if (before !== undefined && before >= deviceId) return false;
    before = deviceId;
  }
  return true;
}

function describe(order: ResponseOrder): string {
  if (order.errors && order.errors.length > 0) return `order refused with ${order.errors.length} error(s)`;
  const failed = order.devices?.filter((device) => device.errors && device.errors.length > 0).length ?? 0;
  if (!order.devices || order.devices.length === 0) return 'every device succeeded';
  return `${order.devices.length - failed} succeeded, ${failed} failed`;
}

export const deviceEnrolmentResponse: GenericInterface<DeviceEnrolmentResponse, ResponseOrder> = {
  category: 'Device Enrolment',
  type: 'Device Enrolment Response',
  version: 1.0,
  fileStem: 'device-enrolment-response',
  header: object({
    interfaceCategory: { const: 'Device Enrolment' },
    interfaceType: { const: 'Device Enrolment Response' },
    version: { const: 1.0 },
    extractLoadDateTime: dateTime,
    deviceEnrolmentProviderId: text(32),
    externalFileName,
  }),
  records: {
    property: 'order',
    list: false,
    schema: object(
      {
        id: safeInteger,
        errors,
        devices: { type: 'array', items: object({ deviceId: text(64), errors }, ['errors']) },
      },
      ['errors', 'devices'],
    ),
    problems,
    describe: (order) => ({ customerReference: String(order.id), description: describe(order) }),
  },
  providerId: (header) => header.deviceEnrolmentProviderId,
};
