import { expect, test } from '@jest/globals';

import { firstHour, hourBars, hourChart } from '../../../console/chart.ts';

test('a bar is as high as its count, refused files stand on those done', () => {
  const now = new Date('2026-05-06T12:30:00Z');
  expect(firstHour(now).toISOString()).toBe('2026-05-05T13:00:00.000Z');
  const bars = hourBars(
    [
      { hour: '2026-05-06T12', state: 'done', count: 3 },
      { hour: '2026-05-06T12', state: 'held', count: 1 },
      { hour: '2026-05-05T13', state: 'done', count: 2 },
    ],
    now,
  );
  expect(bars.at(-1)).toMatchObject({ done: 3, rejected: 0, held: 1 });
  const rects = [
    ...hourChart(bars)
      .toString()
      .matchAll(/class="(\w+)"\s+x="[\d.]+"\s+y="([\d.]+)"\s+width="[\d.]+"\s+height="([\d.]+)"/g),
  ];
  expect(rects.map(([, kind, y, height]) => [kind, Number(y), Number(height)])).toEqual([
    ['done', 69, 61],
    ['done', 38.5, 91.5],
    ['refused', 8, 30.5],
  ]);
});
