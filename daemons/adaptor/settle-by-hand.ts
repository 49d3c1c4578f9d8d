import type { LoadedConfig } from '../../shared/runtime/config.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { audit, type Operator } from '../../shared/operator/operator.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import {
  moveRequest,
  requireTransaction,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { askedStates } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import { askedRequest } from './asked-request.ts';
import { providerOf } from './provider.ts';
import type { OrderOutcome, RequestedOrder } from './providers/provider-format.ts';
import { settleOrders } from './settle-orders.ts';

/**
 * An operator has seen at the provider what became of a request that no answer settles: its open devices get that
 * outcome, as if the provider had said it.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED when the request does not wait for an answer
 */
export function settleByHand(
  loaded: LoadedConfig,
  db: Db,
  operator: Operator,
  { transactionId, done }: { readonly transactionId: string; readonly done: boolean },
): Promise<ProviderRequestRow> {
  return inTransaction(db, async (trx) => {
    const request = await requireTransaction(trx, transactionId);
    if (!askedStates.some((state) => state === request.state)) {
      throw new Fault('NOT_ALLOWED', `request ${transactionId} is ${request.state}: it waits for no answer`);
    }
    const provider = providerOf(loaded.config, request.provider_id);
    const asked = await askedRequest(trx, request);
    const clock = { now: () => operator.now };
    const outcomes = asked.orders.map((order) => (done ? succeeded(order) : failed(order, operator.reason)));
    await settleOrders({ loaded, clock }, trx, { provider, request, source: `h${request.id}` }, outcomes);
    const after = await moveRequest(trx, request, 'finished', {
      finished_at: operator.now.toISOString(),
      next_query_at: null,
      last_error: `settled by ${operator.who}: ${operator.reason}`,
    });
    await audit(trx, operator, {
      action: done ? 'request.done' : 'request.failed',
      subject: `request ${transactionId}`,
      before: { state: request.state },
      after: { state: after.state },
    });
    return after;
  });
}

const succeeded = ({ orderId, devices }: RequestedOrder): OrderOutcome => ({
  orderId,
  errors: [],
  devices: devices.map(({ deviceId }) => ({ deviceId, outcome: 'succeeded' })),
  settled: true,
});

function failed({ orderId, devices }: RequestedOrder, reason: string): OrderOutcome {
  const errors = [{ code: 'OPERATOR', message: reason }];
  return {
    orderId,
    errors,
    devices: devices.map(({ deviceId }) => ({ deviceId, outcome: 'failed', errors })),
    settled: true,
  };
}
