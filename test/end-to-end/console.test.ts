import { chmod, mkdir, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Agent, request } from 'undici';

import { makeAuthority } from '../../demo/certificates.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { consolePort } from '../support/console-port.ts';
import { ConsoleBrowser } from '../support/console-browser.ts';
import { install, type Program, type TestInstallation } from '../support/installation.ts';

const password = 'a canary of a password';

let installation: TestInstallation;
beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

const configure = (settings: Readonly<Record<string, string | number>>) =>
  installation.configure(Object.entries(settings).map(([name, value]) => [['console', name], value]));

/** Adds a user, whose password comes from a file or over stdin. */
async function addUser(name: string, role: string, file?: string): Promise<void> {
  const words = ['user', 'add', name, '--role', role];
  if (file !== undefined) words.push('--password-file', file);
  const program = installation.start(words, { stdio: ['pipe', 'pipe', 'pipe'] });
  program.child.stdin?.end(`${password}\n`);
  expect(await program.exit).toMatchObject({ code: 0, stdout: `User ${name}: ${role}\n`, stderr: '' });
}

async function started(): Promise<{ program: Program; port: number }> {
  const program = installation.start(['console']);
  await program.logged('daemon.ready');
  const port = consolePort(program.stdout);
  return { program, port: Number(port) };
}

/** Ends it, and looks at all that it has said. */
async function stopped(program: Program): Promise<void> {
  const ended = await program.end('SIGTERM');
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  expect(program.events.slice(-2)).toEqual(['daemon.stopping', 'daemon.stopped']);
  expect(ended.stdout).not.toContain(password);
}

async function makeCertificate(): Promise<string> {
  const authority = await makeAuthority();
  const issued = await authority.issue({ name: 'localhost', usage: 'server' });
  const folder = join(installation.home, 'var', 'tls');
  await mkdir(folder);
  await writeFile(join(folder, 'certificate.pem'), issued.certificatePem);
  await writeFile(join(folder, 'key.pem'), issued.keyPem, { mode: 0o600 });
  await configure({
    address: '127.0.0.1:0',
    certificateFile: 'var/tls/certificate.pem',
    keyFile: 'var/tls/key.pem',
  });
  return authority.certificatePem;
}

test('over TLS: sign in, look, sign out; SIGTERM ends it, with the worker signed off', async () => {
  const ca = await makeCertificate();
  await addUser('alice', 'viewer');
  const { program, port } = await started();
  const origin = `https://127.0.0.1:${port}`;
  const dispatcher = new Agent({ connect: { ca } });
  const ask = async (path: string, fields?: Record<string, string>, cookie = '') => {
    const answer = await request(origin + path, {
      dispatcher,
      method: fields ? 'POST' : 'GET',
      headers: { origin, cookie, ...(fields && { 'content-type': 'application/x-www-form-urlencoded' }) },
      ...(fields && { body: new URLSearchParams(fields).toString() }),
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };

  const outside = await ask('/account');
  expect(outside.status).toBe(401);
  expect(outside.headers['strict-transport-security']).toBe('max-age=31536000');
  expect((await ask('/sign-in', { name: 'alice', password: 'wrong' })).status).toBe(401);
  const entered = await ask('/sign-in', { name: 'alice', password, next: '/account' });
  expect(entered).toMatchObject({ status: 303, headers: { location: '/account' } });
  const cookie = String(entered.headers['set-cookie']);
  expect(cookie).toMatch(/^__Host-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
  const session = cookie.split(';', 1)[0];
  const inside = await ask('/account', undefined, session);
  expect(inside.text).toContain('Signed in as <strong>alice</strong> (viewer)');
  const csrf = /name="csrf" value="([^"]+)"/.exec(inside.text)?.[1] ?? '';
  expect((await ask('/sign-out', { csrf }, session)).status).toBe(303);
  expect((await ask('/account', undefined, session)).status).toBe(401);

  const db = await installation.store();
  const alive = await db.selectFrom('worker').select('stopped_at').where('daemon', '=', 'console').execute();
  expect(alive).toEqual([{ stopped_at: null }]);
  // The browser's connection is still open: nobody waits for it.
  await stopped(program);
  const gone = await db.selectFrom('worker').select('stopped_at').where('daemon', '=', 'console').execute();
  expect(gone).toEqual([{ stopped_at: expect.any(String) }]);
  await dispatcher.close();
});

test('over a socket: for the group alone, and the web server in front tells who asks', async () => {
  await configure({ address: 'unix:var/console.sock' });
  await addUser('alice', 'viewer');
  const socketPath = join(installation.home, 'var', 'console.sock');
  const { program } = await started();
  expect(((await stat(socketPath)).mode & 0o777).toString(8)).toBe('660');
  const place = { origin: 'https://enrol.example.com', socketPath };
  const browser = new ConsoleBrowser(place);
  const from = { 'x-forwarded-for': '203.0.113.66, 198.51.100.7' };
  const answer = await browser.post('/sign-in', { name: 'alice', password }, from);
  expect(answer.status).toBe(303);
  expect(answer.headers['set-cookie']?.[0]).toMatch(/^__Host-session=.*; Secure/);
  expect((await browser.get('/account')).status).toBe(200);
  // What stands before its own entry the browser may have written.
  await program.logged('console.signed-in');
  expect(program.stdout).toMatch(/"event":"console.signed-in","user":"alice","from":"198.51.100.7"/);

  await program.end('SIGKILL');
  const again = await started(); // The socket of the killed process is in nobody's way.
  expect((await new ConsoleBrowser(place).get('/sign-in')).status).toBe(200);
  const second = installation.start(['console']);
  expect(await second.exit).toMatchObject({ code: 1, stderr: expect.stringContaining('LISTEN_FAILED') });
  expect((await new ConsoleBrowser(place).get('/sign-in')).status).toBe(200);
  await stopped(again.program);
});

test('a file at the place of the socket is left alone', async () => {
  await configure({ address: 'unix:var/precious' });
  await writeFile(join(installation.home, 'var', 'precious'), 'x');
  expect(await installation.run('console')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('LISTEN_FAILED'),
  });
  expect((await stat(join(installation.home, 'var', 'precious'))).size).toBe(1);
});

