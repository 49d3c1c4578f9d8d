import type { Reply } from '../../shared/https/client.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { faultFields } from '../../shared/runtime/events.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import { endExchange, holdExchange, type ProviderExchange } from '../../shared/store/provider-exchanges.ts';
import {
  noteRequest,
  requireRequest,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { applyAnswer, describe, type Consequence } from './apply-answer.ts';
import { askedRequest } from './asked-request.ts';
import { verdictOfStatus } from './http-status-rules.ts';
import type { Provider } from './provider.ts';
import type { AskedRequest, ProviderAnswer } from './providers/provider-format.ts';
import { refuseWrongIds } from './receive-answer.ts';
import { releaseAgain } from './release-requests.ts';
import { toProviderReply } from './reply-content.ts';
import { laterOf, secondsAfter, spreadOut } from './schedule-rules.ts';

/** A call that has ended, and whose it was. */
export interface EndedCall {
  readonly runtime: Runtime;
  readonly provider: Provider;
  readonly exchange: ProviderExchange;
}

/** What a call says of the provider as such. */
export interface Settlement {
  /** Why it did not go well; absent when it did. */
  readonly trouble?: Fault;
  /** The provider wants to be left alone for so long. */
  readonly retryAfterSeconds?: number;
  /** The event, to be told once this is committed. */
  readonly tell: () => void;
}

/** A reply came. Part of the transaction that ends the exchange. @throws Fault LEASE_LOST: others have ended it */
export async function settleReply(call: EndedCall, trx: Db, reply: Reply): Promise<Settlement> {
  const { runtime, exchange } = call;
  await holdExchange(trx, exchange);
  const request = await requireRequest(trx, exchange.request_id);
  const trouble = await act(call, trx, request, reply);
  await endExchange(
    trx,
    exchange.id,
    {
      status: reply.status,
      body: reply.body,
      ...(trouble && { code: trouble.code, detail: trouble.detail }),
    },
    runtime.clock.now(),
  );
  const { retryAfterSeconds, status, milliseconds } = reply;
  const fields = fieldsOf(call, request);
  return {
    ...(trouble && { trouble }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    tell: () => {
      runtime.emit('provider.called', { ...fields, status, milliseconds: Math.round(milliseconds) });
      if (trouble?.code === 'UNKNOWN_ANSWER' || trouble?.code === 'UNEXPECTED_ANSWER')
        runtime.emit('provider.answer-unknown', { ...fields, ...faultFields(trouble) });
      else if (trouble) runtime.emit('provider.failed', { ...fields, ...faultFields(trouble) });
    },
  };
}

/** No reply came. Part of the transaction that ends the exchange. @throws Fault LEASE_LOST: others have ended it */
export async function settleFailure(call: EndedCall, trx: Db, fault: Fault): Promise<Settlement> {
  const { runtime, exchange } = call;
  if (fault.class === 'bug' || fault.code === 'LEASE_LOST') throw fault;
  await holdExchange(trx, exchange);
  const request = await requireRequest(trx, exchange.request_id);
  const mayHaveArrived = fault.code === 'ANSWER_LOST' || fault.code === 'ANSWER_TOO_LARGE';
  if (exchange.question !== 'request') await noteRequest(trx, request.id, { last_error: fault.message });
  else if (mayHaveArrived) await noteLost(call, trx, request, fault);
  else await takeBack(call, trx, request, fault);
  const now = runtime.clock.now();
  await endExchange(trx, exchange.id, { code: fault.code, detail: fault.detail }, now);
  const fields = { ...fieldsOf(call, request), ...faultFields(fault) };
  return { trouble: fault, tell: () => runtime.emit('provider.failed', fields) };
}

/** @returns what is wrong, if something is */
async function act(
  call: EndedCall,
  trx: Db,
  request: ProviderRequestRow,
  reply: Reply,
): Promise<Fault | undefined> {
  const asked = await askedRequest(trx, request);
  const read = readReply(call, reply, request, asked);
  try {
    return 'answer' in read
      ? toTrouble(await apply(call, trx, request, asked, read.answer))
      : await actOnStatus(call, trx, request, reply, asked, read.fault);
  } catch (thrown) {
    const fault = toFault(thrown);
    // An operator may have settled the request meanwhile: nothing was written before this was found.
    if (fault.code !== 'UNEXPECTED_ANSWER' && fault.code !== 'UNKNOWN_ANSWER') throw fault;
    return fault;
  }
}

function readReply(
  { provider, exchange }: EndedCall,
  reply: Reply,
  request: ProviderRequestRow,
  asked: AskedRequest,
): { readonly answer: ProviderAnswer } | { readonly fault: Fault } {
  try {
    const answer = provider.format.readAnswer(toProviderReply(reply), exchange.question, asked);
    refuseWrongIds(request, answer);
    return { answer };
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'bug') throw fault;
    return { fault };
  }
}

function apply(
  { runtime, provider, exchange }: EndedCall,
  trx: Db,
  request: ProviderRequestRow,
  asked: AskedRequest,
  answer: ProviderAnswer,
): Promise<Consequence> {
  const { question } = exchange;
  // The letter tells it from the number of a file.
  return applyAnswer(runtime, trx, { provider, request, asked, question, answer, source: `x${exchange.id}` });
}

function toTrouble(consequence: Consequence): Fault | undefined {
  switch (consequence.kind) {
    case 'taken':
      return undefined;
    case 'again':
      return new Fault('PROVIDER_BUSY', describe(consequence.errors));
    case 'denied':
      return new Fault('PROVIDER_DENIES', describe(consequence.errors));
  }
}

/** The body says nothing that the format knows. */
async function actOnStatus(
  call: EndedCall,
  trx: Db,
  request: ProviderRequestRow,
  { status, retryAfterSeconds }: Reply,
  asked: AskedRequest,
  unreadable: Fault,
): Promise<Fault> {
  const isRequest = call.exchange.question === 'request';
  const answered = `it answered with status ${status}`;
  switch (verdictOfStatus(status)) {
    case 'denied':
      return again(new Fault('PROVIDER_DENIES', answered));
    case 'busy':
      return again(new Fault('PROVIDER_BUSY', answered));
    case 'lost':
      return lost(new Fault('PROVIDER_BUSY', answered));
    case 'refused': {
      const error = { code: `HTTP ${status}`, message: "The provider's server refused the request." };
      if (!isRequest) return noted(new Fault('PROVIDER_BUSY', answered));
      await apply(call, trx, request, asked, { kind: 'refused', errors: [error] });
      return new Fault('UNKNOWN_ANSWER', answered);
    }
    case 'unknown':
      return lost(unreadable);
  }

  async function again(fault: Fault): Promise<Fault> {
    if (!isRequest) return noted(fault);
    await takeBack(call, trx, request, fault, retryAfterSeconds);
    return fault;
  }
  async function lost(fault: Fault): Promise<Fault> {
    if (!isRequest) return noted(fault);
    await noteLost(call, trx, request, fault);
    return fault;
  }
  async function noted(fault: Fault): Promise<Fault> {
    const after = secondsAfter(call.runtime.clock.now(), retryAfterSeconds ?? 0);
    const next_query_at = request.next_query_at && laterOf(request.next_query_at, after);
    await noteRequest(trx, request.id, { last_error: fault.message, next_query_at });
    return fault;
  }
}

/** The request was not done: it waits, and goes again. That does not count as an attempt. */
async function takeBack(
  { runtime, provider }: EndedCall,
  trx: Db,
  request: ProviderRequestRow,
  fault: Fault,
  retryAfterSeconds?: number,
): Promise<void> {
  await releaseAgain(runtime, trx, provider, request, { reason: fault.message, retryAfterSeconds });
  await noteRequest(trx, request.id, { attempts: request.attempts - 1 });
}

/** The provider may have done it: it is asked, where it can be; else it is up to people. */
async function noteLost(
  { runtime, provider }: EndedCall,
  trx: Db,
  request: ProviderRequestRow,
  fault: Fault,
): Promise<void> {
  const canAsk = provider.format.toReconciliation(await askedRequest(trx, request)) !== null;
  const first = spreadOut(runtime.clock.now(), provider.settings.poll.firstSeconds, request.id);
  await noteRequest(trx, request.id, { last_error: fault.message, next_query_at: canAsk ? first : null });
}

const fieldsOf = ({ provider, exchange }: EndedCall, request: ProviderRequestRow) => ({
  provider: provider.id,
  transaction: request.transaction_id,
  question: exchange.question,
  exchange: exchange.id,
});
