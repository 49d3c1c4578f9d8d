import type { Runtime } from '../../shared/daemon/process.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import {
  moveRequest,
  noteRequest,
  type RequestChange,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { providerRequestMoves } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Provider } from './provider.ts';
import type { ErrorClass } from './providers/error-catalogue.ts';
import type {
  AskedRequest,
  OrderOutcome,
  OutcomesInPortions,
  ProviderAnswer,
  ProviderError,
  Question,
  RequestedOrder,
  TransactionIds,
} from './providers/provider-format.ts';
import { releaseAgain } from './release-requests.ts';
import { secondsAfter, spreadOut } from './schedule-rules.ts';
import { outcomeOf, settleOrders } from './settle-orders.ts';
import { splitRequest } from './split-request.ts';

/** An answer, and what it answers. */
export interface Answered {
  readonly provider: Provider;
  readonly request: ProviderRequestRow;
  readonly asked: AskedRequest;
  /** The orders of `asked`, which then has none itself, for a result that the format understands in portions. */
  readonly portions?: AsyncIterable<readonly RequestedOrder[]>;
  readonly question: Question;
  readonly answer: ProviderAnswer;
  /** Begins the names of the generic responses; belongs to this answer alone. */
  readonly source: string;
}

/** What an answer calls for beyond its request: whether the provider took it, and will take more. */
export type Consequence =
  | { readonly kind: 'taken' }
  /** It will be sent again by itself. */
  | { readonly kind: 'again'; readonly errors: readonly ProviderError[] }
  /** Our access or account is wrong: sending more would only repeat it. */
  | { readonly kind: 'denied'; readonly errors: readonly ProviderError[] };

const taken: Consequence = { kind: 'taken' };

/** So many times in a row a provider says that it does not know a request, before that is believed: it may be slow. */
const timesNotFound = 3;

/**
 * What an answer means for the request, its orders and its devices. Runs in the transaction that settles the file, or
 * the exchange, that it came in.
 *
 * @throws Fault BATCH_NOT_READY, UNEXPECTED_ANSWER, UNKNOWN_ANSWER
 */
export async function applyAnswer(runtime: Runtime, trx: Db, answered: Answered): Promise<Consequence> {
  const { request, answer } = answered;
  // We asked again before a slow answer came: it tells nothing new.
  if (request.state === 'finished' && answered.question !== 'request') return taken;
  switch (answer.kind) {
    case 'accepted':
      return accept(runtime, trx, answered, answer.providerTransactionId);
    case 'pending':
      return wait(runtime, trx, answered, { ...theirId(request, answer.ids), last_error: null });
    case 'query-refused':
      // The request itself may have been done: keep asking, and show the refusal to operators.
      await wait(runtime, trx, answered, {
        ...theirId(request, answer.ids),
        last_error: describe(answer.errors),
      });
      return consequenceOf(answered.provider, answer.errors);
    case 'refused':
      return refuse(runtime, trx, answered, answer.errors);
    case 'not-found':
      return notFound(runtime, trx, answered);
    case 'result':
      return settle(runtime, trx, answered, answer);
  }
}

async function accept(
  { clock }: Runtime,
  trx: Db,
  { request, provider }: Answered,
  providerTransactionId: string,
): Promise<Consequence> {
  requireMove(request, 'accepted');
  const now = clock.now();
  await moveRequest(trx, request, 'accepted', {
    provider_transaction_id: providerTransactionId,
    accepted_at: now.toISOString(),
    next_query_at: spreadOut(now, provider.settings.poll.firstSeconds, request.id),
    last_error: null,
  });
  return taken;
}

/** Nothing is settled: ask again later. What is lost, or settled in part, stays what it is. */
async function wait(
  { clock }: Runtime,
  trx: Db,
  { request, provider, question }: Answered,
  change: RequestChange,
): Promise<Consequence> {
  const next_query_at = spreadOut(clock.now(), provider.settings.poll.everySeconds, request.id);
  const staysAsItIs = question === 'reconciliation' || request.state === 'unknown';
  if (staysAsItIs && request.state !== 'queued') {
    await noteRequest(trx, request.id, { ...change, next_query_at });
    return taken;
  }
  requireMove(request, 'pending');
  await moveRequest(trx, request, 'pending', { ...change, next_query_at });
  return taken;
}

async function refuse(
  runtime: Runtime,
  trx: Db,
  answered: Answered,
  errors: readonly ProviderError[],
): Promise<Consequence> {
  const { request, provider } = answered;
  requireMove(request, 'refused');
  if (areOnly(provider, errors, 'split') && (await splitRequest(runtime, trx, answered))) return taken;
  const consequence = consequenceOf(provider, errors);
  const tired = consequence.kind === 'again' && request.attempts >= provider.settings.https.attempts;
  if (consequence.kind !== 'taken' && !tired) {
    await releaseAgain(runtime, trx, provider, request, { reason: describe(errors) });
    return consequence;
  }
  await settleOrders(runtime, trx, answered, refusedOrders(answered.asked, errors));
  await moveRequest(trx, request, 'refused', {
    finished_at: runtime.clock.now().toISOString(),
    next_query_at: null,
    last_error: describe(errors),
  });
  return taken;
}

