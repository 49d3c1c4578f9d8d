import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SMTPServerOptions } from 'smtp-server';

import { sendMail } from '../../../shared/probes/send-mail.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { noticeSettings, type MailConfig } from '../../../shared/runtime/notice-schema.ts';
import { testAuthority } from '../../support/https-server.ts';
import { MailServer, ScriptedServer } from '../../support/smtp-server.ts';

const password = 'CANARY-mail-password';
const encoded = Buffer.from(password).toString('base64');
const plain = Buffer.from(`\0alice\0${password}`).toString('base64');

const content = {
  uid: '7d1f2c9e-0000-4000-8000-000000000001',
  host: 'enrol-1',
  consoleUrl: 'https://console.example',
  createdAt: '2026-05-06T12:00:00.000Z',
  more: 0,
  changes: [
    {
      id: 1,
      probe: 'held files',
      at: '2026-05-06T12:00:00.000Z',
      before: 'green' as const,
      after: 'red' as const,
      value: 1,
      unit: 'files',
      sentence: '1 file(s) are held and wait for a decision.',
      link: '/files?state=held',
    },
  ],
};

let home: string;
const closing: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'mail-'));
  await writeFile(join(home, 'password'), `${password}\n`, { mode: 0o600 });
  await writeFile(join(home, 'ca.pem'), (await testAuthority()).certificatePem);
});
afterEach(async () => {
  for (const server of closing.splice(0)) await server.close();
  await rm(home, { recursive: true });
});

const closed = <S extends { close(): Promise<void> }>(server: S): S => {
  closing.push(server);
  return server;
};

const settingsOf = (own: Partial<MailConfig>): MailConfig => ({
  ...noticeSettings().parse({}).mail,
  host: 'localhost',
  from: 'Enrolment <enrol@example.com>',
  to: ['ops@example.com', 'on-call@example.com'],
  connectSeconds: 5,
  answerSeconds: 5,
  ...own,
});
const secrets = { user: 'alice', passwordFile: 'password' };

const send = (own: Partial<MailConfig>, signal = new AbortController().signal): Promise<string | null> =>
  sendMail(home, settingsOf(own), content, signal);

/** What it fails with, looked through for secrets. */
async function failure(own: Partial<MailConfig>, signal?: AbortSignal): Promise<string> {
  const thrown: unknown = await send(own, signal).then(
    () => new Error('it was sent'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof Fault)) throw thrown;
  const everything = inspect(thrown, { showHidden: true, depth: Infinity, getters: true });
  for (const secret of [password, encoded, plain]) expect(everything).not.toContain(secret);
  return `${thrown.code}: ${thrown.detail}`;
}

async function tlsOf(name = 'localhost') {
  const { certificatePem: cert, keyPem: key } = await (
    await testAuthority()
  ).issue({ name, usage: 'server' });
  return { cert, key };
}

const letIn: SMTPServerOptions = {
  onAuth: ({ username, password: shown }, _session, done) =>
    shown === password ? done(null, { user: username }) : done(new Error(`not ${shown ?? ''}`)),
};

describe('an e-mail is sent', () => {
  test('in plain, without sign-in, to everybody', async () => {
    const server = closed(await MailServer.start({ hideSTARTTLS: true }));
    expect(await send({ port: server.port, security: 'none' })).toBeNull();
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      from: 'enrol@example.com',
      to: ['ops@example.com', 'on-call@example.com'],
      secure: false,
    });
    const head = mail?.source.split('\r\n\r\n')[0] ?? '';
    expect(head).toContain('Subject: [enrol enrol-1] red: held files');
    expect(head).toContain(`Message-ID: <${content.uid}@device-enrolment>`);
    expect(head).toContain('Auto-Submitted: auto-generated');
    expect(mail?.source).toContain('1 file(s) are held and wait for a decision.');
    expect(mail?.source.replace(/=\r\n/g, '').replace('=3D', '=')).toContain(
      'https://console.example/files?state=held',
    );
  });

  test('after STARTTLS, with user and password', async () => {
    const server = closed(await MailServer.start({ ...(await tlsOf()), ...letIn, authOptional: false }));
    expect(await send({ port: server.port, caFile: 'ca.pem', ...secrets })).toBeNull();
    expect(server.mails[0]).toMatchObject({ secure: true, user: 'alice' });
  });

  test('over TLS from the beginning', async () => {
    const server = closed(await MailServer.start({ ...(await tlsOf()), secure: true, ...letIn }));
    expect(await send({ port: server.port, security: 'tls', caFile: 'ca.pem', ...secrets })).toBeNull();
    expect(server.mails[0]).toMatchObject({ secure: true, user: 'alice' });
  });

  test('to those that the server takes; the others are counted', async () => {
    const server = closed(
      await MailServer.start({
        hideSTARTTLS: true,
        onRcptTo: ({ address }, _session, done) => done(address.startsWith('ops') ? null : new Error('no')),
      }),
    );
    expect(await send({ port: server.port, security: 'none' })).toBe('not taken for 1 of 2 addresses');
    expect(server.mails[0]?.to).toEqual(['ops@example.com']);
  });
});

