import { z } from 'zod';

/** Bodies of Partner Center's device deployment, as strict about names and case as its reference. */

const text = z.string().min(1);

const device = z
  .strictObject({
    SerialNumber: text.optional(),
    ProductKey: z
      .string()
      .regex(/^\d{13}$/)
      .optional(),
    HardwareHash: text.optional(),
    OemManufacturerName: text.optional(),
    ModelName: text.optional(),
    Attributes: z.strictObject({ ObjectType: z.literal('Device') }).optional(),
  })
  .refine(isCombination, { error: 'not one of the combinations that identify a device' });

export const batchShape = z.strictObject({
  BatchId: text,
  Devices: z.array(device).min(1),
  Attributes: z.strictObject({ ObjectType: z.literal('DeviceBatchCreationRequest') }),
});
export const devicesShape = z.array(device).min(1);

export type PostedWindowsDevice = z.infer<typeof device>;

interface Identity {
  readonly SerialNumber?: string | undefined;
  readonly ProductKey?: string | undefined;
  readonly HardwareHash?: string | undefined;
  readonly OemManufacturerName?: string | undefined;
  readonly ModelName?: string | undefined;
}

/** A hardware hash with anything, a product key alone, or serial number, manufacturer and model. */
function isCombination(posted: Identity): boolean {
  const { SerialNumber, ProductKey, HardwareHash, OemManufacturerName, ModelName } = posted;
  if (HardwareHash !== undefined) return true;
  const tuple = [SerialNumber, OemManufacturerName, ModelName];
  if (tuple.every((part) => part !== undefined)) return ProductKey === undefined;
  return ProductKey !== undefined && tuple.every((part) => part === undefined);
}

/** Each of these tells a device from all others. */
export function keysOf(posted: Identity): string[] {
  const { SerialNumber, ProductKey, HardwareHash, OemManufacturerName, ModelName } = posted;
  return [
    ...(HardwareHash === undefined ? [] : [`hash ${HardwareHash}`]),
    ...(ProductKey === undefined ? [] : [`key ${ProductKey}`]),
    ...(SerialNumber !== undefined && ModelName !== undefined
      ? [JSON.stringify([SerialNumber, OemManufacturerName, ModelName])]
      : []),
  ];
}

/** Base64 with its padding, and nothing else: no line ends, no quotes. */
export const isBase64 = (value: string): boolean =>
  value !== '' && Buffer.from(value, 'base64').toString('base64') === value;