describe('it does not begin', () => {
  test('in plain on an address that others reach', async () => {
    await configure({ address: '0.0.0.0:0' });
    const { code, stderr } = await installation.run('console');
    expect(code).toBe(exitCodes.config.code);
    expect(stderr).toContain('console.certificateFile');
  });

  test('with a key that others may read', async () => {
    await makeCertificate();
    await chmod(join(installation.home, 'var', 'tls', 'key.pem'), 0o644);
    expect(await installation.run('console')).toMatchObject({
      code: exitCodes.keys.code,
      stderr: expect.stringContaining('SECRET_EXPOSED'),
    });
  });

  test('on an address that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    await configure({ address: `127.0.0.1:${(other.address() as { port: number }).port}` });
    expect(await installation.run('console')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('LISTEN_FAILED'),
    });
    other.close();
  });
});

describe('enrol user', () => {
  test('O12: adds, lists, changes, disables and enables, with an audit and without the password', async () => {
    const file = join(installation.home, 'password');
    await writeFile(file, `${password}\n`, { mode: 0o600 });
    await addUser('alice', 'administrator', file);
    await addUser('bert', 'viewer');
    const said = [
      await installation.run('user', 'role', 'bert', '--role', 'operator'),
      await installation.run('user', 'disable', 'bert'),
      await installation.run('user', 'list'),
      await installation.run('user', 'enable', 'bert'),
      await installation.run('user', 'password', 'bert', '--password-file', file),
      await installation.run('user', 'list', '--json'),
    ];
    expect(said.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(said[0]?.stdout).toBe('User bert: operator\n');
    expect(said[2]?.stdout).toMatch(/alice +administrator +enabled\nbert +operator +disabled/);
    expect(JSON.parse(said[5]?.stdout ?? '')).toMatchObject([{ name: 'alice' }, { name: 'bert' }]);
    const db = await installation.store();
    const audit = await db.selectFrom('audit').select(['action', 'subject', 'who']).orderBy('id').execute();
    const verbs = ['add', 'add', 'role', 'disable', 'enable', 'password'];
    expect(audit.map(({ action }) => action)).toEqual(verbs.map((verb) => `user.${verb}`));
    const everything = JSON.stringify([said, await db.selectFrom('audit').selectAll().execute()]);
    expect(everything).not.toContain(password);
    expect(everything).not.toContain('argon2');
  });

  test('refuses a file that others may read, a weak password, and the last administrator’s end', async () => {
    const file = join(installation.home, 'password');
    await writeFile(file, `${password}\n`, { mode: 0o644 });
    const add = (...words: string[]) =>
      installation.run('user', 'add', 'alice', '--role', 'administrator', ...words);
    expect(await add('--password-file', file)).toMatchObject({ code: exitCodes.keys.code });
    await writeFile(file, 'short\n');
    await chmod(file, 0o600);
    expect(await add('--password-file', file)).toMatchObject({ code: exitCodes.usage.code });
    expect(await add()).toMatchObject({ code: exitCodes.usage.code }); // stdin has nothing.
    expect(await add('--password', 'x')).toMatchObject({ code: exitCodes.usage.code });
    await addUser('alice', 'administrator');
    expect(await installation.run('user', 'disable', 'alice')).toMatchObject({ code: 1 });
    expect(await installation.run('user', 'role', 'nobody', '--role', 'viewer')).toMatchObject({
      code: exitCodes.notFound.code,
    });
  });
});
