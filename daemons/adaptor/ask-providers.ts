import type { Runtime } from '../../shared/daemon/process.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import type { StepResult } from '../../shared/runtime/task-loop.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import {
  noteRequest,
  requireRequest,
  type ProviderRequestRow,
} from '../../shared/store/provider-requests.ts';
import { dueQuestions, providersWithOpenRequests } from '../../shared/store/request-queue.ts';
import { askedStates } from '../../shared/store/states/provider-request.ts';
import type { Db } from '../../shared/store/tables.ts';
import { askedRequest } from './asked-request.ts';
import { messageFile } from './message-file.ts';
import { providerOf, providersBy, type Provider } from './provider.ts';
import type { ProviderMessage, Question } from './providers/provider-format.ts';
import { spreadOut } from './schedule-rules.ts';

/** Questions asked in one round at most. */
const roundLimit = 100;

/**
 * Asks the providers over the spool for the result of every accepted request whose time has come, and what became of
 * those without a settling answer. The schedule is in the store: restarts keep it.
 *
 * @throws Fault UNKNOWN_PROVIDER, after the others, when one is to a provider that is no longer configured
 */
export async function askProviders(runtime: Runtime): Promise<StepResult> {
  const providers = new Map(
    providersBy(runtime.loaded.config, 'spool').map((provider) => [provider.id, provider]),
  );
  const requests =
    providers.size === 0
      ? []
      : await dueQuestions(runtime.db, [...providers.keys()], runtime.clock.now(), roundLimit);
  for (const { id, provider_id } of requests) {
    const provider = providers.get(provider_id);
    if (!provider) continue;
    await inTransaction(runtime.db, (trx) => ask(runtime, trx, provider, id));
    failPoint('ask.committed');
  }
  for (const id of await providersWithOpenRequests(runtime.db)) providerOf(runtime.loaded.config, id);
  return { worked: requests.length, refused: 0, waiting: 0 };
}

async function ask({ clock }: Runtime, trx: Db, provider: Provider, id: number): Promise<void> {
  const now = clock.now();
  const request = await requireRequest(trx, id);
  const next = await nextQuestion(trx, provider, request, now);
  if (!next) return;
  await queuePublication(
    trx,
    {
      folder: provider.outbound,
      ...messageFile(next.message, request.transaction_id, next.number),
      purpose: 'provider-query',
      batchId: request.batch_id,
      providerRequestId: id,
    },
    now,
  );
  failPoint('ask.written');
}

export interface NextQuestion {
  readonly question: Exclude<Question, 'request'>;
  readonly message: ProviderMessage;
  /** Counts the questions about this request, from 1. */
  readonly number: number;
}

/**
 * The question that is due about a request, if there is one to ask, and the time of the next. Part of the transaction
 * that sends it.
 */
export async function nextQuestion(
  trx: Db,
  { format, settings }: Provider,
  request: ProviderRequestRow,
  now: Date,
): Promise<NextQuestion | null> {
  const due = request.next_query_at !== null && request.next_query_at <= now.toISOString();
  if (!due || !askedStates.some((state) => state === request.state)) return null;
  const question = request.state === 'sent' || request.state === 'unknown' ? 'reconciliation' : 'query';
  const asked = await askedRequest(trx, request);
  const message = question === 'query' ? format.toQuery(asked) : format.toReconciliation(asked);
  if (message === null) {
    await noteRequest(trx, request.id, { next_query_at: null });
    return null;
  }
  const number = request.queries + 1;
  const next = spreadOut(now, settings.poll.everySeconds, request.id);
  await noteRequest(trx, request.id, { queries: number, next_query_at: next });
  return { question, message, number };
}
