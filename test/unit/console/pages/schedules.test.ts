import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { jobs, jobNamed } from '../../../../jobs/registry.ts';
import { runJob } from '../../../../jobs/run-job.ts';
import { jobSettings } from '../../../../jobs/schedule.ts';
import { createBatch } from '../../../../shared/store/batches.ts';
import { noteRunBatches } from '../../../../shared/store/job-run-batches.ts';
import { noteProgress, startRun } from '../../../../shared/store/job-runs.ts';
import { recordTicks } from '../../../../shared/store/job-ticks.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { newBatch, numbers } from '../../../support/store-examples.ts';
import { loadDispatch, run, sent } from '../../jobs/scenes.ts';
import { linkOf, PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

const key = 'batchErrorManagement';
const name = 'Batch Error Management';
const reason = 'the month-end';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open({ scheduler: { timeZone: 'Europe/Berlin' } });
});
afterEach(() => scene.close());

/** What the form sends. */
const weekly = {
  kind: 'weekly',
  onMon: 'yes',
  onThu: 'yes',
  weeklyTimes: '6:30',
  dailyTimes: 'what another kind had is left alone',
  timeZone: 'America/New_York',
  exclude: 'Thu, 2026-05-18',
  catchUp: 'skip',
};
const previewOf = (fields: Record<string, string>): string =>
  `/schedules/${key}?${new URLSearchParams({ ...fields, preview: 'yes' }).toString()}`;
const present = () => jobSettings(scene.rt.db, scene.rt.loaded.config, key);
const set = (fields: Record<string, string>) =>
  scene.act(`/schedules/${key}/set`, { ...fields, reason }, 'administrator');

