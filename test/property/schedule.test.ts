import fc from 'fast-check';

import { describe, expect, test } from '@jest/globals';

import { dueTimes, nextTimes } from '../../shared/schedule/due-times.ts';
import { scheduleSchema, weekdays, type Schedule } from '../../shared/schedule/schedule.ts';

/** Around both changes of the clocks, by a whole hour and by half of one. */
const changes: readonly (readonly [zone: string, day: string])[] = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/New_York', '2026-03-08'],
  ['America/New_York', '2026-11-01'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Australia/Lord_Howe', '2026-10-04'],
];

const minute = 60_000;
const day = 1440 * minute;

const twoDigits = (number: number): string => String(number).padStart(2, '0');
const timeOfDay = fc
  // Most of them in the night, when clocks are changed.
  .tuple(
    fc.oneof(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 23 })),
    fc.integer({ max: 59, min: 0 }),
  )
  .map(([hour, minute]) => `${twoDigits(hour)}:${twoDigits(minute)}`);
const times = fc.uniqueArray(timeOfDay, { minLength: 1, maxLength: 4 });
const someWeekdays = fc.uniqueArray(fc.constantFrom(...weekdays), { minLength: 1, maxLength: 7 });

/** What a kind means, said anew: whether it is due at a wall time. */
type IsDue = (wall: { date: string; weekday: string; hour: number; minute: number }) => boolean;

interface Case {
  readonly own: object;
  readonly isDue: IsDue;
}

const at =
  (list: readonly string[]): IsDue =>
  (wall) =>
    list.includes(`${twoDigits(wall.hour)}:${twoDigits(wall.minute)}`);

const cases: fc.Arbitrary<Case> = fc.oneof(
  times.map((list) => ({ own: { kind: 'daily', times: list }, isDue: at(list) })),
  fc.tuple(times, someWeekdays).map(([list, days]) => ({
    own: { kind: 'weekly', weekdays: days, times: list },
    isDue: (wall: Parameters<IsDue>[0]) => at(list)(wall) && days.some((each) => each === wall.weekday),
  })),
  fc.tuple(times, fc.integer({ min: 1, max: 31 })).map(([list, number]) => ({
    own: { kind: 'monthly', day: number, times: list },
    isDue: (wall: Parameters<IsDue>[0]) => at(list)(wall) && Number(wall.date.slice(8)) === number,
  })),
  fc.tuple(fc.constantFrom(1, 7, 15, 30), fc.integer({ min: 0, max: 5 })).map(([step, until]) => ({
    own: { kind: 'cron', pattern: `*/${step} 0-${until} * * *` },
    isDue: ({ hour, minute }: Parameters<IsDue>[0]) => hour <= until && minute % step === 0,
  })),
);

const exclusions = fc.record({
  days: fc.uniqueArray(fc.constantFrom('2026-03-28', '03-29', '10-25', '11-01', '2026-04-05', '10-03'), {
    maxLength: 2,
  }),
  weekdays: fc.uniqueArray(fc.constantFrom(...weekdays), { maxLength: 3 }),
});

const arbitrary = fc
  .record({ change: fc.constantFrom(...changes), kind: cases, exclude: exclusions })
  .map(({ change: [timeZone, around], kind, exclude }) => ({
    around,
    isDue: kind.isDue,
    schedule: scheduleSchema.parse({ ...kind.own, timeZone, exclude, catchUp: 'once' }),
  }));

const formats = new Map<string, Intl.DateTimeFormat>();
const walls = new Map<string, ReturnType<typeof asWall>>();

/** What the clocks show; the few days looked at come up again and again. */
function wallOf(zone: string, instant: number): ReturnType<typeof asWall> {
  const key = `${zone} ${instant}`;
  const wall = walls.get(key) ?? readWall(zone, instant);
  walls.set(key, wall);
  return wall;
}

function readWall(zone: string, instant: number) {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  formats.set(zone, format);
  const [date = '', time = ''] = format.format(instant).split(' ');
  return asWall(Date.parse(`${date}T${time}:00Z`));
}

