import type { Runtime } from '../../shared/daemon/process.ts';
import { moveBatch } from '../../shared/store/batches.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { countQueued, moveRequest, requireRequest } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';

/** A provider's request file is out: the request is sent; with its last request the batch is transmitted. */
export async function recordSent({ worker, clock }: Runtime, trx: Db, file: Delivery): Promise<void> {
  if (file.purpose !== 'provider-request' || file.provider_request_id === null) return;
  const now = clock.now();
  const request = await requireRequest(trx, file.provider_request_id);
  await moveRequest(trx, request, 'sent', { sent_at: now.toISOString() });
  if ((await countQueued(trx, request.batch_id)) > 0) return;
  await moveBatch(
    trx,
    request.batch_id,
    { stage: 'Transmission', status: 'Complete' },
    worker.actor,
    now,
    file.name,
  );
}
