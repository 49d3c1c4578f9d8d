import { request } from 'undici';
import { z } from 'zod';

import { errnoOf, Fault } from '../runtime/faults.ts';
import { isLoopback } from '../runtime/listen-rules.ts';
import type { OtlpDocument } from './otlp.ts';

/** Milliseconds for the whole conversation. */
const patience = 30_000;

/** What a collector says of spans that it did not take (opentelemetry.io, OTLP/HTTP response). */
const answerSchema = z.object({
  partialSuccess: z
    .object({ rejectedSpans: z.coerce.number().default(0), errorMessage: z.string().default('') })
    .optional(),
});

/**
 * A way to a collector. Orders and devices stand in traces, so that they cross no network in plain.
 *
 * @returns posts traces once; throws Fault TRACE_UNDELIVERED
 * @throws Fault BAD_INPUT
 */
export function senderTo(text: string): (document: OtlpDocument) => Promise<void> {
  const url = URL.parse(text);
  const host = url?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const isHere = isLoopback(host) || host === 'localhost';
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isHere);
  if (url === null || !isSafe || url.username !== '' || url.password !== '') {
    throw new Fault(
      'BAD_INPUT',
      '--otlp must be https://…, or http:// on this host, without a password in it',
    );
  }
  return (document) => post(url, document);
}

async function post(url: URL, document: OtlpDocument): Promise<void> {
  const refused = (why: string, cause?: unknown) =>
    new Fault('TRACE_UNDELIVERED', `${url.host}: ${why}`, { cause });
  const answer = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(document),
    signal: AbortSignal.timeout(patience),
  })
    .then(async ({ statusCode, body }) => ({ statusCode, text: await body.text() }))
    .catch((error: unknown) => {
      throw refused(errnoOf(error) ?? (error instanceof Error ? error.message : String(error)), error);
    });
  if (answer.statusCode < 200 || answer.statusCode > 299) throw refused(`HTTP ${answer.statusCode}`);
  const { rejectedSpans, errorMessage } = said(answer.text) ?? { rejectedSpans: 0, errorMessage: '' };
  if (rejectedSpans > 0) throw refused(`${rejectedSpans} spans were not taken: ${errorMessage}`);
}

/** A collector need not say anything, or not in JSON. */
function said(text: string): z.infer<typeof answerSchema>['partialSuccess'] {
  try {
    return answerSchema.safeParse(JSON.parse(text)).data?.partialSuccess;
  } catch {
    return undefined;
  }
}
