import type { Runtime } from '../../shared/daemon/process.ts';
import { insertProviderRequest, moveRequest, requestsOfBatch } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Answered } from './apply-answer.ts';
import { siblingId } from './providers/transaction-id.ts';

/**
 * Puts two requests in the place of one that the provider finds too large.
 *
 * @returns false when it cannot be parted any more
 */
export async function splitRequest(
  { clock }: Runtime,
  trx: Db,
  { provider, request, asked }: Answered,
): Promise<boolean> {
  const taken = (await requestsOfBatch(trx, request.batch_id)).length;
  const ids = [
    siblingId(request.transaction_id, taken + 1),
    siblingId(request.transaction_id, taken + 2),
  ] as const;
  const halves = provider.format.halve(asked, ids);
  if (!halves) return false;
  const now = clock.now();
  await moveRequest(trx, request, 'refused', {
    finished_at: now.toISOString(),
    next_query_at: null,
    last_error: `too large for the provider: sent in halves, ${ids.join(' and ')}`,
  });
  for (const half of halves) {
    await insertProviderRequest(
      trx,
      {
        ...half,
        providerId: provider.id,
        batchId: request.batch_id,
        preparatory: request.preparatory === 1,
        replacesId: request.replaces_id ?? request.id,
      },
      now,
    );
  }
  return true;
}
