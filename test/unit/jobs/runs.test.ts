import { hostname } from 'node:os';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { Job, JobContext } from '../../../jobs/job.ts';
import { processBatches, type ItemHandler } from '../../../jobs/process-batches.ts';
import { jobNamed, jobs } from '../../../jobs/registry.ts';
import { runJob } from '../../../jobs/run-job.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { batchHistory, batchItems, listBatches, moveBatch } from '../../../shared/store/batches.ts';
import { lastRun, startRun } from '../../../shared/store/job-runs.ts';
import { requireOrder, updateOrder } from '../../../shared/store/orders.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { dispatchedOrder, loadDispatch, newOrder, run, sent, standing } from './scenes.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const itemErrors = async (batchId: number) =>
  (await batchItems(rt.db, batchId)).map(({ status, error }) =>
    error === null ? status : `${status} ${error}`,
  );
const outbound = () => listBatches(rt.db, { direction: 'outbound', limit: 100, order: 'oldest' });

describe('Batch Error Management', () => {
  test('every batch in error goes back to its last valid stage, no other', async () => {
    const inbound = await loadDispatch(rt, sent('99', ['A']));
    await run(rt, 'salesOrderDispatch');
    await newOrder(rt, '12');
    const waiting = await loadDispatch(rt, sent('12', ['A']));
    await dispatchedOrder(rt, '13', ['B']);
    await run(rt, 'deviceEnrolmentRequest');
    const [prepared] = await outbound();
    const outboundId = prepared?.id ?? 0;
    const move = (status: 'In progress' | 'Error') =>
      moveBatch(rt.db, outboundId, { stage: 'Extract/Load', status }, 'extractor', rt.clock.now());
    await move('In progress');
    await move('Error');
    const done = await standing(rt, waiting);
    expect(await run(rt, 'batchErrorManagement')).toEqual({ batches: 2, records: 0, problems: [] });
    expect(await standing(rt, inbound)).toBe('Extract/Load · Complete');
    expect(await standing(rt, outboundId)).toBe('Batch · Complete');
    expect(await standing(rt, waiting)).toBe(done);
    expect((await batchHistory(rt.db, inbound)).at(-1)).toMatchObject({
      actor: rt.worker.actor,
      note: 'Batch Error Management',
    });
    expect(await run(rt, 'batchErrorManagement')).toEqual({ batches: 0, records: 0, problems: [] });
  });
});

describe('runs', () => {
  const job = jobNamed('Batch Error Management');
  const jobThat = (work: Job['run']): Job => ({ ...job, run: work });

  test('a job is found by its key and by its name', () => {
    expect(jobs.map(({ key }) => jobNamed(key).name)).toEqual(jobs.map(({ name }) => name));
    expect(() => jobNamed('nothing')).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
  });

  test('a run is recorded with its result', async () => {
    const { run: recorded } = await runJob(rt, job, 'schedule');
    expect(recorded).toMatchObject({ state: 'complete', cause: 'schedule', worker_id: rt.worker.id });
    expect(JSON.parse(recorded.result_json ?? '')).toEqual({ batches: 0, records: 0, problems: [] });
    expect(rt.events.map(({ name }) => name)).toEqual(['job.started', 'job.finished']);
  });

  test('O08 a job that runs is not started twice', async () => {
    const other = await registerWorker(rt.db, 'another process that lives', rt.clock.now());
    await startRun(rt.db, job.key, 'schedule', other, rt.clock.now());
    await expect(runJob(rt, job, 'operator')).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(await rt.db.selectFrom('job_run').select('state').execute()).toEqual([{ state: 'running' }]);
    await expect(runJob(rt, jobNamed('salesOrderDispatch'), 'operator')).resolves.toBeDefined();
  });

  test('O08 of two that start at once, one runs', async () => {
    const started = await Promise.allSettled([runJob(rt, job, 'schedule'), runJob(rt, job, 'operator')]);
    const running = started.map((one) => one.status).toSorted();
    expect(running).toEqual(['fulfilled', 'rejected']);
  });

  test('a run of its own whose end a process could not record is interrupted', async () => {
    await startRun(rt.db, job.key, 'schedule', rt.worker, rt.clock.now());
    await runJob(rt, job, 'operator');
    const runs = await rt.db.selectFrom('job_run').select('state').orderBy('id').execute();
    expect(runs.map((run) => run.state)).toEqual(['interrupted', 'complete']);
  });

  test('a run that a dead process left is interrupted, and no obstacle', async () => {
    const at = rt.clock.now().toISOString();
    const dead = await rt.db
      .insertInto('worker')
      .values({
        daemon: 'scheduler',
        host: hostname(),
        pid: 1,
        pid_start: 'never',
        started_at: at,
        heartbeat_at: at,
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await startRun(rt.db, job.key, 'schedule', { id: dead.id, actor: 'dead' }, rt.clock.now());
    await runJob(rt, job, 'schedule');
    const states = await rt.db.selectFrom('job_run').select(['state', 'finished_at']).orderBy('id').execute();
    expect(states).toMatchObject([
      { state: 'interrupted', finished_at: at },
      { state: 'complete', finished_at: at },
    ]);
  });

  test('a failure is recorded, told and thrown; the next run may start', async () => {
    const failing = jobThat(() => Promise.reject(new Fault('NO_SPACE', 'the disk is full')));
    await expect(runJob(rt, failing, 'batch')).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await lastRun(rt.db, job.key)).toMatchObject({
      state: 'error',
      fault_code: 'NO_SPACE',
      detail: 'the disk is full',
    });
    expect(rt.events.at(-1)).toMatchObject({ name: 'job.failed', fields: { code: 'NO_SPACE' } });
    await expect(runJob(rt, job, 'operator')).resolves.toBeDefined();
  });
});

describe('an interrupted batch', () => {
  const type = 'Sales Order Dispatch';
  const work = async (handle: ItemHandler) => {
    const job = jobNamed('salesOrderDispatch');
    const handling = { ...job, run: (context: JobContext) => processBatches(context, type, handle) };
    return (await runJob(rt, handling, 'operator')).result;
  };

  test('is taken up again, and what was done is not done twice', async () => {
    for (const id of ['12', '13', '14']) await newOrder(rt, id);
    const batch = await loadDispatch(rt, sent('12', ['A']), sent('13', ['B']), sent('14', ['C']));
    const handled: number[] = [];
    const diskFullAt = (sequence: number) =>
      work(async (_trx, _batch, item) => {
        if (item.sequence === sequence) throw new Fault('NO_SPACE', 'the disk is full');
        handled.push(item.sequence);
        await Promise.resolve();
      });
    await expect(diskFullAt(2)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(await standing(rt, batch)).toBe('Batch · In progress');
    expect(await itemErrors(batch)).toEqual(['Complete', 'Open', 'Open']);
    expect(await diskFullAt(0)).toEqual({ batches: 1, records: 2, problems: [] });
    expect(handled).toEqual([1, 2, 3]);
    expect(await standing(rt, batch)).toBe('Batch · Complete');
  });

  test('an item that fails leaves nothing behind', async () => {
    await newOrder(rt, '12');
    const batch = await loadDispatch(rt, sent('12', ['A']));
    await work(async (trx) => {
      await updateOrder(trx, '12', { status: 'Error' }, rt.clock.now());
      throw new Error('a bug of ours');
    });
    expect(await standing(rt, batch)).toBe('Batch · Error');
    expect(await itemErrors(batch)).toEqual(['Error BUG: a bug of ours']);
    expect((await requireOrder(rt.db, '12')).status).toBe('Awaiting Dispatch');
  });
});
