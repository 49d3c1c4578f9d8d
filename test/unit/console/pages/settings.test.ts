import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { generateOwnKey } from '../../../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../../../shared/pgp/import-keys.ts';
import { keyStanding } from '../../../../shared/operator/key-rules.ts';
import { exportPublicKey, listKeys, type KeyInfo } from '../../../../shared/pgp/list-keys.ts';
import {
  moduleProperties,
  modules,
  propertyNames,
  propertyType,
  readProperties,
} from '../../../../shared/store/module-properties.ts';
import { raiseEvent } from '../../../../shared/store/workflow-events.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open({ scheduler: { timeZone: 'Europe/Berlin' } });
});
afterEach(() => scene.close());

const property = 'device.enrolment.response.event.success';
const propertyPath = `/properties/${property}`;
const path = `${propertyPath}/set`;

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

describe('module properties', () => {
  test('are listed by module, with type, default and when a change takes effect', async () => {
    const html = await scene.page('/properties');
    const rows = rowsOf(html);
    expect(rows.map(([name]) => name)).toEqual(propertyNames);
    for (const [name = '', value, byDefault, state, type, meaning] of rows) {
      const known = moduleProperties[name as keyof typeof moduleProperties];
      expect([value, byDefault, state, meaning]).toEqual([
        known.fallback,
        known.fallback,
        '',
        known.description,
      ]);
      expect(type).toBe(propertyType(known.type));
      expect(name.startsWith(`${known.module}.`)).toBe(true);
    }
    for (const { title, takesEffect } of Object.values(modules)) {
      expect(wordsOf(html)).toContain(title);
      expect(wordsOf(html)).toContain(`A change takes effect ${takesEffect}.`);
    }
  });

  test('an administrator sets one; nobody else does', async () => {
    for (const role of ['viewer', 'operator'] as const) {
      expect((await scene.refusal(path, { value: 'true', reason: 'x' }, role))[0]).toBe(403);
      expect(await scene.page(propertyPath, role)).not.toContain('<form');
    }
    expect((await scene.refusal(path, { value: 'true' }, 'administrator'))[0]).toBe(400);
    expect((await scene.refusal(path, { value: 'perhaps', reason: 'x' }, 'administrator'))[0]).toBe(400);
    for (const verb of ['set', 'reset']) {
      const none = await scene.refusal(
        `/properties/none/${verb}`,
        { value: 'true', reason: 'x' },
        'administrator',
      );
      expect(none[0]).toBe(404);
    }
    expect((await readProperties(scene.rt.db))[property]).toBe('false');
    const said = await scene.act(path, { value: 'true', reason: 'customer care asked' }, 'administrator');
    expect(said).toContain(`${property} is true now. It takes effect at once`);
    expect((await readProperties(scene.rt.db))[property]).toBe('true');
    const row = rowsOf(await scene.page('/properties')).find(([name]) => name === property);
    expect(row?.slice(1, 4)).toEqual(['true', 'false', 'changed']);
    expect(row?.slice(6, 8)).toEqual(['some-administrator', '2026-05-06 12:00:00']);
    expect(await scene.audited()).toEqual([
      {
        who: 'some-administrator',
        action: 'property.set',
        subject: `property ${property}`,
        reason: 'customer care asked',
      },
    ]);
  });

  test('one has a page with a control of its type, its history, and the way back to its default', async () => {
    const word = '/properties/device.enrolment.response.event.type';
    expect(await scene.page(propertyPath, 'administrator')).toContain('<select name="value">');
    expect(await scene.page(word, 'administrator')).toContain('pattern="^[A-Z0-9]{3,4}$"');
    expect(await scene.read(word)).toContain('Nobody has changed it.');
    expect(await scene.page(word, 'administrator')).not.toContain(`${word}/reset`);
    await scene.act(`${word}/set`, { value: 'ABC', reason: 'first' }, 'administrator');
    await scene.act(`${word}/set`, { value: 'XYZ', reason: '<i>second' }, 'administrator');
    const said = await scene.act(`${word}/reset`, { reason: 'back' }, 'administrator');
    expect(said).toContain('has its default again: DEP.');
    const html = await scene.page(word, 'administrator');
    expect(rowsOf(html).map((row) => row.slice(1))).toEqual([
      ['some-administrator', 'value : XYZ → DEP', 'back'],
      ['some-administrator', 'value : ABC → XYZ', '<i>second'],
      ['some-administrator', 'value : DEP → ABC', 'first'],
    ]);
    expect(html).not.toContain('<i>second');
    const again = await scene.refusal(`${word}/reset`, { reason: 'x' }, 'administrator');
    expect(again).toEqual([409, expect.stringContaining('it has its default DEP')]);
  });
});

