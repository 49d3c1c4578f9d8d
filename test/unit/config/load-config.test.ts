import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { configDigest } from '../../../shared/runtime/config-digest.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { ConfigFault, loadConfig } from '../../../shared/runtime/config.ts';
import { exitCodeOf } from '../../../shared/runtime/exit-codes.ts';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'enrol-config-'));
  file = join(home, 'config', 'enrol.yaml');
  await mkdir(join(home, 'config'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

async function load(text: string | Uint8Array, env: NodeJS.ProcessEnv = {}) {
  await writeFile(file, text);
  return loadConfig({ home, env });
}

/** The lines of the fault, without the name of the file. */
async function problemsOf(text: string | Uint8Array, env?: NodeJS.ProcessEnv): Promise<string[]> {
  const fault = await load(text, env).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(ConfigFault);
  return (fault as ConfigFault).detail.split('\n').map((line) => line.replace(`${file}:`, ''));
}

const appleAccount = `
    account:
      shipTo: '0000071234'
      depResellerId: '16FCE4A0'`;

describe('a valid configuration', () => {
  test('the digest is the same for files that mean the same, and for no others', async () => {
    const digestOf = async (text: string) => (await load(text)).digest;
    const first = await digestOf('retry:\n  maxAttempts: 7\nlog:\n  level: warn\n');
    const same = await digestOf('# comment\nlog: { level: warn, folder: "" }\nretry: { maxAttempts: 7 }\n');
    const other = await digestOf('retry:\n  maxAttempts: 8\nlog:\n  level: warn\n');
    expect(same).toBe(first);
    expect(other).not.toBe(first);
  });

  test('an empty file means all defaults', async () => {
    const config = configSchema.parse({});
    expect(await load('')).toEqual({ home, file, config, digest: configDigest(config) });
    expect((await load('# nothing but a comment\n')).config).toEqual(configSchema.parse({}));
  });

  test('what is written counts, the rest has its default', async () => {
    const { config } = await load('retry: { maxAttempts: 7 }\n');
    expect(config.retry).toEqual({ ...configSchema.parse({}).retry, maxAttempts: 7 });
  });

  test('another file can be named; the home becomes absolute', async () => {
    const other = join(home, 'other.yaml');
    await writeFile(other, 'log: { level: debug }\n');
    const loaded = await loadConfig({ home: `${home}/./`, file: other, env: {} });
    expect(loaded).toMatchObject({ home, file: other, config: { log: { level: 'debug' } } });
  });

  test('ENROL_STORE_URL replaces store.url and nothing else; empty is not set', async () => {
    const text = 'store: { url: sqlite:a.db, busySeconds: 9 }\n';
    expect((await load(text, { ENROL_STORE_URL: 'sqlite:b.db' })).config.store).toEqual({
      passwordFile: '',
      statementSeconds: 60,
      connections: 8,
      url: 'sqlite:b.db',
      busySeconds: 9,
      leaseSeconds: 60,
      reserveMegabytes: 64,
      walMegabytes: 256,
    });
    expect((await load(text, { ENROL_STORE_URL: '' })).config.store.url).toBe('sqlite:a.db');
  });

  test('text stays text whatever YAML version the file asks for', async () => {
    const text = `%YAML 1.1\n---\nproviders:\n  no:\n    format: apple${appleAccount}\n    inbox: { encryption: none }\n`;
    expect(Object.keys((await load(text)).config.providers)).toEqual(['no']);
  });
});

describe('O01: refused, with all problems at once', () => {
  test('O01 unknown keys suggest the one that was meant', async () => {
    expect(await problemsOf('spol:\n  folder: x\nspool:\n  scanSecond: 3\n  zebra: 1\n')).toEqual([
      '1:1 spol: is no setting; did you mean spool?',
      '4:3 spool.scanSecond: is no setting; did you mean scanSeconds?',
      '5:3 spool.zebra: is no setting; known here: folder, scanSeconds, reserveMegabytes',
    ]);
  });

  test('O01 an unknown key below a provider is compared with the settings of a provider', async () => {
    const text = `providers:\n  a:\n    format: apple${appleAccount}\n    inbox: { encyption: none, signature: forbidden }\n`;
    expect(await problemsOf(text)).toEqual([
      '7:14 providers.a.inbox.encyption: is no setting; did you mean encryption?',
    ]);
  });

  test('O01 wrong types, values out of range and contradictions come together, in the order of the lines', async () => {
    const text = `log:
  level: loud
retry:
  maxAttempts: many
  firstSeconds: 1000
  crashAttempts: 1.5
inboxes:
  inboundDeviceEnrolment:
    signedBy: own
    ignore: ['*.tmp', 7]
    quietSeconds: 2000
jobs:
  salesOrderDispatch: { enabled: yes, schedule: '61 * * * *' }
keys:
`;
    expect(await problemsOf(text)).toEqual([
      '2:3 log.level: must be one of: error, warn, info, debug',
      '4:3 retry.maxAttempts: must be a number',
      '5:3 retry.firstSeconds: must not be more than retry.maxSeconds',
      '6:3 retry.crashAttempts: must be a whole number',
      '9:5 inboxes.inboundDeviceEnrolment.signedBy: must be a list',
      '10:23 inboxes.inboundDeviceEnrolment.ignore.1: must be text, and YAML reads a number here: put the value in quotes',
      '11:5 inboxes.inboundDeviceEnrolment.quietSeconds: Too big: expected number to be <=600',
      '13:25 jobs.salesOrderDispatch.enabled: must be true or false',
      '13:39 jobs.salesOrderDispatch.schedule: is no cron pattern (minute hour day month weekday): Invalid value for minute: 61',
      '14:1 keys: has no value: give it one, or remove the line and the default applies',
    ]);
  });

  test('O01 an unquoted Ship-To is a number to YAML: the message says to quote it and does not show it', async () => {
    const text = `providers:
  apple-de:
    format: apple
    inbox: { encryption: none }
    account:
      shipTo: 0000071234
      depResellerId: '16FCE4A0'
`;
    const [problem, ...others] = await problemsOf(text);
    expect(problem).toBe(
      '6:7 providers.apple-de.account.shipTo: must be text, and YAML reads a number here: put the value in quotes',
    );
    expect(others).toEqual([]);
  });

  test('O01 missing settings are shown at the group that lacks them, and other groups are still checked', async () => {
    const text = `providers:
  one:
    format: apple
    account:
      depResellerId: '16FCE4A0'
  two:
    inbox: { encryption: none }
  three:
    format: apple
    account: { shipTo: '0000071234', depResellerId: '16FCE4A0' }
  Four!: {}
`;
    expect(await problemsOf(text)).toEqual([
      '4:5 providers.one.account.shipTo: is missing',
      '6:3 providers.two.format: is missing',
      '8:3 providers.three.inbox.signedBy: names nobody, so no signature would count: name the party, or write ' +
        'signature: forbidden (for plain files also encryption: none)',
      '11:3 providers.Four!: the name must be lower-case letters, digits and hyphens',
    ]);
  });

  test('O01 what a provider may have depends on its format', async () => {
    const text = `providers:
  one:
    format: appel
  two:
    format: samsung-knox
    transport: https
    account: { generation: 2, resellerId: '1', shipTo: '0000071234' }
    mapping: {}
  three:
    format: google-zero-touch
    transport: https
    files: csv
    account: { partnerId: '1' }
  four:
    format: apple
    transport: https
    account: { shipTo: '0000071234', depResellerId: '16FCE4A0', wrapper: telenor }
    https: { url: 'https://localhost', certificateFile: a, keyFile: b }
`;
    expect(await problemsOf(text)).toEqual([
      expect.stringMatching(/^3:5 providers.one.format: must be one of: apple, google-zero-touch, /),
      '4:3 providers.two.https.url: is missing',
      '4:3 providers.two.https.certificateFile: is needed with authentication: certificate',
      '7:48 providers.two.account.shipTo: is no setting; known here: generation, resellerId, vendorId',
      expect.stringMatching(
        /^8:5 providers.two.mapping: is no setting; known here: format, account, files, /,
      ),
      '9:3 providers.three.https.url: is missing',
      '9:3 providers.three.https.certificateFile: is needed with authentication: certificate',
      '12:5 providers.three.files: sheets go over the spool only: write json',
      '17:65 providers.four.account.wrapper: wrappers of carriers go over the spool only: write none',
    ]);
  });

  test('O01 mistakes of YAML do not hide the others', async () => {
    const text =
      'store:\n  busySeconds: 1\n  busySeconds: 2\nlog: !shout { level: info }\nretry:\n  maxSecond: 1\n';
    expect(await problemsOf(text)).toEqual([
      '3:3: YAML: Map keys must be unique',
      '4:6: YAML: Unresolved tag: !shout',
      '6:3 retry.maxSecond: is no setting; did you mean maxSeconds?',
    ]);
  });

  test.each([
    ['a quote that is not closed', 'store:\n  url: "sqlite:x\n', /^\d+:\d+: YAML: Missing closing/],
    ['tabs', 'store:\n\turl: sqlite:x\n', /^2:1: YAML: Tabs are not allowed/],
    ['a list for a name', '? [log]\n: {}\n', /^1:3: YAML: .*all keys must be strings/],
    ['two documents', 'log: {}\n---\nlog: {}\n', /^2:1: YAML: Source contains multiple documents/],
  ])('O01 %s', async (_, text, expected) => {
    expect(await problemsOf(text)).toContainEqual(expect.stringMatching(expected));
  });

  test('O01 a text that is no mapping', async () => {
    expect(await problemsOf('just words\n')).toEqual(['1:1: must be a group of settings']);
    expect(await problemsOf('- a\n- b\n')).toEqual(['1:1: must be a group of settings']);
  });

  test('O01 aliases are refused where they stand, so that no bomb of them is ever expanded', async () => {
    const bomb = ['x0: &x0 [a, a, a, a, a, a, a, a, a]'];
    for (let i = 1; i < 40; i++)
      bomb.push(
        `x${i}: &x${i} [${Array(9)
          .fill(`*x${i - 1}`)
          .join(', ')}]`,
      );
    const problems = await problemsOf(bomb.join('\n'));
    expect(problems.filter((line) => line.includes('aliases (*name) are not taken'))).toHaveLength(39 * 9);

    const text =
      'inboxes:\n  inboundDeviceEnrolment: &shared { quietSeconds: 1 }\n  outboundDeviceEnrolment: *shared\n';
    expect(await problemsOf(text)).toEqual([
      '3:28: YAML: aliases (*name) are not taken; write the value out',
    ]);
  });

  test('O01 keys that could reach a prototype are unknown settings', async () => {
    expect((await problemsOf('__proto__: { log: 1 }\n'))[0]).toMatch(/^1:1 __proto__: is no setting/);
  });

  test('O01 bytes that are not UTF-8', async () => {
    expect(await problemsOf(Buffer.from([0x6c, 0x6f, 0x67, 0xff]))).toEqual([
      expect.stringContaining('not valid UTF-8'),
    ]);
  });

  test('O01 a missing file says how to get one', async () => {
    const loading = loadConfig({ home, env: {} });
    await expect(loading).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      detail: `${file}: there is no such file; enrol init makes one`,
    });
  });

  test('O01 a folder in place of the file', async () => {
    await expect(loadConfig({ home, file: home, env: {} })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      detail: `${home}: cannot be read (EISDIR)`,
    });
  });

  test('O01 a wrong ENROL_STORE_URL is named as such, beside the problems of the file', async () => {
    const problems = await problemsOf('lok: 1\n', { ENROL_STORE_URL: 'mysql://user:canary@host' });
    expect(problems).toEqual([
      '1:1 lok: is no setting; did you mean log?',
      'ENROL_STORE_URL store.url: must be sqlite:PATH or postgres://USER@HOST:PORT/DATABASE',
    ]);
  });

  test.each([
    'postgres://enrol:canary@host:5432/enrol',
    'postgres://enrol:can/ary@host:5432/enrol',
    'postgres://enrol:canary@/enrol?host=/run/postgresql',
    'postgres://enrol@host/enrol?password=canary',
    'postgres://host:port',
  ])(
    'O12 an address of the store with a password, or none at all, is refused and not shown: %s',
    async (url) => {
      const message =
        'store.url: must be an address as URLs are, without a password: that belongs into store.passwordFile';
      expect(await problemsOf(`store:\n  url: ${url}\n`, {})).toEqual([`2:3 ${message}`]);
      expect(await problemsOf('{}', { ENROL_STORE_URL: url })).toEqual([`ENROL_STORE_URL ${message}`]);
    },
  );

  test.each([
    'postgres://enrol@host:5432/enrol?sslmode=verify-full&sslrootcert=/etc/ca.pem',
    'postgres://enrol@/enrol?host=/run/postgresql',
    'postgresql://host/enrol',
  ])('an address of the store: %s', async (url) => {
    await writeFile(file, `store:\n  url: ${url}\n`);
    expect((await loadConfig({ home, env: {} })).config.store.url).toBe(url);
  });

  test('O01 the fault carries the problems as data and leads to its own exit code', async () => {
    await writeFile(file, 'log:\n  level: 1\n');
    const fault = await loadConfig({ home, env: {} }).catch((error: unknown) => error as ConfigFault);
    expect((fault as ConfigFault).problems).toEqual([
      {
        source: file,
        line: 2,
        column: 3,
        path: 'log.level',
        message: 'must be one of: error, warn, info, debug',
      },
    ]);
    expect(exitCodeOf((fault as ConfigFault).code)).toBe(3);
  });
});
