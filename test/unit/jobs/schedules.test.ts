import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { JobSeat } from '../../../jobs/job-seat.ts';
import { jobSettings } from '../../../jobs/schedule.ts';
import { scheduler } from '../../../jobs/scheduler.ts';
import { Ticker } from '../../../jobs/ticker.ts';
import { jobNamed } from '../../../jobs/registry.ts';
import { runJob } from '../../../jobs/run-job.ts';
import {
  disableJob,
  enableJob,
  resetJob,
  setPriority,
  setSchedule,
} from '../../../shared/operator/job-actions.ts';
import type { JobKey } from '../../../shared/runtime/config-schema.ts';
import { readSchedule, type WrittenSchedule } from '../../../shared/schedule/read-schedule.ts';
import { completeRun, listRuns, startRun, type JobRun } from '../../../shared/store/job-runs.ts';
import { listTicks } from '../../../shared/store/job-ticks.ts';
import { makeWish } from '../../../shared/store/job-wishes.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { addDeadWorker } from '../../support/store-examples.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { waitFor } from '../../support/wait-for.ts';

const key = 'batchErrorManagement';
const job = jobNamed(key);
const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime({ jobs: { deviceEnrolmentRequest: { schedule: '' }, retention: { schedule: '' } } });
});
afterEach(() => rt.close());

const operator = () => ({ who: 'alice', reason: 'a test', now: rt.clock.now() });
const schedule = (written: Partial<WrittenSchedule>, of: JobKey = key) =>
  setSchedule(
    rt.db,
    operator(),
    of,
    readSchedule({ kind: 'none', timeZone: 'UTC', catchUp: 'once', ...written }),
  );

/** A scheduler, look by look: each of its tasks once. */
function looking(runtime = rt): () => Promise<void> {
  const { tasks } = scheduler(runtime, false);
  const seats = tasks.filter((task) => task.name.startsWith('job '));
  return async () => {
    for (const seat of seats) await seat.step(new AbortController().signal);
  };
}

/** Oldest first: when, and what became of it. */
const ticks = async (of: string = key): Promise<string[]> =>
  (await listTicks(rt.db, of, { limit: 1000 }))
    .toReversed()
    .map(({ due_at, state, late, reason }) =>
      [due_at.slice(5, 16), late === 1 ? `late ${state}` : state, reason].filter(Boolean).join(' '),
    );
const runs = async (of: string = key): Promise<string[]> =>
  (await listRuns(rt.db, of, { limit: 1000 })).toReversed().map(({ started_at }) => started_at.slice(5, 16));

