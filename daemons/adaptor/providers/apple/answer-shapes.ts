import { z } from 'zod';

import { Fault } from '../../../../shared/runtime/faults.ts';
import type { ProviderError } from '../provider-format.ts';
import { normaliseDeviceId } from './device-id.ts';
import { appleErrors } from './error-catalogue.ts';

/**
 * The shapes of Apple's answers, as integrators report them, read tolerantly: one thing may stand alone where several
 * would be a list, codes may be numbers, blanks may surround them, sections may be missing, unknown keys are skipped.
 */

/** What one status says of its level. `unclear` is a word that nobody has reported: neither success nor failure. */
export type Verdict =
  | { readonly kind: 'complete' }
  | { readonly kind: 'failed'; readonly errors: readonly ProviderError[] }
  | { readonly kind: 'unclear' };

const failureWords = ['ERROR', 'POSTED_WITH_ERRORS', 'COMPLETE_WITH_ERRORS'];

/** A status is COMPLETE, a word of failure, or an error code; every code has digits. Empty: the level says nothing. */
function verdictOf(status: string, message: string): Verdict | undefined {
  if (status === '') return undefined;
  if (status === 'COMPLETE') return { kind: 'complete' };
  const failed = failureWords.includes(status) || /\d/.test(status);
  return failed
    ? { kind: 'failed', errors: [appleErrors.describe({ code: status, message })] }
    : { kind: 'unclear' };
}

const text = z.union([z.string(), z.number()]).transform((value) => String(value).trim());
const filled = text.refine((value) => value !== '');
const optionalText = text.nullish().transform((value) => value ?? '');

/** One thing or a list of them; nothing is an empty list. */
const listOf = <Item extends z.ZodType>(item: Item) =>
  z.preprocess(
    (value) => (Array.isArray(value) ? (value as unknown[]) : [value].filter((one) => one != null)),
    z.array(item),
  );

const error = z
  .object({ errorCode: filled, errorMessage: optionalText })
  .transform(({ errorCode, errorMessage }) =>
    appleErrors.describe({ code: errorCode, message: errorMessage }),
  );

const device = z
  .object({ deviceId: filled, devicePostStatus: optionalText, devicePostStatusMessage: optionalText })
  .transform((read) => ({
    deviceId: normaliseDeviceId(read.deviceId),
    verdict: verdictOf(read.devicePostStatus, read.devicePostStatusMessage),
  }));

const delivery = z
  .object({
    deliveryPostStatus: optionalText,
    deliveryPostStatusMessage: optionalText,
    devices: listOf(device),
  })
  .transform((read) => ({
    verdict: verdictOf(read.deliveryPostStatus, read.deliveryPostStatusMessage),
    devices: read.devices,
  }));

const order = z
  .object({
    orderNumber: filled,
    orderPostStatus: optionalText,
    orderPostStatusMessage: optionalText,
    showOrderStatusCode: optionalText,
    showOrderStatusMessage: optionalText,
    customerId: optionalText,
    deliveries: listOf(delivery),
  })
  .transform((read) => ({
    orderNumber: read.orderNumber,
    verdict: verdictOf(read.orderPostStatus, read.orderPostStatusMessage),
    /** In place of an order that is to be shown. */
    shown: verdictOf(read.showOrderStatusCode, read.showOrderStatusMessage),
    customerId: read.customerId,
    deliveries: read.deliveries,
  }));

const answer = z
  .object({
    // The request spells it Id, the result ID.
    deviceEnrollmentTransactionId: optionalText,
    deviceEnrollmentTransactionID: optionalText,
    transactionId: optionalText,
    enrollDevicesResponse: listOf(z.object({ statusCode: optionalText })),
    enrollDeviceErrorResponse: listOf(error),
    checkTransactionErrorResponse: listOf(error),
    showOrderErrorResponse: listOf(error),
    errorCode: optionalText,
    errorMessage: optionalText,
    statusCode: optionalText,
    orders: listOf(order),
  })
  .transform((read) => ({
    providerTransactionId: read.deviceEnrollmentTransactionId || read.deviceEnrollmentTransactionID,
    // Beside a bare error it is a trace id of Apple's own, not ours.
    transactionId: read.errorCode === '' ? read.transactionId : '',
    acknowledgements: read.enrollDevicesResponse.map(({ statusCode }) => statusCode),
    requestErrors: read.enrollDeviceErrorResponse,
    queryErrors: read.checkTransactionErrorResponse,
    showErrors: read.showOrderErrorResponse,
    bareErrors:
      read.errorCode === ''
        ? []
        : [appleErrors.describe({ code: read.errorCode, message: read.errorMessage })],
    verdict: verdictOf(read.statusCode, ''),
    orders: read.orders,
  }));

export type AppleAnswer = z.output<typeof answer>;
export type AnsweredOrder = z.output<typeof order>;
export type AnsweredDelivery = z.output<typeof delivery>;

/** What was read of documents: a result is asked for twice, for what it is and for its outcomes. */
const known = new WeakMap<object, AppleAnswer>();

/**
 * Reads any answer into one form; a list of one answer is that answer.
 *
 * @throws Fault UNKNOWN_ANSWER with the place and never the content
 */
export function readShapes(document: unknown): AppleAnswer {
  if (typeof document !== 'object' || document === null) return readAnew(document);
  const answer = known.get(document) ?? readAnew(document);
  known.set(document, answer);
  return answer;
}

function readAnew(document: unknown): AppleAnswer {
  const [single, ...more] = Array.isArray(document) ? (document as unknown[]) : [document];
  const read = answer.safeParse(more.length === 0 ? single : document);
  if (read.success) return read.data;
  const place = read.error.issues[0]?.path.join('.');
  throw new Fault('UNKNOWN_ANSWER', place ? `not as expected at ${place}` : 'not an object');
}
