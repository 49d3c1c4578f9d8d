import { refusal } from '../refusal.ts';
import { readResultSheet, writeSheet, type Verdict } from '../result-sheet.ts';
import type { ProviderError } from '../provider-format.ts';
import { comparable, keyOf, type DeviceIdentity } from './device-identity.ts';

/**
 * Sheets for the portal of Partner Center (learn.microsoft.com/autopilot/add-devices). The page of a customer is where
 * one is uploaded, so that a sheet is of one customer.
 */

const deviceColumns = [
  'Device Serial Number',
  'Windows Product ID',
  'Hardware Hash',
  'Manufacturer name',
  'Device model',
] as const;

/**
 * The portal takes no sheet of devices to delete. This one is our own convention, for the person who deletes them there:
 * the customer's tenant, the batch that the device was registered with, and what it is called.
 */
const removalColumns = ['Customer', 'Batch', 'Device'] as const;

export type RemovalRow = Readonly<Record<(typeof removalColumns)[number], string>>;

export const writeDeviceSheet = (devices: readonly DeviceIdentity[]): string =>
  writeSheet(
    deviceColumns,
    devices.map((device) => ({
      'Device Serial Number': device.SerialNumber ?? '',
      'Windows Product ID': device.ProductKey ?? '',
      'Hardware Hash': device.HardwareHash ?? '',
      'Manufacturer name': device.OemManufacturerName ?? '',
      'Device model': device.ModelName ?? '',
    })),
  );

export const writeRemovalSheet = (rows: readonly RemovalRow[]): string => writeSheet(removalColumns, rows);

/**
 * Intune reads its sheets as ANSI (learn.microsoft.com/autopilot/add-devices), and nothing is said of the portal's. So
 * only what every encoding writes alike goes into a sheet; a name with an accent could not match the firmware's.
 */
export function checkForSheet(identity: DeviceIdentity): ProviderError | undefined {
  const fits = Object.values(identity).every((value: string) => /^[\x20-\x7e]*$/.test(value));
  return fits
    ? undefined
    : refusal(
        'UNMAPPABLE',
        'A sheet for the portal can hold plain ASCII only; register the device by the API.',
      );
}

/** The verdicts on devices of a sheet, by their keys in comparable form. @throws Fault as `readResultSheet` */
export function readDeviceResults(bytes: Uint8Array): ReadonlyMap<string, Verdict> {
  return readResultSheet(withExactHeader(bytes, deviceColumns), deviceColumns, (row) => {
    const [serialNumber, productKey, hash] = deviceColumns.map((column) => row[column]?.trim() ?? '');
    return comparable(
      keyOf({
        ...(serialNumber && { SerialNumber: serialNumber }),
        ...(productKey && { ProductKey: productKey }),
        ...(hash && { HardwareHash: hash }),
      }),
    );
  });
}

/** The same for a sheet of removals. @throws Fault as `readResultSheet` */
export function readRemovalResults(bytes: Uint8Array): ReadonlyMap<string, Verdict> {
  return readResultSheet(withExactHeader(bytes, removalColumns), removalColumns, (row) =>
    comparable(row['Device'] ?? ''),
  );
}

/** The header in its exact spelling: the letter case differs between Microsoft's own pages, and between templates. */
function withExactHeader(bytes: Uint8Array, columns: readonly string[]): Uint8Array {
  const end = bytes.findIndex((byte) => byte === 0x0a || byte === 0x0d);
  if (end < 0) return bytes;
  const exact = new Map([...columns, 'Result', 'Error'].map((name) => [comparable(name), name]));
  const names = new TextDecoder()
    .decode(bytes.subarray(0, end))
    .split(',')
    .map((name) => exact.get(comparable(name.replace(/^\s*"(.*)"\s*$/, '$1'))) ?? name);
  const header = new TextEncoder().encode(names.join(','));
  const rest = bytes.subarray(end);
  const whole = new Uint8Array(header.length + rest.length);
  whole.set(header);
  whole.set(rest, header.length);
  return whole;
}
