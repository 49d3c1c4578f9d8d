import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { firstPiece, piecesOf, ranges, rangeTable } from '../../../console/activity-rules.ts';

const now = new Date('2026-05-06T12:30:00Z');

test('files and devices are counted in the piece in which they ended', () => {
  const pieces = piecesOf('24h', now, {
    files: [
      { hour: '2026-05-06T12', state: 'done', count: 3 },
      { hour: '2026-05-06T12', state: 'held', count: 1 },
      { hour: '2026-05-05T13', state: 'rejected', count: 2 },
      { hour: '2026-05-06T12', state: 'deferred', count: 9 },
    ],
    moves: [
      { hour: '2026-05-06T11', status: 'Enrolled', count: 4 },
      { hour: '2026-05-06T11', status: 'Unenrolled', count: 1 },
      { hour: '2026-05-06T11', status: 'Enrol Failed', count: 2 },
      { hour: '2026-05-06T11', status: 'Unenrol Failed', count: 3 },
      { hour: '2026-05-06T11', status: 'Enrol Pending', count: 50 },
    ],
  });
  expect(pieces).toHaveLength(24);
  const nothing = { filesDone: 0, filesRejected: 0, filesHeld: 0, devicesDone: 0, devicesFailed: 0 };
  expect(pieces.at(-1)).toEqual({
    ...nothing,
    begin: new Date('2026-05-06T12:00:00Z'),
    filesDone: 3,
    filesHeld: 1,
  });
  expect(pieces.at(-2)).toMatchObject({ devicesDone: 5, devicesFailed: 5, filesDone: 0 });
  expect(pieces[0]).toEqual({ ...nothing, begin: new Date('2026-05-05T13:00:00Z'), filesRejected: 2 });
});

test('days begin at midnight, and end with the present one', () => {
  const files = [
    { hour: '2026-05-06T00', state: 'done', count: 1 },
    { hour: '2026-05-06T12', state: 'done', count: 2 },
    { hour: '2026-05-05T23', state: 'done', count: 5 },
  ] as const;
  const pieces = piecesOf('30d', now, { files, moves: [] });
  expect(pieces).toHaveLength(30);
  expect(pieces.slice(-2).map(({ begin, filesDone }) => [begin.toISOString(), filesDone])).toEqual([
    ['2026-05-05T00:00:00.000Z', 5],
    ['2026-05-06T00:00:00.000Z', 3],
  ]);
});

test('whatever lies in the range is counted once, and nothing else', () => {
  const hours = fc
    .date({ min: new Date('2026-03-01T00:00:00Z'), max: now, noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 13));
  const files = fc.array(
    fc.record({ hour: hours, state: fc.constant('done' as const), count: fc.nat(1000) }),
    { maxLength: 50 },
  );
  fc.assert(
    fc.property(fc.constantFrom(...ranges), files, (range, given) => {
      const first = firstPiece(range, now);
      const pieces = piecesOf(range, now, { files: given, moves: [] });
      const within = given.filter(({ hour }) => Date.parse(`${hour}:00Z`) >= first.getTime());
      const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
      expect(sum(pieces.map(({ filesDone }) => filesDone))).toBe(sum(within.map(({ count }) => count)));
      expect(pieces).toHaveLength(rangeTable[range].pieces);
      expect(pieces[0]?.begin).toEqual(first);
    }),
  );
});
