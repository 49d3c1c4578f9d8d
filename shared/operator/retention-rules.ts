import type { RetentionSettings } from '../runtime/retention-schema.ts';

/** Which files and rows may go. Pure. */

const day = 86_400_000;
const gigabyte = 1_000_000_000;

const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * day);

/** Until when things have to be from; undefined where they are kept for ever. */
export const cutOff = (days: number, now: Date): Date | undefined =>
  days === 0 ? undefined : daysBefore(now, days);

/** When files of done/, or of rejected/, may go. */
export interface ArchiveLimits {
  /** Files settled before go for their age. */
  readonly tooOld: Date | undefined;
  /** Files settled before may go when there are too many bytes. */
  readonly oldEnough: Date;
  /** As many bytes all files together may have. */
  readonly bytes: number | undefined;
}

export function archiveLimits(
  settings: RetentionSettings,
  archive: 'done' | 'rejected',
  now: Date,
): ArchiveLimits {
  const { days, gigabytes } = settings[archive];
  return {
    tooOld: cutOff(days, now),
    oldEnough: daysBefore(now, settings.minimumDays),
    bytes: gigabytes === 0 ? undefined : gigabytes * gigabyte,
  };
}

/** Whether a file goes. @param bytes of all files that are still there, with this one */
export function isLetGo(settledAt: Date, limits: ArchiveLimits, bytes: number): boolean {
  if (limits.tooOld !== undefined && settledAt < limits.tooOld) return true;
  return limits.bytes !== undefined && bytes > limits.bytes && settledAt < limits.oldEnough;
}

/** Whether anything is to go at all by these settings. */
export const letsGo = ({ done, rejected, auditDays, exchangeDays, jobRunDays }: RetentionSettings): boolean =>
  [done.days, done.gigabytes, rejected.days, rejected.gigabytes, auditDays, exchangeDays, jobRunDays].some(
    (limit) => limit > 0,
  );
