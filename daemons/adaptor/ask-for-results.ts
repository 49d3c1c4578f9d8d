import type { Runtime } from '../../shared/daemon/process.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import { toFault, type Fault } from '../../shared/runtime/faults.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import { queuePublication } from '../../shared/store/deliveries.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { dueQueries, requireRequest, scheduleQuery } from '../../shared/store/provider-requests.ts';
import { waitingStates } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import { providerOf } from './provider.ts';

/** Questions asked in one round at most. */
const roundLimit = 100;

/**
 * Asks for the result of every accepted request whose time has come. The schedule is in the store: restarts keep it.
 *
 * @throws Fault UNKNOWN_PROVIDER when one of them is to a provider that is no longer configured, after the others
 */
export async function askForResults(runtime: Runtime): Promise<StepResult> {
  const requests = await dueQueries(runtime.db, runtime.clock.now(), roundLimit);
  let stray: Fault | undefined;
  for (const { id } of requests) {
    try {
      await inTransaction(runtime.db, (trx) => ask(runtime, trx, id));
      failPoint('ask.committed');
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== 'UNKNOWN_PROVIDER') throw fault;
      stray = fault;
    }
  }
  if (stray) throw stray;
  return { worked: requests.length, refused: 0, waiting: 0 };
}

async function ask({ loaded, clock }: Runtime, trx: Db, id: number): Promise<void> {
  const now = clock.now();
  const request = await requireRequest(trx, id);
  const stillWaits = waitingStates.some((state) => state === request.state);
  if (!stillWaits || request.next_query_at === null || request.next_query_at > now.toISOString()) return;
  if (request.provider_transaction_id === null) return;
  const provider = providerOf(loaded.config, request.provider_id);
  const queries = request.queries + 1;
  const next = new Date(now.getTime() + provider.settings.poll.everySeconds * 1000);
  await scheduleQuery(trx, id, queries, next);
  await queuePublication(
    trx,
    {
      folder: provider.outbound,
      name: `${provider.format.queryStem}.${request.transaction_id}.${queries}.json`,
      purpose: 'provider-query',
      content: JSON.stringify(provider.format.toQuery(request.provider_transaction_id, provider.settings)),
      batchId: request.batch_id,
      providerRequestId: id,
    },
    now,
  );
  failPoint('ask.written');
}
