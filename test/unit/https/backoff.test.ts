import { describe, expect, test } from '@jest/globals';

import { retryAfterSeconds, waitSeconds } from '../../../shared/https/backoff.ts';

const now = new Date('1994-11-06T08:49:07Z');

describe('Retry-After', () => {
  test.each<[string, number | undefined]>([
    ['0', 0],
    [' 30 ', 30],
    ['86401', 86_400],
    ['9'.repeat(400), 86_400],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30],
    ['Sun Nov  6 08:49:37 1994', 30],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['Sun, 06 Nov 2094 08:49:37 GMT', 86_400],
    ['', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['1994', 1994],
    ['Sun, 99 Nov 1994 08:49:37 GMT', undefined],
  ])('%j is %s s', (header, seconds) => {
    expect(retryAfterSeconds(header, now)).toBe(seconds);
  });
});

describe('the wait before a repetition', () => {
  test.each([
    [1, 30],
    [2, 60],
    [3, 120],
    [7, 1920],
    [8, 3600],
    [1000, 3600],
  ])('number %i is at most %i s', (attempts, longest) => {
    expect(waitSeconds(attempts, 30, 0, () => 1)).toBe(longest);
    expect(waitSeconds(attempts, 30, 0, () => 0.25)).toBe(longest / 4);
    expect(waitSeconds(attempts, 30, 0, () => 0)).toBe(0);
  });

  test.each([
    [10, 15],
    [20, 20],
    [100_000, 86_400],
  ])('is what the server asks for if that is longer: %i s', (asked, seconds) => {
    expect(waitSeconds(1, 30, asked, () => 0.5)).toBe(seconds);
  });
});
