import { createHmac } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, expect, test } from '@jest/globals';

import { testNotices } from '../../../shared/operator/notice-actions.ts';
import { noticeTask } from '../../../shared/probes/deliver-notices.ts';
import { addNotice, listNotices, type Notice } from '../../../shared/store/notices.ts';
import { addChange } from '../../../shared/store/probes.ts';
import type { NoticeChannel } from '../../../shared/store/states/probe.ts';
import { startHttpsServer, testAuthority, type HttpsServer } from '../../support/https-server.ts';
import { MailServer, ScriptedServer } from '../../support/smtp-server.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

const secret = 'CANARY-webhook-secret';

let rt: TestRuntime;
const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const server of closing.splice(0)) await server.close();
  const known = inspect([rt.events, await listNotices(rt.db, { limit: 100 })], { depth: Infinity });
  expect(known).not.toContain(secret);
  await rt.close();
});
const closed = <S extends { close(): Promise<void> }>(server: S): S => {
  closing.push(server);
  return server;
};

async function open(notices: object): Promise<void> {
  rt = await testRuntime({
    store: { url: 'sqlite:enrol.db' },
    probes: { notices: { attempts: 3, ...notices } },
  });
  await mkdir(join(rt.loaded.home, 'secrets'));
  await writeFile(join(rt.loaded.home, 'secrets', 'hook'), `${secret}\n`, { mode: 0o600 });
  await writeFile(join(rt.loaded.home, 'ca.pem'), (await testAuthority()).certificatePem);
}

/** For a busy machine; who wants a server to be late gives less. */
const plenty = 30;

async function hook(respond?: HttpsServer['respond'], answerSeconds = plenty): Promise<HttpsServer> {
  const server = closed(await startHttpsServer(await testAuthority()));
  if (respond) server.respond = respond;
  await open({
    consoleUrl: 'https://console.example',
    webhook: {
      url: `${server.url}/enrol/hook`,
      secretFile: 'secrets/hook',
      caFile: 'ca.pem',
      answerSeconds,
    },
  });
  return server;
}

const mailTo = (port: number, answerSeconds = plenty) =>
  open({
    mail: {
      host: '127.0.0.1',
      port,
      security: 'none',
      from: 'a@example.com',
      to: ['b@example.com'],
      connectSeconds: plenty,
      answerSeconds,
    },
  });

async function notice(channel: NoticeChannel, changes = 1): Promise<Notice> {
  const { db, clock } = rt;
  const ids: number[] = [];
  for (let n = 1; n <= changes; n++) {
    const added = await addChange(db, {
      probe: `daemon ${n}`,
      at: clock.now().toISOString(),
      before: 'green',
      after: 'red',
      value: 0,
      unit: 'processes',
      sentence: `The daemon ${n} is not running.`,
      link: `/daemons/${n}`,
    });
    ids.push(added.id);
  }
  const range = { first: ids[0] ?? 0, last: ids.at(-1) ?? 0 };
  return addNotice(db, channel, range, { now: clock.now(), sendAt: clock.now() });
}

const step = (channel: NoticeChannel, stop = new AbortController().signal) =>
  noticeTask(rt, channel).step(stop);
const first = async () => {
  const [row] = (await listNotices(rt.db, { limit: 100 })).reverse();
  if (!row) throw new Error('there is no notice');
  return row;
};
const names = () => rt.events.map(({ name }) => name);