describe('schedules', () => {
  test('every job is listed with its schedule, and what became of its due times', async () => {
    const rows = () => scene.page('/schedules').then(rowsOf);
    expect((await rows()).slice(0, jobs.length).map(([job]) => job)).toEqual(jobs.map((job) => job.name));
    expect((await rows()).find(([job]) => job === 'Device Enrolment Request')).toEqual([
      'Device Enrolment Request',
      'scheduled',
      'enabled',
      'cron */5 * * * *',
      'Europe/Berlin',
      '',
      'one run for all that was missed',
      '2026-05-06 12:05:00',
      '',
    ]);
    await set(weekly);
    const dueAt = new Date('2026-05-06T10:30:00.000Z');
    const ticks = [{ dueAt, missed: 'no scheduler was there at that time', late: true }];
    await recordTicks(scene.rt.db, key, ticks, scene.rt.clock.now());
    expect((await rows()).find(([job]) => job === name)).toEqual([
      name,
      'scheduled',
      'enabled',
      'on Monday and Thursday at 06:30',
      'America/New_York',
      'Thursday, 2026-05-18',
      'what was missed is skipped',
      '2026-05-11 10:30:00',
      '2026-05-06 10:30:00 missed',
    ]);
    expect(await scene.read('/schedules')).toContain('no scheduler was there at that time');
  });

  test('the first step shows the next ten runs, in their zone and in UTC, and saves nothing', async () => {
    const page = await scene.page(previewOf(weekly), 'administrator');
    const shown = rowsOf(page).slice(0, 10);
    expect(shown).toHaveLength(10);
    expect(shown.slice(0, 2)).toEqual([
      ['1', '2026-05-11 06:30', '2026-05-11 10:30:00'],
      ['2', '2026-05-25 06:30', '2026-05-25 10:30:00'],
    ]);
    expect((await present()).set).toBeUndefined();
    expect(await scene.audited()).toEqual([]);
    // The form has what was written, and so has the one that saves it.
    expect(page).toMatch(/<input type="hidden" name="weeklyTimes" value="6:30"/);
    expect(page).toMatch(/name="onMon"\s+value="yes"\s+checked/);
  });

  test('the second step saves it, with the reason, for the next look of the scheduler', async () => {
    const page = await set(weekly);
    expect(page).toContain('has a new schedule: on Monday and Thursday at 06:30.');
    expect(page).toContain('Comes from the console or a command');
    expect((await present()).schedule).toEqual({
      kind: 'weekly',
      weekdays: ['Mon', 'Thu'],
      times: ['06:30'],
      timeZone: 'America/New_York',
      exclude: { days: ['2026-05-18'], weekdays: ['Thu'] },
      catchUp: 'skip',
    });
    expect(await scene.audited()).toEqual([
      { who: 'some-administrator', action: 'job.schedule', subject: `job ${key}`, reason },
    ]);
  });

  test.each([
    ['daily', { kind: 'daily', dailyTimes: '6:30, 18:00' }, '2026-05-06 18:00'],
    ['monthly', { kind: 'monthly', day: 'last', monthlyTimes: '06:30' }, '2026-05-31 06:30'],
    ['every n minutes', { kind: 'every', minutes: '90' }, '2026-05-06 15:00'],
    ['a cron pattern', { kind: 'cron', pattern: '0 6 * * *' }, '2026-05-07 06:00'],
  ])('%s is previewed and saved', async (_kind, own: Record<string, string>, first) => {
    const fields = { timeZone: 'Europe/Berlin', catchUp: 'once', ...own };
    expect(rowsOf(await scene.page(previewOf(fields), 'administrator'))[0]?.[1]).toBe(first);
    await set(fields);
    expect((await present()).schedule.kind).toBe(own.kind);
    expect(rowsOf(await scene.page(`/schedules/${key}`))[0]?.[1]).toBe(first);
  });

  test('what is no schedule is told in the first step, and refused in the second', async () => {
    const fields = { ...weekly, weeklyTimes: '<25:00>', timeZone: 'Europe/Bonn' };
    const page = await scene.page(previewOf(fields), 'administrator');
    expect(page).not.toContain('<25:00>');
    expect(wordsOf(page)).toContain('This is no schedule: ');
    expect(wordsOf(page)).toContain('time of day must be like 06:30; the time zone is no time zone');
    expect(page).not.toContain('Save this schedule');
    expect((await scene.refusal(`/schedules/${key}/set`, { ...fields, reason }, 'administrator'))[0]).toBe(
      400,
    );
    expect((await scene.refusal(`/schedules/${key}/set`, weekly, 'administrator'))[0]).toBe(400);
    expect((await present()).set).toBeUndefined();
  });

  test('a schedule whose days are all excluded is told to be one that never runs', async () => {
    const fields = { ...weekly, exclude: 'Mon Thu' };
    expect(await scene.read(previewOf(fields), 'administrator')).toContain('the job never runs');
  });

  test('operators and viewers see it, and do not change it', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      expect(await scene.page(`/schedules/${key}`, role)).not.toContain('<form');
      expect(await scene.page(previewOf(weekly), role)).not.toContain('<form');
      expect((await scene.refusal(`/schedules/${key}/set`, { ...weekly, reason }, role))[0]).toBe(403);
    }
  });
});

describe('settings of a job', () => {
  test('an operator disables and enables it', async () => {
    expect(await scene.act(`/jobs/${key}/disable`, { reason })).toContain('it runs only when somebody asks');
    expect((await present()).enabled).toBe(false);
    expect(await scene.read(`/jobs/${key}`)).toContain('Enabled not enabled');
    await scene.act(`/jobs/${key}/enable`, { reason });
    expect((await present()).enabled).toBe(true);
    expect((await scene.audited()).map(({ action }) => action)).toEqual(['job.disable', 'job.enable']);
  });

  test('an administrator sets the priority, and sets all back to the configuration', async () => {
    await scene.act(`/jobs/${key}/priority`, { reason, priority: '7' }, 'administrator');
    expect(await scene.read(`/jobs/${key}`)).toContain('Priority 7');
    expect(rowsOf(await scene.page('/jobs')).find(([job]) => job?.startsWith(name))?.[2]).toBe('7');
    expect(
      (await scene.refusal(`/jobs/${key}/priority`, { reason, priority: '100' }, 'administrator'))[0],
    ).toBe(400);
    expect((await scene.refusal(`/jobs/${key}/reset`, { reason }, 'operator'))[0]).toBe(403);
    await scene.act(`/jobs/${key}/reset`, { reason }, 'administrator');
    expect((await present()).set).toBeUndefined();
    expect((await scene.refusal(`/jobs/${key}/reset`, { reason }, 'administrator'))[0]).toBe(409);
  });
});

