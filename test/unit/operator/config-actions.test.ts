import {
  chmod,
  copyFile,
  lstat,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { changeSetting, type SettingChange } from '../../../shared/operator/config-actions.ts';
import { checkConfig } from '../../../shared/runtime/config-check.ts';
import { readYaml } from '../../../shared/runtime/config-document.ts';
import { readConfigFile } from '../../../shared/runtime/config-file.ts';
import { onFailPoint } from '../../../shared/runtime/fail-point.ts';
import { protectionOf } from '../../../shared/runtime/protected-settings.ts';
import { allSettings, settingsOf } from '../../../shared/runtime/setting-schema.ts';
import { settingText } from '../../../shared/runtime/setting-value.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

const shipped = fileURLToPath(new URL('../../../config/enrol.yaml', import.meta.url));

let rt: TestRuntime;
let file: string;
beforeEach(async () => {
  rt = await testRuntime();
  ({ file } = rt.loaded);
  await copyFile(shipped, file);
  await chmod(file, 0o640);
});
afterEach(async () => {
  onFailPoint(() => undefined);
  await rt.close();
});

const text = () => readFile(file, 'utf8');
const change = (wanted: SettingChange) =>
  changeSetting(rt.loaded, rt.db, { who: 'alice', reason: 'a test', now: rt.clock.now() }, wanted);
const audited = () => rt.db.selectFrom('audit').selectAll().orderBy('id').execute();

/** Nothing is changed, no draft is left, and nobody is said to have done it. */
async function expectRefusal(wanted: SettingChange, code: string, detail: unknown): Promise<void> {
  const before = await text();
  await expect(change(wanted)).rejects.toMatchObject({ code, detail });
  expect(await text()).toBe(before);
  expect(await readdir(dirname(file))).not.toContain('.enrol.yaml.draft');
  expect(await audited()).toEqual([]);
}

test('a setting is set and taken out again, each with before and after in the audit', async () => {
  const before = await text();
  expect(await change({ path: 'retry.maxAttempts', text: '30' })).toEqual({
    path: 'retry.maxAttempts',
    before: 20,
    after: 30,
  });
  expect(await text()).toBe(before.replace('maxAttempts: 20', 'maxAttempts: 30'));
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect(await readdir(dirname(file))).not.toContain('.enrol.yaml.draft');
  await change({ path: 'retry.maxAttempts', text: undefined });
  expect(await text()).toBe(
    before.replace(/ *# after so many attempts the file is held\n *maxAttempts: 20\n/, ''),
  );
  await change({ path: 'retry.maxAttempts', text: '20' });
  expect(readYaml(await text()).value).toEqual(readYaml(before).value);
  expect(await text()).toContain('  # after so many attempts the file is held\n  maxAttempts: 20\n');
  expect(await audited()).toMatchObject([
    {
      who: 'alice',
      action: 'setting.set',
      subject: 'setting retry.maxAttempts',
      reason: 'a test',
      before_json: '{"value":20}',
      after_json: '{"value":30}',
    },
    { action: 'setting.reset', before_json: '{"value":30}', after_json: '{"value":null}' },
    { action: 'setting.set', before_json: '{"value":null}', after_json: '{"value":20}' },
  ]);
});

test.each([
  ['a setting that there is not', 'retry.unheardOf', '1', 'NOT_FOUND'],
  ['a group', 'retry', '1', 'NOT_FOUND'],
  ['a name of an object', '__proto__.polluted', 'x', 'NOT_FOUND'],
  ['no number', 'retry.maxAttempts', 'many', 'BAD_INPUT'],
  ['a number out of its bounds', 'retry.maxAttempts', '0', 'BAD_INPUT'],
  ['a number that others contradict', 'retry.firstSeconds', '3600', 'BAD_INPUT'],
  ['no choice', 'log.level', 'loud', 'BAD_INPUT'],
  ['no switch', 'jobs.salesOrderDispatch.enabled', 'yes', 'BAD_INPUT'],
  ['no cron pattern', 'jobs.salesOrderDispatch.schedule', 'now and then', 'BAD_INPUT'],
  ['a line break', 'scheduler.timeZone', 'UTC\nlog: {}', 'BAD_INPUT'],
  ['the value that it has', 'retry.maxAttempts', '20', 'NOT_ALLOWED'],
])('%s is refused', async (_, path, value, code) => {
  await expectRefusal({ path, text: value }, code, expect.stringContaining(path.split('.', 1)[0] ?? ''));
});

test('what has its default already cannot be taken out', async () => {
  await writeFile(file, '# nothing\n');
  await expectRefusal(
    { path: 'retry.maxAttempts', text: undefined },
    'NOT_ALLOWED',
    expect.stringContaining('default'),
  );
});

test('whatever the value: it is in force in the file, or the file is untouched', async () => {
  const open = allSettings(settingsOf({})).filter(
    ({ kind, path }) => kind !== 'structure' && !protectionOf(path),
  );
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '0',
      '1',
      '7',
      'true',
      'false',
      '',
      'info',
      'content',
      '* * * * *',
      'Europe/Berlin',
      '.*, *~',
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...open),
      fc.option(value, { nil: undefined }),
      async (setting, wanted) => {
        const before = await text();
        const path = setting.path.join('.');
        const done = await change({ path, text: wanted }).catch((error: unknown) => error);
        if (done instanceof Error) {
          expect(done).toMatchObject({ code: expect.stringMatching(/^(BAD_INPUT|NOT_ALLOWED)$/) });
          expect(await text()).toBe(before);
        } else {
          expect(checkConfig(readYaml(await text()).value)).toHaveProperty('config');
          expect(done).toMatchObject({ path });
        }
        await copyFile(shipped, file);
      },
    ),
    { numRuns: 60 },
  );
});