describe('an e-mail is not sent', () => {
  test('to a server that has no STARTTLS, and the password never either', async () => {
    const server = closed(await MailServer.start({ hideSTARTTLS: true, ...letIn }));
    expect(await failure({ port: server.port, ...secrets })).toMatch(
      /^NOTICE_UNDELIVERED: the mail server localhost/,
    );
    expect(server.mails).toEqual([]);
  });

  test.each(['starttls', 'tls'] as const)('over %s to a server that nobody vouches for', async (security) => {
    const server = closed(
      await MailServer.start({ ...(await tlsOf()), secure: security === 'tls', ...letIn }),
    );
    expect(await failure({ port: server.port, security, ...secrets })).toMatch(
      /could not be reached or broke off/,
    );
    expect(server.mails).toEqual([]);
  });

  test('to a server with the certificate of another', async () => {
    const server = closed(await MailServer.start({ ...(await tlsOf('other.example')), ...letIn }));
    expect(await failure({ port: server.port, caFile: 'ca.pem', ...secrets })).toMatch(
      /could not be reached/,
    );
    expect(server.mails).toEqual([]);
  });

  test('O12 with a wrong password; what the server repeats of it is not told', async () => {
    const answer = (line: string) =>
      line.startsWith('EHLO')
        ? '250-x\r\n250 AUTH PLAIN'
        : line.startsWith('AUTH')
          ? `535 5.7.8 wrong: ${line} ${password}`
          : '250 ok';
    const server = closed(await ScriptedServer.start('220 x', answer));
    expect(await failure({ port: server.port, security: 'none', ...secrets })).toBe(
      'NOTICE_UNDELIVERED: the mail server localhost answered 535 5.7.8 to AUTH PLAIN (EAUTH)',
    );
    expect(server.received.join()).toContain(plain);
  });

  test.each([
    ['MAIL FROM', '451 4.3.0 later', /answered 451 4\.3\.0 to MAIL FROM/],
    ['RCPT TO', '550 5.7.1 relaying denied', /answered 550 5\.7\.1 to RCPT TO/],
    ['DATA', '552 no room', /answered 552 to DATA/],
    ['.', '554 5.6.0 no', /answered 554 5\.6\.0/],
    ['EHLO', '421 4.3.2 closing', /answered 421/],
  ])('when the server answers %s with %s', async (step, said, expected) => {
    let inData = false;
    const answer = (line: string) => {
      if (inData && line !== '.') return undefined;
      inData = false;
      if (line.startsWith(step) || (step === 'EHLO' && line.startsWith('HELO'))) return said;
      if (line === 'DATA') {
        inData = true;
        return '354 go on';
      }
      return '250 ok';
    };
    const server = closed(await ScriptedServer.start('220 x', answer));
    expect(await failure({ port: server.port, security: 'none' })).toMatch(expected);
  });

  test('to a server that is not there', async () => {
    const gone = await ScriptedServer.start('220 x');
    const { port } = gone;
    await gone.close();
    expect(await failure({ port, security: 'none' })).toMatch(/ECONNREFUSED/);
  });

  test('to a server that says nothing, or stalls in the middle', async () => {
    const silent = closed(await ScriptedServer.start(undefined));
    expect(await failure({ port: silent.port, security: 'none', connectSeconds: 0.2 })).toMatch(/ETIMEDOUT/);
    const stalling = closed(
      await ScriptedServer.start('220 x', (line) => (line.startsWith('EHLO') ? '250 x' : undefined)),
    );
    expect(await failure({ port: stalling.port, security: 'none', answerSeconds: 0.2 })).toMatch(/ETIMEDOUT/);
  });

  test('to a server that dribbles: the time for the whole counts', async () => {
    const server = closed(await ScriptedServer.start('220-wait', () => '220-wait'));
    const late = AbortSignal.timeout(300);
    expect(await failure({ port: server.port, security: 'none' }, late)).toMatch(/did not answer in time/);
  });

  test('O12 with a password file that others can read, or that is missing; without a word of it', async () => {
    await writeFile(join(home, 'open'), password, { mode: 0o644 });
    expect(await failure({ ...secrets, passwordFile: 'open' })).toMatch(/^SECRET_EXPOSED: .*open has mode/);
    expect(await failure({ ...secrets, passwordFile: 'nothing' })).toMatch(/^KEY_UNREADABLE: /);
  });
});