test('a webhook gets the changes as JSON, signed, with an id', async () => {
  const server = await hook();
  const { uid } = await notice('webhook', 2);
  expect(await step('webhook')).toMatchObject({ worked: 1 });
  const [received] = server.received;
  expect(received).toMatchObject({ method: 'POST', path: '/enrol/hook' });
  const body = received?.body ?? '';
  expect(received?.headers).toMatchObject({
    'content-type': 'application/json',
    'x-enrol-notice': uid,
    'x-enrol-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  });
  expect(JSON.parse(body)).toMatchObject({
    version: 1,
    id: uid,
    test: false,
    more: 0,
    changes: [
      { probe: 'daemon 1', before: 'green', after: 'red', link: 'https://console.example/daemons/1' },
      { probe: 'daemon 2' },
    ],
  });
  expect(await first()).toMatchObject({ state: 'sent', attempts: 1, fault_code: null, next_try_at: null });
  expect(names()).toEqual(['notice.sent']);
  expect(await step('webhook')).toMatchObject({ worked: 0 });
});

test('a webhook that fails gets the very same again, later each time, until it takes it', async () => {
  const answers = [503, 302];
  const server = await hook((_, response) => {
    response.statusCode = answers.shift() ?? 204;
    response.end();
  });
  await notice('webhook');
  const waits: number[] = [];
  while ((await first()).state === 'waiting') {
    await step('webhook');
    const { next_try_at: next } = await first();
    if (next === null) break;
    waits.push((Date.parse(next) - rt.clock.now().getTime()) / 1000);
    const asked = server.received.length;
    expect(await step('webhook')).toMatchObject({ worked: 0 });
    expect(server.received).toHaveLength(asked);
    rt.pass(3600);
  }
  expect(waits).toHaveLength(2);
  expect(waits[0]).toBeLessThanOrEqual(30);
  expect(waits[1]).toBeLessThanOrEqual(60);
  expect(new Set(server.received.map(({ body }) => body)).size).toBe(1);
  expect(new Set(server.received.map(({ headers }) => headers['x-enrol-signature'])).size).toBe(1);
  expect(await first()).toMatchObject({ state: 'sent', attempts: 3 });
  expect(names()).toEqual(['notice.deferred', 'notice.deferred', 'notice.sent']);
});

test('O12 a notice is given up after so many attempts, and says why without a secret', async () => {
  await hook((_, response) => {
    response.statusCode = 500;
    response.end(secret);
  });
  await notice('webhook');
  for (let i = 0; i < 5; i++) {
    await step('webhook');
    rt.pass(7200);
  }
  expect(await first()).toMatchObject({
    state: 'failed',
    attempts: 3,
    fault_code: 'NOTICE_UNDELIVERED',
    detail: 'the webhook answered 500',
  });
  expect(names()).toEqual(['notice.deferred', 'notice.deferred', 'notice.failed']);
});

test.each([
  ['that nobody vouches for', { caFile: '' }, /PROVIDER_UNTRUSTED/],
  ['whose secret can be read by others', { secretFile: 'open' }, /SECRET_EXPOSED/],
])('a webhook %s gets nothing', async (_, own, reason) => {
  const server = closed(await startHttpsServer(await testAuthority()));
  await open({ webhook: { url: server.url, secretFile: 'secrets/hook', caFile: 'ca.pem', ...own } });
  await writeFile(join(rt.loaded.home, 'open'), secret, { mode: 0o644 });
  await notice('webhook');
  await step('webhook');
  const { state, fault_code: code, detail } = await first();
  expect([state, `${code ?? ''} ${detail ?? ''}`]).toEqual(['waiting', expect.stringMatching(reason)]);
  expect(server.received).toEqual([]);
});

test('a webhook that stalls is left after its time', async () => {
  await hook(() => undefined, 0.5);
  await notice('webhook');
  await step('webhook');
  expect((await first()).detail).toMatch(/ANSWER_LOST/);
});

test('an e-mail tells of several changes, the first hundred of them', async () => {
  const server = closed(await MailServer.start({ hideSTARTTLS: true }));
  await mailTo(server.port);
  await notice('mail', 103);
  await step('mail');
  const source = server.mails[0]?.source.replace(/=\r\n/g, '') ?? '';
  expect(source).toMatch(/^Subject: .*red: daemon 1 and 102\r?\n? more/m);
  expect(source).toContain('The daemon 100 is not running.');
  expect(source).not.toContain('The daemon 101 is not running.');
  expect(source).toContain('3 more: see /probes');
});

test('a mail server that stalls costs an attempt, and a stop does not wait for it', async () => {
  const server = closed(
    await ScriptedServer.start('220 x', (line) => (line.startsWith('EHLO') ? '250 x' : undefined)),
  );
  await mailTo(server.port, 0.5);
  await notice('mail');
  await step('mail');
  expect(await first()).toMatchObject({ state: 'waiting', attempts: 1, fault_code: 'NOTICE_UNDELIVERED' });
  rt.pass(3600);
  await step('mail', AbortSignal.abort());
  expect(await first()).toMatchObject({ state: 'waiting', attempts: 2 });
});

test('a process that dies in an attempt leaves the notice to the next, not at once', async () => {
  const server = closed(await MailServer.start({ hideSTARTTLS: true }));
  await mailTo(server.port);
  const { id } = await notice('mail');
  // What the dead process had written.
  const next = new Date(rt.clock.now().getTime() + 61_000).toISOString();
  await rt.db.updateTable('notice').set({ attempts: 1, next_try_at: next }).where('id', '=', id).execute();
  expect(await step('mail')).toMatchObject({ worked: 0 });
  rt.pass(62);
  await step('mail');
  expect(await first()).toMatchObject({ state: 'sent', attempts: 2 });
});

test('of two schedulers one sends a notice', async () => {
  const server = closed(await MailServer.start({ hideSTARTTLS: true }));
  await mailTo(server.port);
  await notice('mail');
  await Promise.all([step('mail'), step('mail'), step('mail')]);
  expect(server.mails).toHaveLength(1);
});

test('a test goes by every way that is set, is audited, and is tried once', async () => {
  const operator = { who: 'alice', reason: 'new server', now: new Date('2026-05-06T12:00:00.000Z') };
  const gone = await ScriptedServer.start('220 x');
  const { port } = gone;
  await gone.close();
  await mailTo(port);
  await testNotices(rt.loaded, rt.db, operator);
  await step('mail');
  expect(await first()).toMatchObject({ state: 'failed', attempts: 1, first_change: null });
  const audited = await rt.db.selectFrom('audit').select(['who', 'action', 'reason', 'after_json']).execute();
  expect(audited).toEqual([
    {
      who: 'alice',
      action: 'notice.test',
      reason: 'new server',
      after_json: '[{"notice":1,"channel":"mail"}]',
    },
  ]);
  await rt.close();
  await open({});
  await expect(testNotices(rt.loaded, rt.db, operator)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
});
