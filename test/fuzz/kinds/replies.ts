import { toProviderReply } from '../../../daemons/adaptor/reply-content.ts';
import type { AnswerContent, ProviderReply } from '../../../daemons/adaptor/providers/provider-format.ts';
import { readXml } from '../../../shared/formats/read-xml.ts';
import { readJson } from '../../../shared/generic/read-json.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { canary } from '../documents.ts';
import { Finding, type Input, type Kind } from '../input.ts';
import { mutatedBytes } from '../mutate/bytes.ts';
import { mutatedCsv } from '../mutate/csv.ts';
import { mutatedJson } from '../mutate/json.ts';
import { mutatedXml, written } from '../mutate/xml.ts';
import type { Random } from '../random.ts';
import { conversations, type Conversation } from '../replies/conversations.ts';
import type { Body } from '../replies/good-reply.ts';
import { checkAnswer, checkOutcomes, checkSuccesses } from '../replies/oracle.ts';

/**
 * Replies of every provider, as its format reads them: no exception but a fault, outcomes for what was asked and nothing
 * else, and no success that the reply does not say. The name of an input is its HTTP status, and its kind of content.
 */
export function replies(): Kind {
  const all = conversations();
  // Some providers need many requests for what others ask in one.
  const byProvider = [...Map.groupBy(all, ({ provider }) => provider).values()];
  const byName = new Map(all.map((conversation) => [conversation.name, conversation]));
  return {
    share: 20,
    mayWait: [],
    // Looked at here: a column that is not known is named, and rightly, beside others that are.
    maySay: (code) => code === 'CSV_MALFORMED',
    make(random) {
      const conversation = random.pick(random.pick(byProvider));
      const { body } = random.pick(conversation.replies);
      const from = random.chance(0.7) ? conversation : random.pick(all);
      const others = from.replies.map((reply) => reply.body).filter(({ kind }) => kind === body.kind);
      const bytes = changed(random, body, others.length > 0 ? random.pick(others) : body);
      // Over the spool there is no status.
      const status = random.chance(0.6) ? 'file' : random.pick(statuses);
      return { kind: 'replies', way: conversation.name, name: `${status}.${body.kind}`, bytes };
    },
    run(input) {
      const conversation = byName.get(input.way);
      if (!conversation) throw new Error(`there is no conversation ${input.way}`);
      return Promise.resolve()
        .then(() => read(conversation, input))
        .catch(refuseQuoting);
    },
  };
}

const statuses = [200, 201, 202, 204, 400, 401, 404, 409, 413, 429, 500, 503].map(String);

function read(conversation: Conversation, input: Input): unknown {
  const { format, asked, of } = conversation;
  const reply = replyOf(input);
  const answer = format.readAnswer(reply, of, asked);
  checkAnswer(answer);
  if (answer.kind !== 'result') return answer;
  const outcomes = format.toOutcomes(answer.result, of, asked);
  checkOutcomes(outcomes, conversation);
  checkSuccesses(outcomes, conversation, reply.content, input.bytes.toString());
  return outcomes;
}

/** @throws what was thrown; Finding when it says what stands in the rows of a table */
function refuseQuoting(thrown: unknown): never {
  const detail = thrown instanceof Fault && thrown.code === 'CSV_MALFORMED' ? thrown.detail : '';
  const said = detail.replaceAll(/column [^;]* is not known/g, '');
  if (said.toUpperCase().includes(canary)) throw new Finding('leak', detail);
  throw thrown;
}

function replyOf({ name, bytes }: Input): ProviderReply {
  const [status = '', kind = ''] = name.split('.');
  if (status === 'file') return { content: contentOf(kind, bytes) };
  return toProviderReply({ status: Number(status), mediaType: `text/${kind}`, body: bytes, milliseconds: 1 });
}

/** As a file is read. @throws Fault, DocumentProblem */
function contentOf(kind: string, bytes: Buffer): AnswerContent {
  if (kind === 'csv') return { kind: 'csv', bytes };
  return kind === 'xml' ? { kind: 'xml', root: readXml(bytes) } : { kind: 'json', document: readJson(bytes) };
}

/** By its structure, by its bytes, or by both; seldom not at all. */
function changed(random: Random, body: Body, other: Body): Buffer {
  const good = writtenBody(body);
  const how = random.below(20);
  if (how === 0) return good;
  const mutated = how < 18 ? mutatedBody(random, body, other) : good;
  return how < 16 ? mutated : mutatedBytes(random, mutated, writtenBody(other));
}

function mutatedBody(random: Random, body: Body, other: Body): Buffer {
  switch (body.kind) {
    case 'json':
      return mutatedJson(random, body.document, other.kind === 'json' ? other.document : body.document);
    case 'xml':
      return mutatedXml(random, body.root, other.kind === 'xml' ? other.root : body.root);
    case 'csv':
      return mutatedCsv(random, body.table, body.delimiter);
  }
}

function writtenBody(body: Body): Buffer {
  switch (body.kind) {
    case 'json':
      return Buffer.from(JSON.stringify(body.document));
    case 'xml':
      return Buffer.from(written(body.root));
    case 'csv':
      return Buffer.from(body.table.map((row) => `${row.join(body.delimiter)}\r\n`).join(''));
  }
}
