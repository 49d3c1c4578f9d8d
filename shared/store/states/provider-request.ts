import type { Moves } from './state-machine.ts';

/**
 * A request to a provider.
 *
 *   queued ──► sent ──► accepted ──► pending ──► finished
 *               │           └────────────┼─────► unknown
 *               └──► refused             └ (asked again)
 *
 * `sent` without an answer is never sent again blindly: the provider may have done it. `accepted` means queued at the
 * provider, not done. `unknown`: the provider's answers do not settle every device; an operator has to reconcile.
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
  sent: ['accepted', 'refused', 'pending', 'finished', 'unknown'],
  accepted: ['pending', 'finished', 'unknown'],
  pending: ['pending', 'finished', 'unknown'],
  finished: [],
  refused: [],
  unknown: ['finished', 'unknown'],
};

/** States in which the provider owes us a result that we may ask for. */
export const waitingStates = ['accepted', 'pending'] as const satisfies readonly ProviderRequestState[];

/** What the provider said of one order or device of a request. */
export type ProviderOutcome = 'open' | 'succeeded' | 'failed' | 'unknown';
