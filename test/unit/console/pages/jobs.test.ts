import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { jobNamed, jobs } from '../../../../jobs/registry.ts';
import { runJob } from '../../../../jobs/run-job.ts';
import { scheduler } from '../../../../jobs/scheduler.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import { findWish } from '../../../../shared/store/job-wishes.ts';
import { lastRun, listRuns, startRun } from '../../../../shared/store/job-runs.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { loadDispatch, run, sent } from '../../jobs/scenes.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

const key = 'batchErrorManagement';
const name = 'Batch Error Management';

let scene: PagesScene;
const open = async (config?: object) => {
  scene = await PagesScene.open(config);
};
beforeEach(() => open());
afterEach(() => scene.close());

/** The looks of one scheduler at the job. */
function looks(job = key): () => Promise<unknown> {
  const task = scheduler(scene.rt, false).tasks.find((one) => one.name === `job ${job}`);
  if (!task) throw new Error('the scheduler has no such task');
  return () => task.step(new AbortController().signal);
}

/** One look of a scheduler at the job. */
const look = () => looks()();

test('the jobs are listed with schedule, next run and last run', async () => {
  await run(scene.rt, key);
  const rows = rowsOf(await scene.page('/jobs'));
  expect(rows.map(([job]) => job)).toEqual(jobs.map((job) => `${job.name} ${job.description}`));
  expect(rows[0]?.slice(1, 8)).toEqual([
    'triggered',
    '50',
    'enabled',
    'when a batch of Sales Order Dispatch is loaded',
    '',
    '',
    'never ran',
  ]);
  expect(rows[1]?.slice(1, 6)).toEqual([
    'scheduled',
    '50',
    'enabled',
    'cron */5 * * * * (UTC)',
    '2026-05-06 12:05:00',
  ]);
  expect(rows[3]?.slice(4, 8)).toEqual(['by hand', '', '2026-05-06 12:00:00', 'complete']);
});

test('without a scheduler that lives the page says so', async () => {
  expect(await scene.read('/jobs')).toContain('The scheduler is not running');
  await registerWorker(scene.rt.db, 'scheduler', scene.rt.clock.now());
  expect(await scene.read('/jobs')).not.toContain('The scheduler is not running');
});

test('a run that is asked for is granted by the scheduler, once', async () => {
  const page = await scene.act(`/jobs/${key}/run`, { reason: 'an engineer has mended it' });
  expect(page).toContain(`The scheduler runs the job ${name} at its next look`);
  expect(page).toContain('asked for by some-operator');
  expect(await lastRun(scene.rt.db, key)).toBeUndefined();
  await look();
  expect(await lastRun(scene.rt.db, key)).toMatchObject({ cause: 'operator', state: 'complete' });
  await look();
  expect(await listRuns(scene.rt.db, key, { limit: 9 })).toHaveLength(1);
  expect(await scene.audited()).toEqual([
    { who: 'some-operator', action: 'job.run', subject: `job ${key}`, reason: 'an engineer has mended it' },
  ]);
});

test('a job that is not enabled runs when somebody asks, and not otherwise', async () => {
  await scene.close();
  await open({ jobs: { [key]: { enabled: false, schedule: '* * * * *' } } });
  expect(rowsOf(await scene.page('/jobs'))[3]?.slice(3, 6)).toEqual([
    'not enabled',
    'by hand: it is not enabled',
    '',
  ]);
  const lookOnce = looks();
  scene.rt.pass(120);
  await lookOnce();
  expect(await lastRun(scene.rt.db, key)).toBeUndefined();
  await scene.act(`/jobs/${key}/run`, { reason: 'once' });
  await lookOnce();
  expect(await lastRun(scene.rt.db, key)).toMatchObject({ cause: 'operator' });
});