describe('a schedule that is set while the scheduler runs', () => {
  test('counts from the next look on, has no past, and each due time runs once', async () => {
    const look = looking();
    await look();
    await schedule({ kind: 'daily', times: '11:00 12:10 12:20' });
    await look();
    expect(await runs()).toEqual([]);
    for (const seconds of [9 * minute, minute + 30, 1, 9 * minute, 30]) {
      rt.pass(seconds);
      await look();
    }
    expect(await runs()).toEqual(['05-06T12:10', '05-06T12:20']);
    expect(await ticks()).toEqual(['05-06T12:10 run', '05-06T12:20 run']);
  });

  test('back to the configuration, the job follows the file', async () => {
    await schedule({ kind: 'every', minutes: '10' });
    expect((await jobSettings(rt.db, rt.loaded.config, key)).schedule.kind).toBe('every');
    await resetJob(rt.db, operator(), key);
    const settings = await jobSettings(rt.db, rt.loaded.config, key);
    expect(settings).toMatchObject({
      enabled: true,
      priority: 50,
      schedule: { kind: 'none' },
      set: undefined,
    });
    await expect(resetJob(rt.db, operator(), key)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  });

  test('while a job is not enabled nothing is due, and nothing of that time is caught up', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    await disableJob(rt.db, operator(), key);
    await look();
    rt.pass(25 * minute);
    await enableJob(rt.db, operator(), key);
    await look();
    expect([await runs(), await ticks()]).toEqual([[], []]);
    rt.pass(5 * minute);
    await look();
    expect(await ticks()).toEqual(['05-06T12:30 run']);
  });

  test('a due time that waits is missed when the schedule is changed', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    rt.pass(10 * minute);
    await new Ticker(rt, job).look(await jobSettings(rt.db, rt.loaded.config, key));
    expect(await ticks()).toEqual(['05-06T12:10 due']);
    await schedule({ kind: 'every', minutes: '45' });
    await look();
    expect(await ticks()).toEqual(['05-06T12:10 missed its schedule was changed']);
    expect(await runs()).toEqual([]);
  });

  test('everything that people change is in the audit, with before and after', async () => {
    await setPriority(rt.db, operator(), key, 7);
    await disableJob(rt.db, operator(), key);
    await resetJob(rt.db, operator(), key);
    for (const bad of [0, 100, 1.5]) {
      await expect(setPriority(rt.db, operator(), key, bad)).rejects.toMatchObject({ code: 'BAD_INPUT' });
    }
    const rows = await rt.db.selectFrom('audit').selectAll().orderBy('id').execute();
    expect(rows.map((row) => [row.action, row.before_json, row.after_json])).toEqual([
      ['job.priority', null, '{"priority":7}'],
      ['job.disable', '{"priority":7}', '{"enabled":false,"priority":7}'],
      ['job.reset', '{"enabled":false,"priority":7}', null],
    ]);
  });
});

describe('a due time while the job runs', () => {
  test('O08 is recorded as missed at once, and no second run follows', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    const other = await registerWorker(rt.db, 'another process that lives', rt.clock.now());
    const run = await startRun(rt.db, key, 'operator', other, rt.clock.now());
    rt.pass(10 * minute);
    await look();
    expect(await ticks()).toEqual([`05-06T12:10 missed run ${run?.id ?? 0} was still under way`]);
    expect(rt.events.filter(({ name }) => name === 'job.missed').map(({ fields }) => fields)).toEqual([
      expect.objectContaining({ ticks: 1, due: '2026-05-06T12:10:00.000Z' }),
    ]);
    await completeRun(rt.db, run as JobRun, {}, rt.clock.now());
    await look();
    expect(await runs()).toHaveLength(1);
    rt.pass(10 * minute);
    await look();
    expect(await runs()).toHaveLength(2);
  });

  test('O08 is seen by the scheduler that runs the job, before the run has ended', async () => {
    await rt.close();
    rt = await testRuntime({ scheduler: { pollSeconds: 0.05 } });
    await schedule({ kind: 'every', minutes: '10' });
    // It goes on until its scheduler has seen what is due meanwhile.
    const long = async () => {
      rt.pass(10 * minute);
      await waitFor('the due time', async () => (await ticks()).length === 2 || undefined);
      expect(await ticks()).toEqual(['05-06T12:10 run', '05-06T12:20 missed run 1 was still under way']);
      return { batches: 0, records: 0, problems: [] };
    };
    const seats: JobSeat[] = [];
    const seat = new JobSeat(rt, { ...job, run: long }, seats, false);
    seats.push(seat);
    await seat.step();
    rt.pass(10 * minute);
    await seat.step();
    expect((await listRuns(rt.db, key, { limit: 9 })).map(({ state }) => state)).toEqual(['complete']);
  }, 30_000);

  test('O08 that a run had which ended before anybody looked again', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    rt.pass(9 * minute);
    const run = await startRun(rt.db, key, 'operator', rt.worker, rt.clock.now());
    rt.pass(90);
    await completeRun(rt.db, run as JobRun, {}, rt.clock.now());
    await look();
    expect(await ticks()).toEqual(['05-06T12:10 missed run 1 was still under way']);
    expect(await runs()).toHaveLength(1);
  });

  test('a run that a dead process left is no obstacle', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    const dead = await addDeadWorker(rt.db);
    await startRun(rt.db, key, 'schedule', dead, rt.clock.now());
    rt.pass(10 * minute);
    await look();
    expect(await ticks()).toEqual(['05-06T12:10 run']);
  });

  test('a run that somebody started meanwhile is what the job was due for', async () => {
    await schedule({ kind: 'every', minutes: '10' });
    const ticker = new Ticker(rt, job);
    const settings = () => jobSettings(rt.db, rt.loaded.config, key);
    await ticker.look(await settings());
    rt.pass(10 * minute);
    await ticker.look(await settings());
    await runJob(rt, job, 'operator');
    await looking()();
    expect(await runs()).toHaveLength(1);
    expect(await ticks()).toEqual(['05-06T12:10 run']);
  });
});

