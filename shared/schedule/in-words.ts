import { nextTimes } from './due-times.ts';
import type { Schedule, ScheduleKind, Weekday } from './schedule.ts';
import { wallClockOf, wallMinute } from './wall-clock.ts';

/** What people read of a schedule. Pure. */

export const kindNames: Readonly<Record<ScheduleKind, string>> = {
  none: 'none',
  daily: 'daily',
  weekly: 'weekly',
  monthly: 'monthly',
  every: 'every n minutes',
  cron: 'cron pattern',
};

export const weekdayNames: Readonly<Record<Weekday, string>> = {
  Mon: 'Monday',
  Tue: 'Tuesday',
  Wed: 'Wednesday',
  Thu: 'Thursday',
  Fri: 'Friday',
  Sat: 'Saturday',
  Sun: 'Sunday',
};

/** `on the last day of the month at 23:00`; empty when there is none. */
export function scheduleInWords(schedule: Schedule): string {
  switch (schedule.kind) {
    case 'none':
      return '';
    case 'daily':
      return `daily at ${listed(schedule.times)}`;
    case 'weekly':
      return `on ${listed(schedule.weekdays.map((day) => weekdayNames[day]))} at ${listed(schedule.times)}`;
    case 'monthly':
      return `${dayOfMonth(schedule.day)} at ${listed(schedule.times)}`;
    case 'every':
      return schedule.minutes === 1 ? 'every minute' : `every ${schedule.minutes} minutes from midnight on`;
    case 'cron':
      return `cron ${schedule.pattern}`;
  }
}

function dayOfMonth(day: number | 'last'): string {
  if (day === 'last') return 'on the last day of the month';
  return `on day ${day} of the month${day > 28 ? ' (months without it are left out)' : ''}`;
}

/** `Saturday, 12-25`; empty when every day counts. */
export const exclusionsInWords = ({ exclude }: Schedule): string =>
  [...exclude.weekdays.map((day) => weekdayNames[day]), ...exclude.days].join(', ');

export const catchUpInWords = ({ catchUp }: Schedule): string =>
  catchUp === 'once' ? 'one run for all that was missed' : 'what was missed is skipped';

/** A due time as its time zone and as UTC show it. */
export interface ShownTime {
  /** `2026-12-31 06:30` */
  readonly local: string;
  readonly utc: Date;
}

/** The next times of a schedule after a moment, at most `count`. */
export function nextTimesShown(schedule: Schedule, after: Date, count: number): ShownTime[] {
  const clock = wallClockOf(schedule.timeZone);
  return nextTimes(schedule, after, count).map((utc) => ({
    local: wallMinute(clock.wallAt(utc.getTime())),
    utc,
  }));
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
