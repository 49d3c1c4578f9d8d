import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  ProviderAnswer,
  ProviderError,
  ProviderReply,
  Question,
  TransactionIds,
} from '../provider-format.ts';
import { trackingIdIn } from './addresses.ts';
import {
  batchDevicesIn,
  batchStatusIn,
  failureIn,
  receiptIn,
  type BatchStatus,
  type Result,
} from './answer-shapes.ts';
import { readDeviceResults, readRemovalResults } from './csv-sheet.ts';
import { errors as catalogue, isListed } from './error-catalogue.ts';
import { sentIn, type Sent } from './message-mapping.ts';
import { entriesOf, isListedThere } from './outcome-mapping.ts';

/** What an answer of Partner Center says of one request. */

/** A reply over HTTPS, or its record over the spool. */
interface Received {
  readonly status: number | undefined;
  readonly location: string | undefined;
  /** Undefined where there is no JSON. */
  readonly document: unknown;
  readonly isEmpty: boolean;
}

/** @throws Fault UNKNOWN_ANSWER when the reply is none of the known shapes; CSV_MALFORMED and others of a sheet */
export function readAnswer(reply: ProviderReply, of: Question, asked: AskedRequest): ProviderAnswer {
  const sent = sentIn(asked);
  if (reply.content.kind === 'csv') return readSheet(reply.content.bytes, sent);
  const received = receive(reply);
  const error = errorOf(received);
  if (error) return readFailure(error, received, of, asked, sent);
  if (of === 'query') return readStatus(batchStatusIn(received.document), received, asked, sent);
  if (of === 'reconciliation') return readDevices(received.document, asked, sent);
  return sent?.kind === 'deletion' ? readDeletion(received) : readAcknowledgement(received, asked, sent);
}

function receive({ status, location, content }: ProviderReply): Received {
  const document = content.kind === 'json' ? content.document : undefined;
  const written = status === undefined ? receiptIn(document) : {};
  return {
    status: status ?? written.status,
    location: location ?? written.location,
    document,
    isEmpty: content.kind === 'empty' || written.status !== undefined,
  };
}

function readSheet(bytes: Uint8Array, sent: Sent | undefined): ProviderAnswer {
  if (sent?.kind !== 'sheet') throw new Fault('UNKNOWN_ANSWER', 'a sheet, where none was sent');
  const verdicts = sent.removal ? readRemovalResults(bytes) : readDeviceResults(bytes);
  return resultOf({ kind: 'sheet', verdicts: [...verdicts] });
}

/** Such an answer means that nothing was done, whatever page comes with it. */
const plainRefusals = [401, 403, 413, 429];

/** @returns undefined for an answer that is no refusal */
function errorOf({ status, document, isEmpty }: Received): ProviderError | undefined {
  if (status !== undefined && status < 400) return undefined;
  const failure = failureIn(document);
  if (status === undefined) return failure && catalogue.describe(failure);
  const isRecorded = document !== undefined && isEmpty;
  if (failure || isRecorded || plainRefusals.includes(status)) return errorWith(status, failure);
  throw new Fault('UNKNOWN_ANSWER', `status ${status} without an error of Partner Center`);
}

/**
 * Access, patience and faults of the server are told by the status: the codes beside it are many, and texts change. Where
 * the code concerns the one customer or request, and for all else, it is told by the code.
 */
function errorWith(status: number, failure: ProviderError | undefined): ProviderError {
  const code = `HTTP-${status}`;
  const tells = status >= 500 || isListed(code);
  if (failure && (!tells || isOfOneRequest(status, failure))) return catalogue.describe(failure);
  const { message } = catalogue.describe({ code, message: '' });
  if (!failure) return { code, message };
  return { code, message: `${message} Partner Center says: ${failure.message} (code ${failure.code})` };
}

function isOfOneRequest(status: number, { code }: ProviderError): boolean {
  const { class: errorClass } = catalogue.lookUp(code);
  return status < 429 && isListed(code) && (errorClass === 'data' || errorClass === 'conflict');
}