describe('a run', () => {
  test('shows its batches and items, each with its link and its errors', async () => {
    await loadDispatch(scene.rt, sent('99', ['A']), sent('98', ['B']));
    await run(scene.rt, 'salesOrderDispatch');
    const page = await scene.page('/jobs/salesOrderDispatch/runs/1');
    const [batch, first, second] = rowsOf(page);
    expect(batch?.slice(0, 3)).toEqual(['1', 'worked off it', 'Sales Order Dispatch']);
    expect(first?.slice(0, 3)).toEqual(['1', '1', '99']);
    expect(first?.at(-1)).toContain('order 99');
    expect(second?.slice(0, 3)).toEqual(['1', '2', '98']);
    expect(linkOf(page, '99')).toBe('/orders/99');
    await runJob(scene.rt, jobNamed(key), 'operator');
    expect(rowsOf(await scene.page(`/jobs/${key}/runs/2`))[0]?.slice(0, 2)).toEqual(['1', 'set back it']);
  });

  test('of many items shows one page after the other, over the batches', async () => {
    const { db, clock, worker } = scene.rt;
    const items = (order: string) =>
      numbers(40).map((n) => ({ customerReference: `${order}${n}`, description: 'x', payload: {} }));
    const started = await startRun(db, key, 'operator', worker, clock.now());
    for (const order of ['1', '2', '3']) {
      const { id } = await createBatch(db, newBatch({ items: items(order) }), 'test', clock.now());
      await noteRunBatches(db, started?.id ?? 0, [id], 'worked off');
    }
    const seen: string[] = [];
    let path = `/jobs/${key}/runs/1`;
    for (let n = 0; n < 3; n++) {
      const page = await scene.page(path);
      const shown = rowsOf(page).slice(3);
      expect(shown).toHaveLength([50, 50, 20][n] ?? 0);
      seen.push(...shown.map((row) => row[2] ?? ''));
      if (n < 2) path = linkOf(page, 'Next');
      else expect(page).not.toContain('>Next<');
    }
    expect(seen).toEqual(['1', '2', '3'].flatMap((order) => numbers(40).map((n) => `${order}${n}`)));
    expect((await (await scene.as('viewer')).get(`/jobs/${key}/runs/1?after=x`)).status).toBe(400);
  });

  test('that is under way shows how far it is', async () => {
    const { db, clock } = scene.rt;
    const other = await registerWorker(db, 'scheduler', clock.now());
    await startRun(db, key, 'schedule', other, clock.now());
    expect(await scene.read(`/jobs/${key}/runs/1`)).not.toContain('Progress');
    await noteProgress(db, 1, { done: 30, total: 120 }, clock.now());
    expect(await scene.read(`/jobs/${key}/runs/1`)).toContain(
      '30 of 120 done, as of 2026-05-06 12:00:00 UTC',
    );
    await noteProgress(db, 1, { done: 31, total: undefined }, clock.now());
    expect(await scene.read(`/jobs/${key}/runs/1`)).toContain('Progress 31 done');
  });

  test('notes how far it is at most once in a second', async () => {
    const { rt } = scene;
    const noted: (number | null)[] = [];
    const job = {
      ...jobNamed(key),
      run: async ({ run: notes }: Parameters<ReturnType<typeof jobNamed>['run']>[0]) => {
        for (const done of numbers(8)) {
          rt.pass(0.4);
          await notes.progress(done, 8);
          const row = await rt.db.selectFrom('job_run').select('progress_done').executeTakeFirstOrThrow();
          noted.push(row.progress_done);
        }
        return { batches: 0, records: 8, problems: [] };
      },
    };
    await runJob(rt, job, 'operator');
    expect(noted).toEqual([null, null, 3, 3, 3, 6, 6, 6]);
  });
});
