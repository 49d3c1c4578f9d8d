/** Where time comes from; passed in, so that tests can set it. */
export interface Clock {
  readonly now: () => Date;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
}

export const systemClock: Clock = { now: () => new Date(), monotonic: () => performance.now() };
