import type { Schedule } from '../shared/schedule/schedule.ts';
import type { RunSpan } from '../shared/store/job-runs.ts';
import type { NewTick } from '../shared/store/job-ticks.ts';

/**
 * A due time that is seen no later than this was seen in time: a process that is started again, or had its hands full,
 * was there. In milliseconds.
 */
const graceMilliseconds = 60_000;

/** What one look at the schedule of a job found. */
export interface TickLook {
  /** Times at which the job was due since the last look, in order. */
  readonly due: readonly Date[];
  /** Whether there were so many that earlier ones were left out. */
  readonly more: boolean;
  readonly now: Date;
  readonly catchUp: Schedule['catchUp'];
  /** The runs of the job of late. */
  readonly spans: readonly RunSpan[];
  /** Whether an earlier due time still waits for its run. */
  readonly waits: boolean;
}

/** What becomes of each due time: at most the last of them leads to a run, the others are missed, with the reason. */
export function planTicks(look: TickLook): NewTick[] {
  return look.due.map((dueAt, index) => {
    const late = look.now.getTime() - dueAt.getTime() > graceMilliseconds;
    const reason = reasonToMiss(look, dueAt, late, index === look.due.length - 1);
    const cut = index === 0 && look.more ? '; earlier times are not listed' : '';
    return { dueAt, late, missed: reason === undefined ? undefined : reason + cut };
  });
}

function reasonToMiss(look: TickLook, dueAt: Date, late: boolean, last: boolean): string | undefined {
  const run = look.spans.find(({ from, to }) => from <= dueAt && (to === undefined || to > dueAt));
  if (run) return `run ${run.id} was still under way`;
  if (late && (!last || look.catchUp === 'skip')) return 'no scheduler was there at that time';
  if (!last) return 'it was due again before it could run';
  return look.waits ? 'the run for an earlier time had not begun yet' : undefined;
}
