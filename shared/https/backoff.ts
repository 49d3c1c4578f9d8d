const longestWaitSeconds = 3600;
/** Whoever asks for more is tried again after a day. */
const longestRetryAfterSeconds = 86_400;

/**
 * Seconds until a request is sent again: anything up to `retrySeconds`, doubled with each attempt and bounded by an hour
 * ("full jitter": what failed together does not come back together), or what the server asks for, if that is longer.
 *
 * @param attempts how often it was sent, at least 1
 * @param askedSeconds `retryAfterSeconds` of the last reply
 * @param random gives from 0 to 1
 */
export function waitSeconds(
  attempts: number,
  retrySeconds: number,
  askedSeconds = 0,
  random: () => number = Math.random,
): number {
  const bound = Math.min(longestWaitSeconds, retrySeconds * 2 ** Math.min(30, attempts - 1));
  return Math.max(random() * bound, Math.min(askedSeconds, longestRetryAfterSeconds));
}

/**
 * Seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3); between none and a day. undefined
 * when it is neither.
 */
export function retryAfterSeconds(header: string, now: Date): number | undefined {
  const text = header.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text), longestRetryAfterSeconds);
  const time = httpDate(text);
  if (time === undefined) return undefined;
  return Math.min(Math.max(0, (time - now.getTime()) / 1000), longestRetryAfterSeconds);
}

/** The form that senders must use, and the two of old that readers must take (RFC 9110, 5.6.7); all are UTC. */
function httpDate(text: string): number | undefined {
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d\d:\d\d:\d\d/.test(text)) return undefined;
  const time = Date.parse(text.endsWith(' GMT') ? text : `${text} GMT`);
  return Number.isNaN(time) ? undefined : time;
}
