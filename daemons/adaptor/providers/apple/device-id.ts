import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import {
  checkImei,
  checkMeid,
  checkSerialNumber,
  type Checked,
  type IdentifierPolicy,
} from '../identifiers.ts';
import { refusal } from '../refusal.ts';
import { longest } from './bulk-enroll-request.ts';

/** The one spelling of an identifier at Apple, which wants upper case (Apple reseller API as restated by integrators). */
export const normaliseDeviceId = (id: string): string => id.trim().toUpperCase();

/**
 * Apple has one field for all kinds of identifier: serial number, else IMEI, else MEID. The first that the device has is
 * the one that is sent or refused: where one of them is damaged, the others are not to be trusted either.
 */
export function appleDeviceId(device: GenericDevice, policy: IdentifierPolicy): Checked {
  const checked = firstIdentifier(device, policy);
  if ('error' in checked || checked.value.length <= longest.deviceId) return checked;
  const detail = `The identifier has ${checked.value.length} characters, Apple takes ${longest.deviceId}.`;
  return { error: refusal('IDENTIFIER_INVALID', detail) };
}

function firstIdentifier({ serialNumber, imei, meid }: GenericDevice, policy: IdentifierPolicy): Checked {
  if (isFilled(serialNumber)) return checkSerialNumber(serialNumber, { upperCase: true });
  if (isFilled(imei)) return checkImei(imei, policy);
  if (isFilled(meid)) return checkMeid(meid);
  const detail = 'Apple needs a serial number, an IMEI or a MEID.';
  return { error: refusal('IDENTIFIER_MISSING', detail) };
}

const isFilled = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';
