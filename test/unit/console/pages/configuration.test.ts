import { copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { loadConfig } from '../../../../shared/runtime/config.ts';
import { protectionOf } from '../../../../shared/runtime/protected-settings.ts';
import { settingStandings } from '../../../../shared/runtime/setting-standing.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { PagesScene, rowsOf, wordsOf } from './pages-scene.ts';

const shipped = fileURLToPath(new URL('../../../../config/enrol.yaml', import.meta.url));
const provider = {
  format: 'apple',
  account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
  inbox: { encryption: 'none' },
};

let scene: PagesScene;
let file: string;
beforeEach(async () => {
  scene = await PagesScene.open({
    scheduler: { timeZone: 'Europe/Berlin' },
    providers: { 'apple-de': provider },
  });
  ({ file } = scene.rt.loaded);
  await copyFile(shipped, file);
});
afterEach(() => scene.close());

const text = () => readFile(file, 'utf8');
const page = (setting: string) => `/configuration/${setting}`;
/** As the form of the page holds it. */
const seenOn = (html: string): string => /name="seen" value="([0-9a-f]{64})"/.exec(html)?.[1] ?? '';

test('every setting is listed with value, default, meaning and line', async () => {
  const html = await scene.page('/configuration');
  const rows = rowsOf(html);
  const standings = settingStandings(scene.rt.loaded.config, undefined);
  expect(rows).toHaveLength(standings.length);
  expect(rows.map((row) => row[4])).toEqual(standings.map(({ description }) => description));
  const line = (await text()).split('\n').indexOf('  maxAttempts: 20') + 1;
  expect(rows.find(([name]) => name === 'maxAttempts')).toEqual([
    'maxAttempts',
    '20',
    '20',
    '',
    'after so many attempts the file is held',
    'a whole number from 1 to 1000',
    String(line),
  ]);
  expect(rows.find(([name]) => name === 'timeZone')?.slice(0, 4)).toEqual([
    'timeZone',
    'Europe/Berlin',
    'UTC',
    'changed',
  ]);
  expect(wordsOf(html)).toContain('providers.apple-de');
  expect(wordsOf(html)).toContain('# default: "UTC" timeZone: Europe/Berlin');
});

test('the list is searched by name and meaning, and for what differs', async () => {
  const names = async (query: string) =>
    rowsOf(await scene.page(`/configuration?${query}`)).map(([name]) => name);
  expect(await names('q=MAXATTEMPTS')).toEqual(['maxAttempts']);
  expect(await names('q=weekday')).toEqual(
    expect.arrayContaining(['jobs.deviceEnrolmentRequest.schedule'.slice(5)]),
  );
  expect(await names('changed=yes')).toEqual(expect.arrayContaining(['timeZone', 'inbox.encryption']));
  expect(await names('changed=yes&q=time+zone+of')).toEqual(['timeZone']);
  expect(await scene.read('/configuration?q=unheard-of')).toContain('No setting fits.');
});

test('no value of a secret is on any of the pages, only the names of files', async () => {
  await writeFile(`${scene.rt.loaded.home}/secret`, 'a canary of a secret\n');
  expect(await scene.page('/configuration')).not.toContain('a canary');
  expect(await scene.read(page('keys.passphraseFile'))).toContain('var/secrets/pgp-passphrase');
});

test('an administrator changes a setting, sees its history, and takes it out again', async () => {
  const path = page('retry.maxAttempts');
  for (const role of ['viewer', 'operator'] as const) {
    expect(await scene.page(path, role)).not.toContain('<form');
    expect((await scene.refusal(`${path}/set`, { value: '30', reason: 'x', seen: 'x' }, role))[0]).toBe(403);
  }
  const before = await text();
  const seen = seenOn(await scene.page(path, 'administrator'));
  const fields = { value: '30', seen, reason: '<b>slow share' };
  expect(await scene.act(`${path}/set`, fields, 'administrator')).toContain(
    'retry.maxAttempts is written into the file.',
  );
  expect(await text()).toBe(before.replace('maxAttempts: 20', 'maxAttempts: 30'));
  const after = await scene.page(path, 'administrator');
  expect(wordsOf(after)).toContain('In the file 30 , line');
  expect(wordsOf(after)).toContain('Value in force 20');
  expect(rowsOf(after)).toEqual([
    ['2026-05-06 12:00:00', 'some-administrator', 'value : 20 → 30', '<b>slow share'],
  ]);
  expect(after).not.toContain('<b>slow');
  await scene.act(`${path}/reset`, { seen: seenOn(after), reason: 'quick again' }, 'administrator');
  expect(await text()).not.toContain('maxAttempts');
  expect(await scene.audited()).toMatchObject([
    { action: 'setting.set', subject: 'setting retry.maxAttempts' },
    { action: 'setting.reset', subject: 'setting retry.maxAttempts', reason: 'quick again' },
  ]);
});

test('nothing is a value too, where the setting may be empty', async () => {
  const path = page('jobs.deviceEnrolmentRequest.schedule');
  const seen = seenOn(await scene.page(path, 'administrator'));
  await scene.act(`${path}/set`, { value: '', seen, reason: 'by hand for now' }, 'administrator');
  expect(await text()).toContain("    schedule: ''\n");
});

test('a form from before somebody else’s change is refused, and so is one without the digest', async () => {
  const path = page('retry.maxAttempts');
  const seen = seenOn(await scene.page(path, 'administrator'));
  await writeFile(file, `${await text()}# by hand\n`);
  const before = await text();
  const [status, words] = await scene.refusal(
    `${path}/set`,
    { value: '30', seen, reason: 'x' },
    'administrator',
  );
  expect(status).toBe(409);
  expect(words).toContain('was changed by somebody else since it was shown');
  expect((await scene.refusal(`${path}/set`, { value: '30', reason: 'x' }, 'administrator'))[0]).toBe(400);
  expect((await scene.refusal(`${path}/set`, { value: '30', seen }, 'administrator'))[0]).toBe(400);
  expect(await text()).toBe(before);
  expect(await scene.audited()).toEqual([]);
});

test('what the check refuses is said, and nothing is changed', async () => {
  const path = page('retry.firstSeconds');
  const before = await text();
  const seen = seenOn(await scene.page(path, 'administrator'));
  const [status, words] = await scene.refusal(
    `${path}/set`,
    { value: '1000', seen, reason: 'x' },
    'administrator',
  );
  expect(status).toBe(400);
  expect(words).toContain('retry.firstSeconds must not be more than retry.maxSeconds');
  expect(await text()).toBe(before);
});

test('every protected setting: no form, 403, and the file is as it was', async () => {
  await writeFile(
    file,
    (await text()).replace('providers: {}', `providers: { apple-de: ${JSON.stringify(provider)} }`),
  );
  const before = await text();
  const seen = seenOn(await scene.page(page('retry.maxAttempts'), 'administrator'));
  const guarded = settingStandings(scene.rt.loaded.config, undefined).filter(({ path }) =>
    protectionOf(path),
  );
  expect(guarded.length).toBeGreaterThan(40);
  for (const { name } of guarded) {
    const html = await scene.page(page(name), 'administrator');
    expect([name, html.includes('<form')]).toEqual([name, false]);
    expect(wordsOf(html)).toContain('on the machine only: it ');
    for (const verb of ['set', 'reset']) {
      const fields = { value: 'evil', seen, reason: 'x' };
      const [status, words] = await scene.refusal(`${page(name)}/${verb}`, fields, 'administrator');
      expect([name, status]).toEqual([name, 403]);
      expect(words).toContain('SETTING_PROTECTED');
    }
  }
  expect(await text()).toBe(before);
  expect(await scene.audited()).toEqual([]);
});

test('which processes still run with another configuration is said, also on the page Daemons', async () => {
  const { db, loaded, clock } = scene.rt;
  const onDisk = await loadConfig({ home: loaded.home, file, env: {} });
  await registerWorker(db, 'loader', clock.now(), onDisk.digest);
  await registerWorker(db, 'adaptor', clock.now(), onDisk.digest);
  for (const path of ['/configuration', '/daemons'])
    expect(await scene.read(path)).not.toContain('Reload needed');
  const setting = page('retry.maxAttempts');
  const seen = seenOn(await scene.page(setting, 'administrator'));
  const said = await scene.act(`${setting}/set`, { value: '30', seen, reason: 'x' }, 'administrator');
  const needed = 'Reload needed: loader, adaptor. The file was changed after they have read it.';
  expect(said).toContain(needed);
  const changed = await loadConfig({ home: loaded.home, file, env: {} });
  await registerWorker(db, 'extractor', clock.now(), changed.digest);
  for (const path of ['/configuration', '/daemons', setting])
    expect(await scene.read(path)).toContain(needed);
});

test('a file with problems is shown with each of them, and one that is away too', async () => {
  await writeFile(file, 'retry:\n  maxAttempts: 0\n  first: 1\n');
  for (const path of ['/configuration', '/daemons', page('log.level')]) {
    const words = await scene.read(path);
    expect(words).toContain('The configuration file has 2 problems');
    expect(words).toMatch(/line 2: retry\.maxAttempts : /);
  }
  await rm(file);
  expect(await scene.read('/configuration')).toContain('there is no such file');
  expect(await scene.page(page('log.level'), 'administrator')).not.toContain('<form');
});

test('a setting that there is not is not found, and cannot be set', async () => {
  const fields = { value: '1', seen: 'x'.repeat(64), reason: 'x' };
  expect((await (await scene.as('viewer')).get(page('retry.none'))).status).toBe(404);
  expect(
    (
      await scene.refusal(
        `${page('retry')}/set`,
        { ...fields, seen: seenOn(await scene.page(page('log.level'), 'administrator')) },
        'administrator',
      )
    )[0],
  ).toBe(404);
});
