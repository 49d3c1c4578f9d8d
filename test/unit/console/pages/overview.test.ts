import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { saveRest } from '../../../../shared/store/provider-exchanges.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { addDeadWorker, addProviderRequest } from '../../../support/store-examples.ts';
import { loadDispatch, run, sent } from '../../jobs/scenes.ts';
import { linkOf, PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
const open = async (config?: object) => {
  scene = await PagesScene.open(config);
  await mkdir(join(scene.rt.loaded.home, 'spool'));
};
afterEach(() => scene.close());

const needed = ['loader', 'extractor', 'adaptor', 'scheduler'];

async function allRun(): Promise<void> {
  for (const daemon of needed) await registerWorker(scene.rt.db, daemon, scene.rt.clock.now());
}

/** What the list at the top asks for. */
const findings = (page: string): string[] =>
  [...(/<ul class="findings">[^]*?<\/ul>/.exec(page)?.[0] ?? '').matchAll(/<li>([^]*?)<\/li>/g)].map(
    ([, item = '']) => wordsOf(item),
  );

test('on an empty store nothing runs, and that is said first', async () => {
  await open();
  const page = await scene.page('/');
  expect(findings(page)).toEqual(
    needed.map((name) => `red The ${name} is not running: start enrol ${name}.`),
  );
  expect(wordsOf(page)).toContain('No daemon has run yet');
  expect(linkOf(page, 'The loader is not running: start enrol loader.')).toBe('/daemons/loader');
});

test('with everything running all is well', async () => {
  await open();
  await allRun();
  const text = await scene.read('/');
  expect(text).toContain('All is well Nothing needs anybody.');
  expect(text).toContain(`loader running`);
});

test('a daemon that died is not running, and what it left is said', async () => {
  await open();
  await allRun();
  await scene.rt.db.deleteFrom('worker').where('daemon', '=', 'adaptor').execute();
  await addDeadWorker(scene.rt.db, { daemon: 'adaptor' });
  expect(findings(await scene.page('/'))).toEqual(['red The adaptor is not running: start enrol adaptor.']);
});

test('files, batches, requests, providers and disks that need somebody are said with links', async () => {
  await open({ store: { url: 'sqlite:enrol.db', reserveMegabytes: 1_000_000 } });
  await allRun();
  const { id } = await scene.refused('bad.json.pgp', new Fault('JSON_MALFORMED', 'no JSON'));
  await scene.refused('second.json.pgp', new Fault('JSON_MALFORMED', 'no JSON'));
  await scene.act(`/files/${id}/hold`, { reason: 'x' });
  await scene.refused('later.json.pgp', new Fault('FILE_BUSY', 'locked'));
  await loadDispatch(scene.rt, sent('99', ['A']));
  await run(scene.rt, 'salesOrderDispatch');
  const request = await addProviderRequest(scene.rt.db, 't-1');
  await scene.rt.db
    .updateTable('provider_request')
    .set({ state: 'unknown' })
    .where('id', '=', request)
    .execute();
  await saveRest(scene.rt.db, {
    provider_id: 'apple',
    failures: 3,
    rests: 1,
    rests_until: '2026-05-06T13:00:00.000Z',
    fault_code: null,
    detail: 'does not answer',
    changed_at: scene.rt.clock.now().toISOString(),
  });
  const page = await scene.page('/');
  expect(findings(page)).toEqual([
    'red 1 batch(es) stopped in error.',
    'red 1 provider request(s) need a look.',
    expect.stringMatching(/^red The disk of .* is too full: \d+ MB free, 1000000 MB are kept in reserve/),
    'red 1 file(s) are held and wait for a decision.',
    'amber The provider apple failed and is left alone for a while.',
    'amber 1 file(s) were rejected in the last 24 hours: see why, and ask the sender.',
    'amber 1 file(s) are deferred, and tried again by themselves.',
  ]);
  expect(linkOf(page, '1 file(s) are held and wait for a decision.')).toBe('/files?state=held');
  expect(linkOf(page, '1 batch(es) stopped in error.')).toBe('/interfaces?status=Error');
  const text = wordsOf(page);
  expect(text).toContain('Files today (UTC) done 0 rejected 1 held 1');
  expect(text).toContain('apple 2026-05-06 13:00:00');
});

test('the backlog is counted by age', async () => {
  await open();
  const folder = join(scene.rt.loaded.home, 'spool', 'inboundDeviceEnrolment', 'in');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'waiting.json.pgp'), 'x');
  const inbox = rowsOf(await scene.page('/')).find(([name]) => name === 'inboundDeviceEnrolment');
  expect(inbox).toEqual(['inboundDeviceEnrolment', '1', '0', '0', '0', '0', '0', '0', '0']);
});

test('what was done over time is in a table, and in the sums above it', async () => {
  await open();
  await scene.refused('one.json.pgp', new Fault('JSON_MALFORMED', 'x'));
  scene.rt.pass(3600);
  await scene.refused('two.json.pgp', new Fault('JSON_MALFORMED', 'x'));
  await loadDispatch(scene.rt, sent('99', ['A']));
  await scene.rt.db
    .insertInto('device_move_count')
    .values({ hour: '2026-05-06T13', status: 'Enrolled', moves: 7 })
    .execute();
  const page = await scene.page('/');
  const rows = rowsOf(/<div id="activity-table">[^]*?<\/table>/.exec(page)?.[0] ?? '');
  expect(rows).toHaveLength(24);
  expect(rows.slice(-2)).toEqual([
    ['05-06 12:00', '0', '0', '1', '0', '0'],
    ['05-06 13:00', '0', '7', '1', '0', '0'],
  ]);
  expect(wordsOf(page)).toContain('Devices done: 7');
  expect(wordsOf(page)).toContain('Files rejected: 2');
  expect(wordsOf(page)).toContain('Throughput per hour');
});

test('activity of a week and of a month; another range there is not', async () => {
  await open();
  const rows = async (path: string) =>
    rowsOf(/<div id="activity-table">[^]*?<\/table>/.exec(await scene.page(path))?.[0] ?? '');
  expect(await rows('/?range=7d')).toHaveLength(7 * 24);
  const month = await rows('/?range=30d');
  expect([month.length, month[0]?.[0], month.at(-1)?.[0]]).toEqual([30, '2026-04-07', '2026-05-06']);
  expect(linkOf(await scene.page('/'), '7 days')).toBe('/?range=7d#activity');
  expect((await (await scene.as('viewer')).get('/?range=1y')).status).toBe(400);
});
