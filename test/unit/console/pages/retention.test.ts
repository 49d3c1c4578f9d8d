import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { jobNamed } from '../../../../jobs/registry.ts';
import { runJob } from '../../../../jobs/run-job.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import { PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
afterEach(() => scene.close());

const run = (job: string) => runJob(scene.rt, jobNamed(job), 'operator');

test('nothing is set, and nothing has run', async () => {
  scene = await PagesScene.open();
  const text = await scene.read('/retention');
  expect(text).toContain('No setting lets anything go.');
  expect(text).toContain('Files in done/ for ever');
  expect(text).toContain('Nobody has made a dry run yet');
  expect(text).toContain('There was no run yet.');
  expect(await scene.page('/retention')).not.toContain('<form');
});

test('O13 a dry run is asked for, then the job deletes; the page of the file says when, and offers nothing', async () => {
  scene = await PagesScene.open({ retention: { rejected: { days: 30, gigabytes: 2 }, auditDays: 400 } });
  const file = await scene.refused('old.json.pgp', new Fault('DUPLICATE', 'x'));
  const unknown = join(scene.rt.loaded.home, 'spool', dirname(file.place ?? ''), '<b>unknown');
  await mkdir(dirname(unknown), { recursive: true });
  await writeFile(unknown, 'x');
  for (const inbox of ['inboundDeviceEnrolment', 'outboundDeviceEnrolment']) {
    for (const folder of ['in', 'work', 'tmp', 'done', 'rejected', 'hold']) {
      await mkdir(join(scene.rt.loaded.home, 'spool', inbox, folder), { recursive: true });
    }
  }
  scene.rt.pass(31 * 86_400);
  const before = await scene.read('/retention', 'operator');
  expect(before).toContain('the job deletes nothing until somebody has made one');
  expect(before).toContain('30 days, and 2 GB at most, of which files of the last 7 days always stay');
  expect(await scene.act('/jobs/retentionDryRun/run', { reason: 'before I switch it on' })).toContain(
    'Retention Dry Run',
  );
  await run('retentionDryRun');
  const announced = await scene.page('/retention');
  expect(rowsOf(announced).slice(0, 2)).toEqual([
    ['done/', '0', '0', '', ''],
    ['rejected/', '1', String(file.size), '2026-05-06 12:00:02', '2026-05-06 12:00:02'],
  ]);
  expect(announced).toContain('the job deletes');
  expect(announced).toContain('&lt;b&gt;unknown');
  await run('retention');
  const runs = rowsOf(await scene.page('/retention'));
  expect(runs.slice(-2).map((row) => [row[1], row[4], row[5]])).toEqual([
    ['deleted', '1', String(file.size)],
    ['dry run', '1', String(file.size)],
  ]);
  const page = await scene.page(`/files/${file.id}`, 'operator');
  expect(page).toContain('Removed by retention (UTC)');
  expect(page).not.toContain('/retry');
  const [status, text] = await scene.refusal(`/files/${file.id}/retry`, { reason: 'x' }, 'operator');
  expect(status).toBe(409);
  expect(text).toContain('was removed at 2026-06-06');
});
