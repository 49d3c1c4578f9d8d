import type { Runtime } from '../../shared/daemon/process.ts';
import { audit, type Operator } from '../../shared/operator/operator.ts';
import { requireAsked } from '../../shared/operator/request-actions.ts';
import { toFault, type Fault } from '../../shared/runtime/faults.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import {
  moveRequest,
  requireRequest,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import {
  findSettlementWish,
  forgetSettlementWish,
  listSettlementWishes,
} from '../../shared/store/settlement-wishes.ts';
import type { Db } from '../../shared/store/tables.ts';
import { askedRequest } from './asked-request.ts';
import { providerOf } from './provider.ts';
import type { OrderOutcome, RequestedOrder } from './providers/provider-format.ts';
import { settleOrders } from './settle-orders.ts';

/**
 * Operators have seen at the provider what became of requests that no answer settles: their open devices get that
 * outcome, as if the provider had said it. What cannot be granted any more, because an answer came first, is refused;
 * the audit tells either.
 */
export async function grantSettlements(runtime: Runtime): Promise<StepResult> {
  const { db } = runtime;
  const wishes = await listSettlementWishes(db);
  let refused = 0;
  for (const { request_id: id } of wishes) {
    try {
      await inTransaction(db, (trx) => withWish(runtime, trx, id, settleByHand));
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.class !== 'permanent') throw fault;
      refused++;
      await inTransaction(db, (trx) =>
        withWish(runtime, trx, id, (_, within, settlement) => refuse(within, settlement, fault)),
      );
    }
  }
  return { worked: wishes.length, refused, waiting: 0 };
}

interface Settlement {
  readonly operator: Operator;
  readonly request: ProviderRequestRow;
  readonly done: boolean;
}

type Settle = (runtime: Runtime, trx: Db, settlement: Settlement) => Promise<void>;

/** Takes the wish as it is now, and does with it what is to be done. */
async function withWish(runtime: Runtime, trx: Db, id: number, settle: Settle): Promise<void> {
  const wish = await findSettlementWish(trx, id);
  if (!wish) return; // Another adaptor was faster.
  await forgetSettlementWish(trx, id);
  const operator = { who: wish.who, reason: wish.reason, now: runtime.clock.now() };
  await settle(runtime, trx, { operator, request: await requireRequest(trx, id), done: wish.done === 1 });
}

/** @throws Fault NOT_ALLOWED when the request does not wait for an answer any more */
async function settleByHand(
  { loaded, clock }: Runtime,
  trx: Db,
  { operator, request, done }: Settlement,
): Promise<void> {
  requireAsked(request);
  const provider = providerOf(loaded.config, request.provider_id);
  const asked = await askedRequest(trx, request);
  const outcomes = asked.orders.map((order) => (done ? succeeded(order) : failed(order, operator.reason)));
  await settleOrders(
    { loaded, clock },
    trx,
    { provider, request, source: `h${request.id}`, asked },
    outcomes,
  );
  const after = await moveRequest(trx, request, 'finished', {
    finished_at: operator.now.toISOString(),
    next_query_at: null,
    last_error: `settled by ${operator.who}: ${operator.reason}`,
  });
  await audit(trx, operator, {
    action: done ? 'request.done' : 'request.failed',
    subject: `request ${request.transaction_id}`,
    before: { state: request.state },
    after: { state: after.state },
  });
}

const refuse = (trx: Db, { operator, request }: Settlement, fault: Fault): Promise<void> =>
  audit(trx, operator, {
    action: 'request.settle-refused',
    subject: `request ${request.transaction_id}`,
    before: { state: request.state },
    after: { state: request.state, refused: fault.message },
  });

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
