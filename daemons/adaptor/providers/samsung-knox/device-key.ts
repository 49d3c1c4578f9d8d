import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import { checkImei, checkSerialNumber, type Checked, type IdentifierPolicy } from '../identifiers.ts';

/**
 * A device as we remember it at Knox: kind and identifier in one text, `IMEI:359999001234509` or `SN:R58M90ABCDE`. A
 * later request has to say the kind again, and the identifier alone does not tell: a serial number may be all digits.
 */

/** Every device of a request is of one kind (as a carrier's client does; Samsung's samples agree). */
export const kinds = ['IMEI', 'SN'] as const;
export type Kind = (typeof kinds)[number];

export const keyOf = (kind: Kind, identifier: string): string => `${kind}:${identifier}`;
export const kindOf = (key: string): Kind => (key.startsWith('IMEI:') ? 'IMEI' : 'SN');
export const identifierOf = (key: string): string => key.slice(key.indexOf(':') + 1);

/**
 * By IMEI when the device has one, else by serial number, whose letters stay as they are: Knox tells upper from lower
 * case. Of two IMEIs the numerically lower (Google's guide on identifiers says so of Android; that Knox agrees is an
 * inference). One that is damaged is not passed over for another: the wrong device might be enrolled.
 *
 * @returns its key as the value
 */
export function checkDevice(device: GenericDevice, policy: IdentifierPolicy): Checked {
  const written = [device.imei, device.imei2].filter((imei) => imei !== undefined && imei.trim() !== '');
  if (written.length === 0) {
    return keyed('SN', checkSerialNumber(device.serialNumber ?? '', { upperCase: false }));
  }
  return keyed('IMEI', written.map((imei) => checkImei(imei ?? '', policy)).reduce(lower));
}

/** An error comes first. As texts, so that an IMEI without its check digit is not lower for being shorter. */
function lower(a: Checked, b: Checked): Checked {
  if ('error' in a) return a;
  return 'error' in b || b.value < a.value ? b : a;
}

const keyed = (kind: Kind, checked: Checked): Checked =>
  'error' in checked ? checked : { ...checked, value: keyOf(kind, checked.value) };
