import { failPoints, type FailPoint } from '../../shared/runtime/fail-point.ts';

/** Fail-points by which no stage of the matrix comes -> the test that kills there. */
export const killedElsewhere = {
  'call.recorded': 'end-to-end/providers.test.ts',
  'call.answered': 'end-to-end/providers.test.ts',
  'call.settled': 'end-to-end/providers.test.ts',
  'receive.drafted': 'end-to-end/endpoint.test.ts',
  'receive.linked': 'end-to-end/endpoint.test.ts',
  'receive.synced': 'end-to-end/endpoint.test.ts',
  'config.drafted': 'end-to-end/settings.test.ts',
  'config.replaced': 'end-to-end/settings.test.ts',
  'backup.copied': 'end-to-end/backup-damaged.test.ts',
  'backup.written': 'end-to-end/backup-damaged.test.ts',
  'restore.placed': 'end-to-end/backup-damaged.test.ts',
  'restore.drafted': 'end-to-end/backup-damaged.test.ts',
  'retention.recorded': 'end-to-end/retention.test.ts',
  'retention.unlinking': 'end-to-end/retention.test.ts',
  'retention.unlinked': 'end-to-end/retention.test.ts',
  'retention.finished': 'end-to-end/retention.test.ts',
} as const satisfies Partial<Record<FailPoint, string>>;

/** Those at which the matrix kills. */
export const killedHere: readonly FailPoint[] = failPoints.filter((point) => !(point in killedElsewhere));
