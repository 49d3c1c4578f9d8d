import { z } from 'zod';

import type { Runtime } from '../../shared/daemon/process.ts';
import { askNow, sendAgain, wishSettled } from '../../shared/operator/request-actions.ts';
import { stuckReason } from '../../shared/probes/request-rules.ts';
import { requireTransaction, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import { summariseRequests } from '../../shared/store/request-lists.ts';
import { providerRequestStates } from '../../shared/store/states/provider-request.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import { answer, count, id, line, listOf, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';
import { requestedEndpoints, requestParams as params, requestPath as path } from './requested.ts';

/** Requests to providers. */

const request = answer('ProviderRequest', {
  id,
  transaction: z.string().describe('Our id of it.'),
  provider: z.string(),
  providerTransaction: z.string().nullable().describe('The id that the provider gave it.'),
  batch: id,
  state: z.enum(providerRequestStates),
  needsLook: z.string().nullable().describe('Why somebody should look at it; null: all is well with it.'),
  timesSent: count,
  questions: count,
  lastError: z.string().nullable(),
  createdAt: time,
  goesOutAt: time.nullable(),
  sentAt: time.nullable(),
  acceptedAt: time.nullable(),
  finishedAt: time.nullable(),
  nextQuestionAt: time.nullable(),
});

const toRequest =
  ({ clock, loaded }: Pick<Runtime, 'clock' | 'loaded'>) =>
  (row: ProviderRequestRow): z.input<typeof request> => ({
    id: row.id,
    transaction: row.transaction_id,
    provider: row.provider_id,
    providerTransaction: row.provider_transaction_id,
    batch: row.batch_id,
    state: row.state,
    needsLook: stuckReason(row, loaded.config.probes.responses, clock.now()) ?? null,
    timesSent: row.attempts,
    questions: row.queries,
    lastError: row.last_error,
    createdAt: row.created_at,
    goesOutAt: row.state === 'queued' ? row.release_at : null,
    sentAt: row.sent_at,
    acceptedAt: row.accepted_at,
    finishedAt: row.finished_at,
    nextQuestionAt: row.next_query_at,
  });

export const requestEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/provider-requests',
    id: 'listProviderRequests',
    role: 'viewer',
    summary: 'Requests to providers, newest first',
    query: {
      ...newestFirst,
      state: z.enum(providerRequestStates).optional(),
      provider: line().optional(),
    },
    response: listOf('ProviderRequestList', request),
    run: async ({ db, clock, loaded }, asked) => {
      const { state, ...page } = fetched(asked.query);
      const states = state === undefined ? undefined : [state];
      const found = await summariseRequests(db, { ...page, states });
      return partOf(asked, found, toRequest({ clock, loaded }), (row) => ({ before: row.id }));
    },
  }),
  lookup({
    path,
    id: 'getProviderRequest',
    role: 'viewer',
    summary: 'One request to a provider',
    params,
    response: request,
    run: async ({ db, clock, loaded }, asked) =>
      toRequest({ clock, loaded })(await requireTransaction(db, asked.params.transaction)),
  }),
  ...requestedEndpoints,
  change({
    path: `${path}/ask`,
    id: 'askProvider',
    role: 'operator',
    status: 202,
    summary: 'Have the provider asked now what it makes of a request',
    description: 'The adaptor asks at its next look.',
    params,
    response: request,
    run: async ({ db, clock, loaded }, operator, asked) =>
      toRequest({ clock, loaded })(await askNow(db, operator, asked.params.transaction)),
  }),
  change({
    path: `${path}/resend`,
    id: 'resendProviderRequest',
    role: 'operator',
    status: 202,
    summary: 'Send a request once more whose answer is lost',
    description: 'Only when it is certain that the provider did nothing of it: else it is done twice.',
    params,
    response: request,
    run: async ({ db, clock, loaded }, operator, asked) =>
      toRequest({ clock, loaded })(await sendAgain(db, operator, asked.params.transaction)),
  }),
  change({
    path: `${path}/settle`,
    id: 'settleProviderRequest',
    role: 'operator',
    status: 202,
    summary: 'End a request by what was seen at the provider',
    description: 'Its open devices get that outcome at the next look of the adaptor.',
    params,
    body: { done: z.boolean().describe('Whether the provider did what it was asked for.') },
    response: request,
    run: async ({ db, clock, loaded }, operator, asked) => {
      await wishSettled(db, operator, asked.params.transaction, asked.body.done);
      return toRequest({ clock, loaded })(await requireTransaction(db, asked.params.transaction));
    },
  }),
];
