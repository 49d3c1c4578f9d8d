import { waitSeconds } from '../../shared/https/backoff.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import {
  messageOf,
  moveRequest,
  noteRequest,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { dueRequests, takeDueRequests } from '../../shared/store/request-queue.ts';
import type { Db } from '../../shared/store/tables.ts';
import { messageFile } from './message-file.ts';
import { providersBy, type Provider } from './provider.ts';
import type { ProviderMessage } from './providers/provider-format.ts';
import { secondsAfter } from './schedule-rules.ts';

/** Requests released in one round at most. */
const roundLimit = 100;

/** Lets the requests to providers over the spool go whose time has come: their files are published. */
export async function releaseRequests(runtime: Runtime): Promise<StepResult> {
  const { db, clock, loaded } = runtime;
  const providers = providersBy(loaded.config, 'spool');
  const ids = providers.map(({ id }) => id);
  // Looked at first, so that a round without work keeps no other process from writing.
  const due = ids.length > 0 && (await dueRequests(db, ids, clock.now(), 1)).length > 0;
  const worked = due ? await inTransaction(db, (trx) => releaseInto(runtime, trx, providers)) : 0;
  return { worked, refused: 0, waiting: 0 };
}

/** @returns how many were released */
export async function releaseInto(
  { clock }: Runtime,
  trx: Db,
  providers: readonly Provider[],
): Promise<number> {
  if (providers.length === 0) return 0;
  const now = clock.now();
  const byId = new Map(providers.map((provider) => [provider.id, provider]));
  const requests = await takeDueRequests(trx, [...byId.keys()], now, roundLimit);
  for (const request of requests) {
    const provider = byId.get(request.provider_id);
    if (provider) await publishRequest(trx, provider, request, now);
  }
  return requests.length;
}

async function publishRequest(
  trx: Db,
  provider: Provider,
  request: ProviderRequestRow,
  now: Date,
): Promise<void> {
  const message = (await messageOf(trx, request.id)) as ProviderMessage;
  // The first has no number: partners know the name by our id alone.
  const number = request.attempts === 0 ? undefined : request.attempts + 1;
  await noteRequest(trx, request.id, { release_at: null });
  await queuePublication(
    trx,
    {
      folder: provider.outbound,
      ...messageFile(message, request.transaction_id, number),
      purpose: 'provider-request',
      batchId: request.batch_id,
      providerRequestId: request.id,
    },
    now,
  );
}

/** A request of which it is known that nothing was done waits, the longer the more often it was sent, and goes again. */
export async function releaseAgain(
  { clock }: Runtime,
  trx: Db,
  provider: Provider,
  request: ProviderRequestRow,
  { reason, retryAfterSeconds }: { readonly reason: string; readonly retryAfterSeconds?: number | undefined },
): Promise<void> {
  const now = clock.now();
  const seconds = waitSeconds(request.attempts, provider.settings.https.retrySeconds, retryAfterSeconds);
  await moveRequest(trx, request, 'queued', {
    release_at: secondsAfter(now, seconds),
    next_query_at: null,
    not_found: 0,
    last_error: reason,
  });
}
