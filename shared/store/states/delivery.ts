import type { Moves } from './state-machine.ts';

/**
 * A file that we receive or produce.
 *
 *   received   seen ──► claimed ──► done | rejected | held
 *                          ▲ │
 *                 deferred ┘ ┘
 *   produced   seen ──► claimed ──► done
 *
 * | state    | received                                     | produced                                      |
 * | -------- | -------------------------------------------- | --------------------------------------------- |
 * | seen     | the row exists, the file may still be in in/ | name is chosen, nothing is written            |
 * | claimed  | in work/, ours alone; attempts are counted   | sealed bytes on disk, their digest is known   |
 * | deferred | in work/, tried again at `nextTryAt`         | never                                         |
 * | done     | its records are in the store                 | published under its final name                |
 * | rejected | refused, with a code                         | never                                         |
 * | held     | waits for an operator                        | never                                         |
 *
 * An operator's retry or release sends a rejected or held file back to `deferred`. A file that an operator discards is
 * `rejected`, also when it was that before, with the code DISCARDED.
 */
export const deliveryStates = ['seen', 'claimed', 'deferred', 'done', 'rejected', 'held'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

export const deliveryMoves: Moves<DeliveryState> = {
  seen: ['claimed', 'rejected'],
  claimed: ['claimed', 'deferred', 'done', 'rejected', 'held'],
  deferred: ['claimed', 'rejected', 'held'],
  done: [],
  rejected: ['deferred', 'held', 'rejected'],
  held: ['deferred', 'rejected'],
};
