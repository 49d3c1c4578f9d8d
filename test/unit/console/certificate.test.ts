import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { ConsoleServer } from '../../../console/server.ts';
import { makeAuthority, type Authority, type Issued } from '../../../demo/certificates.ts';
import { ConsoleBrowser } from '../../support/console-browser.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let authority: Authority;
let rt: TestRuntime;
let server: ConsoleServer;
let old: Issued;

const file = (name: string) => join(rt.loaded.home, 'tls', name);
const putCertificate = ({ certificatePem }: Issued) => writeFile(file('certificate.pem'), certificatePem);
const putKey = async ({ keyPem }: Issued) => {
  await rm(file('key.pem'), { force: true });
  await writeFile(file('key.pem'), keyPem, { mode: 0o600 });
};
const issue = () => authority.issue({ name: 'localhost', usage: 'server' });

beforeEach(async () => {
  authority = await makeAuthority();
  rt = await testRuntime({
    console: { address: '127.0.0.1:0', certificateFile: 'tls/certificate.pem', keyFile: 'tls/key.pem' },
  });
  await mkdir(join(rt.loaded.home, 'tls'));
  old = await issue();
  await putCertificate(old);
  await putKey(old);
  server = await ConsoleServer.open(rt);
});
afterEach(async () => {
  await server.finish();
  await rt.close();
});

async function connected(): Promise<TLSSocket> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    ca: authority.certificatePem,
    servername: 'localhost',
  });
  await once(socket, 'secureConnect');
  return socket;
}

const pemOf = (socket: TLSSocket): string => (socket.getPeerX509Certificate()?.toString() ?? '').trim();

/** What somebody is shown who connects now. */
async function shown(): Promise<string> {
  const socket = await connected();
  const pem = pemOf(socket);
  socket.destroy();
  return pem;
}

/** A round of the loop, some seconds later. */
async function round(): Promise<void> {
  rt.pass(5);
  await server.step();
}

const told = () => rt.events.map(({ name }) => name).filter((name) => /certificate|credentials/.test(name));

test('a renewed certificate is shown without a restart, and connections that there are go on', async () => {
  const before = await connected();
  const renewed = await issue();
  await putCertificate(renewed);
  await putKey(renewed);
  expect(await shown()).toBe(old.certificatePem.trim());
  await round();
  expect(await shown()).toBe(renewed.certificatePem.trim());
  expect(renewed.certificatePem).not.toBe(old.certificatePem);
  expect(told()).toEqual(['console.certificate-renewed']);
  const answer = once(before, 'data');
  before.write('GET /sign-in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
  expect(String(await answer)).toMatch(/^HTTP\/1\.1 200 /);
  before.destroy();
  const browser = new ConsoleBrowser({
    origin: `https://localhost:${server.port}`,
    ca: authority.certificatePem,
  });
  expect((await browser.get('/sign-in')).status).toBe(200);
});

test('nothing is done as long as the files are the same', async () => {
  await round();
  await round();
  expect(told()).toEqual([]);
  expect(await shown()).toBe(old.certificatePem.trim());
});

describe('half of a new pair', () => {
  test('is not used: the old one stays, it is said once, and the other half completes it', async () => {
    const renewed = await issue();
    await putCertificate(renewed);
    await round();
    await round();
    expect(told()).toEqual(['console.credentials-refused']);
    expect(rt.events.at(-1)?.fields).toMatchObject({
      code: 'KEY_UNREADABLE',
      detail: expect.stringContaining('console: '),
    });
    expect(await shown()).toBe(old.certificatePem.trim());
    await putKey(renewed);
    await round();
    expect(await shown()).toBe(renewed.certificatePem.trim());
    expect(told()).toEqual(['console.credentials-refused', 'console.certificate-renewed']);
  });

  test('or a key that others may read, or none: the old one stays', async () => {
    await rm(file('key.pem'));
    await round();
    await writeFile(file('key.pem'), (await issue()).keyPem, { mode: 0o644 });
    await round();
    expect(told()).toEqual(['console.credentials-refused', 'console.credentials-refused']);
    expect(JSON.stringify(rt.events)).not.toContain('PRIVATE KEY');
    expect(await shown()).toBe(old.certificatePem.trim());
  });
});
