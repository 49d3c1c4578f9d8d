/** Pieces that the schemas of several interfaces share (JSON Schema 2020-12). Unknown properties are always refused. */

export const text = (maxLength: number) => ({ type: 'string', minLength: 1, maxLength }) as const;
export const optionalText = (maxLength: number) => ({ type: 'string', maxLength }) as const;
export const dateTime = { type: 'string', format: 'date-time' } as const;
export const safeInteger = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;

/** Published constraint: the name of the other side's file, at most 20 characters. */
export const externalFileName = { type: 'string', maxLength: 20, pattern: '^([a-zA-Z0-9._-])+$' } as const;

/** An object whose listed properties are the only ones. */
export function object(properties: Record<string, unknown>, optional: readonly string[] = []) {
  return {
    type: 'object',
    additionalProperties: false,
    required: Object.keys(properties).filter((name) => !optional.includes(name)),
    properties,
  } as const;
}

/** Error reported by a provider or a warehouse (published lengths). */
export interface GenericError {
  readonly id: string;
  readonly errorMessage: string;
}

export const errors = { type: 'array', items: object({ id: text(100), errorMessage: text(1000) }) } as const;

/** A device as the generic formats carry it. Identifiers are strings always: a number would lose leading zeros. */
export interface GenericDevice {
  readonly deviceId: string;
  readonly serialNumber?: string;
  readonly imei?: string;
  readonly imei2?: string;
  readonly meid?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly assetTag?: string;
  readonly productId?: string;
  readonly hardwareHash?: string;
}

const deviceProperties = {
  deviceId: text(64),
  serialNumber: text(64),
  // Longer than any of them is: what a spreadsheet made of one is named by the adaptor, device by device.
  imei: text(32),
  imei2: text(32),
  meid: text(32),
  manufacturer: text(128),
  model: text(128),
  assetTag: optionalText(128),
  productId: text(64),
  hardwareHash: text(8192),
};

export const device = object(
  deviceProperties,
  Object.keys(deviceProperties).filter((name) => name !== 'deviceId'),
);
