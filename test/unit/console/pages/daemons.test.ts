import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import type { Level } from '../../../../shared/runtime/events.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import { eventLine } from '../../../../shared/runtime/log.ts';
import { beginExchange, endExchange } from '../../../../shared/store/provider-exchanges.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { addBatch, addDeadWorker, addProviderRequest } from '../../../support/store-examples.ts';
import { EventStream } from '../../../support/event-stream.ts';
import { linkOf, PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
const open = async (config?: object) => {
  scene = await PagesScene.open(config);
};
afterEach(() => scene.close());

/** More lines in the log of the loader. */
async function log(text: string): Promise<void> {
  const folder = join(scene.rt.loaded.home, 'log');
  await mkdir(folder, { recursive: true });
  await appendFile(join(folder, 'loader.log'), text);
}

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
  expect(rows[0]?.slice(8)).toEqual([String(process.pid), '2026-05-06 12:00:00', '0', '0', '1', '', 'open']);
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

test('the last lines of the log are shown where there is a file of it, and no more than a page takes', async () => {
  await open();
  expect(await scene.read('/daemons/loader')).toContain('The log goes to stdout only');
  await scene.close();
  await open({ log: { folder: 'log' } });
  expect(await scene.read('/daemons/loader')).toContain('yet.');
  const lines = Array.from({ length: 3000 }, (_, index) => `line ${index} <script>alert(1)</script>\n`);
  await log(lines.join(''));
  const page = await scene.page('/daemons/loader');
  const shown = [...page.matchAll(/<p class="stray">([^<]*)<\/p>/g)].map(([, line]) => line);
  expect(shown).toHaveLength(200);
  expect(shown.at(-1)).toBe('line 2999 &lt;script&gt;alert(1)&lt;/script&gt;');
  expect(page).not.toContain('<script');
});

test('lines are shown in a few words and whole; warnings and errors alone, when they are asked for', async () => {
  await open({ log: { folder: 'log' } });
  const line = (level: Level, event: string, fields: object) =>
    `${eventLine(scene.rt.clock.now(), level, 'loader', event, fields)}\n`;
  await log(
    line('info', 'file.done', { file: '<b>x</b>' }) + line('warn', 'file.rejected', { code: 'SCHEMA' }),
  );
  const page = await scene.page('/daemons/loader');
  expect(wordsOf(page)).toContain('2026-05-06 12:00:00 info file.done file <b>x</b>');
  expect(wordsOf(page)).toContain('"event":"file.done","file":"<b>x</b>"}');
  expect(linkOf(page, 'Warnings and errors')).toBe('/daemons/loader?lines=trouble#log');
  const troubled = await scene.read('/daemons/loader?lines=trouble');
  expect(troubled).toContain('file.rejected code SCHEMA');
  expect(troubled).not.toContain('file.done');
});

test('the lines that come follow those of the page', async () => {
  await open({ log: { folder: 'log' } });
  await log('one\n');
  const browser = await scene.as('viewer');
  const addressOf = (page: string) => wordsOf(/sse-connect="([^"]+)"/.exec(page)?.[1] ?? '');
  const all = await EventStream.open(browser, addressOf(await scene.page('/daemons/loader')));
  const trouble = await EventStream.open(
    browser,
    addressOf(await scene.page('/daemons/loader?lines=trouble')),
  );
  const info = eventLine(scene.rt.clock.now(), 'info', 'loader', 'file.done', { file: '<i>' });
  await log(`${info}\n`);
  const first = await all.next();
  expect(wordsOf(first.data)).toMatch(/^2026-05-06 12:00:00 info file.done file <i> \{/);
  expect(first.data).not.toContain('<i> ');
  await log('a crash\n');
  expect(wordsOf((await trouble.next()).data)).toBe('a crash');
  all.close();
  // Who comes back goes on where he was.
  const again = await EventStream.open(browser, '/daemons/loader/log-lines', {
    headers: { 'last-event-id': first.id },
  });
  expect(wordsOf((await again.next()).data)).toBe('a crash');
  again.close();
  trouble.close();
  expect((await EventStream.open(browser, '/daemons/nothing/log-lines')).status).toBe(404);
  expect((await EventStream.open(browser, '/daemons/..%2fx/log-lines')).status).toBe(404);
});
