import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { requireTransaction } from '../../../../shared/store/provider-requests.ts';
import { listPauses } from '../../../../shared/store/intake-pauses.ts';
import { moveRequest } from '../../../../shared/store/provider-requests.ts';
import { addProviderRequest } from '../../../support/store-examples.ts';
import { PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const paused = async () => (await listPauses(scene.rt.db)).map(({ intake }) => intake);
const both = { 'intake.inboundDeviceEnrolment': '1', 'intake.inboundSalesOrderDispatch': '1' };

test('all intake of a daemon is paused and resumed with one form, or a part of it', async () => {
  const page = await scene.act('/daemons/loader/pause', { ...both, reason: 'the disk is changed' });
  expect(page).toContain('Nothing new is taken in by inboundDeviceEnrolment, inboundSalesOrderDispatch.');
  expect(page).toContain('paused 2026-05-06 12:00:00 some-operator the disk is changed');
  expect(await paused()).toEqual(['inboundDeviceEnrolment', 'inboundSalesOrderDispatch']);
  expect(await scene.page('/daemons/loader', 'operator')).not.toContain('/daemons/loader/pause"');
  const one = { 'intake.inboundDeviceEnrolment': '1', reason: 'it is changed' };
  await scene.act('/daemons/loader/resume', one);
  expect(await paused()).toEqual(['inboundSalesOrderDispatch']);
});

test('a pause is seen on the first page, in the list of daemons and on the daemon’s page', async () => {
  await scene.act('/daemons/extractor/pause', { 'intake.extractor': '1', reason: 'wait for Monday' });
  await scene.act('/daemons/loader/pause', { 'intake.inboundDeviceEnrolment': '1', reason: 'x' });
  expect(await scene.read('/')).toMatch(/extractor is paused.*wait for Monday/);
  const rows = rowsOf(await scene.page('/daemons')).map((row) => [row[0], row.at(-1)]);
  expect(rows).toEqual([
    ['loader', '1 of 2 paused'],
    ['extractor', 'paused'],
    ['adaptor', 'open'],
    ['scheduler', ''],
    ['console', ''],
  ]);
  expect(await scene.read('/daemons/extractor')).toContain('wait for Monday');
});

test('only what the daemon takes in can be paused there, and only by an operator', async () => {
  const reason = 'x';
  const viewer = await scene.page('/daemons/loader');
  expect(viewer).not.toContain('<form');
  expect((await scene.refusal('/daemons/loader/pause', { ...both, reason }, 'viewer'))[0]).toBe(403);
  const [status, text] = await scene.refusal(
    '/daemons/loader/pause',
    { 'intake.extractor': '1', reason },
    'operator',
  );
  expect([status, text]).toEqual([404, expect.stringContaining('not taken in by this daemon: extractor')]);
  expect((await scene.refusal('/daemons/loader/pause', { reason }, 'operator'))[0]).toBe(400);
  expect((await scene.refusal('/daemons/nothing/pause', { reason }, 'operator'))[0]).toBe(404);
  expect((await scene.refusal('/daemons/loader/resume', { ...both, reason }, 'operator'))[0]).toBe(409);
  expect(await scene.read('/daemons/scheduler', 'operator')).not.toContain('Intake');
  expect(await paused()).toEqual([]);
});

test('a look into a file is for operators, is kept, and what is in the file does nothing', async () => {
  const { id } = await scene.refused('x.pgp', new Fault('JSON_MALFORMED', 'x'));
  const path = `/files/${id}/preview`;
  expect((await scene.refusal(path, {}, 'viewer'))[0]).toBe(403);
  expect(await scene.page(`/files/${id}`)).not.toContain('preview');
  const { status, text } = await (await scene.as('operator')).post(path, {});
  expect(status).toBe(200);
  // The inbox demands sealed files: of this one, which is not sealed, nothing is shown.
  expect(text).not.toContain('content of x.pgp');
  expect(wordsOf(text)).toContain('NOT_ENCRYPTED');
  expect(wordsOf(text)).toContain('"code": "JSON_MALFORMED"');
  expect((await scene.audited()).map(({ action, who }) => [action, who])).toEqual([
    ['file.preview', 'some-operator'],
  ]);
  expect((await scene.refusal('/files/99/preview', {}, 'operator'))[0]).toBe(404);
});

test('what an operator saw at the provider is wished, and waits for the adaptor', async () => {
  const id = await addProviderRequest(scene.rt.db, 't-1');
  expect(await scene.page('/requests/t-1', 'operator')).not.toContain('/settle');
  expect((await scene.refusal('/requests/t-1/settle', { outcome: 'done', reason: 'x' }, 'operator'))[0]).toBe(
    409,
  );
  await moveRequest(scene.rt.db, await requireTransaction(scene.rt.db, 't-1'), 'sent', {});
  expect((await scene.refusal('/requests/t-1/settle', { reason: 'x' }, 'operator'))[0]).toBe(400);
  expect((await scene.refusal('/requests/t-1/settle', { outcome: 'done', reason: 'x' }, 'viewer'))[0]).toBe(
    403,
  );
  const page = await scene.act('/requests/t-1/settle', {
    outcome: 'not done',
    reason: 'not in their portal',
  });
  expect(page).toContain('The adaptor settles request t-1 as not done at its next look.');
  expect(page).toContain('as not done, by some-operator at 2026-05-06 12:00:00 UTC: not in their portal');
  expect((await requireTransaction(scene.rt.db, 't-1')).state).toBe('sent');
  expect(await scene.rt.db.selectFrom('settlement_wish').select(['request_id', 'done']).execute()).toEqual([
    { request_id: id, done: 0 },
  ]);
});
