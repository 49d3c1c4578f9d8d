import { expect, test } from '@jest/globals';

import { describedSettings } from '../../../shared/runtime/config-schema.ts';
import { nearest } from '../../../shared/runtime/nearest.ts';

const groups = Object.keys(describedSettings().properties ?? {});

test.each([
  ['retries', 'retry'],
  ['spol', 'spool'],
  ['pool', 'spool'],
  ['lok', 'log'],
  ['Store', 'store'],
  ['inbox', 'inboxes'],
  ['provider', 'providers'],
  ['schedule', 'scheduler'],
  ['getrics', 'metrics'],
  // Far from everything, or near only to what begins otherwise.
  ['lock', undefined],
  ['statistics', undefined],
  ['database', undefined],
  ['x', undefined],
  ['', undefined],
])('among the groups of settings, %j means %s', (word, meant) => {
  expect(nearest(word, groups)).toBe(meant);
});

test('a name that begins with the same letter comes before one that is nearer', () => {
  expect(nearest('retries', ['metrics', 'retry'])).toBe('retry');
  expect(nearest('retries', ['metrics'])).toBeUndefined();
  expect(nearest('maxSecond', ['firstSeconds', 'maxSeconds'])).toBe('maxSeconds');
});

test('every group is found by its name with one letter too few, too many or wrong behind the first', () => {
  const wrong = groups.flatMap((name) =>
    Array.from(name.slice(1)).flatMap((_, before) => {
      const [start, end] = [name.slice(0, before + 1), name.slice(before + 1)];
      return [start + end.slice(1), `${start}x${end}`, `${start}x${end.slice(1)}`]
        .filter((word) => nearest(word, groups) !== name)
        .map((word) => `${word}: ${nearest(word, groups)}`);
    }),
  );
  expect(wrong).toEqual([]);
});
