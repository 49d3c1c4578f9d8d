import { describe, expect, test } from '@jest/globals';

import { dueTimes } from '../../../shared/schedule/due-times.ts';
import { exclusionsInWords, nextTimesShown, scheduleInWords } from '../../../shared/schedule/in-words.ts';
import { readSchedule, type WrittenSchedule } from '../../../shared/schedule/read-schedule.ts';
import type { Schedule } from '../../../shared/schedule/schedule.ts';

const read = (written: Partial<WrittenSchedule>): Schedule =>
  readSchedule({ kind: 'none', timeZone: 'Europe/Berlin', catchUp: 'once', ...written });

/** The next times, as the clocks in Berlin show them. */
const next = (written: Partial<WrittenSchedule>, after: string, count = 3): string[] =>
  nextTimesShown(read(written), new Date(after), count).map(({ local }) => local);

describe('when a schedule is due', () => {
  test.each<[string, Partial<WrittenSchedule>, string, string[]]>([
    ['none', {}, '2026-01-01T00:00:00Z', []],
    [
      'daily',
      { kind: 'daily', times: '14:00, 6:30' },
      '2026-05-06T05:00:00Z',
      ['2026-05-06 14:00', '2026-05-07 06:30', '2026-05-07 14:00'],
    ],
    [
      'weekly',
      { kind: 'weekly', weekdays: 'mon,thu', times: '06:00' },
      '2026-05-06T05:00:00Z',
      ['2026-05-07 06:00', '2026-05-11 06:00', '2026-05-14 06:00'],
    ],
    [
      'monthly on a day that some months lack',
      { kind: 'monthly', day: '31', times: '06:00' },
      '2026-01-31T12:00:00Z',
      ['2026-03-31 06:00', '2026-05-31 06:00', '2026-07-31 06:00'],
    ],
    [
      'monthly on the last day',
      { kind: 'monthly', day: 'last', times: '06:00' },
      '2028-01-31T12:00:00Z',
      ['2028-02-29 06:00', '2028-03-31 06:00', '2028-04-30 06:00'],
    ],
    [
      'every n minutes, from midnight anew',
      { kind: 'every', minutes: '35' },
      '2026-05-06T21:00:00Z',
      ['2026-05-06 23:20', '2026-05-06 23:55', '2026-05-07 00:00'],
    ],
    [
      'a cron pattern',
      { kind: 'cron', pattern: '0 6 1 1,7 *' },
      '2026-05-06T00:00:00Z',
      ['2026-07-01 06:00', '2027-01-01 06:00', '2027-07-01 06:00'],
    ],
    [
      'excluded days',
      { kind: 'daily', times: '06:00', exclude: 'sat sun 12-25, 2026-12-24' },
      '2026-12-23T12:00:00Z',
      ['2026-12-28 06:00', '2026-12-29 06:00', '2026-12-30 06:00'],
    ],
    [
      'a day that is excluded each year',
      { kind: 'cron', pattern: '0 6 29 2 *', exclude: '02-29' },
      '2026-01-01T00:00:00Z',
      [],
    ],
    [
      'times that the clocks leap over: once, after the leap',
      { kind: 'daily', times: '2:00, 2:30, 3:30' },
      '2026-03-28T12:00:00Z',
      ['2026-03-29 03:00', '2026-03-29 03:30', '2026-03-30 02:00'],
    ],
    [
      'a day that the clocks leap over as a whole',
      { kind: 'daily', times: '12:30', timeZone: 'Pacific/Apia' },
      '2011-12-28T23:00:00Z',
      ['2011-12-29 12:30', '2011-12-31 00:00', '2011-12-31 12:30'],
    ],
  ])('%s', (_name, written, after, expected) => {
    expect(next(written, after)).toEqual(expected);
  });

  test('a time that is there twice is due the first time only', () => {
    const found = nextTimesShown(read({ kind: 'daily', times: '2:30' }), new Date('2026-10-24T12:00:00Z'), 2);
    expect(found.map(({ utc }) => utc.toISOString())).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ]);
  });

  test('of many years the newest are found at once', () => {
    const begin = performance.now();
    const years = [new Date('1990-01-01'), new Date('2026-01-01')] as const;
    const found = dueTimes(read({ kind: 'cron', pattern: '* * * * *' }), ...years, 100);
    expect([found.times.length, found.more]).toEqual([100, true]);
    expect(found.times.at(-1)?.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    // Minute by minute it would be minutes.
    expect(performance.now() - begin).toBeLessThan(2000);
  });
});

