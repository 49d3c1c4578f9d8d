/** What a backup decides by names and times alone. Pure. */

const dayMilliseconds = 86_400_000;

/**
 * Whether a folder of the spool is that of a day in `done/`, two or more days before a time: what comes there after that
 * time was on its way before it, and is known from there.
 */
export function isEarlierDay(folder: string, at: Date): boolean {
  const [, year, month, day] = /(?:^|\/)done\/(\d{4})\/(\d\d)\/(\d\d)$/.exec(folder) ?? [];
  if (day === undefined) return false;
  return `${year}-${month}-${day}` < new Date(at.getTime() - dayMilliseconds).toISOString().slice(0, 10);
}

/** Name of a backup's folder, by the time at which it was begun: they sort as they were made. */
export const backupName = (at: Date): string => at.toISOString().replace(/[:.]/g, '-');

const unfinishedSuffix = '.unfinished';

/** Name of the same folder until the backup is whole. */
export const unfinishedName = (name: string): string => name + unfinishedSuffix;

export const isUnfinished = (name: string): boolean => name.endsWith(unfinishedSuffix);
