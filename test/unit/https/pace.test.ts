import { describe, expect, test } from '@jest/globals';

import {
  callBegun,
  callEnded,
  newPace,
  waitMilliseconds,
  type PaceLimits,
} from '../../../shared/https/pace.ts';

const oneAtATime = { perMinute: 30, concurrent: 1 };

describe('the pace of calls', () => {
  test('the first goes at once, the next when its share of a minute is over', () => {
    let pace = newPace(oneAtATime, 1000);
    expect(waitMilliseconds(pace, oneAtATime, 1000)).toBe(0);
    pace = callEnded(callBegun(pace, oneAtATime, 1000));
    expect(waitMilliseconds(pace, oneAtATime, 1000)).toBe(2000);
    expect(waitMilliseconds(pace, oneAtATime, 2500)).toBe(500);
    expect(waitMilliseconds(pace, oneAtATime, 3000)).toBe(0);
  });

  test('while all are running there is no time to wait for', () => {
    const limits = { perMinute: 6000, concurrent: 2 };
    const twice = callBegun(callBegun(newPace(limits, 0), limits, 0), limits, 0);
    expect(waitMilliseconds(twice, limits, 60_000)).toBe(Infinity);
    expect(waitMilliseconds(callEnded(twice), limits, 60_000)).toBe(0);
  });

  test('what was not used for long is not saved up', () => {
    let pace = newPace(oneAtATime, 0);
    pace = callEnded(callBegun(pace, oneAtATime, 3_600_000));
    expect(waitMilliseconds(pace, oneAtATime, 3_600_000)).toBe(2000);
  });

  test.each<[string, PaceLimits, number]>([
    ['as many as may run', { perMinute: 600, concurrent: 2 }, 2],
    ['what falls due in a second', { perMinute: 600, concurrent: 64 }, 10],
    ['one', { perMinute: 0.5, concurrent: 64 }, 1],
  ])('together go %s', (_, limits, expected) => {
    let pace = newPace(limits, 0);
    let begun = 0;
    for (; waitMilliseconds(pace, limits, 0) === 0; begun++) pace = callEnded(callBegun(pace, limits, 0));
    expect(begun).toBe(expected);
  });
});
