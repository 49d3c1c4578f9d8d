import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import {
  checkImei,
  checkMeid,
  checkSerialNumber,
  type Checked,
  type IdentifierPolicy,
} from '../identifiers.ts';
import type { ProviderError } from '../provider-format.ts';
import { refusal } from '../refusal.ts';
import type { DeviceIdentifier } from './device-reference.ts';

/** What is sent of a device, or why it is not. */
export type CheckedDevice =
  { readonly identifier: DeviceIdentifier; readonly doubtful: boolean } | { readonly error: ProviderError };

/**
 * The identifiers that Google asks for: IMEI or MEID of a telephone, for the rest serial number, manufacturer and model.
 * They must be exactly what the device itself says of them, so that manufacturer and model keep their spelling.
 */
export function checkDevice(device: GenericDevice, policy: IdentifierPolicy): CheckedDevice {
  const filled = (value: string | undefined): string => value?.trim() ?? '';
  const [manufacturer, model] = [filled(device.manufacturer), filled(device.model)];
  if (unprintable.test(`${manufacturer}${model}`)) {
    const error = refusal('IDENTIFIER_INVALID', 'Manufacturer or model has a control character in it.');
    return { error };
  }
  const maker = manufacturer === '' ? {} : { manufacturer };
  const imeis = [device.imei, device.imei2].map(filled).filter((imei) => imei !== '');
  if (imeis.length > 0) return ofTelephone(imeis, maker, policy);
  const [meid, serialNumber] = [filled(device.meid), filled(device.serialNumber)];
  if (meid !== '') return ofOne(checkMeid(meid), (value) => ({ meid: value, ...maker }));
  if (serialNumber === '') return missing('Zero-touch needs an IMEI, a MEID or a serial number.');
  if (manufacturer === '' || model === '') {
    return missing('With a serial number zero-touch needs manufacturer and model as well.');
  }
  return ofOne(checkSerialNumber(serialNumber, { upperCase: false }), (value) => ({
    serialNumber: value,
    manufacturer,
    model,
  }));
}

/**
 * Google's guide: of two IMEIs the numerically lowest is found most reliably, and the other one besides makes it more
 * reliable. `imei2` is in the guide and in the current client libraries of the API.
 */
function ofTelephone(
  imeis: readonly string[],
  maker: DeviceIdentifier,
  policy: IdentifierPolicy,
): CheckedDevice {
  const valid: string[] = [];
  let doubtful = false;
  for (const checked of imeis.map((imei) => checkImei(imei, policy))) {
    if ('error' in checked) return checked;
    valid.push(checked.value);
    doubtful ||= checked.doubtful === true;
  }
  // As texts: the first 14 digits are the number, whatever follows them.
  const [imei, imei2] = [...new Set(valid)].sort();
  return { identifier: { ...(imei && { imei }), ...(imei2 && { imei2 }), ...maker }, doubtful };
}

function ofOne(checked: Checked, identifierOf: (value: string) => DeviceIdentifier): CheckedDevice {
  return 'error' in checked ? checked : { identifier: identifierOf(checked.value), doubtful: false };
}

/** Control characters, line ends and broken characters: no name in a list of Google's has them. */
const unprintable = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

const missing = (what: string): CheckedDevice => ({ error: refusal('IDENTIFIER_MISSING', what) });
