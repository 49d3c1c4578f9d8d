import { setTimeout as pause } from 'node:timers/promises';

import { Fault } from '../../shared/runtime/faults.ts';

/** A server that was killed is back after less. */
const patienceSeconds = 30;

/** Does the work again while the server is being restarted. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceSeconds * 1000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!saysServerIsAway(error) || performance.now() > deadline) throw error;
      await pause(50);
    }
  }
}

const saysServerIsAway = (error: unknown): boolean =>
  error instanceof Fault && (error.code === 'STORE_UNREACHABLE' || error.code === 'STORE_OUTCOME_UNKNOWN');
