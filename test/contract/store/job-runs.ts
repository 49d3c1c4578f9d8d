import { expect, test } from '@jest/globals';

import { Fault } from '../../../shared/runtime/faults.ts';
import {
  completeRun,
  failRun,
  holdRun,
  lastRun,
  startRun,
  type JobRun,
} from '../../../shared/store/job-runs.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { signOff, type Worker } from '../../../shared/store/workers.ts';
import { addDeadWorker, addWorker, later, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function jobRunsContract(store: StoreUnderTest): void {
  const start = (worker: Worker, job = 'request', db: Db = store.db) =>
    startRun(db, job, 'schedule', worker, now);
  async function started(worker: Worker, job?: string): Promise<JobRun> {
    const run = await start(worker, job);
    if (!run) throw new Error('not started');
    return run;
  }

  test('a job runs once at a time, over all processes', async () => {
    const worker = await addWorker(store.db);
    const run = await started(worker);
    expect(run).toMatchObject({
      job: 'request',
      cause: 'schedule',
      state: 'running',
      worker_id: worker.id,
      started_at: now.toISOString(),
      finished_at: null,
    });
    const rival = await addWorker(store.db, 'scheduler');
    expect(await start(rival, 'request', await store.again())).toBeUndefined();
    expect(await start(worker, 'response')).toBeDefined();
    expect(await lastRun(store.db, 'request')).toEqual(run);
  });

  test('of two processes that start a job at once, one does', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    const other = await store.again();
    const runs = await Promise.all([start(first), start(second, 'request', other)]);
    expect(runs.filter((run) => run !== undefined)).toEqual([await lastRun(store.db, 'request')]);
  });

  test('two running runs of a job are impossible, whoever writes them', async () => {
    const worker = await addWorker(store.db);
    const { id: _, ...run } = await started(worker);
    await expect(store.db.insertInto('job_run').values(run).execute()).rejects.toThrow(/unique/i);
  });

  test('a run that is complete bears its result, and the job may run again', async () => {
    const worker = await addWorker(store.db);
    const run = await started(worker);
    const complete = await completeRun(store.db, run, { batches: 2, problems: [] }, later(3));
    expect(complete).toMatchObject({
      state: 'complete',
      finished_at: later(3).toISOString(),
      result_json: '{"batches":2,"problems":[]}',
      fault_code: null,
    });
    const second = await started(worker);
    expect(second.id).toBeGreaterThan(run.id);
    expect(await lastRun(store.db, 'request')).toEqual(second);
  });

  test('a run that failed bears its fault, and the job may run again', async () => {
    const worker = await addWorker(store.db);
    const run = await started(worker);
    expect(await failRun(store.db, run, new Fault('NO_SPACE', 'disk'), later(3))).toMatchObject({
      state: 'error',
      finished_at: later(3).toISOString(),
      fault_code: 'NO_SPACE',
      detail: 'disk',
    });
    await expect(started(worker)).resolves.toBeDefined();
  });

  test.each(['died', 'signed off'])(
    'the run of a worker that %s is interrupted, and the job runs anew',
    async (how) => {
      const gone = how === 'died' ? await addDeadWorker(store.db) : await addWorker(store.db);
      const interrupted = await started(gone);
      if (how === 'signed off') await signOff(store.db, gone, now);
      const worker = await addWorker(store.db);
      const run = await started(worker);
      expect(run.worker_id).toBe(worker.id);
      const runs = await store.db.selectFrom('job_run').selectAll().orderBy('id').execute();
      expect(runs).toEqual([{ ...interrupted, state: 'interrupted', finished_at: now.toISOString() }, run]);
    },
  );

  test('a run that was interrupted is nobody’s: nothing follows from it, and it has no other end', async () => {
    const lost = { code: 'LEASE_LOST' };
    const gone = await started(await addDeadWorker(store.db));
    await expect(inTransaction(store.db, (trx) => holdRun(trx, gone))).resolves.toBeUndefined();
    const run = await started(await addWorker(store.db));
    await expect(inTransaction(store.db, (trx) => holdRun(trx, gone))).rejects.toMatchObject(lost);
    await expect(completeRun(store.db, gone, {}, later(1))).rejects.toMatchObject(lost);
    await expect(failRun(store.db, gone, new Fault('NO_SPACE', 'disk'), later(1))).rejects.toMatchObject(
      lost,
    );
    expect(await lastRun(store.db, 'request')).toEqual(run);
    const interrupted = await store.db.selectFrom('job_run').selectAll().where('id', '=', gone.id).execute();
    expect(interrupted).toMatchObject([{ state: 'interrupted', finished_at: now.toISOString() }]);
  });

  test('an open run of the very worker that starts is one whose end it could not record: interrupted', async () => {
    const worker = await addWorker(store.db);
    const lost = await started(worker);
    const run = await started(worker);
    const runs = await store.db.selectFrom('job_run').selectAll().orderBy('id').execute();
    expect(runs).toEqual([{ ...lost, state: 'interrupted', finished_at: now.toISOString() }, run]);
  });

  test('a job that never ran has no last run', async () => {
    expect(await lastRun(store.db, 'request')).toBeUndefined();
  });
}