function consequenceOf(provider: Provider, errors: readonly ProviderError[]): Consequence {
  if (areOnly(provider, errors, 'retry')) return { kind: 'again', errors };
  return areOnly(provider, errors, 'auth', 'config', 'retry') ? { kind: 'denied', errors } : taken;
}

function areOnly({ format }: Provider, errors: readonly ProviderError[], ...classes: ErrorClass[]): boolean {
  return errors.length > 0 && errors.every(({ code }) => classes.includes(format.errors.lookUp(code).class));
}

const refusedOrders = (asked: AskedRequest, errors: readonly ProviderError[]): OrderOutcome[] =>
  asked.orders.map(({ orderId, devices }) => ({
    orderId,
    errors,
    devices: devices.map(({ deviceId }) => ({ deviceId, outcome: 'failed', errors })),
    settled: true,
  }));

/** The provider does not know the request: after some patience it is known that it never arrived, and it goes out again. */
async function notFound(runtime: Runtime, trx: Db, answered: Answered): Promise<Consequence> {
  const { request, provider, question } = answered;
  const times = request.not_found + 1;
  const lost = request.state === 'sent' && question === 'reconciliation';
  if (lost && times >= timesNotFound) {
    await releaseAgain(runtime, trx, provider, request, { reason: 'the provider does not know the request' });
    return taken;
  }
  const last_error = `the provider does not know the request (asked ${times} times)`;
  return wait(runtime, trx, answered, { not_found: times, last_error });
}

async function settle(
  runtime: Runtime,
  trx: Db,
  answered: Answered,
  answer: Extract<ProviderAnswer, { kind: 'result' }>,
): Promise<Consequence> {
  const { request, provider, asked, question } = answered;
  const outcomes = outcomesIn(answered, answer.result);
  // Before anything is written. What may become finished may also become unknown.
  requireMove(request, 'finished');
  let settled = true;
  let progress = false;
  let first = 1;
  for await (const orders of answered.portions ?? [asked.orders]) {
    const said = outcomes.of(orders);
    await settleOrders(runtime, trx, { ...answered, asked: { orders }, first }, said);
    settled &&= said.every((outcome) => outcomeOf(outcome) !== 'unknown');
    progress ||= said.some(({ devices }) => devices.some(({ outcome }) => outcome !== 'unknown'));
    first += said.length;
  }
  const to = settled ? 'finished' : 'unknown';
  const unexpected = outcomes.unexpected();
  const now = runtime.clock.now();
  // What is left of a result is asked for device by device: the next at once, as long as that settles something.
  const seconds = question === 'reconciliation' && progress ? 0 : provider.settings.poll.everySeconds;
  const canAsk = () => provider.format.toReconciliation(asked) !== null;
  await moveRequest(trx, request, to, {
    ...theirId(request, answer.ids),
    finished_at: settled ? now.toISOString() : null,
    next_query_at: !settled && canAsk() ? secondsAfter(now, seconds) : null,
    not_found: 0,
    // Devices that an earlier answer settled are no longer expected, and no news.
    last_error: request.state !== 'unknown' && unexpected.length > 0 ? notAskedFor(unexpected) : null,
  });
  return taken;
}

/** @throws Fault UNKNOWN_ANSWER */
function outcomesIn({ provider, asked, portions, question }: Answered, result: unknown): OutcomesInPortions {
  const { format } = provider;
  if (portions && format.inPortions) return format.inPortions(result);
  const { orders, unexpected } = format.toOutcomes(result, question, asked);
  return { of: () => [...orders], unexpected: () => [...unexpected] };
}

const notAskedFor = (unexpected: readonly string[]) => `not asked for: ${unexpected.join(', ')}`;

/** @throws Fault BATCH_NOT_READY, UNEXPECTED_ANSWER */
function requireMove(request: ProviderRequestRow, to: ProviderRequestRow['state']): void {
  const where = `request ${request.transaction_id} is ${request.state}`;
  // The file is out, but its publisher has not recorded it yet.
  if (request.state === 'queued') throw new Fault('BATCH_NOT_READY', where);
  if (providerRequestMoves[request.state].includes(to)) return;
  throw new Fault('UNEXPECTED_ANSWER', `${where}, it cannot become ${to}`);
}

/** The provider's id, should its acknowledgement have been lost; what is known is not written anew into its index. */
const theirId = (
  { provider_transaction_id: known }: ProviderRequestRow,
  { providerTransactionId: theirs }: TransactionIds,
): RequestChange => (theirs === undefined || theirs === known ? {} : { provider_transaction_id: theirs });

export const describe = (errors: readonly ProviderError[]): string =>
  errors.map((error) => `${error.code} ${error.message}`).join('; ');
