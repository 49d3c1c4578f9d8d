import type { Runtime } from '../../shared/daemon/process.ts';
import { moveBatch, requireBatch } from '../../shared/store/batches.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import {
  moveRequest,
  requireRequest,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { countQueued } from '../../shared/store/request-queue.ts';
import type { Db } from '../../shared/store/tables.ts';
import { providerOf } from './provider.ts';
import { spreadOut } from './schedule-rules.ts';

/** Files are out; of those that are requests to providers, it is recorded. */
export async function recordFilesSent(runtime: Runtime, trx: Db, files: readonly Delivery[]): Promise<void> {
  for (const { purpose, provider_request_id: request, name } of files) {
    if (purpose !== 'provider-request' || request === null) continue;
    await recordSent(runtime, trx, await requireRequest(trx, request), name);
  }
}

/**
 * A request leaves us: it is sent, whether it arrives or not; with its last request the batch is transmitted. Without
 * any answer it counts as lost after a time, and the provider is asked about it.
 *
 * @param how the file or the exchange, for the history of the batch
 */
export async function recordSent(
  { loaded, worker, clock }: Runtime,
  trx: Db,
  request: ProviderRequestRow,
  how: string,
): Promise<ProviderRequestRow> {
  const now = clock.now();
  const { settings } = providerOf(loaded.config, request.provider_id);
  const sent = await moveRequest(trx, request, 'sent', {
    sent_at: now.toISOString(),
    attempts: request.attempts + 1,
    release_at: null,
    next_query_at: spreadOut(now, settings.poll.lostSeconds, request.id),
  });
  const batch = await requireBatch(trx, request.batch_id);
  const transmitting = batch.stage === 'Transmission' && batch.status === 'In progress';
  // A request that had to go out again finds its batch transmitted.
  if (transmitting && (await countQueued(trx, batch.id)) === 0) {
    await moveBatch(trx, batch.id, { stage: 'Transmission', status: 'Complete' }, worker.actor, now, how);
  }
  return sent;
}
