/** Share of a wait by which requests are spread, so that those sent together are not asked about together for ever. */
const spreadShare = 0.2;
const spreadSteps = 16;

/** The time some seconds after `now`, a little later for some requests than for others; the same for the same request. */
export function spreadOut(now: Date, seconds: number, requestId: number): string {
  const share = (spreadShare * ((requestId - 1) % spreadSteps)) / spreadSteps;
  return secondsAfter(now, seconds * (1 + share));
}

export const secondsAfter = (now: Date, seconds: number): string =>
  new Date(now.getTime() + seconds * 1000).toISOString();

/** The later of two times. */
export const laterOf = (a: string, b: string): string => (a > b ? a : b);
