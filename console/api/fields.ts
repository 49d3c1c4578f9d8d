import { z } from 'zod';

import { faultRow, isFaultCode } from '../../shared/runtime/fault-codes.ts';

/** What requests and answers of the API are made of. Pure. */

/** Schemas with a name of their own in the OpenAPI document. */
export const named = z.registry<{ id: string }>();

/** An object of an answer. Programs leave alone what they do not know, so that fields can be added. */
export function answer<S extends z.ZodRawShape>(id: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const schema = z.strictObject(shape);
  named.add(schema, { id });
  return schema;
}

/** A part of a list, and where the next part is. */
export const listOf = <S extends z.ZodType>(id: string, item: S) =>
  answer(id, {
    items: z.array(item),
    next: z.string().nullable().describe('Path of the next part of the list; null: this was the last.'),
  });

export const time = z.iso.datetime({ offset: true }).meta({ examples: ['2026-01-14T11:02:39.000Z'] });
export const count = z.int().min(0);
export const id = z.int().min(1);

const control = /^\P{Cc}*$/u;

/** Text of one line that is not empty. */
export const line = (longest = 200) =>
  z.string().trim().min(1).max(longest).regex(control, 'must be one line of text');

export const reason = line(500)
  .describe('Why; kept in the audit.')
  .meta({ examples: ['the cause is mended'] });

/** A whole number from 1, as it stands in an address. */
export const number = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a whole number from 1')
  .transform(Number)
  .pipe(z.int().min(1));

/** A place in a list that is read by its numbers. */
export const place = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,14})$/, 'must be a whole number from 0')
  .transform(Number)
  .pipe(z.int().min(0));

const longestPart = 200;

const limit = number.pipe(z.int().min(1).max(longestPart)).default(50).describe('How many at most.');

/** Of a list that is read newest first. */
export const newestFirst = {
  limit,
  before: number.optional().describe('Only what is older than this one.'),
};

/** Of a list that is read by its numbers. */
export const inOrder = {
  limit,
  after: place.optional().describe('Only what stands behind this one.'),
};

export const faultAnswer = answer('Fault', {
  code: z.string().meta({ examples: ['SIGNATURE_BAD'] }),
  what: z.string().nullable().describe('What happened; null where this version does not know the code.'),
  detail: z.string().nullable(),
  action: z.string().nullable().describe('What to do about it.'),
});

/** What a fault code means, and what to do about it; null where there is none. */
export function toFaultAnswer(
  code: string | null,
  detail: string | null,
): z.input<typeof faultAnswer> | null {
  if (code === null) return null;
  const row = isFaultCode(code) ? faultRow(code) : undefined;
  return { code, what: row?.what ?? null, detail, action: row?.action ?? null };
}
