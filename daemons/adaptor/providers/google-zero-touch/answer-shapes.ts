import { z } from 'zod';

import { Fault } from '../../../../shared/runtime/faults.ts';
import type { DeviceIdentifier } from './device-reference.ts';

/**
 * The shapes of Google's answers, after its API reference, read tolerantly: its JSON leaves out values that are zero,
 * empty or false; enumerations may be spelled in another case; unknown keys are skipped.
 */

const text = z
  .union([z.string(), z.number()])
  .transform((value) => String(value).trim())
  .nullish()
  .transform((value) => value ?? '');

/** A word of an enumeration. */
const word = text.transform((value) => value.toUpperCase());

/** An int64: a text of digits. As a JSON number it would have lost digits. */
const int64 = text.transform((value) => (/^\d{1,20}$/.test(value) ? value : ''));

/** One thing or a list of them; nothing is an empty list. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown[]) : [value].filter((one) => one != null)),
    z.array(item),
  );

/** All the sets of identifiers that a device answers to, the first first. */
const identifiers = z
  .object({
    imei: text,
    imei2: text,
    meid: text,
    meid2: text,
    serialNumber: text,
    manufacturer: text,
    model: text,
  })
  .nullish()
  .transform((read): DeviceIdentifier[] => {
    if (!read) return [];
    const { imei, imei2, meid, meid2, serialNumber, manufacturer, model } = read;
    return [{ imei }, { imei: imei2 }, { meid }, { meid: meid2 }, { serialNumber, manufacturer, model }];
  });

/** A copy of what was asked for one device. */
const echo = z.object({ deviceId: int64, deviceIdentifier: identifiers }).nullish();

const perDevice = z
  .object({
    claim: echo,
    unclaim: echo,
    result: z
      .object({ status: word, deviceId: int64, errorIdentifier: text, errorMessage: text })
      .nullish()
      .transform((read) => read ?? { status: '', deviceId: '', errorIdentifier: '', errorMessage: '' }),
  })
  .transform(({ claim, unclaim, result }) => ({ echo: claim ?? unclaim ?? null, result }));

const operation = z.object({
  name: z.string().regex(/^operations(\/[\w~:-][\w.~:-]*)+$/),
  // Absent while it runs. A progress of 100 does not mean that it is done.
  done: z.boolean().nullish(),
  response: z.object({ perDeviceStatus: listOf(perDevice) }).nullish(),
});

/** Of any type: those of other types are passed over. */
const detail = z
  .object({ '@type': text, code: text, latestTosAccepted: z.boolean().nullish() })
  .catch({ '@type': '', code: '', latestTosAccepted: null });

const refusal = z.object({
  error: z.object({ code: text, message: text, status: word, details: listOf(detail) }),
});

const claim = z.object({ sectionType: word, ownerCompanyId: int64 });

/** Strict: anything else would be read as an empty list. */
const found = z.strictObject({
  devices: listOf(z.object({ deviceId: int64, deviceIdentifier: identifiers, claims: listOf(claim) })),
  nextPageToken: text,
  totalSize: text,
});

export type Operation = z.output<typeof operation>;
export type PerDevice = z.output<typeof perDevice>;
export type ApiError = z.output<typeof refusal>['error'];
export type FoundDevice = z.output<typeof found>['devices'][number];

const hasKey = (document: unknown, key: string): boolean =>
  typeof document === 'object' && document !== null && Object.hasOwn(document, key);

/** The envelope of every Google API for what it refuses; an operation may have an error as well, beside its name. */
export const readRefusal = (document: unknown): ApiError | undefined =>
  hasKey(document, 'error') && !hasKey(document, 'name') ? read(refusal, document).error : undefined;

/** @throws Fault UNKNOWN_ANSWER with the place and never the content */
export const readOperation = (document: unknown): Operation => read(operation, document);

/** @throws Fault UNKNOWN_ANSWER with the place and never the content */
export const readFound = (document: unknown): readonly FoundDevice[] => read(found, document).devices;

function read<Shape extends z.ZodType>(shape: Shape, document: unknown): z.output<Shape> {
  const read = shape.safeParse(document);
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join('.');
  throw new Fault(
    'UNKNOWN_ANSWER',
    place ? `not as expected at ${place}` : 'not one of the answers of zero-touch',
  );
}
