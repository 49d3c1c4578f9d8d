import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { makeAuthority } from '../../../demo/certificates.ts';
import { canary, ClientHome } from '../../support/https-client.ts';
import { startHttpsServer, testAuthority, type HttpsServer } from '../../support/https-server.ts';

const program = `
  import { HttpsClient } from './shared/https/client.ts';
  import { systemClock } from './shared/runtime/clock.ts';
  import { httpsClient } from './shared/runtime/https-schema.ts';
  const [url, home] = process.argv.slice(1);
  const settings = httpsClient().parse({ url, authentication: 'token', tokenFile: 'token', caFile: 'ca.pem' });
  const client = new HttpsClient({ settings, home, name: 'carrier', clock: systemClock });
  const message = { method: 'POST', path: '/', mediaType: 'text/plain', content: 'CANARY' };
  console.log(await client.call(message).then(({ status }) => status, ({ code }) => code));
  await client.close();
`;

let home: ClientHome;
let server: HttpsServer | undefined;

/** What a process of its own prints: Node reads some of these when it starts. */
async function outputWith(started: HttpsServer, environment: NodeJS.ProcessEnv, options: string[] = []) {
  server = started;
  const args = [...options, '--input-type=module', '--eval', program, server.url, home.folder];
  const env = { PATH: process.env.PATH, ...environment };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout + stderr).not.toContain(canary);
  return stdout.trim();
}

beforeEach(async () => {
  home = await ClientHome.create(await testAuthority());
  await home.write('token', canary);
});
afterEach(async () => {
  await home.remove();
  await server?.close();
});

describe('the environment does not change how a server is called', () => {
  test('NODE_TLS_REJECT_UNAUTHORIZED=0 makes nobody trusted', async () => {
    const stranger = await startHttpsServer(await makeAuthority('Stranger'));
    expect(await outputWith(stranger, { NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toBe('PROVIDER_UNTRUSTED');
    expect(stranger.received).toHaveLength(0);
  });

  test('a proxy that it names is not used', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const environment = {
      HTTPS_PROXY: nowhere,
      https_proxy: nowhere,
      ALL_PROXY: nowhere,
      NODE_USE_ENV_PROXY: '1',
    };
    expect(await outputWith(await startHttpsServer(await testAuthority()), environment)).toBe('200');
  });

  test('TLS 1.1 is not spoken, even if Node is told to', async () => {
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const options = ['--tls-min-v1.1', '--tls-cipher-list=DEFAULT@SECLEVEL=0'];
    const server = await startHttpsServer(await testAuthority(), old);
    expect(await outputWith(server, {}, options)).toBe('PROVIDER_UNREACHABLE');
  });
});
