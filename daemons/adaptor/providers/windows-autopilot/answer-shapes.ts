import { z } from 'zod';

import { Fault } from '../../../../shared/runtime/faults.ts';
import type { ProviderError } from '../provider-format.ts';
import { comparable } from './device-identity.ts';

/**
 * The shapes of Partner Center's answers (learn.microsoft.com/partner-center/developer/device-deployment-resources), read
 * tolerantly: codes may be numbers, one thing may stand where several would be a list, fields may be missing or null,
 * unknown ones are skipped. An object of other fields is none of them: what is not understood is never an empty list.
 */

const text = z.union([z.string(), z.number()]).transform((value) => String(value).trim());
const filled = text.refine((value) => value !== '');
const optionalText = text.nullish().transform((value) => value ?? '');

/** One thing or a list of them; nothing is an empty list. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown[]) : [value].filter((one) => one != null)),
    z.array(item),
  );

const named = { serialNumber: optionalText, productKey: optionalText, hardwareHash: optionalText };

interface Named {
  readonly serialNumber: string;
  readonly productKey: string;
  readonly hardwareHash: string;
}

/** In comparable form. */
const namesIn = ({ serialNumber, productKey, hardwareHash }: Named): string[] =>
  [serialNumber, productKey, hardwareHash].map(comparable).filter((name) => name !== '');

const noErrors = ['', '0'];

/** `error` is empty where there is none. */
const deviceStatus = z
  .object({
    ...named,
    deviceId: optionalText,
    status: optionalText,
    errorCode: optionalText,
    errorDescription: optionalText,
  })
  .transform((read) => ({
    names: namesIn(read),
    deviceId: read.deviceId,
    status: read.status.toLowerCase(),
    errorCode: noErrors.includes(read.errorCode) ? '' : read.errorCode,
    errorDescription: read.errorDescription,
  }));

/** BatchUploadDetails. */
const batchStatus = z
  .object({
    batchTrackingId: optionalText,
    status: z.string(),
    devicesStatus: listOf(deviceStatus),
  })
  .transform((read) => ({
    trackingId: read.batchTrackingId.toLowerCase(),
    status: read.status.trim().toLowerCase(),
    devices: read.devicesStatus,
  }));

const listedDevice = z
  .object({ ...named, id: optionalText })
  .transform((read) => ({ names: namesIn(read), deviceId: read.id }));

/**
 * A collection of Device, or the devices themselves, as the newer pages of Microsoft's have it; without any of them it
 * might be the answer to anything.
 */
const batchDevices = z.preprocess(
  (value) => (Array.isArray(value) && value.length > 0 ? { items: value as unknown[] } : value),
  z
    .object({
      totalCount: z.number().nullish(),
      items: z.array(listedDevice),
      continuationToken: optionalText,
    })
    .transform(({ totalCount, items, continuationToken }) => ({
      devices: items,
      isComplete: continuationToken === '' && (totalCount ?? 0) <= items.length,
    })),
);

/** The error of a request (learn.microsoft.com/partner-center/developer/error-codes). */
const failure = z
  .object({ code: filled, description: optionalText })
  .transform(({ code, description }) => ({ code, message: description }));

/**
 * What a person or a program writes into a file of the spool in place of an answer that has no body, or of what stands
 * outside of it: the status of HTTP, and `Location`. Our own convention.
 */
const receipt = z.object({
  status: z.number().int().min(100).max(599).optional(),
  location: z.string().optional(),
  Location: z.string().optional(),
});

export type DeviceStatus = z.output<typeof deviceStatus>;
export type BatchStatus = z.output<typeof batchStatus>;
export type BatchDevices = z.output<typeof batchDevices>;

const found = <Shape extends z.ZodType>(shape: Shape, document: unknown): z.output<Shape> | undefined =>
  shape.safeParse(document).data;

export const failureIn = (document: unknown): ProviderError | undefined => found(failure, document);

export function receiptIn(document: unknown): { readonly status?: number; readonly location?: string } {
  const { status, location, Location } = found(receipt, document) ?? {};
  const place = location ?? Location;
  return { ...(status !== undefined && { status }), ...(place !== undefined && { location: place }) };
}

/** @throws Fault UNKNOWN_ANSWER with the place and never the content */
export const batchStatusIn = (document: unknown): BatchStatus => required(batchStatus, document);

/** @throws Fault UNKNOWN_ANSWER with the place and never the content */
export const batchDevicesIn = (document: unknown): BatchDevices => required(batchDevices, document);

function required<Shape extends z.ZodType>(shape: Shape, document: unknown): z.output<Shape> {
  const read = shape.safeParse(document);
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join('.');
  throw new Fault('UNKNOWN_ANSWER', place ? `not as expected at ${place}` : 'not an object');
}

const verdict = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('succeeded') }),
  z.object({
    kind: z.literal('failed'),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
  z.object({ kind: z.literal('open') }),
]);

/** What an answer leaves to be compared with the request. */
const result = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('status'), document: z.unknown() }),
  z.object({ kind: z.literal('devices'), document: z.unknown() }),
  z.object({ kind: z.literal('deleted') }),
  z.object({ kind: z.literal('sheet'), verdicts: z.array(z.tuple([z.string(), verdict])) }),
]);

export type Result = z.output<typeof result>;

/** @throws Fault UNKNOWN_ANSWER */
export const resultIn = (value: unknown): Result => required(result, value);