describe('what people write', () => {
  test.each<[Partial<WrittenSchedule>, string]>([
    [{ kind: 'hourly' }, 'the kind must be one of: none, daily, weekly, monthly, every, cron'],
    [{ kind: 'daily' }, 'time of day is needed, like 06:30'],
    [{ kind: 'daily', times: '24:00' }, 'time of day must be like 06:30'],
    [{ kind: 'daily', times: '6:30 06:30' }, 'time of day names a time twice'],
    [{ kind: 'weekly', times: '6:30' }, 'weekday is needed, like Mon'],
    [{ kind: 'weekly', weekdays: 'Mo', times: '6:30' }, 'weekday must be one of: Mon, Tue'],
    [{ kind: 'monthly', day: '32', times: '6:30' }, 'day of the month must be from 1 to 31, or last'],
    [{ kind: 'every', minutes: '0' }, 'minutes must be from 1 to 1440'],
    [{ kind: 'every', minutes: '1441' }, 'minutes must be from 1 to 1440'],
    [{ kind: 'every' }, 'minutes must be from 1 to 1440'],
    [{ kind: 'cron', pattern: '61 * * * *' }, 'the pattern is no cron pattern'],
    [{ kind: 'cron', pattern: '0 0 30 2 *' }, 'the pattern is a date that never comes'],
    [{ timeZone: 'Europe/Bonn' }, 'the time zone is no time zone; write a name like Europe/Berlin'],
    [{ timeZone: '+02:00' }, 'the time zone is no time zone'],
    [{ exclude: '2026-02-30' }, 'days excluded must be a date like 2026-12-31, or 12-31 for every year'],
    [{ exclude: 'Mon Tue Wed Thu Fri Sat Sun' }, 'days excluded excludes every day of the week'],
    [{ catchUp: 'all' }, 'catch-up must be one of: once, skip'],
  ])('%j is refused', (written, detail) => {
    expect(() => read(written)).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', detail: expect.stringContaining(detail) }),
    );
  });

  test.each<[Partial<WrittenSchedule>, string]>([
    [{}, ''],
    [{ kind: 'daily', times: '6:30' }, 'daily at 06:30'],
    [
      { kind: 'weekly', weekdays: 'MON fri', times: '6:30,7:00,8:00' },
      'on Monday and Friday at 06:30, 07:00 and 08:00',
    ],
    [{ kind: 'monthly', day: 'last', times: '6:30' }, 'on the last day of the month at 06:30'],
    [{ kind: 'monthly', day: '28', times: '6:30' }, 'on day 28 of the month at 06:30'],
    [
      { kind: 'monthly', day: '29', times: '6:30' },
      'on day 29 of the month (months without it are left out) at 06:30',
    ],
    [{ kind: 'every', minutes: '1' }, 'every minute'],
    [{ kind: 'every', minutes: '15' }, 'every 15 minutes from midnight on'],
    [{ kind: 'cron', pattern: '0 6 * * *' }, 'cron 0 6 * * *'],
  ])('%j is read back in words', (written, words) => {
    expect(scheduleInWords(read(written))).toBe(words);
  });

  test('the days that are excluded are read back', () => {
    expect(exclusionsInWords(read({ exclude: '12-25;sat' }))).toBe('Saturday, 12-25');
    expect(exclusionsInWords(read({}))).toBe('');
  });
});
