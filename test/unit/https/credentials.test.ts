import { generateKeyPairSync } from 'node:crypto';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { makeAuthority, type Authority, type Issued } from '../../../demo/certificates.ts';
import type { HttpsClientConfig } from '../../../shared/runtime/https-schema.ts';
import { canary, ClientHome, faultOf, message } from '../../support/https-client.ts';
import { mutual, startHttpsServer, testAuthority, type HttpsServer } from '../../support/https-server.ts';
import { waitFor } from '../../support/wait-for.ts';

let authority: Authority;
let second: Issued;
let home: ClientHome;
let server: HttpsServer;

beforeAll(async () => {
  authority = await testAuthority();
  second = await authority.issue({ name: 'second', usage: 'client' });
});
beforeEach(async () => {
  home = await ClientHome.create(authority, 'first');
  server = await startHttpsServer(authority, mutual(authority));
});
afterEach(async () => {
  await home.remove();
  await server.close();
});

const clients = () => server.received.map(({ client }) => client);
const token = { authentication: 'token', tokenFile: 'token' } as const;

describe('a certificate that is replaced', () => {
  test('is shown without a restart, two seconds later at most, and the old connections end', async () => {
    const client = home.client({ url: server.url });
    await client.call(message());
    const old = [...server.connections];
    await home.writePair(second);
    home.clock.advance(1.9);
    await client.call(message());
    home.clock.advance(0.1);
    await client.call(message());
    expect(clients()).toEqual(['first', 'first', 'second']);
    await waitFor('the end of the old connections', () => old.every((socket) => socket.destroyed));
    expect(home.refused).toEqual([]);
  });

  test('does not disturb a call that is under way, and close waits for it', async () => {
    const client = home.client({ url: server.url });
    let answer: () => void = () => undefined;
    server.respond = (_, response) => (answer = () => response.end('late'));
    const slow = client.call(message());
    await waitFor('the call', () => server.received.length === 1);
    server.respond = (_, response) => response.end('ok');
    await home.writePair(second);
    home.clock.advance(2);
    await client.call(message());
    const ended: string[] = [];
    const closing = client.close().then(() => ended.push('client'));
    await home.client({ url: server.url }).call(message());
    answer();
    expect(await slow.finally(() => ended.push('call'))).toMatchObject({ body: Buffer.from('late') });
    await closing;
    expect(ended).toEqual(['call', 'client']);
    expect(clients()).toEqual(['first', 'second', 'second']);
  });

  test('half is not used: the old pair goes on, it is said once, and the other half completes it', async () => {
    const client = home.client({ url: server.url });
    await client.call(message());
    await home.write('certificate.pem', second.certificatePem, 0o644);
    for (let i = 0; i < 3; i++) {
      home.clock.advance(2);
      await client.call(message());
    }
    expect(home.refused.map((fault) => fault.message)).toEqual([
      'KEY_UNREADABLE: carrier: certificateFile and keyFile do not belong together, or are damaged ' +
        '(ERR_OSSL_X509_KEY_VALUES_MISMATCH)',
    ]);
    await home.write('key.pem', second.keyPem);
    home.clock.advance(2);
    await client.call(message());
    expect(clients()).toEqual(['first', 'first', 'first', 'first', 'second']);
    expect(home.refused).toHaveLength(1);
  });

  test.each<[string, string, () => Promise<void>]>([
    ['cut off', 'KEY_UNREADABLE', () => home.write('key.pem', second.keyPem.slice(0, 90))],
    ['readable by others', 'SECRET_EXPOSED', () => home.write('key.pem', second.keyPem, 0o644)],
    ['away', 'KEY_UNREADABLE', () => rm(join(home.folder, 'key.pem'))],
  ])('with a key that is %s leaves the old pair in use', async (_, code, harm) => {
    const client = home.client({ url: server.url });
    await client.call(message());
    await harm();
    home.clock.advance(2);
    await client.call(message());
    expect(home.refused.map((fault) => fault.code)).toEqual([code]);
    expect(clients()).toEqual(['first', 'first']);
  });

  test('when only its permissions are mended is used', async () => {
    await chmod(join(home.folder, 'key.pem'), 0o644);
    const client = home.client({ url: server.url });
    expect((await faultOf(client.call(message()))).code).toBe('SECRET_EXPOSED');
    await chmod(join(home.folder, 'key.pem'), 0o600);
    expect(await client.call(message())).toMatchObject({ status: 200 });
  });
});

test('another authority counts as soon as caFile names it', async () => {
  const client = home.client({ url: server.url });
  await client.call(message());
  await home.write('ca.pem', (await makeAuthority('New Authority')).certificatePem);
  home.clock.advance(2);
  expect((await faultOf(client.call(message()))).code).toBe('PROVIDER_UNTRUSTED');
});

