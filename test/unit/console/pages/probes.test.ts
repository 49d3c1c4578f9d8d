import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { probeTask } from '../../../../shared/probes/evaluate.ts';
import { listNotices } from '../../../../shared/store/notices.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { linkOf, PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

const mail = { host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] };

let scene: PagesScene;
const open = async (config?: object) => {
  scene = await PagesScene.open(config);
  await mkdir(join(scene.rt.loaded.home, 'spool'));
};
afterEach(() => scene.close());

async function round(): Promise<void> {
  scene.rt.pass(60);
  await probeTask(scene.rt).step(new AbortController().signal);
}

const rowOf = (page: string, probe: string) => rowsOf(page).find(([name]) => name === probe);

test('every probe is shown as it is now, and since when', async () => {
  await open();
  const page = await scene.page('/probes');
  expect(rowOf(page, 'daemon loader')).toEqual([
    'daemon loader',
    'red',
    '0',
    'processes',
    'at least 1 processes',
    'just now',
    'The loader is not running: start enrol loader.',
  ]);
  expect(linkOf(page, 'No file is held.')).toBe('/files?state=held');
  expect(wordsOf(page)).toContain('The scheduler has not evaluated them yet');
  expect(wordsOf(page)).toContain('No probe has changed its state yet.');
  expect(wordsOf(page)).toContain('Nobody is told of changes');
  await round();
  await round();
  expect(rowOf(await scene.page('/probes'), 'daemon loader')?.[5]).toBe('2026-05-06 12:01:00');
});

test('changes and notices are listed, newest first', async () => {
  await open({ probes: { notices: { mail } } });
  await round();
  await round();
  for (const daemon of ['loader', 'extractor', 'adaptor', 'scheduler']) {
    await registerWorker(scene.rt.db, daemon, scene.rt.clock.now());
  }
  await round();
  await round();
  const rows = rowsOf(await scene.page('/probes'));
  const changes = rows.filter(([time]) => time?.startsWith('2026')).map((row) => row.slice(0, 4));
  expect(changes).toHaveLength(8);
  expect(changes[0]).toEqual(['2026-05-06 12:04:00', 'daemon scheduler', 'red', 'green']);
  expect(changes.at(-1)).toEqual(['2026-05-06 12:02:00', 'daemon loader', 'not looked at', 'red']);
  const notices = rows.filter((row) => row[1] === 'mail').map((row) => row.slice(1, 7));
  expect(notices).toEqual([
    ['mail', 'waiting', '4 changes', '2026-05-06 12:04:00', '', '0'],
    ['mail', 'waiting', '4 changes', '2026-05-06 12:02:00', '', '0'],
  ]);
});

test('many changes are paged', async () => {
  await open();
  const at = scene.rt.clock.now().toISOString();
  for (let n = 1; n <= 60; n++) {
    const change = {
      probe: `p${n}`,
      at,
      before: null,
      after: 'red',
      value: null,
      unit: 'u',
      sentence: 's',
      link: '/',
    } as const;
    await scene.rt.db.insertInto('probe_change').values(change).execute();
  }
  const ofPage = (page: string) =>
    rowsOf(page)
      .filter(([time]) => time?.startsWith('2026'))
      .map((row) => row[1]);
  const first = await scene.page('/probes');
  expect([ofPage(first)[0], ofPage(first).length]).toEqual(['p60', 50]);
  expect(ofPage(await scene.page(linkOf(first, 'Older')))).toEqual(
    Array.from({ length: 10 }, (_, index) => `p${10 - index}`),
  );
});

test('O11 an operator has a test sent, with a reason; a viewer has not', async () => {
  await open({ probes: { notices: { mail } } });
  expect(await scene.page('/probes')).not.toContain('/probes/test-notice');
  expect((await scene.refusal('/probes/test-notice', { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect((await scene.refusal('/probes/test-notice', {}, 'operator'))[0]).toBe(400);
  expect(await listNotices(scene.rt.db, { limit: 10 })).toEqual([]);
  expect(await scene.act('/probes/test-notice', { reason: 'new server' })).toContain(
    'The scheduler sends a test by mail',
  );
  expect(
    rowsOf(await scene.page('/probes'))
      .find((row) => row[1] === 'mail')
      ?.slice(2, 4),
  ).toEqual(['waiting', 'a test']);
  expect(await scene.audited()).toEqual([
    { who: 'some-operator', action: 'notice.test', subject: 'notices', reason: 'new server' },
  ]);
});

test('O11 without any way to tell people there is no test to send', async () => {
  await open();
  expect(await scene.page('/probes', 'operator')).not.toContain('/probes/test-notice');
  expect((await scene.refusal('/probes/test-notice', { reason: 'x' }, 'operator'))[0]).toBe(409);
});
