import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { retryDelaySeconds } from '../../../shared/spool/backoff.ts';

const retry = fc.record({
  firstSeconds: fc.double({ min: 0.01, max: 1000, noNaN: true }),
  maxSeconds: fc.double({ min: 0.01, max: 86_400, noNaN: true }),
});
const attempts = fc.integer({ min: 1, max: 1000 });
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('the wait before a deferred file is tried again', () => {
  test('R12: is never negative nor longer than the longest by more than a tenth', () => {
    fc.assert(
      fc.property(attempts, retry, chance, (attempts, retry, chance) => {
        const delay = retryDelaySeconds(attempts, retry, () => chance);
        expect(delay).toBeGreaterThan(0);
        expect(delay).toBeLessThanOrEqual(retry.maxSeconds * 1.1);
        expect(delay).toBeGreaterThanOrEqual(0.9 * Math.min(retry.firstSeconds, retry.maxSeconds));
      }),
    );
  });

  test('grows with the attempts, until the longest', () => {
    fc.assert(
      fc.property(attempts, retry, chance, (attempts, retry, chance) => {
        const delay = (count: number) => retryDelaySeconds(count, retry, () => chance);
        expect(delay(attempts + 1)).toBeGreaterThanOrEqual(delay(attempts));
      }),
    );
  });

  test('doubles from the first', () => {
    const retry = { firstSeconds: 5, maxSeconds: 60 };
    const delays = [1, 2, 3, 4, 5, 6].map((count) => retryDelaySeconds(count, retry, () => 0.5));
    expect(delays).toEqual([5, 10, 20, 40, 60, 60]);
  });

  test('is spread, so that files do not come back together', () => {
    const retry = { firstSeconds: 10, maxSeconds: 60 };
    expect(retryDelaySeconds(1, retry, () => 0)).toBe(9);
    expect(retryDelaySeconds(1, retry, () => 0.999)).toBeCloseTo(11, 1);
  });
});