test('a new token is sent, and a broken one is not taken', async () => {
  await home.write('token', `Bearer ${canary}-1\n`);
  const client = home.client({ url: server.url, ...token });
  await client.call(message());
  await home.write('token', `${canary}-2\r\nx: y\n`);
  home.clock.advance(2);
  await client.call(message());
  await home.write('token', `Bearer ${canary}-3\n`);
  home.clock.advance(2);
  await client.call(message());
  expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
    `Bearer ${canary}-1`,
    `Bearer ${canary}-1`,
    `Bearer ${canary}-3`,
  ]);
  expect(home.refused.map((fault) => fault.message)).toEqual([
    'KEY_UNREADABLE: carrier: tokenFile has characters that no header can carry',
  ]);
});

describe('credentials that cannot be used from the start are a fault of the call', () => {
  const pem = { type: 'pkcs8', format: 'pem' } as const;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(pem);
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export(pem);
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pem);
  const account = (fields: object) =>
    JSON.stringify({
      client_email: 'a@b.example',
      token_uri: 'https://localhost/token',
      private_key: rsa,
      ...fields,
    });

  test.each<[string, string, Partial<HttpsClientConfig>, string, string, number]>([
    ['no certificate in certificateFile', 'KEY_UNREADABLE', {}, 'certificate.pem', canary, 0o644],
    ['no key in keyFile', 'KEY_UNREADABLE', {}, 'key.pem', canary, 0o600],
    ['no certificate in caFile', 'KEY_UNREADABLE', {}, 'ca.pem', canary, 0o644],
    ['an empty token', 'KEY_UNREADABLE', token, 'token', '\n', 0o600],
    ['a token that others may read', 'SECRET_EXPOSED', token, 'token', canary, 0o640],
    ...Object.entries({
      'cut off': '{',
      empty: '{}',
      'that is no JSON': `{"private_key":${canary}}`,
      'with a key of another kind': account({ private_key: pss }),
      'with a weak key': account({ private_key: weak }),
      'with a broken key': account({ private_key: canary }),
      'with a token server without TLS': account({ token_uri: 'http://a.example' }),
    }).map(([what, text]): [string, string, Partial<HttpsClientConfig>, string, string, number] => [
      `a service account ${what}`,
      'KEY_UNREADABLE',
      { authentication: 'google-service-account', serviceAccountFile: 'account' },
      'account',
      text,
      0o600,
    ]),
  ])('%s: %s', async (_, code, settings, file, text, mode) => {
    await home.write(file, text, mode);
    const fault = await faultOf(home.client({ url: server.url, ...settings }).call(message()));
    expect(fault.code).toBe(code);
    expect(server.connected).toBe(0);
  });

  test('a file that is missing is named', async () => {
    const fault = await faultOf(
      home.client({ url: server.url, certificateFile: 'nowhere.pem' }).call(message()),
    );
    expect(fault.message).toBe(`KEY_UNREADABLE: ${join(home.folder, 'nowhere.pem')} is missing`);
  });
});

describe('credentials of the service manager', () => {
  let folder: string;
  const write = (name: string, text: string) => writeFile(join(folder, name), text, { mode: 0o600 });
  const client = (settings: Partial<HttpsClientConfig>) =>
    home.client({ url: server.url, ...settings }, { environment: { CREDENTIALS_DIRECTORY: folder } });

  beforeEach(async () => {
    folder = join(home.folder, 'credentials');
    await mkdir(folder);
  });

  test('come before the files', async () => {
    const files = ['certificate.pem', 'key.pem', 'ca.pem', 'token'];
    await write('carrier-certificate', second.certificatePem);
    await write('carrier-key', second.keyPem);
    await write('carrier-ca', authority.certificatePem);
    await write('carrier-token', canary);
    for (const file of files) await home.write(file, 'broken');
    await client({ ...token, tokenHeader: 'X-Token' }).call(message());
    expect(server.received[0]).toMatchObject({ client: 'second', headers: { 'x-token': canary } });
  });

  test('are looked at again too', async () => {
    await write('carrier-token', `${canary}-1`);
    const sender = client(token);
    await sender.call(message());
    await write('carrier-token', `${canary}-22`);
    home.clock.advance(2);
    await sender.call(message());
    expect(server.received.map(({ headers }) => headers.authorization)).toEqual([
      `${canary}-1`,
      `${canary}-22`,
    ]);
  });

  test('that are not there leave the files', async () => {
    await home.write('token', canary);
    await client(token).call(message());
    expect(server.received[0]).toMatchObject({ client: 'first', headers: { authorization: canary } });
  });
});
