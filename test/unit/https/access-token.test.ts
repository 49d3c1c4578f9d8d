import { generateKeyPairSync } from 'node:crypto';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { jwtVerify } from 'jose';

import type { Authority } from '../../../demo/certificates.ts';
import type { HttpsClient } from '../../../shared/https/client.ts';
import type { HttpsClientConfig } from '../../../shared/runtime/https-schema.ts';
import { canary, ClientHome, faultOf, message } from '../../support/https-client.ts';
import {
  startHttpsServer,
  testAuthority,
  type HttpsServer,
  type Respond,
} from '../../support/https-server.ts';
import { waitFor } from '../../support/wait-for.ts';

let authority: Authority;
let home: ClientHome;
let api: HttpsServer;
let tokens: HttpsServer;
let given: number;

const json =
  (status: number, body: unknown): Respond =>
  (_, response) =>
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
/** A new token with each answer. */
const giveTokens =
  (fields: object = { expires_in: 3600 }): Respond =>
  (received, response) =>
    json(200, { access_token: `${canary}-${++given}`, token_type: 'Bearer', ...fields })(received, response);

beforeAll(async () => {
  authority = await testAuthority();
});
beforeEach(async () => {
  given = 0;
  home = await ClientHome.create(authority);
  api = await startHttpsServer(authority);
  tokens = await startHttpsServer(authority);
  tokens.respond = giveTokens();
  await home.write('secret', `${canary} s:ec/ret&ü\n`);
});
afterEach(async () => {
  await home.remove();
  await api.close();
  await tokens.close();
});

const oauth = (settings: Partial<HttpsClientConfig> = {}): HttpsClient =>
  home.client({
    url: api.url,
    authentication: 'oauth2',
    tokenUrl: `${tokens.url}/oauth/token?tenant=7`,
    clientId: 'reseller:1',
    clientSecretFile: 'secret',
    ...settings,
  });
const used = () => api.received.map(({ headers }) => headers.authorization);

