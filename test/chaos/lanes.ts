/** Installations at a time: a process keeps a core busy. */
const lanes = 2;

/** Does the work for each, some at a time. @throws the first error, when none is at work any more */
export async function inLanes<T, R>(list: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...list.entries()];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await settleAll(Array.from({ length: lanes }, lane));
  return results;
}

/** Waits for the end of all, also when one fails: nothing is left at work behind our back. @throws the first error */
export async function settleAll(works: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}
