import { AsyncLocalStorage } from 'node:async_hooks';

/** One round of a task, while it is under way. */
interface Round {
  readonly task: string;
  /** When it last came a step further, by the monotonic clock. */
  furtherAt: number;
}

/** A round that has not come further for so long. */
export interface Standstill {
  readonly task: string;
  readonly milliseconds: number;
}

/** Whose work this is; what goes on beside the rounds has none, so that it hides no round that hangs. */
const own = new AsyncLocalStorage<Round>();
const underWay = new Set<Round>();

/** Does something that has to come further again and again until it ends: it is known to hang when it does not. */
export async function asRound<T>(task: string, work: () => Promise<T>): Promise<T> {
  const round = { task, furtherAt: performance.now() };
  underWay.add(round);
  try {
    return await own.run(round, work);
  } finally {
    underWay.delete(round);
  }
}

/** To be called by whatever may be a long way to the end of a round: a piece was read, the store has answered. */
export function cameFurther(): void {
  const round = own.getStore();
  if (round) round.furtherAt = performance.now();
}

/** Milliseconds. As patient as the watchdog of the units that `enrol service install` writes: five times its two minutes. */
const hangsAfter = 600_000;

/** Whether a round hangs: it has not come further for ten minutes. */
export const isHanging = (): boolean => (standstill()?.milliseconds ?? 0) > hangsAfter;

/** The round that has not come further for longest; undefined while none is under way: to wait for work is no standstill. */
export function standstill(): Standstill | undefined {
  const now = performance.now();
  const rounds = [...underWay].map(({ task, furtherAt }) => ({ task, milliseconds: now - furtherAt }));
  return rounds.sort((a, b) => b.milliseconds - a.milliseconds)[0];
}
