/** Attempts to sign in that failed. */

/** They count for so long. */
const failureMinutes = 15;

/** After so many of them that count a user is locked out, whoever failed. */
export const allowedFailures = 10;

/** Failures behind this moment count. Pure. */
export const countingSince = (now: Date): Date => new Date(now.getTime() - failureMinutes * 60_000);
