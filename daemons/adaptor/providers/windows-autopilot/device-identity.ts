import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';
import { checkHardwareHash, checkProductId, checkSerialNumber, type Checked } from '../identifiers.ts';
import type { ProviderError } from '../provider-format.ts';
import { refusal } from '../refusal.ts';

/** By what Microsoft knows a device, under the names of its API. */
export interface DeviceIdentity {
  readonly SerialNumber?: string;
  /** The Windows product id, PKID. */
  readonly ProductKey?: string;
  readonly HardwareHash?: string;
  readonly OemManufacturerName?: string;
  readonly ModelName?: string;
}

/**
 * The identity of a device in one of the combinations that Microsoft takes
 * (learn.microsoft.com/partner-center/developer/upload-a-list-of-devices-to-create-a-new-batch-for-the-specified-customer):
 * the hardware hash, with the product id and the serial number where there are any; else the product id alone; else the
 * serial number with manufacturer and model. These last three are compared with what the firmware says, to the letter,
 * so that they go as they stand.
 */
export function identify(device: GenericDevice): DeviceIdentity | { readonly error: ProviderError } {
  const { serialNumber, productId, hardwareHash, manufacturer, model } = device;
  if (isGiven(hardwareHash)) {
    return combine({
      HardwareHash: checkHardwareHash(hardwareHash),
      ...(isGiven(productId) && { ProductKey: checkProductId(productId) }),
      ...(isGiven(serialNumber) && { SerialNumber: asItStands(serialNumber) }),
    });
  }
  if (isGiven(productId)) return combine({ ProductKey: checkProductId(productId) });
  if (isGiven(serialNumber) && isGiven(manufacturer) && isGiven(model)) {
    return combine({
      SerialNumber: asItStands(serialNumber),
      OemManufacturerName: { value: manufacturer },
      ModelName: { value: model },
    });
  }
  return { error: refusal('IDENTIFIER_MISSING', neededIdentifiers) };
}

const neededIdentifiers =
  'It needs a hardware hash, or a product id, or a serial number with manufacturer and model.';

const isGiven = (text: string | undefined): text is string => text !== undefined && text.trim() !== '';

function asItStands(serialNumber: string): Checked {
  const checked = checkSerialNumber(serialNumber, { upperCase: false });
  return 'error' in checked ? checked : { value: serialNumber };
}

function combine(
  parts: Partial<Record<keyof DeviceIdentity, Checked>>,
): DeviceIdentity | { readonly error: ProviderError } {
  const identity: Partial<Record<keyof DeviceIdentity, string>> = {};
  for (const [name, part] of Object.entries(parts) as [keyof DeviceIdentity, Checked][]) {
    if ('error' in part) return part;
    identity[name] = part.value;
  }
  return identity;
}

/** The device as answers and people name it: by its serial number, else its product id, else its hardware hash. */
export const keyOf = ({ SerialNumber, ProductKey, HardwareHash }: DeviceIdentity): string =>
  SerialNumber ?? ProductKey ?? HardwareHash ?? '';

/** An identifier for comparison: answers may spell it in another letter case. */
export const comparable = (identifier: string): string => identifier.trim().toUpperCase();

/** By any of these an answer may name the device: its answers leave out what they like, and nothing else tells devices apart. */
export const namesOf = ({ SerialNumber, ProductKey, HardwareHash }: DeviceIdentity): string[] =>
  [SerialNumber, ProductKey, HardwareHash]
    .map((name) => comparable(name ?? ''))
    .filter((name) => name !== '');

/** Known by its hardware hash alone, which the status of a batch does not tell (DeviceUploadDetails has no such field). */
export const isNameless = ({ SerialNumber, ProductKey }: DeviceIdentity): boolean =>
  SerialNumber === undefined && ProductKey === undefined;
