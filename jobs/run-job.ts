import { faultFields } from '../shared/runtime/events.ts';
import { failPoint } from '../shared/runtime/fail-point.ts';
import { Fault, toFault } from '../shared/runtime/faults.ts';
import { completeRun, failRun, startRun, type JobRun } from '../shared/store/job-runs.ts';
import { inTransaction } from '../shared/store/open-store.ts';
import { isLost } from '../shared/store/postgres/faults.ts';
import type { Job, JobHost, JobResult } from './job.ts';
import { runNotes } from './run-notes.ts';

export interface FinishedRun {
  readonly run: JobRun;
  readonly result: JobResult;
}

/**
 * Runs a job and records the run.
 *
 * @param tick the due time that it is for; nothing runs when another process has taken that
 * @throws Fault ALREADY_RUNNING; LEASE_LOST when others have taken this process for dead, and its work; whatever made
 *   the job fail, after it was recorded. When the connection to the store was lost, nothing is recorded, since the run may have
 *   ended well: it stays open, if it does, until the next one (`cutOffRun`)
 */
export async function runJob(
  host: JobHost,
  job: Job,
  cause: JobRun['cause'],
  tick?: number,
): Promise<FinishedRun> {
  if (inHand.has(job.key)) throw alreadyRunning(job);
  inHand.add(job.key);
  try {
    return await recorded(host, job, cause, tick);
  } finally {
    inHand.delete(job.key);
  }
}

/** Jobs that this process runs now: a run of its own that is open in the store beside them was cut off. */
const inHand = new Set<string>();

const alreadyRunning = (job: Job): Fault => new Fault('ALREADY_RUNNING', `the job ${job.name} is running`);

async function recorded(
  host: JobHost,
  job: Job,
  cause: JobRun['cause'],
  tick: number | undefined,
): Promise<FinishedRun> {
  const { db, worker, clock, emit } = host;
  const started = await inTransaction(db, (trx) => startRun(trx, job.key, cause, worker, clock.now(), tick));
  if (!started) throw alreadyRunning(job);
  const fields = { job: job.name, run: started.id };
  emit('job.started', { ...fields, cause });
  failPoint('job.started');
  const begin = clock.monotonic();
  try {
    const result = await job.run({ ...host, run: runNotes(host, started) });
    failPoint('job.worked');
    const run = await completeRun(db, started, result, clock.now());
    emit('job.finished', { ...fields, milliseconds: Math.round(clock.monotonic() - begin), ...result });
    return { run, result };
  } catch (thrown) {
    const fault = toFault(thrown);
    // An end that was not confirmed may have been recorded; of a run that others have ended, there is nothing to record.
    if (fault.code !== 'LEASE_LOST' && !isLost(fault)) await failRun(db, started, fault, clock.now());
    emit('job.failed', { ...fields, ...faultFields(fault) });
    throw fault;
  }
}
