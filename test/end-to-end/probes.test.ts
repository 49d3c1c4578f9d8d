import { createHmac } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { wishRun } from '../../shared/operator/job-actions.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { startHttpsServer, testAuthority, type HttpsServer } from '../support/https-server.ts';
import { filesUnder, install, type Program, type TestInstallation } from '../support/installation.ts';
import { MailServer, ScriptedServer } from '../support/smtp-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** Probes and notices with the real scheduler, a real mail server and a real webhook. */

const password = 'CANARY-mail-password-5f';
const secret = 'CANARY-hook-secret-5f';

let installation: TestInstallation;
let hook: HttpsServer;
const closing: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  installation = await install();
  const authority = await testAuthority();
  hook = await startHttpsServer(authority);
  closing.push(hook);
  const file = (name: string) => join(installation.home, 'var', 'secrets', name);
  await writeFile(file('mail'), password, { mode: 0o600 });
  await writeFile(file('hook'), secret, { mode: 0o600 });
  await writeFile(file('ca.pem'), authority.certificatePem);
});
afterEach(async () => {
  await installation.close();
  for (const server of closing.splice(0)) await server.close();
});

async function configure(mail: object): Promise<void> {
  const to = {
    host: 'localhost',
    from: 'enrol@example.com',
    to: ['ops@example.com'],
    caFile: 'var/secrets/ca.pem',
  };
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['probes', 'everySeconds'], 0.2],
    [['probes', 'daemons'], ['scheduler']],
    [['probes', 'notices', 'gatherSeconds'], 1],
    [['probes', 'notices', 'retrySeconds'], 0.2],
    [['probes', 'notices', 'attempts'], 2],
    [['probes', 'notices', 'mail'], { ...to, user: 'alice', passwordFile: 'var/secrets/mail', ...mail }],
    [
      ['probes', 'notices', 'webhook'],
      { url: `${hook.url}/changes`, secretFile: 'var/secrets/hook', caFile: 'var/secrets/ca.pem' },
    ],
  ]);
}

/** Something that is not well. */
const pause = () => installation.run('intake', 'pause', 'inboundSalesOrderDispatch', '--reason', 'a test');

interface Told {
  readonly id: string;
  readonly changes: readonly { readonly probe: string; readonly after: string }[];
}
const toldTo = ({ received }: HttpsServer) => received.map(({ body }) => JSON.parse(body) as Told);

async function expectNoSecret(...programs: Program[]): Promise<void> {
  const plain = Buffer.from(`\0alice\0${password}`).toString('base64');
  const canaries = [password, secret, plain, Buffer.from(password).toString('base64')];
  const logs = (await filesUnder(installation.home)).filter((path) => path.endsWith('.log'));
  expect(logs).toContain('var/log/scheduler.log');
  const texts = await Promise.all(logs.map((path) => readFile(join(installation.home, path), 'utf8')));
  const db = await installation.store();
  const kept = JSON.stringify(await db.selectFrom('notice').selectAll().execute());
  const shown = [...texts, kept, ...programs.map(({ stdout, stderr }) => stdout + stderr)].join('\n');
  for (const canary of canaries) expect(shown).not.toContain(canary);
}

test('O12 the scheduler tells of a change by e-mail and webhook, once each, and no secret anywhere', async () => {
  const { certificatePem: cert, keyPem: key } = await (
    await testAuthority()
  ).issue({ name: 'localhost', usage: 'server' });
  const mails = await MailServer.start({
    cert,
    key,
    authOptional: false,
    onAuth: ({ password: shown }, _session, done) =>
      shown === password ? done(null, { user: 'alice' }) : done(new Error('no')),
  });
  closing.push(mails);
  await configure({ port: mails.port });
  const schedulers = [installation.start(['scheduler']), installation.start(['scheduler'])];
  for (const scheduler of schedulers) await scheduler.logged('daemon.ready');
  expect((await pause()).code).toBe(0);
  await waitFor(
    'an e-mail and a webhook',
    () => (mails.mails.length > 0 && hook.received.length > 0) || undefined,
  );
  expect(mails.mails[0]?.source).toContain('AMBER, before not looked at: intake inboundSalesOrderDispatch');
  expect(mails.mails[0]?.secure).toBe(true);
  await installation.run('intake', 'resume', 'inboundSalesOrderDispatch', '--reason', 'a test');
  await waitFor('the end of it', () => mails.mails.length > 1 || undefined);
  for (const scheduler of schedulers) expect((await scheduler.end('SIGTERM')).code).toBe(0);

  // Two schedulers, and everything once.
  expect(mails.mails).toHaveLength(2);
  const changes = toldTo(hook).flatMap((told) => told.changes.map(({ probe, after }) => [probe, after]));
  expect(changes).toEqual([
    ['intake inboundSalesOrderDispatch', 'amber'],
    ['intake inboundSalesOrderDispatch', 'green'],
  ]);
  for (const { body, headers } of hook.received) {
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    expect(headers['x-enrol-signature']).toBe(signature);
    expect(headers['x-enrol-notice']).toBe((JSON.parse(body) as Told).id);
  }
  const logged = schedulers.flatMap(({ events }) => events).filter((event) => event === 'probe.changed');
  expect(logged).toHaveLength(2);
  await expectNoSecret(...schedulers);
}, 60_000);

