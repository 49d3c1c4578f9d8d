import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, test } from '@jest/globals';

import { Endpoint } from '../../../daemons/loader/endpoint.ts';
import { readCredentials } from '../../../daemons/loader/endpoint-credentials.ts';
import { makeAuthority } from '../../../demo/certificates.ts';
import { EndpointScene, token, type Options, type SceneOptions } from './endpoint-scene.ts';

let scene: EndpointScene;
afterEach(() => scene.close());
const open = async (options?: SceneOptions) => {
  scene = await EndpointScene.open(options);
};

const withToken = (authorization: string): Options => ({ headers: { authorization } });

describe('the token', () => {
  test.each([
    ['none', ''],
    ['another', 'Bearer another'],
    ['the right one and more', `${token}x`],
    ['the beginning of it', token.slice(0, -1)],
    ['one without its scheme', token.replace('Bearer ', '')],
  ])('%s: 401, before anything is read', async (_, authorization) => {
    await open();
    const answer = await scene.post('a.pgp', 'sealed', withToken(authorization));
    expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
    // Nor does it learn what there is.
    expect(await scene.post('', '', { ...withToken(authorization), path: '/x' })).toMatchObject({
      status: 401,
    });
    expect(await scene.files('in')).toEqual([]);
    expect(scene.told('endpoint.refused')).toMatchObject([{ status: 401 }, { status: 401 }]);
  });

  test('a stranger who does not even send what he announces is answered', async () => {
    await open();
    const sending = scene.begin('a.pgp', { headers: { authorization: 'x', 'content-length': 1000 } });
    sending.flushHeaders();
    const [response] = (await once(sending, 'response')) as [{ statusCode: number }];
    expect(response.statusCode).toBe(401);
    // And is cut off when he goes on sending nothing.
    await new Promise((resolve) => sending.on('error', () => undefined).once('close', resolve));
  });
});

describe('mutual TLS', () => {
  const clientOf = async (authority: EndpointScene['authority'], wanted: object = {}) => {
    const { certificatePem, keyPem } = await authority.issue({ name: 'adaptor', usage: 'client', ...wanted });
    return { cert: certificatePem, key: keyPem };
  };

  test('a client of the authority is let in, without a token where none is configured', async () => {
    await open({ proof: 'certificate' });
    const options = { ...(await clientOf(scene.authority)), ...withToken('') };
    expect(await scene.post('a.pgp', 'sealed', options)).toMatchObject({ status: 201 });
  });

  test('where both are configured, both are needed', async () => {
    await open({ proof: 'both' });
    const client = await clientOf(scene.authority);
    expect(await scene.post('a.pgp', 'sealed', { ...client, ...withToken('') })).toMatchObject({
      status: 401,
    });
    await expect(scene.post('a.pgp', 'sealed')).rejects.toThrow();
    expect(await scene.post('a.pgp', 'sealed', client)).toMatchObject({ status: 201 });
  });

  test.each<[string, () => Promise<object>]>([
    ['no certificate', () => Promise.resolve({})],
    ['one of another authority', async () => clientOf(await makeAuthority())],
    ['one that is over', () => clientOf(scene.authority, { notAfter: new Date(Date.now() - 1000) })],
    ['one of a server', () => clientOf(scene.authority, { usage: 'server' })],
  ])('%s: there is no connection', async (_, client) => {
    await open({ proof: 'certificate' });
    await expect(scene.post('a.pgp', 'sealed', await client())).rejects.toThrow();
    expect(await scene.files('in')).toEqual([]);
  });
});

test('TLS 1.2 is the oldest that is spoken', async () => {
  await open();
  const only = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    scene.post(`${version}.pgp`, version, {
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
  await expect(only('TLSv1.1')).rejects.toMatchObject({
    message: expect.stringContaining('alert protocol version'),
  });
  expect(await only('TLSv1.2')).toMatchObject({ status: 201 });
  expect(await only('TLSv1.3')).toMatchObject({ status: 201 });
});

describe('what the server needs to begin', () => {
  const listen = {
    address: '127.0.0.1:0',
    certificateFile: 'secrets/certificate.pem',
    keyFile: 'secrets/key.pem',
    clientCaFile: 'secrets/client-ca.pem',
    tokenFile: 'secrets/token',
  };
  const read = (own: object = {}, env: NodeJS.ProcessEnv = {}) =>
    readCredentials(scene.runtime.loaded.home, { ...listen, ...own }, env);
  const secret = (name: string) => join(scene.runtime.loaded.home, 'secrets', name);

  test('E01: a key or token that others may read is refused', async () => {
    await open();
    for (const name of ['key.pem', 'token']) {
      await chmod(secret(name), 0o640);
      await expect(read()).rejects.toMatchObject({ code: 'SECRET_EXPOSED' });
      await chmod(secret(name), 0o600);
    }
    expect(await read()).toMatchObject({ token });
  });

  test.each([
    ['a missing file', { certificateFile: 'secrets/none' }],
    ['a certificate that is none', { certificateFile: 'secrets/token' }],
    ['an authority that is none', { clientCaFile: 'secrets/token' }],
    ['a key of another certificate', { certificateFile: 'secrets/client-ca.pem' }],
  ])('%s: KEY_UNREADABLE', async (_, own) => {
    await open();
    await expect(read(own)).rejects.toMatchObject({ code: 'KEY_UNREADABLE' });
  });

  test('credentials of the service manager come first', async () => {
    await open();
    const folder = join(scene.runtime.loaded.home, 'secrets');
    await writeFile(join(folder, 'listen-token'), 'Bearer of the manager', { mode: 0o600 });
    expect(await read({}, { CREDENTIALS_DIRECTORY: folder })).toMatchObject({
      token: 'Bearer of the manager',
    });
  });

  test('an address that is taken: LISTEN_FAILED', async () => {
    await open();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const opening = Endpoint.open(scene.runtime, scene.inbox, { ...listen, address: `127.0.0.1:${port}` });
    await expect(opening).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
    other.close();
  });
});
