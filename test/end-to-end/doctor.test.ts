import { chmod, mkdir, open, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { sql } from 'kysely';
import type { SMTPServerOptions } from 'smtp-server';

import { makeAuthority, type Authority } from '../../demo/certificates.ts';
import type { Check } from '../../shared/doctor/check.ts';
import { examine } from '../../shared/doctor/examine.ts';
import { planServices, writeServices, type UnitFolders } from '../../shared/operator/service-install.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { loadConfig } from '../../shared/runtime/config.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { registerWorker } from '../../shared/store/workers.ts';
import { mutual, startHttpsServer, testAuthority, type HttpsServer } from '../support/https-server.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { MailServer, ScriptedServer } from '../support/smtp-server.ts';
import { tracesOf } from '../support/traces.ts';

/** `enrol doctor` at a real installation, sound and with one thing wrong at a time. */

let whole: TestInstallation;
let installation: TestInstallation;
beforeAll(async () => {
  whole = await install();
  await whole.addPartner('warehouse');
  // As the command makes it, whose umask is stricter than that of a test.
  await chmod(join(whole.home, 'var', 'enrol.db'), 0o640);
});
afterAll(() => whole.close());
beforeEach(async () => {
  installation = await whole.copy();
});
afterEach(() => installation.close());

const inHome = (...path: string[]): string => join(installation.home, ...path);
const inbox = (...path: string[]): string => inHome('spool', 'inboundSalesOrderDispatch', ...path);

/** What the doctor says, some seconds from now. */
const look = (seconds = 0, offline = true): Promise<Check[]> =>
  examine({
    place: { home: installation.home },
    clock: { ...systemClock, now: () => new Date(Date.now() + seconds * 1000) },
    offline,
  });

/** What is not well, apart from what is true of this machine and of whoever runs the test. */
const complaintsOf = (checks: readonly Check[]): string[] =>
  checks
    .filter(({ verdict }) => verdict === 'wrong' || verdict === 'warning')
    .filter(({ group, name }) => name !== 'user' && (group !== 'Host' || /clock/.test(name)))
    .filter(({ name }) => !/: file system$/.test(name))
    .map(({ verdict, name, found }) => `${verdict}: ${name}: ${found}`);

/** Lets the doctor look, with one thing wrong. @returns the only complaint */
async function complaint(seconds?: number): Promise<string> {
  const found = complaintsOf(await look(seconds));
  expect(found).toHaveLength(1);
  return found[0] ?? '';
}

const traces = async () => tracesOf(installation.home, await installation.store());

describe('a sound installation', () => {
  test('has nothing wrong, with every group looked at, and nothing of it is changed', async () => {
    const before = await traces();
    const checks = await look();
    expect(complaintsOf(checks)).toEqual([]);
    expect(new Set(checks.map(({ group }) => group)).size).toBe(8);
    expect(await traces()).toEqual(before);
  });

  test('ends the command with 0, one with something wrong with 9, and both say what to do', async () => {
    const sound = await installation.json('doctor');
    expect(sound).toMatchObject({ code: exitCodes.ok.code });
    expect((sound.value as Check[]).filter(({ verdict }) => verdict === 'wrong')).toEqual([]);
    await rm(inbox('rejected'), { recursive: true });
    const ended = await installation.run('doctor', '--offline');
    expect(ended.code).toBe(exitCodes.alarm.code);
    expect(ended.stdout).toMatch(
      /^ {2}wrong {8}inboundSalesOrderDispatch: folders: SPOOL_MISSING: .*rejected is missing.*\n {15}→ .+/m,
    );
    expect(ended.stdout).toMatch(/\d+ checks: 1 wrong, \d+ warning\(s\), \d+ not checked\.\n$/);
  });
});

describe('the configuration', () => {
  test('that has a mistake is quoted, and what depends on it is not checked', async () => {
    await writeFile(inHome('config', 'enrol.yaml'), 'spool: { folders: x }\n');
    const checks = await look();
    expect(complaintsOf(checks)).toEqual([
      expect.stringMatching(/^wrong: configuration: .*enrol\.yaml:1:\d+ spool/),
    ]);
    expect(
      checks.filter(({ verdict, found }) => verdict === 'not checked' && /configuration/.test(found)),
    ).toHaveLength(5);
  });

  test('that was changed since a process was started is told', async () => {
    const db = await installation.store();
    await registerWorker(db, 'loader', new Date(), 'of before');
    expect(await complaint()).toMatch(/^warning: configuration of processes: .*loader@/);
  });
});

describe('folders', () => {
  test('that lie on two devices or are missing stop an inbox', async () => {
    await rm(inbox('work'), { recursive: true });
    expect(await complaint()).toMatch(
      /^wrong: inboundSalesOrderDispatch: folders: SPOOL_MISSING: .*work is missing/,
    );
  });

  test.each([
    ['in', 0o777, /^wrong: .*: owner and mode: Everybody has a right there: in belongs to .* mode 0777/],
    ['done', 0o755, /^warning: .*Everybody has a right there: done .* mode 0755/],
    ['work', 0o770, /^warning: .*The group may write there: work .* mode 0770/],
  ])('with rights that are too wide are told: %s', async (name, mode, expected) => {
    await chmod(inbox(name), mode);
    expect(await complaint()).toMatch(expected);
  });

  test('with files that were left there two days ago are told', async () => {
    await writeFile(inbox('tmp', '17'), '');
    expect(complaintsOf(await look())).toEqual([]);
    expect(await complaint(3 * 86_400)).toMatch(/leftovers: 1 file\(s\) .*: tmp\/17$/);
  });
});

describe('keys', () => {
  test('whose passphrase others may read are refused', async () => {
    await chmod(inHome('var', 'secrets', 'pgp-passphrase'), 0o644);
    expect(complaintsOf(await look())).toEqual([
      expect.stringMatching(/^wrong: passphrase: SECRET_EXPOSED/),
      expect.stringMatching(/^wrong: key ring: SECRET_EXPOSED/),
    ]);
  });

  test('that do not open with the passphrase, or are missing for a party, are told', async () => {
    await writeFile(inHome('var', 'secrets', 'pgp-passphrase'), 'another');
    expect(await complaint()).toMatch(/^wrong: key ring: KEY_WRONG_PASSPHRASE/);
    await rm(inHome('var', 'keys', 'partners', 'warehouse'), { recursive: true });
    await writeFile(
      inHome('var', 'secrets', 'pgp-passphrase'),
      await readFile(join(whole.home, 'var', 'secrets', 'pgp-passphrase')),
    );
    expect(await complaint()).toMatch(/^wrong: key ring: KEY_MISSING: no key of warehouse/);
  });
});

describe('the store', () => {
  const file = () => inHome('var', 'enrol.db');

  test('that is missing, or of another version, is told', async () => {
    const db = await installation.store();
    await sql`insert into kysely_migration (name, timestamp) values ('9999-later', '')`.execute(db);
    expect(await complaint()).toMatch(/^wrong: store: STORE_SCHEMA: the store is newer/);
    await db.destroy();
    for (const end of ['', '-wal', '-shm']) await rm(file() + end, { force: true });
    expect(await complaint()).toMatch(/^wrong: store: STORE_MISSING/);
  });

  test('that is damaged in its midst is told', async () => {
    const db = await installation.store();
    await sql`pragma wal_checkpoint(truncate)`.execute(db);
    const { rows } = await sql<{ rootpage: number }>`
      select rootpage from sqlite_master where name = 'audit'`.execute(db);
    await db.destroy();
    const handle = await open(file(), 'r+');
    await handle.write(Buffer.alloc(64, 0xee), 0, 64, ((rows[0]?.rootpage ?? 1) - 1) * 4096);
    await handle.close();
    expect(await complaint()).toMatch(/^wrong: integrity: The store is damaged: /);
  });

  test('that everybody may read is told', async () => {
    await chmod(file(), 0o644);
    expect(await complaint()).toMatch(/^wrong: rights: .*has mode 0644/);
  });

  test('names the processes of this host that died', async () => {
    const db = await installation.store();
    const worker = await registerWorker(db, 'adaptor', new Date());
    await db.updateTable('worker').set({ pid_start: 'another' }).where('id', '=', worker.id).execute();
    expect(await complaint()).toMatch(
      new RegExp(`^warning: processes: Died on this host: adaptor ${process.pid}`),
    );
  });

  test('whose entries are of a later time shows that the clock was set back', async () => {
    const db = await installation.store();
    const worker = await registerWorker(db, 'loader', new Date(Date.now() + 3600_000));
    await db.updateTable('worker').set({ stopped_at: 'x' }).where('id', '=', worker.id).execute();
    expect(await complaint()).toMatch(/^wrong: clock: .* before the newest entry of the store was made/);
  });
});

describe('a server that is called over HTTPS', () => {
  let authority: Authority;
  const servers: HttpsServer[] = [];
  beforeAll(async () => {
    authority = await testAuthority();
  });
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** One for the provider, whose settings they are. @returns what the doctor says of servers */
  async function lookAt(
    options: Parameters<typeof startHttpsServer>[1],
    settings: object = {},
    by = authority,
  ): Promise<Check[]> {
    const server = await startHttpsServer(by, options);
    servers.push(server);
    await mkdir(inHome('var', 'secrets'), { recursive: true });
    await writeFile(inHome('var', 'secrets', 'ca.pem'), authority.certificatePem);
    const notAfter = new Date(Date.now() + 60 * 86_400_000);
    const ours = await authority.issue({ name: 'us', usage: 'client', notAfter });
    await writeFile(inHome('var', 'secrets', 'us.pem'), ours.certificatePem);
    await writeFile(inHome('var', 'secrets', 'us-key.pem'), ours.keyPem, { mode: 0o600 });
    const files = { certificateFile: 'var/secrets/us.pem', keyFile: 'var/secrets/us-key.pem' };
    await installation.configure([
      [['providers', 'apple', 'transport'], 'https'],
      [
        ['providers', 'apple', 'https'],
        { url: `${server.url}/api`, caFile: 'var/secrets/ca.pem', ...files, ...settings },
      ],
    ]);
    return (await look(0, false)).filter(({ group }) => group === 'Servers');
  }

  test('is reached with our certificate, asked for nothing, and its clock is compared', async () => {
    const found = await lookAt(mutual(authority));
    expect(found).toMatchObject([
      { name: 'apple: credentials', verdict: 'ok' },
      {
        name: 'apple',
        verdict: 'ok',
        found: expect.stringMatching(/answers over TLSv1\.3; its certificate fits/),
      },
      { name: 'certificate providers.apple.https', verdict: 'ok' },
    ]);
    const clock = expect.objectContaining({ name: 'clock beside that of apple', verdict: 'ok' });
    expect(await look(0, false)).toContainEqual(clock);
    expect(servers[0]?.received).toHaveLength(2);
    expect(servers[0]?.received.slice(0, 1)).toMatchObject([
      { method: 'HEAD', path: '/', body: '', client: 'us' },
    ]);
    expect(servers[0]?.received[0]?.headers.authorization).toBeUndefined();
  });

  test.each([
    ['of another authority', {}, /PROVIDER_UNTRUSTED: apple: .*certificate that is not accepted/, true],
    ['of another name', { name: 'elsewhere' }, /PROVIDER_UNTRUSTED.*ERR_TLS_CERT_ALTNAME_INVALID/, false],
  ])('with a certificate %s is not trusted', async (_, options, expected, strange) => {
    const found = await lookAt(options, {}, strange ? await makeAuthority('Stranger') : authority);
    expect(found).toContainEqual(
      expect.objectContaining({ name: 'apple', verdict: 'wrong', found: expect.stringMatching(expected) }),
    );
  });

  test('that does not accept our certificate, or whose clock differs, is told', async () => {
    const denied = await lookAt(mutual(await makeAuthority('Another')));
    expect(denied).toContainEqual(
      expect.objectContaining({
        verdict: 'wrong',
        found: expect.stringMatching(/that does not accept our certificate may do so/),
      }),
    );
    const skewed = await lookAt({});
    expect(skewed).toContainEqual(expect.objectContaining({ name: 'apple', verdict: 'ok' }));
    const [, server] = servers;
    if (server === undefined) throw new Error('no server');
    server.respond = (_received, response) => {
      response.setHeader('date', new Date(Date.now() - 600_000).toUTCString());
      response.end();
    };
    expect(complaintsOf(await look(0, false))).toEqual([
      expect.stringMatching(/^wrong: clock beside that of apple: This host is (599|600|601)\.\d s ahead/),
    ]);
  });

  test('is left alone when the doctor is to stay offline, and its credentials are read all the same', async () => {
    await lookAt({});
    await rm(inHome('var', 'secrets', 'us-key.pem'));
    const [server] = servers;
    const connected = server?.connected;
    const found = complaintsOf(await look());
    expect(found).toEqual([expect.stringMatching(/^wrong: apple: KEY_UNREADABLE: .*us-key\.pem/)]);
    expect(server?.connected).toBe(connected);
  });
});

describe('the mail server of the notices', () => {
  const servers: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });

  /** What the doctor says of it. */
  async function lookAtMail(
    server: { readonly port: number; close(): Promise<void> },
    settings: object,
    offline = false,
  ): Promise<Check | undefined> {
    servers.push(server);
    await mkdir(inHome('var', 'secrets'), { recursive: true });
    const authority = await testAuthority();
    await writeFile(inHome('var', 'secrets', 'ca.pem'), authority.certificatePem);
    await writeFile(inHome('var', 'secrets', 'mail'), 'open sesame', { mode: 0o600 });
    const trusted = { host: 'localhost', port: server.port, caFile: 'var/secrets/ca.pem', connectSeconds: 1 };
    const people = { from: 'enrol@example.com', to: ['ops@example.com'] };
    await installation.configure([
      [['probes', 'notices', 'mail'], { ...trusted, ...people, answerSeconds: 1, ...settings }],
    ]);
    return (await look(0, offline)).find(({ name }) => name === 'mail');
  }

  const tlsServer = async (options: SMTPServerOptions = {}) => {
    const authority = await testAuthority();
    const { certificatePem: cert, keyPem: key } = await authority.issue({
      name: 'localhost',
      usage: 'server',
    });
    return MailServer.start({
      cert,
      key,
      onAuth: ({ username, password }, _session, done) =>
        password === 'open sesame' ? done(null, { user: username }) : done(new Error('no')),
      ...options,
    });
  };
  const user = { user: 'enrol', passwordFile: 'var/secrets/mail' };

  test('answers as it is configured, with our password; no mail is sent', async () => {
    const server = await tlsServer({ authOptional: false });
    expect(await lookAtMail(server, user)).toMatchObject({
      verdict: 'ok',
      found: expect.stringMatching(/^localhost:\d+ answers over TLS, after STARTTLS, and takes our password/),
    });
    expect(server.mails).toEqual([]);
    expect(await lookAtMail(await tlsServer({ secure: true }), { security: 'tls' })).toMatchObject({
      verdict: 'ok',
    });
  });

  test.each([
    ['has no STARTTLS', () => MailServer.start({ hideSTARTTLS: true }), {}],
    [
      'does not let us in',
      () => tlsServer({ authOptional: false, onAuth: (_auth, _session, done) => done(new Error('no')) }),
      user,
    ],
    ['is no mail server that takes us', () => ScriptedServer.start('554 no'), {}],
    ['says nothing', () => ScriptedServer.start(undefined), {}],
    ['stops after its greeting', () => ScriptedServer.start('220 here'), {}],
  ])('is wrong when it %s', async (_, start, settings) => {
    expect(await lookAtMail(await start(), settings)).toMatchObject({
      verdict: 'wrong',
      found: expect.stringMatching(/^NOTICE_UNDELIVERED: the mail server localhost /),
    });
  });

  test('is left alone when the doctor is to stay offline', async () => {
    const server = await ScriptedServer.start('220 here');
    expect(await lookAtMail(server, {}, true)).toMatchObject({ verdict: 'not checked' });
    expect(server.received).toEqual([]);
  });
});