describe('client credentials', () => {
  test('are sent in the header, form-encoded, and the token with the call', async () => {
    await oauth({ scope: 'devices write' }).call(message());
    const [asked] = tokens.received;
    expect(asked).toMatchObject({ method: 'POST', path: '/oauth/token?tenant=7' });
    expect(asked?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    const basic = asked?.headers.authorization?.replace('Basic ', '') ?? '';
    expect(Buffer.from(basic, 'base64').toString()).toBe(`reseller%3A1:${canary}+s%3Aec%2Fret%26%C3%BC`);
    expect(asked?.body).toBe('grant_type=client_credentials&scope=devices+write');
    expect(used()).toEqual([`Bearer ${canary}-1`]);
  });

  test('no scope is asked for when there is none', async () => {
    await oauth().call(message());
    expect(tokens.received[0]?.body).toBe('grant_type=client_credentials');
  });

  test('many callers wait for one token', async () => {
    const client = oauth();
    await Promise.all([1, 2, 3, 4, 5].map(() => client.call(message())));
    expect(tokens.received).toHaveLength(1);
    expect(new Set(used())).toEqual(new Set([`Bearer ${canary}-1`]));
  });

  test.each([
    ['an hour', { expires_in: 3600 }, 3540],
    ['an hour as text', { expires_in: '3600' }, 3540],
    ['a minute', { expires_in: 60 }, 30],
    ['unknown', {}, 240],
  ])('a token whose life is %s is kept until shortly before its end', async (_, fields, seconds) => {
    tokens.respond = giveTokens(fields);
    const client = oauth();
    await client.call(message());
    home.clock.advance(seconds - 1);
    await client.call(message());
    home.clock.advance(1);
    await client.call(message());
    expect(used()).toEqual([1, 1, 2].map((n) => `Bearer ${canary}-${n}`));
  });

  test('a token that is refused is dropped: the next call has a new one', async () => {
    const client = oauth();
    api.respond = json(401, {});
    expect(await client.call(message())).toMatchObject({ status: 401 });
    expect(tokens.received).toHaveLength(1);
    api.respond = json(200, {});
    await client.call(message());
    await client.call(message());
    expect(used()).toEqual([1, 2, 2].map((n) => `Bearer ${canary}-${n}`));
  });

  test('a late refusal of an old token leaves the new one', async () => {
    const client = oauth({ concurrent: 3 });
    let refuse: () => void = () => undefined;
    api.respond = (received, response) => (refuse = () => json(401, {})(received, response));
    const late = client.call(message());
    await waitFor('the slow call', () => api.received.length === 1);
    api.respond = json(401, {});
    await client.call(message());
    api.respond = json(200, {});
    await client.call(message());
    refuse();
    expect(await late).toMatchObject({ status: 401 });
    await client.call(message());
    expect(used()).toEqual([1, 1, 2, 2].map((n) => `Bearer ${canary}-${n}`));
  });

  test('403 does not cost a token', async () => {
    const client = oauth();
    api.respond = json(403, {});
    await client.call(message());
    await client.call(message());
    expect(tokens.received).toHaveLength(1);
  });

  test.each<[number, object, string, string]>([
    [400, { error: 'invalid_client' }, 'PROVIDER_DENIES', '400 invalid_client'],
    [401, { error: canary }, 'PROVIDER_DENIES', '401'],
    [403, {}, 'PROVIDER_DENIES', '403'],
    [302, {}, 'PROVIDER_DENIES', '302'],
    [429, {}, 'PROVIDER_BUSY', '429'],
    [500, { error: 'invalid_request', error_description: canary }, 'PROVIDER_BUSY', '500 invalid_request'],
    [503, {}, 'PROVIDER_BUSY', '503'],
  ])('the token server answers %i: the call is not made', async (status, body, code, why) => {
    tokens.respond = json(status, body);
    const client = oauth();
    const fault = await faultOf(client.call(message()));
    expect(fault.message).toBe(`${code}: carrier: ${tokens.url} gave no access token (${why})`);
    expect(api.received).toHaveLength(0);
    tokens.respond = giveTokens();
    expect(await client.call(message())).toMatchObject({ status: 200 });
  });

  test.each<[string, Respond]>([
    ['a page', (_, response) => response.end(`<html>${canary}</html>`)],
    ['a token of another kind', json(200, { access_token: canary, token_type: 'mac' })],
    ['a token that no header can carry', json(200, { access_token: `${canary}\r\n`, token_type: 'bearer' })],
  ])('the token server gives %s: PROVIDER_DENIES', async (_, respond) => {
    tokens.respond = respond;
    expect((await faultOf(oauth().call(message()))).code).toBe('PROVIDER_DENIES');
    expect(api.received).toHaveLength(0);
  });

  test('an answer of the token server that is lost is no answer of the provider that is lost', async () => {
    tokens.respond = (_, response) => response.socket?.destroy();
    const fault = await faultOf(oauth().call(message()));
    expect(fault.code).toBe('PROVIDER_UNREACHABLE');
    expect(fault.detail).toMatch(/^no access token: carrier: /);
    expect(api.received).toHaveLength(0);
  });
});

describe('a service account of Google', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const account = async (settings: Partial<HttpsClientConfig> = {}): Promise<HttpsClient> => {
    const file = {
      type: 'service_account',
      client_email: 'reseller@project.iam.example',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      private_key_id: 'key-1',
      token_uri: `${tokens.url}/token`,
    };
    await home.write('account.json', JSON.stringify(file));
    const authentication = 'google-service-account';
    return home.client({ url: api.url, authentication, serviceAccountFile: 'account.json', ...settings });
  };

  async function assertion() {
    const form = new URLSearchParams(tokens.received[0]?.body);
    expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
    return jwtVerify(form.get('assertion') ?? '', publicKey, { currentDate: home.clock.now() });
  }

  test('signs who it is and what it wants, by our clock', async () => {
    await (await account()).call(message());
    const { payload, protectedHeader } = await assertion();
    const now = home.clock.now().getTime() / 1000;
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'key-1' });
    expect(payload).toEqual({
      iss: 'reseller@project.iam.example',
      aud: `${tokens.url}/token`,
      scope: 'https://www.googleapis.com/auth/androidworkprovisioning',
      iat: now,
      exp: now + 3600,
    });
    expect(tokens.received[0]?.headers.authorization).toBeUndefined();
    expect(used()).toEqual([`Bearer ${canary}-1`]);
  });

  test('asks for the scope of the settings', async () => {
    await (await account({ scope: 'https://scope.example/a' })).call(message());
    expect((await assertion()).payload).toMatchObject({ scope: 'https://scope.example/a' });
  });

  test('that is refused: PROVIDER_DENIES', async () => {
    tokens.respond = json(400, { error: 'invalid_grant' });
    const client = await account();
    const fault = await faultOf(client.call(message()));
    expect(fault.message).toMatch(/^PROVIDER_DENIES: .*\(400 invalid_grant\)$/);
  });
});
