import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { generateOwnKey } from '../../../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../../../shared/pgp/import-keys.ts';
import { exportPublicKey, listKeys } from '../../../../shared/pgp/list-keys.ts';
import { readProperties } from '../../../../shared/store/module-properties.ts';
import { raiseEvent } from '../../../../shared/store/workflow-events.ts';
import { PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open({ scheduler: { timeZone: 'Europe/Berlin' } });
});
afterEach(() => scene.close());

const property = 'device.enrolment.response.event.success';
const path = `/properties/${property}/set`;

test('workflow events are listed, and by order', async () => {
  expect(await scene.read('/events')).toContain('No workflow event was raised.');
  for (const order of ['12', '13']) {
    const event = {
      eventType: 'DEP',
      eventCode: 'DEER',
      referenceNumber: order,
      notes: `of ${order}\nA: refused`,
    };
    await raiseEvent(scene.rt.db, { ...event, batchId: null }, scene.rt.clock.now());
  }
  const rows = rowsOf(await scene.page('/events'));
  expect(rows).toEqual([
    ['2026-05-06 12:00:00', 'DEP', 'DEER', '13', 'of 13 A: refused', ''],
    ['2026-05-06 12:00:00', 'DEP', 'DEER', '12', 'of 12 A: refused', ''],
  ]);
  expect(rowsOf(await scene.page('/events?order=12'))).toEqual([rows[1]]);
  expect(await scene.read('/events?order=99')).toContain('No workflow event was raised for order 99 .');
});

test('an administrator sets a module property; nobody else does', async () => {
  for (const role of ['viewer', 'operator'] as const) {
    expect((await scene.refusal(path, { value: 'true', reason: 'x' }, role))[0]).toBe(403);
    expect(await scene.page('/properties', role)).not.toContain('<form');
  }
  expect((await scene.refusal(path, { value: 'true' }, 'administrator'))[0]).toBe(400);
  expect((await scene.refusal(path, { value: 'perhaps', reason: 'x' }, 'administrator'))[0]).toBe(400);
  expect(
    (await scene.refusal('/properties/none/set', { value: 'true', reason: 'x' }, 'administrator'))[0],
  ).toBe(404);
  expect((await readProperties(scene.rt.db))[property]).toBe('false');
  await scene.act(path, { value: 'true', reason: 'customer care asked' }, 'administrator');
  expect((await readProperties(scene.rt.db))[property]).toBe('true');
  const row = rowsOf(await scene.page('/properties')).find(([name]) => name === property);
  expect(row?.slice(1, 3)).toEqual(['true', 'false']);
  expect(row?.slice(4, 6)).toEqual(['some-administrator', '2026-05-06 12:00:00']);
  expect(await scene.audited()).toEqual([
    {
      who: 'some-administrator',
      action: 'property.set',
      subject: `property ${property}`,
      reason: 'customer care asked',
    },
  ]);
});

test('the configuration in force is shown with what differs from the defaults', async () => {
  const text = await scene.read('/configuration');
  expect(text).toContain('# default: "UTC" timeZone: Europe/Berlin');
  expect(text).toContain(join(scene.rt.loaded.home, 'enrol.yaml'));
});

test('keys are shown with whose they are, use and expiry, and nothing that is secret', async () => {
  expect(await scene.read('/keys')).toContain('There is no key of our own');
  const folder = join(scene.rt.loaded.home, 'var', 'keys');
  const partner = join(scene.rt.loaded.home, 'partner');
  await generateOwnKey({ folder, passphrase: 'a passphrase', name: 'Test CMP' });
  await generateOwnKey({ folder: partner, passphrase: 'theirs', name: '<script>alert(1)</script>' });
  const armoredOrBinary = await exportPublicKey(partner, 'own');
  await importPartnerKey({ folder, party: 'warehouse', armoredOrBinary });
  const listed = await listKeys(folder);
  const page = await scene.page('/keys');
  expect(rowsOf(page).map((row) => [row[0], row[1], row[6]])).toEqual(
    listed.map((key) => [
      key.party === 'own' ? 'own (ours)' : key.party,
      key.fingerprint,
      key.userIds.join(),
    ]),
  );
  expect(page).not.toContain('<script>alert');
  expect(wordsOf(page)).not.toMatch(/PRIVATE KEY|passphrase/);
});