const keyRows = (page: string): string[][] => rowsOf(page).filter((row) => row.length > 2);

/** Keys are made by the time of the machine; a minute later they can be used. */
const nowInEarnest = () => scene.rt.pass((Date.now() - scene.rt.clock.now().getTime()) / 1000 + 60);

test('keys are shown with whose they are, use and expiry, and nothing that is secret', async () => {
  nowInEarnest();
  expect(await scene.read('/keys')).toContain('There is no key of our own');
  const folder = join(scene.rt.loaded.home, 'var', 'keys');
  const partner = join(scene.rt.loaded.home, 'partner');
  await generateOwnKey({ folder, passphrase: 'a passphrase', name: 'Test CMP' });
  await generateOwnKey({ folder: partner, passphrase: 'theirs', name: '<script>alert(1)</script>' });
  const armoredOrBinary = await exportPublicKey(partner, 'own');
  await importPartnerKey({ folder, party: 'warehouse', armoredOrBinary });
  const listed = await listKeys(folder);
  const page = await scene.page('/keys');
  expect(keyRows(page).map((row) => [row[0], row[1], row[7]])).toEqual(
    listed.map((key) => [
      key.party === 'own' ? 'own (ours)' : key.party,
      key.fingerprint,
      key.userIds.join(),
    ]),
  );
  expect(page).not.toContain('<script>alert');
  expect(wordsOf(page)).not.toMatch(/PRIVATE KEY|passphrase/);
  expect(keyRows(page).map((row) => row[3])).toEqual(['signs, opens', 'signs, is sealed for']);
  expect(rowsOf(page).slice(listed.length)).toEqual([
    [
      'own',
      expect.stringMatching(
        /^signs for inboundDeviceEnrolment, .*opens what comes into outboundDeviceEnrolment$/,
      ),
    ],
    ['warehouse', 'signs for inboundSalesOrderDispatch'],
  ]);
});

test('an older key of ours is retired; a party without a key is told of', async () => {
  const folder = join(scene.rt.loaded.home, 'var', 'keys');
  nowInEarnest();
  const older = await generateOwnKey({ folder, passphrase: 'a passphrase', name: 'Older' });
  await waitFor('the next second: keys are dated by it', () => Date.now() % 1000 > 900 || undefined);
  await waitFor('the next second: keys are dated by it', () => Date.now() % 1000 < 500 || undefined);
  const newer = await generateOwnKey({ folder, passphrase: 'a passphrase', name: 'Newer' });
  const page = await scene.page('/keys');
  expect(wordsOf(page)).toContain('The configuration names warehouse, and there is no key');
  expect(keyRows(page).map((row) => [row[1], row[3]])).toEqual([
    [newer, 'signs, opens'],
    [older, 'opens older files'],
  ]);
});

const key: KeyInfo = {
  party: 'own',
  place: 'in use',
  fingerprint: 'f',
  userIds: [],
  algorithm: 'ed25519Legacy',
  created: new Date('2026-01-01T00:00:00Z'),
  expires: null,
  revoked: false,
  canSign: true,
  canEncrypt: true,
};

test.each([
  ['the only one', key, [key], 'in use'],
  ['a newer one can do all', key, [key, { ...key, created: new Date('2026-02-01T00:00:00Z') }], 'retired'],
  [
    'a newer one can sign only',
    key,
    [key, { ...key, created: new Date('2026-02-01T00:00:00Z'), canEncrypt: false }],
    'in use',
  ],
  [
    'a partner’s older one',
    { ...key, party: 'warehouse' },
    [{ ...key, created: new Date('2026-02-01T00:00:00Z') }],
    'in use',
  ],
  [
    'a partner’s that has expired',
    { ...key, party: 'warehouse', canSign: false, canEncrypt: false },
    [],
    'of no use',
  ],
])('standing of a key: %s', (_, one, ring, standing) => {
  expect(keyStanding(one, ring, new Date('2026-03-01T00:00:00Z'))).toBe(standing);
});
