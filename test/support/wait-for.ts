import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until the answer is there; fails loudly when it does not come in time.
 *
 * @param milliseconds between two questions, more where to ask costs much
 */
export async function waitFor<T>(
  what: string,
  probe: () => T | undefined | Promise<T | undefined>,
  seconds = 20,
  milliseconds = 5,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s in vain for ${what}`);
    await pause(milliseconds);
  }
}