describe('units of systemd', () => {
  let units: UnitFolders;
  beforeEach(() => {
    units = { own: inHome('units'), packaged: inHome('packaged') };
  });

  /** Writes those of this home, and links them as `systemctl enable` does. */
  async function installUnits(asInstance = false, into = units.own): Promise<void> {
    const loaded = await loadConfig({ home: installation.home, env: {} });
    const program = fileURLToPath(new URL('../../bin/enrol.js', import.meta.url));
    const wishes = { user: 'enrol', group: 'staff', asInstance, node: process.execPath, program };
    const plan = await planServices(loaded, wishes);
    await mkdir(into, { recursive: true });
    await writeServices(into, plan);
    const [target = ''] = plan.units;
    for (const unit of plan.units) {
      const wants = join(units.own, `${unit === target ? 'multi-user.target' : target}.wants`);
      await mkdir(wants, { recursive: true });
      await symlink(join(into, unit), join(wants, unit));
    }
  }

  const lookAtUnits = async () => {
    const place = { home: installation.home };
    const checks = await examine({ place, clock: systemClock, offline: true, units });
    return checks
      .filter(({ group }) => group === 'Services')
      .map(({ verdict, name, found, action }) => [verdict, name, found, action]);
  };
  const content = ['ok', 'units', 'They are those of this program and configuration.', null];
  const enabled = ['ok', 'units start with the machine', '6 are enabled.', null];

  test('are not asked for where there are none, nor where they are of another home', async () => {
    expect(await lookAtUnits()).toEqual([]);
    await installUnits();
    const file = join(units.own, 'enrol-loader.service');
    await writeFile(file, (await readFile(file, 'utf8')).replaceAll(installation.home, '/srv/another'));
    expect(await lookAtUnits()).toEqual([]);
  });

  test.each([false, true])('of this home are well; instance: %s', async (asInstance) => {
    await installUnits(asInstance);
    expect(await lookAtUnits()).toEqual([content, enabled]);
  });

  test('that have come with a package count, unless others have precedence', async () => {
    await installUnits(false, units.packaged);
    expect(await lookAtUnits()).toEqual([content, enabled]);
    await writeFile(join(units.own, 'enrol.target'), '[Unit]');
    expect(await lookAtUnits()).toMatchObject([
      ['warning', 'units', expect.stringMatching(/: enrol\.target\.$/), expect.anything()],
      enabled,
    ]);
  });

  test('of another program or configuration are told, and how they are made anew', async () => {
    await installUnits();
    const mail = { host: 'mail.example.com', from: 'enrol@example.com', to: ['ops@example.com'] };
    await installation.configure([[['probes', 'notices', 'mail'], mail]]);
    const file = join(units.own, 'enrol-loader.service');
    await writeFile(file, (await readFile(file, 'utf8')).replace('bin/enrol.js', 'bin/older.js'));
    expect(await lookAtUnits()).toEqual([
      [
        'warning',
        'units',
        expect.stringMatching(
          /: enrol-loader\.service, enrol-scheduler\.service\.d.10-configuration\.conf\.$/,
        ),
        'Repeat enrol service install --user enrol --group staff, and restart what it has written.',
      ],
      enabled,
    ]);
  });

  test('that do not start with the machine are told', async () => {
    await installUnits();
    await rm(join(units.own, 'enrol.target.wants', 'enrol-adaptor.service'));
    expect(await lookAtUnits()).toMatchObject([
      content,
      [
        'warning',
        'units start with the machine',
        'Not enabled: enrol-adaptor.service.',
        expect.stringMatching(/^systemctl enable enrol-adaptor/),
      ],
    ]);
  });
});