function asWall(read: number) {
  const then = new Date(read);
  const iso = then.toISOString();
  const weekday = weekdays[(then.getUTCDay() + 6) % 7] ?? '';
  return { read, date: iso.slice(0, 10), weekday, hour: then.getUTCHours(), minute: then.getUTCMinutes() };
}

const isExcluded = ({ exclude }: Schedule, { date, weekday }: ReturnType<typeof wallOf>): boolean =>
  exclude.days.some((each) => date.endsWith(each)) || exclude.weekdays.some((each) => each === weekday);

/** Minute by minute: due is what the clocks show for the first time, and once after a leap what they leapt over. */
function minuteByMinute(schedule: Schedule, isDue: IsDue, from: number, to: number): string[] {
  const found: string[] = [];
  let latest = wallOf(schedule.timeZone, from).read;
  for (let instant = from + minute; instant <= to; instant += minute) {
    const wall = wallOf(schedule.timeZone, instant);
    let due = false;
    for (let read = latest + minute; read <= wall.read; read += minute) due ||= isDue(asWall(read));
    latest = Math.max(latest, wall.read);
    if (due && !isExcluded(schedule, wall)) found.push(new Date(instant).toISOString());
  }
  return found;
}

const iso = (found: readonly Date[]): string[] => found.map((time) => time.toISOString());

describe('due times over a change of the clocks', () => {
  test('O08 are those that going through every minute gives: none twice, none left out, in order', () => {
    fc.assert(
      fc.property(arbitrary, ({ schedule, around, isDue }) => {
        const from = Date.parse(`${around}T00:00:00Z`) - day;
        const to = from + 3 * day;
        const expected = minuteByMinute(schedule, isDue, from, to);
        const found = dueTimes(schedule, new Date(from), new Date(to), 10_000);
        expect([iso(found.times), found.more]).toEqual([expected, false]);
      }),
      { numRuns: 80 },
    );
  }, 60_000);

  test('every n minutes: as minutes pass, from each midnight on', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...changes),
        fc.integer({ min: 1, max: 1440 }),
        ([timeZone, around], minutes) => {
          const exclude = { days: [], weekdays: [] };
          const schedule = scheduleSchema.parse({
            kind: 'every',
            minutes,
            timeZone,
            exclude,
            catchUp: 'once',
          });
          const from = Date.parse(`${around}T00:00:00Z`) - day;
          const expected: string[] = [];
          let midnight: number | undefined;
          for (let instant = from; instant <= from + 3 * day; instant += minute) {
            const { hour, minute: shown } = wallOf(timeZone, instant);
            if (hour === 0 && shown === 0) midnight = instant;
            if (midnight !== undefined && (instant - midnight) % (minutes * minute) === 0) {
              expected.push(new Date(instant).toISOString());
            }
          }
          const begin = Date.parse(expected[0] ?? '') - 1;
          expect(iso(dueTimes(schedule, new Date(begin), new Date(from + 3 * day), 10_000).times)).toEqual(
            expected,
          );
        },
      ),
      { numRuns: 50 },
    );
  }, 60_000);
});

describe('due times', () => {
  test('are the same one by one as all at once, and the newest are the end of all of them', () => {
    fc.assert(
      fc.property(arbitrary, fc.integer({ min: 1, max: 40 }), ({ schedule, around }, most) => {
        const from = new Date(Date.parse(`${around}T00:00:00Z`) - day);
        const to = new Date(from.getTime() + 2 * day);
        const all = dueTimes(schedule, from, to, 100_000).times;
        expect(iso(nextTimes(schedule, from, 100))).toEqual(expect.arrayContaining(iso(all.slice(0, 100))));
        const one = all.slice(0, 10).map((_, index) => {
          const before = index === 0 ? from : all[index - 1];
          return nextTimes(schedule, before ?? from, 1)[0] ?? from;
        });
        expect(iso(one)).toEqual(iso(all.slice(0, 10)));
        const newest = dueTimes(schedule, from, to, most);
        expect(iso(newest.times)).toEqual(iso(all.slice(-most)));
        expect(newest.more).toBe(all.length > most);
      }),
      { numRuns: 30 },
    );
  }, 60_000);
});
