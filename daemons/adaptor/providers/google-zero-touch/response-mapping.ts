import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  ProviderAnswer,
  ProviderReply,
  Question,
  RequestedDevice,
  ResultOutcomes,
} from '../provider-format.ts';
import { readOperation, readRefusal, type ApiError } from './answer-shapes.ts';
import { readZeroTouchResults } from './csv-sheet.ts';
import { comparable, comparableInSheet } from './device-reference.ts';
import { zeroTouchErrors } from './error-catalogue.ts';
import { errorsOf, tooLarge } from './error-mapping.ts';
import { sentDevices } from './message-mapping.ts';
import { toldByOperation } from './operation-mapping.ts';
import { readReconciliation } from './reconciliation-mapping.ts';
import { open, readResult, resultOf, type Told, type Verdict } from './result-shape.ts';

/**
 * What an answer of the API says, or a sheet of the portal that came back.
 *
 * @throws Fault UNKNOWN_ANSWER; of a sheet CSV_MALFORMED, ENCODING, CONTROL_CHAR, TOO_LARGE
 */
export function readAnswer(reply: ProviderReply, of: Question, asked: AskedRequest): ProviderAnswer {
  const { content, status } = reply;
  // Google says so on a page, before the request has reached the API (as its other services do).
  if (of === 'request' && status === 413) return { kind: 'refused', errors: [tooLarge] };
  if (content.kind === 'csv' && of === 'request') return readSheet(content.bytes);
  if (content.kind !== 'json') throw new Fault('UNKNOWN_ANSWER', `not an answer to a ${of}`);
  const { document } = content;
  const refused = readRefusal(document);
  switch (of) {
    case 'request':
      return refused ? { kind: 'refused', errors: errorsOf(refused) } : readAccepted(document);
    case 'query':
      return refused ? readQueryRefused(refused) : readProgress(document);
    case 'reconciliation':
      return refused
        ? { kind: 'query-refused', ids: {}, errors: errorsOf(refused) }
        : readReconciliation(document, asked);
  }
}

/** The outcome of a sheet stands in the sheet itself. */
function readSheet(bytes: Uint8Array): ProviderAnswer {
  const told = [...readZeroTouchResults(bytes)].map(([name, verdict]): Told => {
    if (verdict.kind === 'open') return { names: [name], verdict };
    if (verdict.kind === 'succeeded') return { names: [name], verdict: { ...verdict, recordId: '' } };
    const errors = [zeroTouchErrors.describe(verdict.error)];
    return { names: [name], verdict: { kind: 'failed', errors } };
  });
  return { kind: 'result', ids: {}, result: resultOf(told) };
}

/** Usually the operation has only been queued; a small one may be done at once. */
function readAccepted(document: unknown): ProviderAnswer {
  const { name, done } = readOperation(document);
  return done ? readProgress(document) : { kind: 'accepted', providerTransactionId: name };
}

function readProgress(document: unknown): ProviderAnswer {
  const operation = readOperation(document);
  const ids = { providerTransactionId: operation.name };
  if (!operation.done) return { kind: 'pending', ids };
  return { kind: 'result', ids, result: resultOf(toldByOperation(operation)) };
}

/**
 * Google keeps operations for a while only (as Google's APIs do). One that it has forgotten is over, and settles nothing:
 * what became of the devices can be seen from them.
 */
function readQueryRefused(error: ApiError): ProviderAnswer {
  const errors = errorsOf(error);
  const forgotten = errors.some(({ code }) => code === 'NOT_FOUND' || code === 'INVALID_OPERATION_ID');
  return forgotten
    ? { kind: 'result', ids: {}, result: resultOf([]) }
    : { kind: 'query-refused', ids: {}, errors };
}

/**
 * The outcome of every open device. The identifiers that come back with an outcome tell the device; where they are
 * missing, its place in the list does, as long as the list is as long as that of the request.
 *
 * @throws Fault UNKNOWN_ANSWER when the result is not one that `readAnswer` gave
 */
export function toOutcomes(given: unknown, { message, orders }: AskedRequest): ResultOutcomes {
  const told = readResult(given);
  const same = message.mediaType === 'text/csv' ? comparableInSheet : comparable;
  const nameIn = ({ providerDeviceId }: RequestedDevice): string => same(providerDeviceId);
  const sent = sentDevices(message, orders);
  const asked = orders.flatMap(({ devices }) => devices.map(nameIn));
  const known = new Map<string, string | undefined>([
    ...asked.map((name) => [name, name] as const),
    ...sent.map(({ called, name }) => [same(called), name && same(name)] as const),
    ...sent.flatMap(({ name }) => (name ? [[same(name), same(name)] as const] : [])),
  ]);
  const verdicts = new Map<string, Verdict>();
  const unexpected: string[] = [];
  for (const [index, { names, verdict }] of told.entries()) {
    const said = names.find((name) => known.has(name));
    const place = names.length === 0 && told.length === sent.length ? sent[index]?.name : undefined;
    const name = said === undefined ? place && same(place) : known.get(said);
    if (name !== undefined) verdicts.set(name, both(verdicts.get(name), verdict));
    else if (said === undefined) unexpected.push(`device ${names[0] ?? 'without identifiers'}`);
  }
  return {
    orders: orders.map((order) => outcomeOf(order, (device) => verdicts.get(nameIn(device)) ?? open)),
    unexpected,
  };
}

/** Two outcomes of one device that contradict each other settle nothing. */
const both = (earlier: Verdict | undefined, verdict: Verdict): Verdict =>
  earlier === undefined || earlier.kind === verdict.kind ? verdict : open;

function outcomeOf(
  order: AskedRequest['orders'][number],
  verdictOf: (device: RequestedDevice) => Verdict,
): OrderOutcome {
  const devices = order.devices.map((device) => deviceOutcome(device, verdictOf(device)));
  return {
    orderId: order.orderId,
    errors: [],
    devices,
    settled: devices.every(({ outcome }) => outcome !== 'unknown'),
  };
}

function deviceOutcome({ deviceId }: RequestedDevice, verdict: Verdict): DeviceOutcome {
  switch (verdict.kind) {
    case 'succeeded':
      return {
        deviceId,
        outcome: 'succeeded',
        ...(verdict.recordId !== '' && { providerRecordId: verdict.recordId }),
      };
    case 'failed':
      return { deviceId, outcome: 'failed', errors: verdict.errors };
    case 'open':
      return { deviceId, outcome: 'unknown' };
  }
}
