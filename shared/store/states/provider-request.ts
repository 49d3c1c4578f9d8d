import type { Moves } from './state-machine.ts';

/**
 * A request to a provider.
 *
 *   queued ──► sent ──► accepted ──► pending ──► finished
 *     ▲         │           └────────────┼─────► unknown
 *     └─────────┼──► refused             └ (asked again)
 *
 * `sent` without an answer is never sent again blindly: the provider may have done it, and is asked. Back to `queued`
 * leads only the certainty that nothing was done: it could not be reached, said so, or does not know the request.
 * `accepted` means queued at the provider, not done. `unknown`: the provider's answers do not settle every device.
 * Each order and each device of the request has an outcome of its own.
 */
export const providerRequestStates = [
  'queued',
  'sent',
  'accepted',
  'pending',
  'finished',
  'refused',
  'unknown',
] as const;
export type ProviderRequestState = (typeof providerRequestStates)[number];

export const providerRequestMoves: Moves<ProviderRequestState> = {
  queued: ['sent'],
  sent: ['queued', 'accepted', 'refused', 'pending', 'finished', 'unknown'],
  accepted: ['pending', 'finished', 'unknown'],
  pending: ['pending', 'finished', 'unknown'],
  finished: [],
  refused: [],
  unknown: ['finished', 'unknown'],
};

/** States in which the provider may be asked: for the result, or what became of the request. */
export const askedStates = [
  'sent',
  'accepted',
  'pending',
  'unknown',
] as const satisfies readonly ProviderRequestState[];

/** States that a final answer is still to follow. */
export const openStates = [
  'queued',
  'sent',
  'accepted',
  'pending',
  'unknown',
] as const satisfies readonly ProviderRequestState[];

/** States of which nothing follows any more. */
export const finalStates = ['finished', 'refused'] as const satisfies readonly ProviderRequestState[];

/** What the provider said of one order or device of a request. */
export type ProviderOutcome = 'open' | 'succeeded' | 'failed' | 'unknown';

/** Outcomes that no later answer changes. */
export const finalOutcomes = ['succeeded', 'failed'] as const satisfies readonly ProviderOutcome[];
