import { z } from 'zod';

import { cronMistake, isTimeZone } from '../runtime/cron-rules.ts';

/** When a job runs by itself. Times of day and days are those of the schedule's time zone. */

export const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
export type Weekday = (typeof weekdays)[number];

export const catchUpPolicies = ['once', 'skip'] as const;

/** More of them help nobody, and each is looked at for every due time. */
const longestList = 200;

const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be like 06:30');
const weekday = z.enum(weekdays, `must be one of: ${weekdays.join(', ')}`);
const day = z.string().refine(isDay, 'must be a date like 2026-12-31, or 12-31 for every year');

/** What there is only once. */
const listOf = <T extends z.ZodType>(entry: T, name: string) =>
  z
    .array(entry)
    .max(longestList, `has more than ${longestList} entries`)
    .refine((list) => new Set(list).size === list.length, `names a ${name} twice`);

const times = listOf(timeOfDay, 'time').min(1, 'is needed, like 06:30');

const common = {
  timeZone: z.string().max(64).refine(isNamedZone, 'is no time zone; write a name like Europe/Berlin'),
  /** Days on which the job does not run by its schedule. */
  exclude: z.strictObject({ days: listOf(day, 'day'), weekdays: listOf(weekday, 'weekday') }),
  /** What becomes of times at which nobody looked at the schedule: one run for all of them, or none. */
  catchUp: z.enum(catchUpPolicies, `must be one of: ${catchUpPolicies.join(', ')}`),
};

export const scheduleSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('none'), ...common }),
    z.strictObject({ kind: z.literal('daily'), times, ...common }),
    z.strictObject({
      kind: z.literal('weekly'),
      weekdays: listOf(weekday, 'weekday').min(1, 'is needed, like Mon'),
      times,
      ...common,
    }),
    z.strictObject({
      kind: z.literal('monthly'),
      /** A month without that day has no run. */
      day: z.literal(
        [...Array.from({ length: 31 }, (_, index) => index + 1), 'last' as const],
        'must be from 1 to 31, or last',
      ),
      times,
      ...common,
    }),
    z.strictObject({
      kind: z.literal('every'),
      minutes: z.number('must be from 1 to 1440').int().min(1).max(1440, 'must be from 1 to 1440'),
      ...common,
    }),
    z.strictObject({
      kind: z.literal('cron'),
      pattern: z.string().superRefine((pattern, context) => {
        const message = pattern.length > 120 ? 'is longer than 120 characters' : cronMistake(pattern);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }),
      ...common,
    }),
  ])
  .refine(({ exclude }) => exclude.weekdays.length < weekdays.length, {
    path: ['exclude', 'weekdays'],
    message: 'excludes every day of the week; a job without a schedule is of the kind none',
  });

export type Schedule = z.infer<typeof scheduleSchema>;
export type ScheduleKind = Schedule['kind'];

export const scheduleKinds: readonly ScheduleKind[] = ['none', 'daily', 'weekly', 'monthly', 'every', 'cron'];

/** `2026-12-31`, or `12-31` for every year; 02-29 is a day too. */
function isDay(text: string): boolean {
  const whole = /^\d\d-\d\d$/.test(text) ? `2000-${text}` : text;
  if (!/^\d{4}-\d\d-\d\d$/.test(whole)) return false;
  const read = new Date(`${whole}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(whole);
}

function isNamedZone(name: string): boolean {
  return /^[A-Za-z]/.test(name) && isTimeZone(name);
}
