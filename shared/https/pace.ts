/**
 * How often a server is called: `concurrent` calls at once, and in any minute at most `perMinute`, spread evenly. Pure:
 * a bucket of permits that fills steadily. It holds what falls due in a second, but at most `concurrent`.
 */

export interface PaceLimits {
  /** In any 60 seconds; of a part of a call, one is made. */
  readonly perMinute: number;
  readonly concurrent: number;
}

export interface Pace {
  /** Permits that were in the bucket at `at`. */
  readonly permits: number;
  /** Milliseconds of a clock that never jumps. */
  readonly at: number;
  readonly running: number;
}

const minute = 60_000;
/** Rounding must not leave a wait of no length behind. */
const rounding = 1e-9;

/** The pace of one who has not called yet. */
export const newPace = (limits: PaceLimits, now: number): Pace => ({
  permits: bucketSize(limits),
  at: now,
  running: 0,
});

/**
 * Milliseconds until a call may begin; 0: at once. Infinity: not before one of the running calls has ended.
 *
 * @param now milliseconds of the same clock
 */
export function waitMilliseconds(pace: Pace, limits: PaceLimits, now: number): number {
  if (pace.running >= limits.concurrent) return Infinity;
  const missing = 1 - permitsAt(pace, limits, now);
  return missing < rounding ? 0 : missing / fillRate(limits);
}

/** A call begins; only when there is nothing to wait for. */
export const callBegun = (pace: Pace, limits: PaceLimits, now: number): Pace => ({
  permits: permitsAt(pace, limits, now) - 1,
  at: now,
  running: pace.running + 1,
});

export const callEnded = (pace: Pace): Pace => ({ ...pace, running: pace.running - 1 });

const permitsAt = (pace: Pace, limits: PaceLimits, now: number): number =>
  Math.min(bucketSize(limits), pace.permits + (now - pace.at) * fillRate(limits));

const bucketSize = ({ perMinute, concurrent }: PaceLimits): number =>
  Math.max(1, Math.min(concurrent, Math.floor(perMinute / 60)));

/** Permits in a millisecond. Slower than `perMinute` by the permits saved up, so that no minute has more calls. */
const fillRate = (limits: PaceLimits): number => (limits.perMinute - bucketSize(limits) + 1) / minute;
