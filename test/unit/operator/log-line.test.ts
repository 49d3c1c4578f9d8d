import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { isTrouble, readLogLine } from '../../../shared/operator/log-line.ts';
import { eventLine } from '../../../shared/runtime/log.ts';

test('a line of ours has its time, level, event, and what it is about', () => {
  const line = eventLine(new Date('2026-05-06T12:00:00Z'), 'warn', 'loader', 'file.rejected', {
    folder: 'inboundDeviceEnrolment',
    file: '<b>\n.json',
    delivery: 7,
    code: 'JSON_MALFORMED',
    class: 'permanent',
    detail: 'x'.repeat(300),
    action: 'Ask the sender.',
  });
  const { entry } = readLogLine(line);
  expect(entry).toEqual({
    time: '2026-05-06T12:00:00.000Z',
    level: 'warn',
    daemon: 'loader',
    event: 'file.rejected',
    fields: [
      ['folder', 'inboundDeviceEnrolment'],
      ['file', '<b>\n.json'],
      ['delivery', '7'],
      ['code', 'JSON_MALFORMED'],
      ['detail', `${'x'.repeat(200)}…`],
    ],
    action: 'Ask the sender.',
  });
});

test('warnings, errors, and what is none of our lines, are trouble', () => {
  const troubled = (['error', 'warn', 'info', 'debug'] as const).map((level) =>
    isTrouble(readLogLine(eventLine(new Date(0), level, 'loader', 'x', {}))),
  );
  expect(troubled).toEqual([true, true, false, false]);
  expect(isTrouble(readLogLine('Segmentation fault'))).toBe(true);
});

test('any text is a line, and stays as it is', () => {
  const lines = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc
      .record({ time: fc.jsonValue(), level: fc.jsonValue(), event: fc.jsonValue() })
      .map((line) => JSON.stringify(line)),
  );
  fc.assert(fc.property(lines, (whole) => readLogLine(whole).whole === whole));
});
