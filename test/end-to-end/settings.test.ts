import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { auditOf } from '../support/store-lookups.ts';

let installation: TestInstallation;
let file: string;
beforeEach(async () => {
  installation = await install();
  file = join(installation.home, 'config', 'enrol.yaml');
});
afterEach(() => installation.close());

const text = () => readFile(file, 'utf8');
const reason = ['--reason', 'the share is slow'];
const setting = 'retry.maxAttempts';

describe('enrol config', () => {
  test('set and unset change one setting of the file, with the audit; diff shows what differs', async () => {
    const before = await text();
    const { mode } = await lstat(file);
    const set = await installation.run('config', 'set', setting, '30', ...reason);
    expect(set).toEqual({ code: 0, stdout: `${setting} = 30\n`, stderr: '' });
    expect(await text()).toBe(before.replace('maxAttempts: 20', 'maxAttempts: 30'));
    expect((await lstat(file)).mode).toBe(mode);
    const diff = await installation.json('config', 'diff');
    expect(diff.code).toBe(0);
    expect(diff.value).toContainEqual({
      setting,
      value: 30,
      default: 20,
      line: (await text()).split('\n').indexOf('  maxAttempts: 30') + 1,
    });
    expect((await installation.run('config', 'diff')).stdout).toMatch(/^retry\.maxAttempts +30 +20 +\d+$/m);
    expect(await installation.json('config', 'unset', setting, ...reason)).toEqual({
      code: 0,
      value: { path: setting, before: 30, after: null, reload: [] },
    });
    expect(await text()).not.toContain('maxAttempts');
    expect(await installation.run('config', 'check')).toMatchObject({ code: 0 });
    expect(await auditOf(await installation.store(), `setting ${setting}`)).toMatchObject([
      {
        action: 'setting.set',
        reason: 'the share is slow',
        before_json: '{"value":20}',
        after_json: '{"value":30}',
      },
      { action: 'setting.reset', before_json: '{"value":30}', after_json: '{"value":null}' },
    ]);
  });

  test('what is protected from browsers is changed here, at the machine', async () => {
    expect(await installation.run('config', 'set', 'log.folder', 'var/log', ...reason)).toMatchObject({
      code: 0,
    });
    expect(await text()).toContain('  folder: var/log\n');
  });

  test.each([
    ['without a reason', [setting, '30'], exitCodes.usage.code, 'reason'],
    ['a setting that there is not', ['retry.none', '30', ...reason], exitCodes.notFound.code, 'NOT_FOUND'],
    ['a value that is refused', [setting, '0', ...reason], exitCodes.usage.code, 'BAD_INPUT'],
    ['the value that it has', [setting, '20', ...reason], exitCodes.failed.code, 'NOT_ALLOWED'],
  ])('%s: nothing is changed', async (_, words, code, said) => {
    const before = await text();
    const ended = await installation.run('config', 'set', ...words);
    expect(ended).toMatchObject({ code, stderr: expect.stringContaining(said) });
    expect(await text()).toBe(before);
  });

  test('a process that was started before is said to need a reload', async () => {
    const extractor = installation.start(['extractor']);
    await extractor.logged('daemon.ready');
    const set = await installation.json('config', 'set', setting, '30', ...reason);
    expect(set.value).toMatchObject({ reload: ['extractor'] });
    // Back to what it was started with: the setting as such does not matter.
    const back = await installation.run('config', 'set', setting, '20', ...reason);
    expect(back.stdout).toBe(`${setting} = 20\n`);
  });
});

const preload = fileURLToPath(new URL('../chaos/kill-at.ts', import.meta.url));

test.each([
  ['config.drafted', 'the old file is there, and nobody is said to have changed it', 'maxAttempts: 20'],
  ['config.replaced', 'the new file is there', 'maxAttempts: 30'],
])('a change that is killed at %s: %s, and the next one works', async (point, _, line) => {
  const before = await text();
  const env = { NODE_OPTIONS: `--import=${preload}`, KILL_AT: `${point}:1` };
  const killed = await installation.start(['config', 'set', setting, '30', ...reason], { env }).exit;
  expect(killed).toMatchObject({ code: null, stdout: '' });
  expect(await text()).toBe(before.replace('maxAttempts: 20', line));
  expect(await auditOf(await installation.store(), `setting ${setting}`)).toEqual([]);
  expect(await installation.run('config', 'set', setting, '40', ...reason)).toMatchObject({ code: 0 });
  expect(await text()).toBe(before.replace('maxAttempts: 20', 'maxAttempts: 40'));
  expect(await readdir(join(installation.home, 'config'))).toEqual(['enrol.yaml']);
});

test('enrol property: list says all, set and reset are kept in the audit', async () => {
  const name = 'device.enrolment.response.event.type';
  expect(await installation.run('property', 'set', name, 'ABC', ...reason)).toMatchObject({ code: 0 });
  const { value } = await installation.json('property', 'list');
  expect(value).toContainEqual({
    name,
    module: 'Device Enrolment Response',
    value: 'ABC',
    default: 'DEP',
    type: '3 or 4 capital letters and digits',
    description: 'event type of both events',
    setBy: expect.any(String),
    setAt: expect.any(String),
  });
  const reset = await installation.run('property', 'reset', name, ...reason);
  expect(reset).toEqual({ code: 0, stdout: `${name} = DEP, its default\n`, stderr: '' });
  expect(await installation.run('property', 'reset', name, ...reason)).toMatchObject({
    code: exitCodes.failed.code,
    stderr: expect.stringContaining('NOT_ALLOWED'),
  });
  expect(await installation.run('property', 'reset', 'none', ...reason)).toMatchObject({
    code: exitCodes.notFound.code,
  });
  expect(await auditOf(await installation.store(), `property ${name}`)).toMatchObject([
    { action: 'property.set', before_json: '{"value":"DEP"}', after_json: '{"value":"ABC"}' },
    { action: 'property.reset', before_json: '{"value":"ABC"}', after_json: '{"value":"DEP"}' },
  ]);
});

test('enrol user unlock: only who is locked out', async () => {
  const add = installation.start(['user', 'add', 'alice', '--role', 'viewer'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  add.child.stdin?.end('correct horse battery\n');
  await add.exit;
  expect(await installation.run('user', 'unlock', 'alice')).toMatchObject({
    code: exitCodes.failed.code,
    stderr: expect.stringContaining('alice is not locked out'),
  });
  const db = await installation.store();
  const at = new Date().toISOString();
  await db
    .insertInto('sign_in_failure')
    .values(Array.from({ length: 10 }, () => ({ user_id: 1, at })))
    .execute();
  expect((await installation.run('user', 'list')).stdout).toMatch(/alice +viewer +enabled, locked out/);
  expect(await installation.run('user', 'unlock', 'alice')).toMatchObject({
    code: 0,
    stdout: 'User alice: enabled\n',
  });
  expect((await installation.run('user', 'list')).stdout).not.toContain('locked out');
});