describe('a setting that leads elsewhere is not changed from a browser', () => {
  const provider = { format: 'apple', account: { shipTo: '0000071234', depResellerId: '16FCE4A0' } };
  const settings = allSettings(settingsOf({ providers: { apple: provider } }));
  const isDangerous = (name: string) =>
    /^(keys|store|console)\.|^spool\.folder$|(File|folder|\.url|tokenUrl|address|encryptTo|signedBy|encryption|signature)$/.test(
      name,
    );

  test('the list has all that leads to secrets, addresses and other machines, and leaves the rest', () => {
    const names = settings.map(({ path }) => path.join('.'));
    const unprotected = settings
      .filter(({ path }) => protectionOf(path) === undefined)
      .map(({ path }) => path.join('.'));
    expect(unprotected.filter(isDangerous)).toEqual([]);
    expect(unprotected).toEqual(
      expect.arrayContaining([
        'retry.maxAttempts',
        'jobs.deviceEnrolmentRequest.schedule',
        'inboxes.inboundSalesOrderDispatch.quietSeconds',
        'providers.apple.poll.everySeconds',
        'log.level',
      ]),
    );
    expect(names.length - unprotected.length).toBeGreaterThan(40);
  });

  test('a setting that comes later is protected by its name', () => {
    for (const path of [
      ['x', 'secretFile'],
      ['x', 'callbackUrl'],
      ['deep', 'x', 'folder'],
      ['console', 'new'],
    ]) {
      expect(protectionOf(path)).toEqual(expect.stringMatching(/^it /));
    }
    expect(protectionOf(['x', 'profile'])).toBeUndefined();
    expect(protectionOf(['x', 'transportSeconds'])).toBeUndefined();
  });

  test('each of them: SETTING_PROTECTED, and the file is as it was', async () => {
    const document = (await text()).replace(
      'providers: {}',
      `providers: { apple: ${JSON.stringify(provider)} }`,
    );
    await writeFile(file, document);
    const guarded = settings.filter(({ path }) => protectionOf(path) !== undefined);
    for (const { path, byDefault } of guarded) {
      for (const wanted of [settingText(byDefault), undefined, 'https://evil.example']) {
        await expect(change({ path: path.join('.'), text: wanted })).rejects.toMatchObject({
          code: 'SETTING_PROTECTED',
        });
      }
    }
    expect(await text()).toBe(document);
    expect(await audited()).toEqual([]);
  });

  test('at the machine it is', async () => {
    await change({ path: 'log.folder', text: 'var/log', onMachine: true });
    expect(await text()).toContain('  folder: var/log\n');
  });
});

describe('the file', () => {
  const wanted = { path: 'retry.maxAttempts', text: '30' };

  test('that was changed since it was shown is not overwritten', async () => {
    const { digest: seen } = await readConfigFile(file);
    await writeFile(file, `${await text()}# by hand\n`);
    await expectRefusal(
      { ...wanted, seen },
      'NOT_ALLOWED',
      expect.stringContaining('changed by somebody else'),
    );
    await change({ ...wanted, seen: (await readConfigFile(file)).digest });
  });

  test('that is changed while it is written is not overwritten', async () => {
    const edited = `${await text()}# by hand\n`;
    await writeFile(`${file}.edited`, edited);
    onFailPoint((point) => {
      if (point === 'config.drafted') renameSync(`${file}.edited`, file);
    });
    await expect(change(wanted)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await text()).toBe(edited);
    expect(await audited()).toEqual([]);
  });

  test('of several changes at once none is lost', async () => {
    const paths = ['retry.maxAttempts', 'retry.crashAttempts', 'store.walMegabytes', 'extractor.pollSeconds'];
    await Promise.all(paths.map((path) => change({ path, text: '7', onMachine: true })));
    for (const path of paths) expect(await text()).toContain(`  ${path.split('.')[1] ?? ''}: 7\n`);
    expect(await audited()).toHaveLength(4);
  });

  test('that is a link is not replaced by a file', async () => {
    await rename(file, `${file}.real`);
    await symlink(`${file}.real`, file);
    await expectRefusal(wanted, 'NOT_ALLOWED', expect.stringContaining('symbolic link'));
    expect((await lstat(file)).isSymbolicLink()).toBe(true);
  });

  test('that is read-only stays', async () => {
    await chmod(file, 0o440);
    await expectRefusal(wanted, 'NOT_ALLOWED', expect.stringContaining('read-only'));
  });

  test('that is no YAML, or no UTF-8, is left to people', async () => {
    await writeFile(file, 'retry: [\n');
    await expectRefusal(wanted, 'NOT_ALLOWED', expect.stringContaining('cannot be read as YAML'));
    await writeFile(file, Buffer.from([0x23, 0xff, 0x0a]));
    await expectRefusal(wanted, 'NOT_ALLOWED', expect.stringContaining('UTF-8'));
  });

  test('with a problem elsewhere is mended setting by setting, and not made worse', async () => {
    await writeFile(file, 'retry:\n  maxAttempts: 0\nlog:\n  level: info\n');
    await expectRefusal(
      { path: 'log.level', text: 'warn' },
      'BAD_INPUT',
      expect.stringContaining('retry.maxAttempts'),
    );
    await change(wanted);
    expect(await text()).toBe('retry:\n  maxAttempts: 30\nlog:\n  level: info\n');
  });

  test('a draft that a killed process has left does not stand in the way', async () => {
    await writeFile(`${dirname(file)}/.enrol.yaml.draft`, 'half of');
    await change(wanted);
    expect(await readdir(dirname(file))).not.toContain('.enrol.yaml.draft');
  });
});
