import type { Weekday } from '../runtime/probe-schema.ts';

/** The day as a clock on the wall of a time zone shows it. Pure. */
export interface LocalDay {
  readonly weekday: Weekday;
  /** Hours since midnight, as the clock shows them: 13.5 at half past one. */
  readonly hours: number;
  readonly begin: Date;
}

const minute = 60_000;
const minutesOfDay = 1440;

/** @param timeZone a name that is known: the configuration was checked */
export function localDay(now: Date, timeZone: string): LocalDay {
  const { weekday, minutes } = wallClock(now, timeZone);
  const midnight = new Date(Math.floor(now.getTime() / minute) * minute - minutes * minute);
  // Where the clock was put forward or back since midnight, that is an hour beside it.
  const off = wallClock(midnight, timeZone).minutes;
  const begin = midnight.getTime() + (off > minutesOfDay / 2 ? minutesOfDay - off : -off) * minute;
  return { weekday, hours: minutes / 60, begin: new Date(begin) };
}

function wallClock(time: Date, timeZone: string): { weekday: Weekday; minutes: number } {
  const options = {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  const parts = new Intl.DateTimeFormat('en-GB', options).formatToParts(time);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? '';
  return {
    weekday: part('weekday').toLowerCase() as Weekday,
    minutes: Number(part('hour')) * 60 + Number(part('minute')),
  };
}
