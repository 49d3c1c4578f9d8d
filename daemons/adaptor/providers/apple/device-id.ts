import type { GenericDevice } from '../../../../shared/generic/schema-parts.ts';

/** The one spelling of an identifier at Apple, which wants upper case (Apple reseller API as restated by integrators). */
export const normaliseDeviceId = (id: string): string => id.trim().toUpperCase();

/** Apple has one field for all kinds of identifier: serial number, else IMEI, else MEID; empty when there is none. */
export function appleDeviceId(device: GenericDevice): string {
  const candidates = [device.serialNumber, device.imei, device.meid];
  return candidates.map((id) => normaliseDeviceId(id ?? '')).find((id) => id !== '') ?? '';
}
