import { Fault } from '../runtime/faults.ts';
import { inTransaction } from '../store/open-store.ts';
import {
  moveRequest,
  noteRequest,
  requireTransaction,
  type ProviderRequestRow,
} from '../store/provider-requests.ts';
import { findSettlementWish, wishSettlement, type SettlementWish } from '../store/settlement-wishes.ts';
import { askedStates } from '../store/states/provider-request.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/**
 * Has the provider asked now what it makes of a request, instead of at the planned time.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED when the request waits for no answer
 */
export function askNow(db: Db, operator: Operator, transactionId: string): Promise<ProviderRequestRow> {
  return inTransaction(db, async (trx) => {
    const request = await requireTransaction(trx, transactionId);
    requireAsked(request);
    const next_query_at = operator.now.toISOString();
    await noteRequest(trx, request.id, { next_query_at });
    await audit(trx, operator, {
      action: 'request.ask',
      subject: `request ${transactionId}`,
      before: { next_query_at: request.next_query_at },
      after: { next_query_at },
    });
    return { ...request, next_query_at };
  });
}

/**
 * Sends a request once more whose answer is lost. The operator has made sure that the provider did nothing of it: else
 * it is done twice.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED when it has an answer, or waits to be sent anyway
 */
export function sendAgain(db: Db, operator: Operator, transactionId: string): Promise<ProviderRequestRow> {
  return inTransaction(db, async (trx) => {
    const request = await requireTransaction(trx, transactionId);
    if (request.state !== 'sent') {
      throw new Fault(
        'NOT_ALLOWED',
        `request ${transactionId} is ${request.state}; only a sent one is sent again`,
      );
    }
    const after = await moveRequest(trx, request, 'queued', {
      release_at: operator.now.toISOString(),
      next_query_at: null,
      not_found: 0,
    });
    await audit(trx, operator, {
      action: 'request.resend',
      subject: `request ${transactionId}`,
      before: { state: request.state },
      after: { state: after.state },
    });
    return after;
  });
}

/**
 * Has the adaptor settle a request by what was seen at the provider, at its next look: the open devices of the request
 * get that outcome, as if the provider had said it. Said anew before that, the later word counts.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED when the request waits for no answer
 */
export function wishSettled(
  db: Db,
  operator: Operator,
  transactionId: string,
  done: boolean,
): Promise<SettlementWish> {
  return inTransaction(db, async (trx) => {
    const request = await requireTransaction(trx, transactionId);
    requireAsked(request);
    const before = await findSettlementWish(trx, request.id);
    const { who, reason, now } = operator;
    const wish = { request_id: request.id, done: done ? 1 : 0, who, reason, wished_at: now.toISOString() };
    await wishSettlement(trx, wish);
    await audit(trx, operator, {
      action: 'request.settle',
      subject: `request ${transactionId}`,
      before: { state: request.state, wished: wishedOutcome(before) },
      after: { state: request.state, wished: wishedOutcome(wish) },
    });
    return wish;
  });
}

/** As what the request is wished to be settled. */
export const wishedOutcome = (wish: SettlementWish | undefined): 'done' | 'not done' | null =>
  wish === undefined ? null : wish.done === 1 ? 'done' : 'not done';

/** @throws Fault NOT_ALLOWED when it waits for no answer */
export function requireAsked({ transaction_id: id, state }: ProviderRequestRow): void {
  if (askedStates.some((asked) => asked === state)) return;
  throw new Fault('NOT_ALLOWED', `request ${id} is ${state}: it waits for no answer`);
}
