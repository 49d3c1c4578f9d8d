import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { findDelivery } from '../../../../shared/store/deliveries.ts';
import { addSeen, addWorker } from '../../../support/store-examples.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const broken = () => new Fault('JSON_MALFORMED', 'no JSON at byte 7');
const stateOf = async (id: number) => (await findDelivery(scene.rt.db, id))?.state;
const inSpool = (...path: string[]) =>
  join(scene.rt.loaded.home, 'spool', 'inboundSalesOrderDispatch', ...path);

test('no file needs anybody', async () => {
  expect(await scene.read('/files')).toContain('No file needs anybody');
  expect(await scene.read('/files?state=done')).toContain('There is no such file.');
});

test('a rejected file is listed with its reason and what to do, and its page says all of it', async () => {
  const { id } = await scene.refused('orders.json.pgp', broken());
  const list = await scene.page('/files');
  const [row] = rowsOf(list);
  expect(row?.slice(0, 3)).toEqual([String(id), 'orders.json.pgp inboundSalesOrderDispatch', 'rejected']);
  expect(row?.[3]).toMatch(/^2026-05-06 12:00:0\d$/);
  expect(row?.[4]).toMatch(/^JSON_MALFORMED no JSON at byte 7 Ask the sender/);
  expect(linkOf(list, String(id))).toBe(`/files/${id}`);
  const page = await scene.read(`/files/${id}`);
  expect(page).toContain('What happened');
  expect(page).toContain('no JSON at byte 7');
  expect(page).toContain(`What to do ${row?.[6] ?? ''}`);
});

test('the lists of states and inboxes hold what they say', async () => {
  const { id } = await scene.refused('bad.json.pgp', broken());
  await addSeen(scene.rt.db, await addWorker(scene.rt.db), 'other.json.pgp', 'inboundDeviceEnrolment');
  const names = async (query: string) =>
    rowsOf(await scene.page(`/files?${query}`)).map((row) => row[1]?.split(' ')[0]);
  expect(await names('state=rejected')).toEqual(['bad.json.pgp']);
  expect(await names('state=held')).toEqual([]);
  expect(await names('state=all')).toEqual(['other.json.pgp', 'bad.json.pgp']);
  expect(await names('state=all&folder=inboundDeviceEnrolment')).toEqual(['other.json.pgp']);
  const browser = await scene.as('viewer');
  expect((await browser.get('/files?state=lost')).status).toBe(400);
  expect((await browser.get('/files/999')).status).toBe(404);
  expect((await browser.get('/files/none')).status).toBe(400);
  expect(await stateOf(id)).toBe('rejected');
});

test('a rejected file is put aside, released, and tried again; each time somebody says why', async () => {
  const { id } = await scene.refused('orders.json.pgp', broken());
  expect(await scene.act(`/files/${id}/hold`, { reason: 'the partner looks at it' })).toContain(
    `File ${id} is held`,
  );
  expect(await stateOf(id)).toBe('held');
  await access(inSpool('hold', 'orders.json.pgp'));
  expect(await scene.act(`/files/${id}/release`, { reason: 'it is good after all' })).toContain(
    `File ${id} is tried again`,
  );
  expect(await stateOf(id)).toBe('deferred');
  expect(await readdir(inSpool('work'))).toHaveLength(1);
  const page = await scene.act(`/files/${id}/retry`, { reason: 'now' });
  expect(page).toContain('it is good after all');
  expect(await scene.audited()).toEqual([
    { who: 'some-operator', action: 'file.hold', subject: `file ${id}`, reason: 'the partner looks at it' },
    { who: 'some-operator', action: 'file.release', subject: `file ${id}`, reason: 'it is good after all' },
    { who: 'some-operator', action: 'file.retry', subject: `file ${id}`, reason: 'now' },
  ]);
});

test('a duplicate is loaded all the same, any other file is not', async () => {
  const duplicate = await scene.refused('again.json.pgp', new Fault('DUPLICATE', 'as file 1'));
  const other = await scene.refused('bad.json.pgp', broken());
  expect(await scene.page(`/files/${duplicate.id}`, 'operator')).toContain(`/files/${duplicate.id}/reload`);
  expect(await scene.page(`/files/${other.id}`, 'operator')).not.toContain('/reload');
  await scene.act(`/files/${duplicate.id}/reload`, { reason: 'a restored store' });
  expect(await findDelivery(scene.rt.db, duplicate.id)).toMatchObject({ state: 'deferred', reload: 1 });
  const [status, text] = await scene.refusal(`/files/${other.id}/reload`, { reason: 'x' }, 'operator');
  expect(status).toBe(409);
  expect(text).toContain('not as a duplicate');
  expect(await stateOf(other.id)).toBe('rejected');
});

test('without a reason, or by a viewer, nothing is done', async () => {
  const { id } = await scene.refused('orders.json.pgp', broken());
  expect((await scene.refusal(`/files/${id}/hold`, {}, 'operator'))[0]).toBe(400);
  expect((await scene.refusal(`/files/${id}/hold`, { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect(await scene.page(`/files/${id}`)).not.toContain('<form');
  expect((await scene.refusal('/files/999/hold', { reason: 'x' }, 'operator'))[0]).toBe(404);
  expect(await stateOf(id)).toBe('rejected');
  expect(await scene.audited()).toEqual([]);
});
