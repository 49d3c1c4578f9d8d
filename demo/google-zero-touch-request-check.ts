import { z } from 'zod';

import { passesLuhn } from './luhn.ts';

/**
 * Bodies of the Android zero-touch reseller API, read as strictly as Google's servers read them: unknown names are
 * refused, and numbers of 64 bits are texts. https://developers.google.com/zero-touch/reference/reseller/rest
 */

const int64 = z.string().regex(/^\d{1,19}$/);

export const deviceIdentifier = z.strictObject({
  imei: z.string().optional(),
  imei2: z.string().optional(),
  meid: z.string().optional(),
  meid2: z.string().optional(),
  serialNumber: z.string().optional(),
  manufacturer: z.string().optional(),
  model: z.string().optional(),
  chromeOsAttestedDeviceId: z.string().optional(),
  deviceType: z.enum(['DEVICE_TYPE_UNSPECIFIED', 'DEVICE_TYPE_ANDROID', 'DEVICE_TYPE_CHROME_OS']).optional(),
});

const sectionType = z.enum(['SECTION_TYPE_UNSPECIFIED', 'SECTION_TYPE_SIM_LOCK', 'SECTION_TYPE_ZERO_TOUCH']);

export const claimShape = z.strictObject({
  customerId: z.string().optional(),
  googleWorkspaceCustomerId: z.string().optional(),
  sectionType,
  deviceIdentifier,
  deviceMetadata: z.strictObject({ entries: z.record(z.string(), z.string()) }).optional(),
  preProvisioningToken: z.string().optional(),
  configurationId: int64.optional(),
  simlockProfileId: int64.optional(),
});
export const unclaimShape = z.strictObject({
  deviceId: int64.optional(),
  deviceIdentifier: deviceIdentifier.optional(),
  sectionType,
});
export const claimsShape = z.strictObject({ claims: z.array(claimShape) });
export const unclaimsShape = z.strictObject({ unclaims: z.array(unclaimShape) });
export const findShape = z.strictObject({
  deviceIdentifier,
  limit: int64.refine((limit) => Number(limit) >= 1 && Number(limit) <= 100),
  pageToken: z.string().optional(),
});

export type DeviceIdentifier = z.infer<typeof deviceIdentifier>;
export type Claim = z.infer<typeof claimShape>;
export type Unclaim = z.infer<typeof unclaimShape>;

/** One of Google's custom error codes, with the status of a device that goes with it. */
export interface DeviceError {
  readonly status: string;
  readonly errorIdentifier?: string | undefined;
  readonly errorMessage?: string | undefined;
}

export const deviceError = (status: string, errorIdentifier?: string): DeviceError => ({
  status,
  ...(errorIdentifier === undefined ? {} : { errorIdentifier }),
  errorMessage: `The device was refused (${errorIdentifier ?? status}).`,
});

/** What the service knows of the world of devices; empty lists: anything goes. */
export interface KnownNames {
  readonly customers: readonly string[];
  readonly manufacturers: readonly string[];
  readonly models: readonly string[];
}

const knows = (list: readonly string[], name: string): boolean => list.length === 0 || list.includes(name);

export function claimError(claim: Claim, known: KnownNames): DeviceError | undefined {
  const { customerId, googleWorkspaceCustomerId } = claim;
  // A union: exactly one of them.
  const customer = customerId ?? googleWorkspaceCustomerId ?? '';
  const both = customerId !== undefined && googleWorkspaceCustomerId !== undefined;
  if (both || customer === '' || !/^\d{1,19}$/.test(customerId ?? '1') || !knows(known.customers, customer))
    return deviceError('OTHER_ERROR', 'INVALID_CUSTOMER_ID');
  return sectionError(claim.sectionType) ?? identifierError(claim.deviceIdentifier, known);
}

export function sectionError(section: Claim['sectionType']): DeviceError | undefined {
  if (section === 'SECTION_TYPE_UNSPECIFIED')
    return deviceError('INVALID_SECTION_TYPE', 'INVALID_SECTION_TYPE');
  return section === 'SECTION_TYPE_SIM_LOCK'
    ? deviceError('PERMISSION_DENIED', 'AUTHORIZATION_FAIL')
    : undefined;
}

/** Cellular devices have an IMEI or MEID; others serial number, manufacturer and model together. */
export function identifierError(device: DeviceIdentifier, known: KnownNames): DeviceError | undefined {
  const { imei, imei2, meid, meid2, serialNumber, manufacturer, model } = device;
  const invalid = (code: string) => deviceError('INVALID_DEVICE_IDENTIFIER', code);
  if ([imei, imei2].some((id) => id !== undefined && !(/^\d{15}$/.test(id) && passesLuhn(id))))
    return invalid('INVALID_IMEI');
  if ([meid, meid2].some((id) => id !== undefined && !/^[0-9A-F]{14}$/.test(id)))
    return invalid('INVALID_MEID');
  if (serialNumber?.trim() === '') return invalid('INVALID_SERIAL');
  if (manufacturer !== undefined && !knows(known.manufacturers, manufacturer))
    return invalid('INVALID_MANUFACTURER');
  if (model !== undefined && !knows(known.models, model)) return invalid('INVALID_MODEL');
  const whole = [serialNumber, manufacturer, model].every((part) => part !== undefined && part !== '');
  return imei !== undefined || meid !== undefined || whole ? undefined : invalid('INVALID_IDENTIFIER_SET');
}
