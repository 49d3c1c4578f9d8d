import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { beginExchange, endExchange } from '../../../../shared/store/provider-exchanges.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { addBatch, addDeadWorker, addProviderRequest } from '../../../support/store-examples.ts';
import { PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
const open = async (config?: object) => {
  scene = await PagesScene.open(config);
};
afterEach(() => scene.close());

const providers = {
  apple: { format: 'apple', account: { shipTo: '0000054321', depResellerId: '0F0F0F0F' } },
};

test('each daemon is listed as CMP names it, with its state and counts', async () => {
  await open();
  await registerWorker(scene.rt.db, 'loader', scene.rt.clock.now());
  await addDeadWorker(scene.rt.db, { daemon: 'adaptor' });
  await scene.refused('bad.json.pgp', new Fault('JSON_MALFORMED', 'x'));
  const rows = rowsOf(await scene.page('/daemons'));
  expect(rows.map((row) => [row[0], row[1], row[3], row[6]])).toEqual([
    ['loader', 'Load', 'From Generic Format', 'running'],
    ['extractor', 'Extract', 'To Generic Format', 'never ran'],
    ['adaptor', 'Transformation', 'Device Enrolment Adaptor', 'not running'],
    ['scheduler', 'Batch', 'Jobs', 'never ran'],
    ['console', 'Console', 'Administration Console', 'never ran'],
  ]);
  expect(rows[0]?.slice(8)).toEqual([String(process.pid), '2026-05-06 12:00:00', '0', '0', '1', '']);
  expect(rows[2]?.slice(8, 10)).toEqual(['4194305', '2026-05-06 07:08:09']);
});

test('a daemon shows its inboxes, settings and last failures', async () => {
  await open({ providers });
  await scene.refused('bad.json.pgp', new Fault('JSON_MALFORMED', 'no JSON at byte 7'));
  const { db, worker, clock } = scene.rt;
  const requestId = await addProviderRequest(db, 't-1');
  const call = { requestId, providerId: 'apple', question: 'query', message: {} } as const;
  const exchange = await beginExchange(db, call, worker, clock.now());
  await endExchange(db, exchange.id, { code: 'PROVIDER_BUSY', detail: 'no answer' }, clock.now());
  await addBatch(db, { direction: 'outbound', standing: { stage: 'Extract/Load', status: 'Error' } });

  const loader = await scene.page('/daemons/loader');
  expect(rowsOf(loader).map(([inbox]) => inbox)).toEqual([
    'None.',
    'inboundDeviceEnrolment',
    'inboundSalesOrderDispatch',
    '1',
  ]);
  expect(wordsOf(loader)).toContain('no JSON at byte 7');
  expect(wordsOf(loader)).toContain('signedBy: - warehouse');
  const adaptor = await scene.read('/daemons/adaptor');
  expect(adaptor).toContain('provider/apple/inbound');
  expect(adaptor).toContain('t-1 apple query');
  expect(adaptor).toContain('Publishes into inboundDeviceEnrolment/in, provider/apple/outbound');
  const extractor = await scene.read('/daemons/extractor');
  expect(extractor).toContain('Outbound batches in error');
  expect(await scene.read('/daemons/scheduler')).toContain('None: nothing failed.');
  expect((await (await scene.as('viewer')).get('/daemons/nothing')).status).toBe(404);
});

test('the last lines of the log are shown where there is a file of it, and no more than is read at once', async () => {
  await open();
  expect(await scene.read('/daemons/loader')).toContain('The log goes to stdout only');
  await scene.close();
  await open({ log: { folder: 'log' } });
  expect(await scene.read('/daemons/loader')).toContain('yet.');
  const folder = join(scene.rt.loaded.home, 'log');
  await mkdir(folder);
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} <script>alert(1)</script>\n`);
  await writeFile(join(folder, 'loader.log'), lines.join(''));
  const page = await scene.page('/daemons/loader');
  const shown = /<pre tabindex="0">([^]*?)<\/pre>/.exec(page)?.[1] ?? '';
  const first = /^line (\d+) &lt;script&gt;/.exec(shown)?.[1];
  expect(Number(first)).toBeGreaterThan(1000);
  expect(shown).toContain('line 2999 &lt;script&gt;alert(1)&lt;/script&gt;');
  expect(shown).not.toContain('<script');
  expect(shown.replace(/&lt;/g, '<').replace(/&gt;/g, '>').length).toBeLessThanOrEqual(64 * 1024);
});
