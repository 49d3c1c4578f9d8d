import { openFile } from '../../shared/daemon/keys.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { readXml } from '../../shared/formats/read-xml.ts';
import { readJson } from '../../shared/generic/read-json.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import type { Decision } from '../../shared/spool/inbox-worker.ts';
import { wholeOf, type ReceivedFile } from '../../shared/spool/received-file.ts';
import { findByTransaction, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { applyAnswer } from './apply-answer.ts';
import { providerOf, type Provider } from './provider.ts';
import type { AnsweredFile, ProviderAnswer, TransactionIds } from './providers/provider-format.ts';

/**
 * The way of a provider's file back: open, read, understand, find the request it answers, and then one transaction that
 * records the outcome per device and queues the generic responses.
 *
 * @throws Fault PGP_…, of the document, UNKNOWN_ANSWER, UNKNOWN_TRANSACTION, UNEXPECTED_ANSWER
 */
export async function receiveAnswer(
  runtime: Runtime,
  ring: KeyRing,
  providerId: string,
  file: ReceivedFile,
): Promise<Decision> {
  const provider = providerOf(runtime.loaded.config, providerId);
  const content = await openFile(runtime, file, provider.settings.inbox, ring);
  const named = answeredFile(provider, file.name);
  const answer = provider.format.readAnswer(readContent(provider, await wholeOf(content)), named.of);
  return async (trx) => {
    const request = await findRequest(trx, provider, named.transactionId, answer);
    await applyAnswer(runtime, trx, { provider, request, answer, delivery: file.delivery });
    return { batchId: request.batch_id, summary: `${provider.id} says: ${answer.kind}` };
  };
}

/**
 * JSON, or XML where a carrier wraps it; the content tells, not the name.
 *
 * @throws DocumentProblem of the JSON; Fault of the XML, UNKNOWN_ANSWER
 */
function readContent({ format }: Provider, content: Uint8Array): unknown {
  const first = content.find((byte) => !beforeContent.includes(byte));
  if (first !== lessThan) return readJson(content);
  if (!format.fromXml) throw new Fault('UNKNOWN_ANSWER', `${format.name} is not known to answer in XML`);
  return format.fromXml(readXml(content));
}

/** A byte-order mark, and white space. */
const beforeContent = [0xef, 0xbb, 0xbf, 0x20, 0x09, 0x0a, 0x0d];
const lessThan = 0x3c;

/**
 * An answer bears the name of the file it answers: `<stem>.<transaction id>[.<n>].json` or `.xml`. The acknowledgement of
 * a request holds no id of ours, so its name is all that ties it to the request.
 */
function answeredFile({ format }: Provider, name: string): { of: AnsweredFile; transactionId?: string } {
  const [stem, transactionId, extension] = name.split('.');
  const of = stem === format.requestStem ? 'request' : 'query';
  const ours = stem === format.requestStem || stem === format.queryStem;
  return ours && transactionId !== undefined && extension !== undefined ? { of, transactionId } : { of };
}

/** @throws Fault UNKNOWN_TRANSACTION when no request fits, UNEXPECTED_ANSWER when name and content contradict each other */
async function findRequest(
  trx: Db,
  provider: Provider,
  named: string | undefined,
  answer: ProviderAnswer,
): Promise<ProviderRequestRow> {
  const ids: TransactionIds = 'ids' in answer ? answer.ids : {};
  const found: (ProviderRequestRow | undefined)[] = [];
  const ours = named ?? ids.transactionId;
  if (ours !== undefined) found.push(await findByTransaction(trx, provider.id, { ours }));
  else if (ids.providerTransactionId !== undefined) {
    found.push(await findByTransaction(trx, provider.id, { theirs: ids.providerTransactionId }));
  }
  const request = found[0];
  if (!request)
    throw new Fault('UNKNOWN_TRANSACTION', `no request to ${provider.id} has the id of this answer`);
  const contradicts =
    (ids.transactionId !== undefined && ids.transactionId !== request.transaction_id) ||
    (ids.providerTransactionId !== undefined &&
      request.provider_transaction_id !== null &&
      ids.providerTransactionId !== request.provider_transaction_id);
  if (contradicts) {
    throw new Fault(
      'UNEXPECTED_ANSWER',
      `the name says ${request.transaction_id}, the content another transaction`,
    );
  }
  return request;
}
