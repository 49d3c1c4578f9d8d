import { Fault } from '../runtime/faults.ts';
import { inTransaction } from '../store/open-store.ts';
import {
  moveRequest,
  noteRequest,
  requireTransaction,
  type ProviderRequestRow,
} from '../store/provider-requests.ts';
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
    if (!askedStates.some((state) => state === request.state)) {
      throw new Fault('NOT_ALLOWED', `request ${transactionId} is ${request.state}: there is nothing to ask`);
    }
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