function readFailure(
  error: ProviderError,
  { status }: Received,
  of: Question,
  asked: AskedRequest,
  sent: Sent | undefined,
): ProviderAnswer {
  const isMissing = status === 404 || (status === undefined && error.code === '1000');
  if (isMissing && error.code === unknownCustomer)
    return of === 'reconciliation' ? notFound : refusal(of, error);
  if (isMissing && sent?.kind === 'deletion') {
    // What is gone is deleted already, and that is what was wanted.
    return resultOf({ kind: 'deleted' });
  }
  if (isMissing && of === 'reconciliation') {
    // A batch that was accepted and is not there has no devices, say because each of them was refused.
    return asked.providerTransactionId === null
      ? notFound
      : resultOf({ kind: 'devices', document: { items: [] } });
  }
  return refusal(of, error);
}

const unknownCustomer = '60003';
const notFound: ProviderAnswer = { kind: 'not-found' };

const refusal = (of: Question, error: ProviderError): ProviderAnswer =>
  of === 'request'
    ? { kind: 'refused', errors: [error] }
    : { kind: 'query-refused', ids: {}, errors: [error] };

/** 202 and where the status is to be found. Over the spool the status itself may come at once. */
function readAcknowledgement(
  received: Received,
  asked: AskedRequest,
  sent: Sent | undefined,
): ProviderAnswer {
  const { location, document } = received;
  const trackingId = trackingIdIn(location ?? '');
  if (trackingId !== undefined) return { kind: 'accepted', providerTransactionId: trackingId };
  const status = batchStatusIn(document);
  const answer = readStatus(status, received, asked, sent);
  if (answer.kind !== 'pending') return answer;
  if (status.trackingId === '') throw new Fault('UNKNOWN_ANSWER', 'accepted without a tracking id');
  return { kind: 'accepted', providerTransactionId: status.trackingId };
}

function readDeletion({ status, isEmpty }: Received): ProviderAnswer {
  const isDone = isEmpty && (status === undefined || status === 200 || status === 204);
  if (!isDone) throw new Fault('UNKNOWN_ANSWER', 'not the answer to a deletion');
  return resultOf({ kind: 'deleted' });
}

const unfinished = ['unknown', 'queued', 'processing'];
const busy = ['unknown', 'queued', 'processing', 'in-progress', 'in_progress'];

/**
 * The status of a batch is told by its devices: Microsoft's own example is `finished` beside a device that is not
 * registered. Nothing is settled while one of ours is at work, or is missing from a batch that is: the true reason may
 * come late (MSEndpointMgr/Intune 71).
 */
function readStatus(
  status: BatchStatus,
  { document }: Received,
  asked: AskedRequest,
  sent: Sent | undefined,
): ProviderAnswer {
  const ids = status.trackingId === '' ? {} : { providerTransactionId: status.trackingId };
  const open = asked.orders.flatMap(({ devices }) => devices);
  const isOpen = open.some((device) => {
    const entries = entriesOf(status.devices, device, sent);
    if (entries.length === 0) return unfinished.includes(status.status);
    return entries.some((entry) => busy.includes(entry.status) && entry.errorCode === '');
  });
  return isOpen ? { kind: 'pending', ids } : resultOf({ kind: 'status', document }, ids);
}

/**
 * The devices of a batch settle a request whose answer was lost. A device that is to be deleted and is there was not
 * deleted: it is done again. A batch that has none of the devices asked for is sent again too, which is safe with
 * Microsoft: a device is registered once only, and the second answer brings the reasons that were lost with the first.
 */
function readDevices(document: unknown, asked: AskedRequest, sent: Sent | undefined): ProviderAnswer {
  const list = batchDevicesIn(document);
  if (sent?.kind === 'deletion') {
    return isListedThere(list, sent.place.device) ? notFound : resultOf({ kind: 'devices', document });
  }
  const open = asked.orders.flatMap(({ devices }) => devices);
  const isNone = open.every((device) => entriesOf(list.devices, device, sent).length === 0);
  const wasAccepted = asked.providerTransactionId !== null;
  return isNone && list.isComplete && !wasAccepted ? notFound : resultOf({ kind: 'devices', document });
}

const resultOf = (result: Result, ids: TransactionIds = {}): ProviderAnswer => ({
  kind: 'result',
  ids,
  result,
});
