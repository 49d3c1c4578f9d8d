import { Cron } from 'croner';

import { weekdays, type Schedule } from './schedule.ts';
import { wallClockOf, wallDate, wallMidnight, type WallClock } from './wall-clock.ts';

/**
 * When a schedule is due. Patterns are reckoned in wall times, on which no change of the clocks has an influence, and
 * each is then found on the clock: so no time comes twice, none is left out, and none lies before an earlier one. Pure.
 */

/** A schedule that is not due for so long is never due. The 29th of February may be eight years away. */
const horizonDays = 366 * 9;

const minute = 60_000;

/** Times at which a schedule is due after a moment, in order, at most `count`. */
export function nextTimes(schedule: Schedule, after: Date, count: number): Date[] {
  const found: Date[] = [];
  const due = dueAfter(schedule);
  let last = after.getTime();
  while (found.length < count) {
    const next = due(last);
    if (next === undefined) break;
    found.push(new Date(next));
    last = next;
  }
  return found;
}

export interface DueTimes {
  /** In order. */
  readonly times: readonly Date[];
  /** Whether there are earlier ones, which were left out. */
  readonly more: boolean;
}

/** Times at which a schedule is due in (from, to], the newest of them, at most `most`. */
export function dueTimes(schedule: Schedule, from: Date, to: Date, most: number): DueTimes {
  // From the end backwards in growing steps: after a long time nobody has to go through all that was due in it.
  const span = to.getTime() - from.getTime();
  for (let back = 60 * minute; ; back *= 2) {
    const start = back < span ? to.getTime() - back : from.getTime();
    const times = timesIn(schedule, start, to.getTime());
    if (start === from.getTime() || times.length > most) {
      return { times: times.slice(-most), more: times.length > most };
    }
  }
}

function timesIn(schedule: Schedule, from: number, to: number): Date[] {
  const due = dueAfter(schedule);
  const found: Date[] = [];
  for (let next = due(from); next !== undefined && next <= to; next = due(next)) found.push(new Date(next));
  return found;
}

/** The first moment after another at which something is due. */
type Due = (after: number) => number | undefined;

function dueAfter(schedule: Schedule): Due {
  const clock = wallClockOf(schedule.timeZone);
  const due = schedule.kind === 'every' ? everyMinutes(clock, schedule.minutes) : byPattern(clock, schedule);
  return (after) => {
    const horizon = after + horizonDays * 24 * 60 * minute;
    let next = due(after);
    while (next !== undefined && next < horizon) {
      const wall = clock.wallAt(next);
      if (!isExcluded(schedule, wall)) return next;
      // On to the end of the day: the next day's first moment may be due itself.
      next = due(Math.max(next, clock.instantOf(wallMidnight(wall, 1)) - 1));
    }
    return undefined;
  };
}

function isExcluded({ exclude }: Schedule, wall: number): boolean {
  const date = wallDate(wall);
  const weekday = weekdays[(new Date(wall).getUTCDay() + 6) % 7];
  return (
    exclude.days.includes(date) ||
    exclude.days.includes(date.slice(5)) ||
    exclude.weekdays.some((excluded) => excluded === weekday)
  );
}

/** Minutes as they pass, from midnight on; each day begins anew. */
function everyMinutes(clock: WallClock, minutes: number): Due {
  const step = minutes * minute;
  return (after) => {
    const wall = clock.wallAt(after);
    const [midnight, nextMidnight] = [0, 1].map((days) => clock.instantOf(wallMidnight(wall, days)));
    if (midnight === undefined || nextMidnight === undefined) return undefined;
    const next = midnight + (Math.floor((after - midnight) / step) + 1) * step;
    return Math.min(next, nextMidnight);
  };
}

function byPattern(clock: WallClock, schedule: Exclude<Schedule, { kind: 'every' }>): Due {
  const patterns = patternsOf(schedule).map(
    (pattern) => new Cron(pattern, { mode: '5-part', timezone: 'UTC', paused: true }),
  );
  const nextWall = (wall: number): number | undefined => {
    const found = patterns.map((pattern) => pattern.nextRun(new Date(wall))?.getTime());
    const times = found.filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  };
  return (after) => {
    // What the clocks show a second time was due the first time.
    let wall = nextWall(clock.wallAt(after));
    while (wall !== undefined && clock.instantOf(wall) <= after) wall = nextWall(wall);
    return wall === undefined ? undefined : clock.instantOf(wall);
  };
}

/** Cron patterns, which together are due when the schedule is. */
function patternsOf(schedule: Exclude<Schedule, { kind: 'every' }>): string[] {
  switch (schedule.kind) {
    case 'none':
      return [];
    case 'daily':
      return schedule.times.map((time) => `${minuteAndHour(time)} * * *`);
    case 'weekly':
      return schedule.times.map(
        (time) => `${minuteAndHour(time)} * * ${schedule.weekdays.join(',').toUpperCase()}`,
      );
    case 'monthly': {
      const day = schedule.day === 'last' ? 'L' : schedule.day;
      return schedule.times.map((time) => `${minuteAndHour(time)} ${day} * *`);
    }
    case 'cron':
      return [schedule.pattern];
  }
}

const minuteAndHour = (time: string): string => `${Number(time.slice(3))} ${Number(time.slice(0, 2))}`;
