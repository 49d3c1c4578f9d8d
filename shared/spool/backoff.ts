/**
 * Seconds until a deferred file is tried again: doubling, bounded, and spread by up to a fifth so that files which
 * failed together do not come back together.
 */
export function retryDelaySeconds(
  attempts: number,
  retry: { readonly firstSeconds: number; readonly maxSeconds: number },
  random: () => number = Math.random,
): number {
  const delay = Math.min(retry.maxSeconds, retry.firstSeconds * 2 ** Math.min(30, attempts - 1));
  return delay * (0.9 + 0.2 * random());
}