describe('while no scheduler was there', () => {
  test('O09 once: one run for all that was missed, each of which is recorded', async () => {
    await schedule({ kind: 'daily', times: '06:00' });
    await looking()();
    rt.pass(3 * day);
    const look = looking();
    await look();
    await look();
    expect(await ticks()).toEqual([
      '05-07T06:00 late missed no scheduler was there at that time',
      '05-08T06:00 late missed no scheduler was there at that time',
      '05-09T06:00 late run',
    ]);
    expect(await runs()).toEqual(['05-09T12:00']);
  });

  test('O09 skip: none, each is recorded', async () => {
    await schedule({ kind: 'daily', times: '06:00', catchUp: 'skip' });
    await looking()();
    rt.pass(2 * day);
    const look = looking();
    await look();
    expect(await ticks()).toEqual([
      '05-07T06:00 late missed no scheduler was there at that time',
      '05-08T06:00 late missed no scheduler was there at that time',
    ]);
    expect(await runs()).toEqual([]);
    rt.pass(18 * hour);
    await look();
    expect(await runs()).toEqual(['05-09T06:00']);
  });

  test('O09 skip: a scheduler that is started again within a minute misses nothing', async () => {
    await schedule({ kind: 'daily', times: '12:10', catchUp: 'skip' });
    await looking()();
    rt.pass(10 * minute + 60);
    await looking()();
    expect(await ticks()).toEqual(['05-06T12:10 run']);
  });

  test('O09 after a year of a schedule that is due every minute a hundred rows are written', async () => {
    await schedule({ kind: 'cron', pattern: '* * * * *' });
    await looking()();
    rt.pass(365 * day);
    await looking()();
    const found = await ticks();
    expect(found).toHaveLength(100);
    expect(found[0]).toContain('; earlier times are not listed');
    expect(found.at(-1)).toBe('05-06T12:00 run');
    expect(found.at(-2)).toMatch(/^05-06T11:59/);
    expect(await runs()).toHaveLength(1);
  });

  test('O09 a due time whose scheduler died before the run began is run by the next one', async () => {
    await schedule({ kind: 'every', minutes: '10' });
    const settings = await jobSettings(rt.db, rt.loaded.config, key);
    const ticker = new Ticker(rt, job);
    await ticker.look(settings);
    rt.pass(10 * minute);
    await ticker.look(settings);
    expect([await ticks(), await runs()]).toEqual([['05-06T12:10 due'], []]);
    rt.pass(minute);
    await looking()();
    expect([await ticks(), await runs()]).toEqual([['05-06T12:10 run'], ['05-06T12:11']]);
  });
});

