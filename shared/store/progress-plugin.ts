import { setImmediate as othersTurn } from 'node:timers/promises';

import type { KyselyPlugin } from 'kysely';

import { cameFurther } from '../runtime/progress.ts';

const turnMilliseconds = 500;

/**
 * Counts every answer of the store as progress of the round that has asked. SQLite answers without ever leaving the
 * microtasks: signals, timers and the watchdog get their turn here, however much a job asks in a row.
 */
export function progressPlugin(): KyselyPlugin {
  let turnAt = performance.now();
  return {
    transformQuery: ({ node }) => node,
    transformResult: async ({ result }) => {
      cameFurther();
      if (performance.now() - turnAt > turnMilliseconds) {
        turnAt = performance.now();
        await othersTurn();
      }
      return result;
    },
  };
}
