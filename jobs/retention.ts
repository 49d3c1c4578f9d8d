import {
  finishRemovals,
  isAnnounced,
  isRetentionSet,
  retain,
  type RetentionReport,
} from '../shared/operator/retention.ts';
import type { Delivery } from '../shared/store/deliveries.ts';
import { lastRun, type JobRun } from '../shared/store/job-runs.ts';
import type { RetentionRun } from '../shared/store/retention-runs.ts';
import type { Db } from '../shared/store/tables.ts';
import { bug } from '../shared/runtime/faults.ts';
import type { Job, JobContext, JobResult } from './job.ts';

/** Retention: deletes what the settings let go, once somebody has seen in a dry run of these settings what that is. */
export const retentionJob: Job = {
  key: 'retention',
  name: 'Retention',
  description: 'Deletes archived files and old rows that the settings under retention let go.',
  run: async (context) => {
    const stayed = await finishRemovals({ ...context, hold: context.run.hold });
    const problems = stayed.map(({ file, place, why }) => `file ${file} (${place}) stays: ${why}`);
    if (!isRetentionSet(context.loaded)) return { batches: 0, records: 0, problems };
    if (!(await isAnnounced(context.db, context.loaded)))
      return { batches: 0, records: 0, problems: [...problems, notAnnounced] };
    const result = await swept(context, 'retention', 'run');
    return { ...result, problems: [...problems, ...result.problems] };
  },
};

const notAnnounced =
  'nothing was deleted: the newest dry run was not one of the present settings; run enrol retention --dry-run, look at what would go, and run the job again';

/** Retention Dry Run: what Retention would delete now. @param onFile is told of each file that would go */
export const dryRunJob = (onFile?: (file: Delivery) => void): Job => ({
  key: 'retentionDryRun',
  name: 'Retention Dry Run',
  description: 'Counts what Retention would delete, and deletes nothing.',
  run: (context) => swept(context, 'retentionDryRun', 'dry run', onFile),
});

async function swept(
  context: JobContext,
  key: 'retention' | 'retentionDryRun',
  kind: RetentionRun['kind'],
  onFile?: (file: Delivery) => void,
): Promise<JobResult> {
  const { id: jobRun, cause } = await presentRun(context.db, key);
  const { report } = await retain(
    { ...context, hold: context.run.hold },
    {
      kind,
      jobRun,
      byHand: cause === 'operator',
      ...(onFile !== undefined && { onFile }),
      onProgress: (files) => context.run.progress(files),
    },
  );
  return { batches: 0, records: report.done.files + report.rejected.files, problems: problemsOf(report) };
}

/** A job runs once at a time: the run that is open is this one. */
async function presentRun(db: Db, key: string): Promise<JobRun> {
  const run = await lastRun(db, key);
  if (run?.state !== 'running') throw bug(`no run of the job ${key} is open`);
  return run;
}

function problemsOf({ stayed, stayedCount, unrecordedCount }: RetentionReport): string[] {
  const more = stayedCount - stayed.length;
  return [
    ...stayed.map(({ file, place, why }) => `file ${file} (${place}) stays: ${why}`),
    ...(more > 0 ? [`and ${more} more file(s) stay`] : []),
    ...(unrecordedCount > 0
      ? [`${unrecordedCount} file(s) are not known to the store, and stay: see enrol spool check`]
      : []),
  ];
}
