import { z } from 'zod';

import type { ProviderError } from '../../../daemons/adaptor/providers/provider-format.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { acmeErrors } from './error-catalogue.ts';

/** Read tolerantly: numbers for texts, one device where there are usually many; unknown properties are passed over. */

const text = z
  .union([z.string(), z.number()])
  .nullish()
  .transform((value) => String(value ?? '').trim());

const device = z.object({ order: text, serial: text, result: text, text });
export type AnsweredDevice = z.output<typeof device>;

const job = z.object({
  job: text,
  state: z.enum(['open', 'done']),
  devices: z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown[]) : [value].filter((one) => one != null)),
    z.array(device),
  ),
});

const refusal = z.object({ error: z.object({ code: text.refine((code) => code !== ''), text }) });

/** @throws Fault UNKNOWN_ANSWER with the place and never the content */
export function readJob(document: unknown): z.output<typeof job> {
  const read = job.safeParse(document);
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join('.');
  throw new Fault('UNKNOWN_ANSWER', place ? `not as expected at ${place}` : 'not a job of Acme');
}

/** The error of a whole job; undefined where the answer is none. */
export function readRefusal(document: unknown): ProviderError | undefined {
  const read = refusal.safeParse(document).data;
  return read && acmeErrors.describe({ code: read.error.code, message: read.error.text });
}
