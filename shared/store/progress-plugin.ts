import { setImmediate as othersTurn } from 'node:timers/promises';

import type { KyselyPlugin } from 'kysely';

import { cameFurther } from '../runtime/progress.ts';

/** Short beside what the OpenPGP threads have to do: they are not to wait for more meanwhile. */
const turnMilliseconds = 10;

/**
 * Counts every answer of the store as progress of the round that has asked. SQLite answers without ever leaving the
 * microtasks: signals, timers, the watchdog, and what other work of the process waits for, get their turn here, however
 * much is asked in a row.
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
