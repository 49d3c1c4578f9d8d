import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  DeviceOutcome,
  OrderOutcome,
  ProviderAnswer,
  ProviderError,
  ProviderReply,
  Question,
  RequestedDevice,
  ResultOutcomes,
} from '../provider-format.ts';
import {
  hasFailed,
  readShapes,
  type KnoxAnswer,
  type KnoxDevice,
  type KnoxTransaction,
} from './answer-shapes.ts';
import { readDeviceSheet } from './csv-sheet.ts';
import { keyOf } from './device-key.ts';
import { knoxError, rejectedWord, successCode } from './error-catalogue.ts';

/** Knox's answers -> what becomes of a request and of its devices. */

/**
 * What an answer says. The body decides, not the HTTP status: a rejection may come with 200 (as a carrier's client found).
 * The status tells one thing only, that a question was refused in the words in which Gen1 rejects a request.
 *
 * @throws Fault UNKNOWN_ANSWER when it is none of the known shapes, or of another transaction; those of a result sheet
 */
export function readAnswer(
  { content, status = 200 }: ProviderReply,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer {
  if (content.kind === 'csv' && asked.message.mediaType === 'text/csv') {
    return resultOf(readDeviceSheet(content.bytes), asked);
  }
  if (content.kind !== 'json') throw unknown('neither JSON nor the result sheet of a sheet');
  const { document } = content;
  const answer = readShapes(document);
  return of === 'request' ? ofRequest(answer, asked, document) : ofStatus(answer, status, asked, document);
}

/** To an upload or a deletion. Accepted means queued and nothing more; the id of it is our own. */
function ofRequest({ top, listed }: KnoxAnswer, asked: AskedRequest, document: unknown): ProviderAnswer {
  if (listed) throw unknown('a list in answer to a request');
  if (!isOurs(top, asked)) throw unknown('of another transaction');
  const { state, code } = top;
  const went = code === successCode || (code === '' && state !== '');
  if ((went && (state === 'progress' || state === '')) || saysKnown(top)) {
    return { kind: 'accepted', providerTransactionId: asked.transactionId };
  }
  const failsDevices = top.devices.some(hasFailed);
  if (state === 'complete' || (state === 'rejected' && failsDevices)) return resultOf(document, asked);
  if (state === 'rejected') return { kind: 'refused', errors: [rejectionOf(top)] };
  if (state === '' && code !== '') return { kind: 'refused', errors: [knoxError(top)] };
  throw unknown('no state and no code that are known');
}

/**
 * To a question. A transaction that was rejected after it had been accepted is a result: no device of it was done, and
 * there is nothing to send again that Knox had not seen.
 */
function ofStatus(
  answer: KnoxAnswer,
  httpStatus: number,
  asked: AskedRequest,
  document: unknown,
): ProviderAnswer {
  const { top, listed, pages } = answer;
  const ids = { transactionId: asked.transactionId };
  if (isError(answer, httpStatus)) {
    if (saysNotFound(top)) return { kind: 'not-found' };
    return { kind: 'query-refused', ids, errors: [knoxError(top)] };
  }
  if (listed?.length === 0 && pages <= 1) return { kind: 'not-found' };
  const states = new Set(transactionsOf(answer, asked).map(({ state }) => state));
  if (states.has('progress')) return { kind: 'pending', ids };
  requireFinal(states);
  return resultOf(document, asked);
}

const resultOf = (result: unknown, { transactionId }: AskedRequest): ProviderAnswer => ({
  kind: 'result',
  ids: { transactionId },
  result,
});

/**
 * An error object has a code, and no state; where Gen1 gives it the state `Rejected`, it is the question that is rejected,
 * not the transaction, when its status says so or it does not know the transaction (an inference: no source has one).
 */
const isError = ({ top, listed }: KnoxAnswer, httpStatus: number): boolean => {
  if (listed || top.code === '' || top.code === successCode) return false;
  return top.state === '' || (top.state === 'rejected' && (httpStatus >= 400 || saysNotFound(top)));
};

/**
 * Samsung's code for a transaction that it does not know is not in our list, so that its title tells, which is a fixed
 * word. That a reseller or customer is not found, in 404 too, says nothing of the transaction: sent again, a request
 * that was done would look as if it had failed.
 */
const saysNotFound = ({ code, message }: KnoxTransaction): boolean =>
  code.startsWith('404') && message.includes('TRANSACTION');

/**
 * That the transaction is there already: a request that went out again, under its id, had arrived the first time. So it
 * is accepted, and the question for the result tells its fate. Samsung describes no such code; we infer it from the others.
 */
const saysKnown = ({ code, message }: KnoxTransaction): boolean =>
  code.startsWith('409') && message.includes('TRANSACTION');

const isOurs = ({ transactionId }: KnoxTransaction, asked: AskedRequest): boolean =>
  transactionId === '' || transactionId === asked.transactionId;

/** @throws Fault UNKNOWN_ANSWER when there is none of ours */
function transactionsOf({ top, listed }: KnoxAnswer, asked: AskedRequest): readonly KnoxTransaction[] {
  const ours = (listed ?? [top]).filter((transaction) => isOurs(transaction, asked));
  if (ours.length === 0) throw unknown('of other transactions only');
  return ours;
}

/** @throws Fault UNKNOWN_ANSWER */
function requireFinal(states: ReadonlySet<string>): void {
  for (const state of states) {
    if (state !== 'complete' && state !== 'rejected') throw unknown('a state that is not known');
  }
}

/**
 * Per device: one with an error failed, one without succeeded, one that is not named is not settled. Knox may say more on
 * further pages, but how to ask for them is not published, so that their devices stay unsettled.
 *
 * @throws Fault UNKNOWN_ANSWER
 */
export function toOutcomes(result: unknown, asked: AskedRequest): ResultOutcomes {
  const answer = readShapes(result);
  const transactions = transactionsOf(answer, asked);
  requireFinal(new Set(transactions.map(({ state }) => state)));
  const named = namedDevices(transactions);
  const rejections = transactions.filter(({ state }) => state === 'rejected').map(rejectionOf);
  const outcomeOf = ({ deviceId, providerDeviceId }: RequestedDevice): DeviceOutcome => ({
    deviceId,
    ...verdictOf(named.get(providerDeviceId) ?? [], rejections),
  });
  return {
    orders: asked.orders.map(({ orderId, devices }) => toOrderOutcome(orderId, devices.map(outcomeOf))),
    unexpected: [...unexpectedIn(named, asked), ...furtherPages(answer)],
  };
}

const toOrderOutcome = (orderId: number, devices: readonly DeviceOutcome[]): OrderOutcome => ({
  orderId,
  errors: [],
  devices,
  settled: devices.every(({ outcome }) => outcome !== 'unknown'),
});

type Verdict =
  | { readonly outcome: 'succeeded' | 'unknown' }
  | { readonly outcome: 'failed'; readonly errors: readonly ProviderError[] };

/** @param rejections what says that nothing of the transaction was done */
function verdictOf(named: readonly KnoxDevice[], rejections: readonly ProviderError[]): Verdict {
  const failed = named.filter(hasFailed);
  // Named twice, with an error and without: it contradicts itself.
  if (failed.length < named.length && failed.length > 0) return { outcome: 'unknown' };
  const errors = failed.length > 0 ? failed.map((device) => knoxError(device)) : rejections;
  if (errors.length > 0) return { outcome: 'failed', errors: distinct(errors) };
  return { outcome: named.length > 0 ? 'succeeded' : 'unknown' };
}

const distinct = (errors: readonly ProviderError[]): ProviderError[] => [
  ...new Map(errors.map((error) => [JSON.stringify(error), error])).values(),
];

const rejectionOf = (transaction: KnoxTransaction): ProviderError => knoxError(transaction, rejectedWord);

/** By the key under which we know a device; one may be named by both of its identifiers. */
function namedDevices(transactions: readonly KnoxTransaction[]): ReadonlyMap<string, readonly KnoxDevice[]> {
  const devices = transactions.flatMap((transaction) => transaction.devices);
  const entries = devices.flatMap((device) => keysOf(device).map((key) => ({ key, device })));
  const grouped = Map.groupBy(entries, ({ key }) => key);
  return new Map([...grouped].map(([key, found]) => [key, found.map(({ device }) => device)]));
}

const keysOf = ({ imei, serialNumber }: KnoxDevice): string[] => [
  ...(imei === '' ? [] : [keyOf('IMEI', imei)]),
  ...(serialNumber === '' ? [] : [keyOf('SN', serialNumber)]),
];

/** Devices that we did not ask for, by all the names that Knox gives them. */
function unexpectedIn(named: ReadonlyMap<string, readonly KnoxDevice[]>, { orders }: AskedRequest): string[] {
  const open = new Set(
    orders.flatMap(({ devices }) => devices.map(({ providerDeviceId }) => providerDeviceId)),
  );
  const strangers = [...named.values()]
    .flat()
    .filter((device) => !keysOf(device).some((key) => open.has(key)));
  return [...new Set(strangers)].map((device) => `device ${keysOf(device).join(' ')}`);
}

const furtherPages = ({ pages }: KnoxAnswer): string[] =>
  pages > 1 ? [`${pages - 1} further pages of the answer`] : [];

const unknown = (what: string) => new Fault('UNKNOWN_ANSWER', what);
