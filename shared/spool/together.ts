import { toFault } from '../runtime/faults.ts';

/** What was done for each of a group, and those that others have by now. */
export interface Turns<T, R> {
  readonly done: R[];
  readonly lost: { readonly each: T; readonly thrown: unknown }[];
}

/**
 * Does something for each of a group one after the other, within a transaction. What another process has by now is left
 * out, which undoes nothing: the store was asked, and nothing was written. Everything else ends the whole.
 */
export async function inTurn<T, R>(group: readonly T[], work: (each: T) => Promise<R>): Promise<Turns<T, R>> {
  const turns: Turns<T, R> = { done: [], lost: [] };
  for (const each of group) {
    try {
      turns.done.push(await work(each));
    } catch (thrown) {
      if (toFault(thrown).code !== 'LEASE_LOST') throw thrown;
      turns.lost.push({ each, thrown });
    }
  }
  return turns;
}

/**
 * Does something for each of a group at the same time: file calls that run side by side cost the process a fifth of
 * what they cost one after the other. What fails is told when all have ended, and left out; the others go on.
 *
 * @param work undefined: there is nothing more to do for this one
 * @returns what came of the others, in their order
 */
export async function together<T, R>(
  group: readonly T[],
  work: (each: T) => Promise<R | undefined>,
  failed: (each: T, thrown: unknown) => void,
): Promise<R[]> {
  const ends = await Promise.all(
    group.map(async (each) => {
      try {
        return { result: await work(each) };
      } catch (thrown) {
        return { failure: () => failed(each, thrown) };
      }
    }),
  );
  for (const { failure } of ends) failure?.();
  return ends.flatMap(({ result }) => (result === undefined ? [] : [result]));
}
