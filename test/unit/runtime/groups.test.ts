import { expect, test } from '@jest/globals';

import { groupsOf } from '../../../shared/runtime/groups.ts';

test.each([
  ['no member, no group', [], []],
  ['as many as may go together', [1, 2, 3, 1], [[1, 2, 3], [1]]],
  ['not more than fits', [9, 1, 1], [[9, 1], [1]]],
  ['what is too large alone', [1, 50, 2], [[1], [50], [2]]],
  ['what has nothing counts nevertheless', [0, 0, 0, 0], [[0, 0, 0], [0]]],
] as const)('%s', (_, list, groups) => {
  expect(groupsOf<number>(list, { count: 3, size: 10, sizeOf: (each) => each })).toEqual(groups);
});