test('the batch that would start a job does not while it is not enabled', async () => {
  await scene.close();
  const job = 'salesOrderDispatch';
  await open({ jobs: { [job]: { enabled: false } } });
  await loadDispatch(scene.rt, sent('99', ['A']));
  await looks(job)();
  expect(await lastRun(scene.rt.db, job)).toBeUndefined();
  await scene.close();
  await open();
  await loadDispatch(scene.rt, sent('99', ['A']));
  await looks(job)();
  expect(await lastRun(scene.rt.db, job)).toMatchObject({ cause: 'batch' });
});

test('while another run is under way a wish waits for it, and is granted after it', async () => {
  const other = await registerWorker(scene.rt.db, 'another process that lives', scene.rt.clock.now());
  const started = await startRun(scene.rt.db, key, 'schedule', other, scene.rt.clock.now());
  await scene.act(`/jobs/${key}/run`, { reason: 'again' });
  await look();
  expect(await findWish(scene.rt.db, key)).toMatchObject({ who: 'some-operator' });
  await scene.rt.db
    .updateTable('job_run')
    .set({ state: 'complete' })
    .where('id', '=', started?.id ?? 0)
    .execute();
  await look();
  expect(await findWish(scene.rt.db, key)).toBeUndefined();
  expect(await lastRun(scene.rt.db, key)).toMatchObject({ cause: 'operator' });
});

test('a wish is taken back; a second one is refused while one waits', async () => {
  await scene.act(`/jobs/${key}/run`, { reason: 'now' });
  expect((await scene.refusal(`/jobs/${key}/run`, { reason: 'now' }, 'operator'))[0]).toBe(409);
  await scene.act(`/jobs/${key}/withdraw`, { reason: 'a mistake' });
  expect((await scene.refusal(`/jobs/${key}/withdraw`, { reason: 'x' }, 'operator'))[0]).toBe(409);
  await look();
  expect(await lastRun(scene.rt.db, key)).toBeUndefined();
  expect((await scene.audited()).map(({ action }) => action)).toEqual(['job.run', 'job.withdraw']);
});

test('a viewer asks for no run, and nobody for a job that there is not', async () => {
  expect((await scene.refusal(`/jobs/${key}/run`, { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect((await scene.refusal('/jobs/nothing/run', { reason: 'x' }, 'operator'))[0]).toBe(404);
  expect(await scene.page('/jobs')).not.toContain('<form');
  expect(await findWish(scene.rt.db, key)).toBeUndefined();
  expect((await (await scene.as('viewer')).get('/jobs/nothing')).status).toBe(404);
});

test('a run shows what it did and the problems that it met', async () => {
  await loadDispatch(scene.rt, sent('99', ['A']));
  await run(scene.rt, 'salesOrderDispatch');
  const { id = 0 } = (await lastRun(scene.rt.db, 'salesOrderDispatch')) ?? {};
  expect(await scene.read('/jobs')).toContain('1 problem(s)');
  const page = await scene.page('/jobs/salesOrderDispatch');
  expect(rowsOf(page)[0]?.slice(3)).toEqual(['operator', 'complete', '1', '1', '1', '']);
  const shown = await scene.read(linkOf(page, String(id)));
  expect(shown).toContain('Sales Order Dispatch, run 1');
  expect(shown).toMatch(/batch 1, item 1: NOT_FOUND: .*order 99/);
  const viewer = await scene.as('viewer');
  expect((await viewer.get(`/jobs/${key}/runs/${id}`)).status).toBe(404);
  expect((await viewer.get('/jobs/salesOrderDispatch/runs/77')).status).toBe(404);
});

test('a run that failed shows its fault and what to do', async () => {
  const failing = { ...jobNamed(key), run: () => Promise.reject(new Fault('NO_SPACE', 'the disk is full')) };
  await expect(runJob(scene.rt, failing, 'schedule')).rejects.toThrow('the disk is full');
  const { id = 0 } = (await lastRun(scene.rt.db, key)) ?? {};
  const shown = await scene.read(`/jobs/${key}/runs/${id}`);
  expect(shown).toContain('State error');
  expect(shown).toContain('Code NO_SPACE');
  expect(shown).toContain('What to do');
  expect(await scene.read('/')).toContain(`The last run of the job ${key} failed.`);
});
