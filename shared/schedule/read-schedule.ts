import { Fault } from '../runtime/faults.ts';
import { scheduleSchema, weekdays, type Schedule } from './schedule.ts';

/** A schedule as people write it, in the fields of a form or the options of a command. */
export interface WrittenSchedule {
  readonly kind: string;
  /** `06:30, 14:00` */
  readonly times?: string | undefined;
  /** `Mon, Thu` */
  readonly weekdays?: string | undefined;
  /** `31` or `last` */
  readonly day?: string | undefined;
  readonly minutes?: string | undefined;
  readonly pattern?: string | undefined;
  readonly timeZone: string;
  /** Weekdays and dates: `Sat, Sun, 12-25, 2026-12-31` */
  readonly exclude?: string | undefined;
  readonly catchUp: string;
}

/** What a kind of schedule is made of, beside what all of them have. */
const partsOf: Readonly<Record<string, (written: WrittenSchedule) => object>> = {
  none: () => ({}),
  daily: ({ times }) => ({ times: timesOf(times) }),
  weekly: ({ weekdays, times }) => ({ weekdays: weekdaysOf(weekdays), times: timesOf(times) }),
  monthly: ({ day, times }) => ({ day: day === 'last' ? day : numberOf(day), times: timesOf(times) }),
  every: ({ minutes }) => ({ minutes: numberOf(minutes) }),
  cron: ({ pattern }) => ({ pattern: pattern ?? '' }),
};

/** Where people look for what is wrong. */
const places: Readonly<Record<string, string>> = {
  kind: 'the kind',
  times: 'time of day',
  weekdays: 'weekday',
  day: 'day of the month',
  minutes: 'minutes',
  pattern: 'the pattern',
  timeZone: 'the time zone',
  exclude: 'days excluded',
  catchUp: 'catch-up',
};

/** @throws Fault BAD_INPUT that names everything that is wrong */
export function readSchedule(written: WrittenSchedule): Schedule {
  const parts = Object.hasOwn(partsOf, written.kind) ? partsOf[written.kind] : undefined;
  if (!parts) throw new Fault('BAD_INPUT', `the kind must be one of: ${Object.keys(partsOf).join(', ')}`);
  const excluded = wordsOf(written.exclude).map(capitalised);
  const isWeekday = (word: string): boolean => weekdays.some((weekday) => weekday === word);
  const read = scheduleSchema.safeParse({
    kind: written.kind,
    ...parts(written),
    timeZone: written.timeZone,
    exclude: {
      days: excluded.filter((word) => !isWeekday(word)),
      weekdays: excluded.filter(isWeekday),
    },
    catchUp: written.catchUp,
  });
  if (read.success) return read.data;
  const problems = read.error.issues.map(
    ({ path, message }) => `${places[String(path[0])] ?? 'the schedule'} ${message}`,
  );
  throw new Fault('BAD_INPUT', [...new Set(problems)].join('; '));
}

const wordsOf = (text = ''): string[] => text.split(/[\s,;]+/).filter((word) => word !== '');

/** `6:30` is 06:30. */
const timesOf = (text?: string): string[] =>
  wordsOf(text)
    .map((time) => time.padStart(5, '0'))
    .sort();

const weekdaysOf = (text?: string): string[] => wordsOf(text).map(capitalised);

/** `mon` is Mon. */
const capitalised = (word: string): string =>
  /^[a-z]{3}$/i.test(word) ? word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase() : word;

const numberOf = (text = ''): number | undefined => (/^\d{1,4}$/.test(text) ? Number(text) : undefined);
