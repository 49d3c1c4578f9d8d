import type { ProviderFormat, ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { deviceEnrolmentRequest, type RequestOrder } from '../../shared/generic/device-enrolment-request.ts';
import { createBatch } from '../../shared/store/batches.ts';
import { insertProviderRequest, moveRequest, requireRequest } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { requestDocument } from './orders.ts';

/** What a provider says when it has accepted a request. @returns its id of it */
type Accepted = (request: ProviderRequest) => string;

/** Long after the bench: nobody asks about the request meanwhile. */
const never = '2099-01-01T00:00:00.000Z';

/**
 * One batch, mapped by the provider's format, whose requests were sent and accepted: everything up to the answer.
 *
 * @returns the requests
 */
export async function acceptedRequests(
  trx: Db,
  provider: { readonly id: string; readonly format: ProviderFormat },
  orders: readonly RequestOrder[],
  accepted: Accepted,
): Promise<readonly ProviderRequest[]> {
  const now = new Date();
  const { category, type, version } = deviceEnrolmentRequest;
  const standing = { stage: 'Transmission', status: 'Complete' } as const;
  const head = { direction: 'outbound', category, type, version, standing } as const;
  const rest = { providerId: provider.id, externalFileName: null, items: [] };
  const batch = await createBatch(trx, { ...head, ...rest }, 'bench', now);
  const document = requestDocument(batch.id, provider.id, orders);
  const { requests } = provider.format.toRequests(document, { ofOrder: () => [] });
  for (const request of requests) {
    const inserted = { ...request, providerId: provider.id, batchId: batch.id };
    const queued = await requireRequest(trx, await insertProviderRequest(trx, inserted, now));
    const sent = await moveRequest(trx, queued, 'sent', { sent_at: now.toISOString(), attempts: 1 });
    await moveRequest(trx, sent, 'accepted', {
      provider_transaction_id: accepted(request),
      accepted_at: now.toISOString(),
      next_query_at: never,
    });
  }
  return requests;
}
