import type { AcknowledgementMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import type {
  AskedRequest,
  ProviderAnswer,
  ProviderError,
  ProviderReply,
  Question,
  TransactionIds,
} from '../provider-format.ts';
import { isListed } from './error-catalogue.ts';
import { oneAt, readDocument, type Entry } from './read-document.ts';
import { tableIn } from './read-table.ts';
import {
  Said,
  errorsAt,
  hasWord,
  isWaiting,
  understand,
  verdictOf,
  type ReadAnswer,
  type Reader,
  type Result,
  type Verdict,
} from './verdicts.ts';

/** Which kind of answer a partner gives, by the mapping: an acknowledgement, a refusal, a word of patience, or a result. */

/** @throws Fault UNKNOWN_ANSWER */
export function readAnswer(
  reader: Reader,
  reply: ProviderReply,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer {
  const answer =
    (reply.status ?? 0) >= 400
      ? readRefusal(reader, reply, of, asked)
      : readSuccess(reader, reply, of, asked);
  if (answer) return answer;
  throw new Fault('UNKNOWN_ANSWER', 'nothing that the mapping describes stands in it');
}

/** Statuses of HTTP that say of themselves what is wrong, or leave open whether the request was done. */
const speaksForItself = (status: number): boolean => [401, 403, 408, 429].includes(status) || status >= 500;

/** To a question: the partner knows nothing of the request. */
const isNotFound = ({ mapping }: Reader, errors: readonly ProviderError[], of: Question): boolean =>
  of !== 'request' && errors.some(({ code }) => mapping.query?.notFound.includes(code));

/** An error over HTTPS is never taken for a result, whatever stands in its body. */
function readRefusal(
  reader: Reader,
  reply: ProviderReply,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer | undefined {
  const { answer } = reader.mapping;
  const document = answer.kind === 'csv' ? null : readDocument(answer, reply.content);
  const errors = document && answer.kind !== 'csv' ? errorsAt(reader, document.whole, answer.whole, '') : [];
  if (errors.length === 0) return undefined;
  if (isWaiting(reader, errors)) return pending({}, of, asked);
  if (of !== 'request') {
    return isNotFound(reader, errors, of)
      ? { kind: 'not-found' }
      : { kind: 'query-refused', ids: {}, errors };
  }
  const isKnown = errors.every(({ code }) => isListed(reader.catalogue, code));
  return isKnown || !speaksForItself(reply.status ?? 0) ? { kind: 'refused', errors } : undefined;
}

function readSuccess(
  reader: Reader,
  reply: ProviderReply,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer | undefined {
  const acknowledged = readAcknowledgement(reader, reply, of, asked);
  if (acknowledged) return acknowledged;
  const { answer } = reader.mapping;
  const document = answerIn(reader, reply.content);
  if (!document) return undefined;
  const ids = idsOf(reader, document.whole, asked);
  if (document.said.records.size > 0) return ofRecords(document.said, ids, of, asked);
  return answer.kind === 'csv' ? undefined : ofWhole(reader, document.whole, ids, of, asked);
}

/**
 * The answer that the content is. One content is asked for several things, an acknowledgement, the ids in it and the
 * result, and it may be large: it is read once.
 *
 * @throws Fault UNKNOWN_ANSWER
 */
function answerIn(reader: Reader, content: ProviderReply['content']): ReadAnswer | null {
  const { answer } = reader.mapping;
  if (answer.kind === 'csv') {
    const table = tableIn(reader, content)?.answer ?? null;
    if (table instanceof Fault) throw table;
    return table;
  }
  const known = reader.answers.get(content);
  if (known) return known;
  const document = readDocument(answer, content);
  if (!document) return null;
  const read = { whole: document.whole, said: understand(reader, document.records) };
  reader.answers.set(content, read);
  return read;
}

function ofRecords(said: Said, ids: TransactionIds, of: Question, asked: AskedRequest): ProviderAnswer {
  return said.isPending ? pending(ids, of, asked) : resultOf(null, said, ids);
}

/** Without records: the status of the whole, or an error of it. */
function ofWhole(
  reader: Reader,
  whole: Entry,
  ids: TransactionIds,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer | undefined {
  const { answer } = reader.mapping;
  if (answer.kind === 'csv') return undefined;
  const said = verdictOf(reader, whole, answer.whole);
  switch (said.kind) {
    case 'pending':
      return pending(ids, of, asked);
    case 'success':
      return resultOf(null, new Said(reader), ids);
    case 'unclear':
      return undefined;
    case 'failure': {
      const isStatus = oneAt(whole, answer.whole.status) !== '';
      if (isNotFound(reader, said.errors, of)) return { kind: 'not-found' };
      // What has no status says that it could not tell, not that the request failed.
      if (of !== 'request' && !isStatus) return { kind: 'query-refused', ids, errors: said.errors };
      return failedAsWhole(reader, said.errors, ids, of, asked);
    }
  }
}

function resultOf(failed: Verdict | null, said: Said, ids: TransactionIds): ProviderAnswer {
  const read: Result = { failed, said };
  return { kind: 'result', ids, result: read };
}

/** Nothing is known yet of what became of the request. */
const isOpen = (of: Question, asked: AskedRequest): boolean =>
  of === 'request' && asked.providerTransactionId === null;

/**
 * The first word that the partner is at work is an acceptance: it has the request. The store wants an id of a request that
 * was accepted; where the partner gives none, it has ours.
 */
const pending = (ids: TransactionIds, of: Question, asked: AskedRequest): ProviderAnswer =>
  isOpen(of, asked)
    ? { kind: 'accepted', providerTransactionId: ids.providerTransactionId ?? asked.transactionId }
    : { kind: 'pending', ids };

/** What was accepted before can fail, and can no more be refused. */
const failedAsWhole = (
  reader: Reader,
  errors: ProviderError[],
  ids: TransactionIds,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer =>
  isOpen(of, asked)
    ? { kind: 'refused', errors }
    : resultOf({ kind: 'failure', errors }, new Said(reader), ids);

function readAcknowledgement(
  reader: Reader,
  { content }: ProviderReply,
  of: Question,
  asked: AskedRequest,
): ProviderAnswer | undefined {
  const { acknowledgement } = reader.mapping;
  if (!acknowledgement) return undefined;
  if (acknowledgement.kind === 'empty') return content.kind === 'empty' ? pending({}, of, asked) : undefined;
  const entry = acknowledgingEntry(reader, acknowledgement, content);
  if (!entry) return undefined;
  const status = oneAt(entry, acknowledgement.status);
  const theirs = theirIdOf(oneAt(entry, acknowledgement.providerTransactionId), asked);
  if (hasWord(acknowledgement.words.accepted, status)) return pending(theirs, of, asked);
  if (!hasWord(acknowledgement.words.refused, status)) return undefined;
  const errors = errorsAt(reader, entry, acknowledgement, status);
  return isNotFound(reader, errors, of)
    ? { kind: 'not-found' }
    : failedAsWhole(reader, errors, theirs, of, asked);
}

/** What has records is no acknowledgement, though its status may be the same. */
function acknowledgingEntry(
  reader: Reader,
  acknowledgement: Exclude<AcknowledgementMapping, { kind: 'empty' }>,
  content: ProviderReply['content'],
): Entry | undefined {
  const answered = whereReadable(() => answerIn(reader, content));
  if (answered && answered.said.records.size > 0) return undefined;
  return acknowledgement.kind === 'csv'
    ? tableIn(reader, content)?.acknowledgement
    : readDocument(acknowledgement, content)?.whole;
}

/** A table of other columns may be the answer. */
function whereReadable<Read>(read: () => Read): Read | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Fault && error.code === 'UNKNOWN_ANSWER') return undefined;
    throw error;
  }
}

/** @throws Fault UNKNOWN_ANSWER when a table names several transactions */
function idsOf({ mapping: { answer } }: Reader, whole: Entry, asked: AskedRequest): TransactionIds {
  const idAt = (place: string) => {
    if (place !== '' && new Set(whole.all(place)).size > 1) {
      throw new Fault('UNKNOWN_ANSWER', 'it names several transactions');
    }
    return oneAt(whole, place);
  };
  const ours = idAt(answer.whole.transactionId);
  return {
    ...(ours && { transactionId: ours }),
    ...theirIdOf(idAt(answer.whole.providerTransactionId), asked),
  };
}

/** Where ours stands in place of an id that the partner did not give, a later one of theirs is no contradiction. */
const theirIdOf = (written: string, asked: AskedRequest): TransactionIds =>
  written === '' || asked.providerTransactionId === asked.transactionId
    ? {}
    : { providerTransactionId: written };
