import type {
  DeviceEnrolmentResponse,
  ResponseDevice,
} from '../../shared/generic/device-enrolment-response.ts';
import type { GenericError } from '../../shared/generic/schema-parts.ts';
import { bug } from '../../shared/runtime/faults.ts';
import type { DeviceOutcome, OrderOutcome, ProviderError } from './providers/provider-format.ts';

/** Longest values of the generic format. */
const longest = { id: 100, errorMessage: 1000 } as const;

interface Outcome {
  readonly providerId: string;
  readonly outcome: OrderOutcome;
  readonly externalFileName: string;
  readonly now: Date;
}

/**
 * The outcome of one order in the generic format; null while it says nothing yet. Devices whose outcome is not known
 * are left out, so that they stay as they are; if that left an empty list, it would mean that every device succeeded.
 */
export function toGenericResponse({
  providerId,
  outcome,
  externalFileName,
  now,
}: Outcome): DeviceEnrolmentResponse | null {
  const verdict = verdictOf(outcome);
  if (verdict === null) return null;
  return {
    interfaceCategory: 'Device Enrolment',
    interfaceType: 'Device Enrolment Response',
    version: 1.0,
    extractLoadDateTime: now.toISOString(),
    deviceEnrolmentProviderId: providerId,
    externalFileName,
    order: { id: outcome.orderId, ...verdict },
  };
}

type OrderVerdict = Pick<DeviceEnrolmentResponse['order'], 'errors' | 'devices'>;

function verdictOf({ errors, devices, settled }: OrderOutcome): OrderVerdict | null {
  if (errors.length > 0) return { errors: errors.map(toGenericError) };
  if (devices.length === 0) return settled ? {} : null;
  const known = devices.map(toDevice).filter((device) => device !== undefined);
  return known.length === 0 ? null : { devices: known };
}

function toDevice(device: DeviceOutcome): ResponseDevice | undefined {
  const { deviceId } = device;
  switch (device.outcome) {
    case 'succeeded':
      return { deviceId };
    case 'failed':
      // Without an error a failed device would be read as one that succeeded.
      if (device.errors.length === 0) throw bug(`device ${deviceId} failed without an error`);
      return { deviceId, errors: device.errors.map(toGenericError) };
    case 'unknown':
      return undefined;
  }
}

function toGenericError({ code, message }: ProviderError): GenericError {
  return { id: fit(code, longest.id), errorMessage: fit(message, longest.errorMessage) };
}

/** A text that is too long ends with a note that it was cut and how long it is; lengths count characters. */
function fit(text: string, max: number): string {
  const characters = Array.from(text);
  if (characters.length <= max) return text;
  const note = `… [cut; the provider's file has all ${characters.length} characters]`;
  return characters.slice(0, max - note.length).join('') + note;
}