test('a mail server that stalls stops neither jobs nor the webhook, nor the end; the notice is given up', async () => {
  const stalling = await ScriptedServer.start(undefined);
  closing.push(stalling);
  await configure({ port: stalling.port, connectSeconds: 3, answerSeconds: 3 });
  const scheduler = installation.start(['scheduler']);
  await scheduler.logged('daemon.ready');
  await pause();
  await waitFor('a connection that is stalled', () => stalling.connections > 0 || undefined);
  // While it stalls.
  const db = await installation.store();
  await wishRun(db, { who: 'test', reason: 'a test', now: new Date() }, 'batchErrorManagement');
  await waitFor('the job', () =>
    db
      .selectFrom('job_run')
      .select('id')
      .where('state', '=', 'complete')
      .where('cause', '=', 'operator')
      .executeTakeFirst(),
  );
  expect(hook.received).toHaveLength(1);
  const mail = await db.selectFrom('notice').selectAll().where('channel', '=', 'mail').executeTakeFirst();
  expect(mail).toMatchObject({ state: 'waiting', attempts: 1, fault_code: null });
  const noted = await waitFor('the notice to be given up', () =>
    db
      .selectFrom('notice')
      .selectAll()
      .where('channel', '=', 'mail')
      .where('state', '=', 'failed')
      .executeTakeFirst(),
  );
  expect(noted).toMatchObject({ attempts: 2, fault_code: 'NOTICE_UNDELIVERED' });
  for (const event of ['notice.sent', 'notice.deferred', 'notice.failed']) await scheduler.logged(event);
  const readings = (await installation.json('probe', 'list')).value as Reading[];
  expect(readings.find(({ probe }) => probe === 'notices')).toMatchObject({ state: 'amber', value: 1 });
  expect((await scheduler.end('SIGTERM')).code).toBe(0);
  await expectNoSecret(scheduler);
}, 60_000);

test('probe list ends with another code when a probe is red or cannot be measured', async () => {
  await configure({ port: 1 });
  const red = await installation.json('probe', 'list');
  expect(red.code).toBe(exitCodes.alarm.code);
  expect((red.value as Reading[])[0]).toMatchObject({ probe: 'daemon scheduler', state: 'red' });
  const scheduler = installation.start(['scheduler']);
  await scheduler.logged('daemon.ready');
  const green = await installation.run('probe', 'list');
  expect(green.code).toBe(0);
  expect(green.stdout).toMatch(/^green +daemon scheduler +1 +processes/m);
  expect((await installation.run('status')).stdout).toMatch(/^All is well/);
  await writeFile(join(installation.keys, 'own', 'broken.asc'), 'no key');
  const unknown = await installation.run('probe', 'list');
  expect(unknown.code).toBe(exitCodes.alarm.code);
  expect(unknown.stdout).toMatch(/^unknown +key /m);
  await scheduler.end('SIGTERM');
}, 60_000);

test('O11 O12 test-notice tells what became of it at once, without a scheduler', async () => {
  await configure({ port: 1, host: '127.0.0.1' });
  const { code, value } = await installation.json('probe', 'test-notice', '--reason', 'new server');
  expect(code).toBe(exitCodes.failed.code);
  expect(value).toMatchObject([
    { channel: 'mail', state: 'failed', attempts: 1, fault_code: 'NOTICE_UNDELIVERED' },
    { channel: 'webhook', state: 'sent', attempts: 1 },
  ]);
  expect(toldTo(hook)).toMatchObject([{ test: true, changes: [] }]);
  expect((await installation.run('probe', 'test-notice')).code).toBe(exitCodes.usage.code);
  const audited = await (
    await installation.store()
  )
    .selectFrom('audit')
    .select(['action', 'reason'])
    .execute();
  expect(audited).toEqual([{ action: 'notice.test', reason: 'new server' }]);
  expect(JSON.stringify(value)).not.toMatch(/CANARY/);
}, 60_000);
