import { Cron } from 'croner';

/** From a fixed date, so that the answer does not depend on the day it is asked. */
const someDay = new Date(0);

/** What is wrong with a cron pattern, after the name of the setting: `is no cron pattern …`. Pure. */
export function cronMistake(pattern: string): string | undefined {
  try {
    const next = new Cron(pattern, { mode: '5-part', paused: true }).nextRun(someDay);
    return next === null ? 'is a date that never comes' : undefined;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace('CronPattern: ', '') : '';
    return `is no cron pattern (minute hour day month weekday): ${why}`;
  }
}

/** Whether it is the name of a time zone, like Europe/Berlin. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