describe('the clock', () => {
  test('a clock that is set back starts nothing twice, and what was never due is due then', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    for (let n = 0; n < 6; n++) {
      rt.pass(5 * minute);
      await look();
    }
    expect(await runs()).toEqual(['05-06T12:10', '05-06T12:20', '05-06T12:30']);
    rt.pass(-25 * minute);
    for (let n = 0; n < 7; n++) {
      await look();
      rt.pass(5 * minute);
    }
    await look();
    expect(await runs()).toEqual(['05-06T12:10', '05-06T12:20', '05-06T12:30', '05-06T12:40']);
    expect(rt.events.filter(({ name }) => name === 'scheduler.clock-set-back')).toHaveLength(1);
  });

  test('a clock that was years ahead does not stop the schedule for years', async () => {
    const look = looking();
    await schedule({ kind: 'every', minutes: '10' });
    await look();
    rt.pass(4 * 365 * day);
    await look();
    rt.pass(-4 * 365 * day);
    await look();
    rt.pass(10 * minute);
    await look();
    expect((await ticks()).at(-1)).toBe('05-06T12:10 run');
  });

  test('old due times are removed, the newest of each job are kept', async () => {
    await schedule({ kind: 'every', minutes: '60' });
    const look = looking();
    await look();
    for (let n = 0; n < 60; n++) {
      rt.pass(hour);
      await look();
    }
    rt.pass(40 * day);
    await look();
    // A hundred were recorded now; those of the first days were older than is kept.
    const found = await ticks();
    expect(found).toHaveLength(100);
    expect(found[0]).toMatch(/^06-13T21:00 late missed .*; earlier times are not listed$/);
    rt.pass(400 * day);
    await schedule({ kind: 'daily', times: '06:00' });
    await look();
    rt.pass(day);
    await look();
    expect(await ticks()).toHaveLength(50);
  });
});

describe('several', () => {
  test('O08 two schedulers start a due time once', async () => {
    const second = { ...rt, worker: await registerWorker(rt.db, 'scheduler', rt.clock.now()) };
    await schedule({ kind: 'every', minutes: '10' });
    const [one, other] = [looking(), looking(second)];
    await one();
    await other();
    for (let n = 0; n < 4; n++) {
      rt.pass(10 * minute);
      // Both find it due before either has started the run.
      const settings = await jobSettings(rt.db, rt.loaded.config, key);
      await new Ticker(rt, job).look(settings);
      await Promise.all([one(), other()]);
    }
    expect(await runs()).toEqual(['05-06T12:10', '05-06T12:20', '05-06T12:30', '05-06T12:40']);
  });

  test('O08 a due time that another has run meanwhile is not run again', async () => {
    await schedule({ kind: 'every', minutes: '10' });
    const settings = await jobSettings(rt.db, rt.loaded.config, key);
    const ticker = new Ticker(rt, job);
    await ticker.look(settings);
    rt.pass(10 * minute);
    await ticker.look(settings);
    const [tick] = await listTicks(rt.db, key, { limit: 1 });
    await runJob(rt, job, 'schedule', tick?.id);
    await expect(runJob(rt, job, 'schedule', tick?.id)).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(await runs()).toHaveLength(1);
  });

  test('jobs that are to run do so in the order of their priority', async () => {
    const keys = ['salesOrderDispatch', 'deviceEnrolmentRequest', 'deviceEnrolmentResponse'] as const;
    for (const [index, each] of keys.entries()) {
      await schedule({ kind: 'every', minutes: '10' }, each);
      await setPriority(rt.db, operator(), each, 30 - 10 * index);
    }
    await makeWish(rt.db, key, 'alice', rt.clock.now());
    const look = looking();
    for (let n = 0; n < 5; n++) await look();
    rt.pass(10 * minute);
    for (let n = 0; n < 5; n++) await look();
    const all = await rt.db.selectFrom('job_run').select('job').orderBy('id').execute();
    expect(all.map((run) => run.job)).toEqual([key, ...keys.toReversed()]);
  });

  test('a job that cannot run keeps no other waiting', async () => {
    const first = 'salesOrderDispatch';
    await setPriority(rt.db, operator(), first, 1);
    await makeWish(rt.db, first, 'alice', rt.clock.now());
    await makeWish(rt.db, key, 'alice', rt.clock.now());
    const other = await registerWorker(rt.db, 'another process that lives', rt.clock.now());
    await startRun(rt.db, first, 'operator', other, rt.clock.now());
    await makeWish(rt.db, first, 'alice', rt.clock.now());
    const look = looking();
    await look();
    await look();
    expect([await runs(first), await runs()]).toEqual([[expect.any(String)], [expect.any(String)]]);
  });
});
