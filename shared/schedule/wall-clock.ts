/**
 * What the clocks on the wall of a time zone show. A wall time is kept as milliseconds, as if it were UTC: so it can be
 * reckoned with. Pure.
 */
export interface WallClock {
  /** What the clocks show at a moment. */
  wallAt(instant: number): number;
  /**
   * When they show it. A time that is there twice: the first of the two. A time that the clocks leap over: the moment
   * after the leap. So a later wall time never comes before an earlier one.
   */
  instantOf(wall: number): number;
}

const hour = 3_600_000;
const day = 24 * hour;

const known = new Map<string, WallClock>();

/** @param timeZone name of the IANA data base */
export function wallClockOf(timeZone: string): WallClock {
  const present = known.get(timeZone);
  if (present) return present;
  const made = makeClock(timeZone);
  known.set(timeZone, made);
  return made;
}

function makeClock(timeZone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const wallAt = (instant: number): number => {
    const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
    for (const { type, value } of format.formatToParts(instant)) shown[type] = Number(value);
    const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = shown;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (instant % 1000);
  };
  return { wallAt, instantOf: (wall) => instantOf(wallAt, wall) };
}

function instantOf(wallAt: WallClock['wallAt'], wall: number): number {
  // The offsets before and after any change that could matter to this wall time.
  const offsets = [wall - day, wall + day].map((around) => wallAt(around) - around);
  const shown = offsets.map((offset) => wall - offset).filter((instant) => wallAt(instant) === wall);
  return shown.length > 0 ? Math.min(...shown) : momentAfterLeap(wallAt, wall);
}

/** The first moment at which the clocks show a later time than `wall`, which they leap over. */
function momentAfterLeap(wallAt: WallClock['wallAt'], wall: number): number {
  let [before, after] = [wall - day, wall + day];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (wallAt(middle) > wall) after = middle;
    else before = middle;
  }
  return after;
}

/** `2026-12-31` of a wall time. */
export const wallDate = (wall: number): string => new Date(wall).toISOString().slice(0, 10);

/** `2026-12-31 06:30` of a wall time. */
export const wallMinute = (wall: number): string =>
  new Date(wall).toISOString().slice(0, 16).replace('T', ' ');

/** Midnight of the wall time's day, and of the days after it. */
export const wallMidnight = (wall: number, daysLater = 0): number =>
  (Math.floor(wall / day) + daysLater) * day;
