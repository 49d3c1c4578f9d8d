import { openFile, type Keys } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { Decision } from '../../shared/spool/file-work.ts';
import { wholeOf, type Content, type ReceivedFile } from '../../shared/spool/received-file.ts';
import {
  findByTransaction,
  openOrders,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { applyAnswer, describe, type Answered } from './apply-answer.ts';
import { askedByIds, askedRequest } from './asked-request.ts';
import { answeredFile } from './message-file.ts';
import { providerOf, type Provider } from './provider.ts';
import type {
  AnswerContent,
  AskedRequest,
  ProviderAnswer,
  ProviderReply,
  Question,
  TableInPieces,
  TransactionIds,
} from './providers/provider-format.ts';

/**
 * The way of a provider's file back: open, read, find the request it answers, understand, and then one transaction that
 * records the outcome per device and queues the generic responses.
 *
 * @throws Fault PGP_…, of the document, UNKNOWN_ANSWER, UNKNOWN_TRANSACTION, UNEXPECTED_ANSWER
 */
export async function receiveAnswer(
  runtime: Runtime,
  keys: Keys,
  providerId: string,
  file: ReceivedFile,
): Promise<Decision> {
  const provider = providerOf(runtime.loaded.config, providerId);
  const content = await openFile(runtime, file, provider.settings.inbox, keys);
  const { stem, transactionId, number } = answeredFile(file.name);
  const question = Object.hasOwn(provider.format.stems, stem) ? provider.format.stems[stem] : undefined;
  const reply = { content: await readContent(provider, file.name, content) };
  // A name of the sender's own choice tells nothing; only results are sent so.
  const of = question ?? 'query';
  return async (trx) => {
    const named = question === undefined ? undefined : transactionId;
    const request = await findRequest(trx, provider, named, reply, of);
    if (of === 'reconciliation') refuseOutdated(request, number);
    const read = await readAgainst(trx, provider, request, reply, of);
    refuseWrongIds(request, read.answer);
    const source = String(file.delivery.id);
    const said = await applyAnswer(runtime, trx, { provider, request, question: of, source, ...read });
    return {
      batchId: request.batch_id,
      summary: `${provider.id} says: ${read.answer.kind}`,
      ...(said.kind === 'denied' && {
        tell: () => runtime.emit('provider.denied', { provider: provider.id, detail: describe(said.errors) }),
      }),
    };
  };
}

/**
 * What the reply says of the request. Of a result that may be very large, the orders are taken from the store as their
 * outcomes are recorded; everything else, like a refusal, is about the request as it was sent.
 */
async function readAgainst(
  trx: Db,
  { format }: Provider,
  request: ProviderRequestRow,
  reply: ProviderReply,
  of: Question,
): Promise<Pick<Answered, 'asked' | 'answer' | 'portions'>> {
  if (!format.inPortions) {
    const asked = await askedRequest(trx, request);
    return { asked, answer: format.readAnswer(reply, of, asked) };
  }
  const byIds = askedByIds(request);
  const answer = format.readAnswer(reply, of, byIds);
  return answer.kind === 'result'
    ? { asked: byIds, answer, portions: openOrders(trx, request.id) }
    : { asked: await askedRequest(trx, request), answer };
}

/**
 * JSON, XML or CSV. The content tells JSON from XML; nothing but the name tells CSV.
 *
 * @throws DocumentProblem of the JSON; Fault of the XML; TOO_LARGE for what is to be read at once
 */
async function readContent({ format }: Provider, name: string, content: Content): Promise<AnswerContent> {
  const isTable = /\.csv$/i.test(name.replace(/\.(pgp|gpg|asc)$/i, ''));
  if (isTable && format.tableInPieces) return readTable(format.tableInPieces(), content);
  const bytes = await wholeOf(content);
  if (isTable) return { kind: 'csv', bytes };
  const first = bytes.find((byte) => !beforeContent.includes(byte));
  if (first === lessThan) return { kind: 'xml', root: readXml(bytes) };
  return { kind: 'json', document: readJson(bytes) };
}

async function readTable(table: TableInPieces, content: Content): Promise<AnswerContent> {
  for await (const piece of content.pieces()) table.push(piece);
  return table.end();
}

/** A byte-order mark, and white space. */
const beforeContent = [0xef, 0xbb, 0xbf, 0x20, 0x09, 0x0a, 0x0d];
const lessThan = 0x3c;

/** What an answer whose name says nothing is read against, for the ids in it. */
const nobody: AskedRequest = {
  transactionId: '',
  providerTransactionId: null,
  message: { stem: '', method: 'POST', path: '/', mediaType: 'application/json', content: '' },
  orders: [],
};

/** @throws Fault UNKNOWN_ANSWER; UNKNOWN_TRANSACTION when no request fits */
async function findRequest(
  trx: Db,
  provider: Provider,
  named: string | undefined,
  reply: ProviderReply,
  of: Question,
): Promise<ProviderRequestRow> {
  const request = await (named === undefined
    ? findByIds(trx, provider, idsIn(provider, reply, of))
    : findByTransaction(trx, provider.id, { ours: named }));
  if (request) return request;
  // What is no answer at all never will be one: only an answer is worth waiting for its request.
  provider.format.readAnswer(reply, of, nobody);
  throw new Fault('UNKNOWN_TRANSACTION', `no request to ${provider.id} has the id of this answer`);
}

function idsIn({ format }: Provider, reply: ProviderReply, of: Question): TransactionIds {
  return idsOf(format.readAnswer(reply, of, nobody));
}

const idsOf = (answer: ProviderAnswer): TransactionIds => ('ids' in answer ? answer.ids : {});

async function findByIds(
  trx: Db,
  provider: Provider,
  { transactionId, providerTransactionId }: TransactionIds,
): Promise<ProviderRequestRow | undefined> {
  if (transactionId !== undefined) return findByTransaction(trx, provider.id, { ours: transactionId });
  if (providerTransactionId === undefined) return undefined;
  return findByTransaction(trx, provider.id, { theirs: providerTransactionId });
}

/**
 * A reconciliation may be about what was open when it was sent: only the answer to the last one is about what is open now.
 *
 * @throws Fault UNEXPECTED_ANSWER
 */
function refuseOutdated(request: ProviderRequestRow, number: number | undefined): void {
  if (number === undefined || number === request.queries) return;
  throw new Fault(
    'UNEXPECTED_ANSWER',
    `it answers question ${number} about request ${request.transaction_id}, the last is ${request.queries}`,
  );
}

/** Ids of the built-in providers have some fifty characters. The store's index of them takes no more than some 2,700 bytes. */
const longestId = 500;

/**
 * @throws Fault UNKNOWN_ANSWER when an id in it cannot be one
 * @throws Fault UNEXPECTED_ANSWER when what led to the request and what the answer says are two things
 */
export function refuseWrongIds(request: ProviderRequestRow, answer: ProviderAnswer): void {
  const theirs =
    answer.kind === 'accepted' ? answer.providerTransactionId : idsOf(answer).providerTransactionId;
  if (theirs !== undefined && theirs.length > longestId)
    throw new Fault(
      'UNKNOWN_ANSWER',
      `the id of the provider in it has ${theirs.length} characters; more than ${longestId} are no id`,
    );
  refuseContradiction(request, idsOf(answer));
}

function refuseContradiction(request: ProviderRequestRow, ids: TransactionIds): void {
  const contradicts =
    (ids.transactionId !== undefined && ids.transactionId !== request.transaction_id) ||
    (ids.providerTransactionId !== undefined &&
      request.provider_transaction_id !== null &&
      ids.providerTransactionId !== request.provider_transaction_id);
  if (!contradicts) return;
  throw new Fault(
    'UNEXPECTED_ANSWER',
    `it was sent as the answer to ${request.transaction_id}, the content is of another transaction`,
  );
}
