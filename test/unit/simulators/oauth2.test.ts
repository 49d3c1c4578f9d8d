import { createSign, generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { googleZeroTouchApi } from '../../../demo/google-zero-touch-api.ts';
import { windowsAutopilotApi } from '../../../demo/windows-autopilot-api.ts';
import { Simulated } from './simulated.ts';

let simulated: Simulated;
beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
afterEach(() => simulated.stop());

describe('client credentials', () => {
  const batches = '/v1/customers/7c1d2b1e-9f5b-4b43-8a5e-1a2f3b4c5d6e/deviceBatches';
  beforeEach(() => simulated.start(windowsAutopilotApi));
  const ask = (authorization: string) =>
    simulated.call('GET', batches, { headers: authorization === '' ? {} : { authorization } });

  test('a token opens the API, and nothing else does', async () => {
    const token = await simulated.token();
    expect((await ask(`Bearer ${token}`)).status).toBe(200);
    for (const authorization of ['', `Bearer ${token}x`, `Basic ${token}`, token])
      expect((await ask(authorization)).status).toBe(401);
  });

  test('a token expires', async () => {
    await simulated.rules({ tokenSeconds: 0 });
    expect((await ask(`Bearer ${await simulated.token()}`)).status).toBe(401);
  });

  test('tells how long a token is valid', async () => {
    const secret = await readFile(simulated.files.caller.clientSecretFile, 'utf8');
    await simulated.rules({ tokenSeconds: 120 });
    expect((await simulated.askForToken(simulated.files.caller.clientId, secret)).json).toEqual({
      access_token: expect.any(String),
      expires_in: 120,
      token_type: 'Bearer',
    });
    expect(await simulated.askForToken(simulated.files.caller.clientId, secret, 'password')).toMatchObject({
      status: 400,
      json: { error: 'unsupported_grant_type' },
    });
  });

  test.each([
    ['an unknown client', 'nobody', ''],
    ['a wrong secret', 'demo-client', 'wrong'],
    ['no credentials', '', ''],
    ['a name that every object has', 'constructor', 'wrong'],
  ])('refuses %s', async (_what, id, secret) => {
    const reply = await simulated.askForToken(id, secret);
    expect(reply).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
  });
});

describe('the JWT bearer grant', () => {
  let account: { client_email: string; private_key: string; token_uri: string };
  beforeEach(async () => {
    await simulated.start(googleZeroTouchApi);
    await simulated.files.serviceAccountFor(simulated.url);
    const file = await readFile(simulated.files.caller.serviceAccountFile, 'utf8');
    account = JSON.parse(file) as typeof account;
  });

  const now = () => Math.floor(Date.now() / 1000);
  const claims = () => ({
    iss: account.client_email,
    scope: 'https://www.googleapis.com/auth/androidworkprovisioning',
    aud: account.token_uri,
    iat: now(),
    exp: now() + 3600,
  });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

  function sign(
    changes: object = {},
    key = account.private_key,
    header: object = { alg: 'RS256', typ: 'JWT' },
  ) {
    const signed = `${encode(header)}.${encode({ ...claims(), ...changes })}`;
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
  }

  const ask = (assertion: string, grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer') =>
    simulated.call('POST', '/token', {
      body: new URLSearchParams({ grant_type: grant, assertion }).toString(),
      type: 'application/x-www-form-urlencoded',
    });
  const find = (authorization: string) =>
    simulated.call('GET', '/v1/operations/apibatchoperation/1', { headers: { authorization } });

  test('a signed assertion gets a token that opens the API', async () => {
    const reply = await ask(sign());
    expect(reply).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 3600 } });
    const { access_token: token } = reply.json as { access_token: string };
    expect((await find(`Bearer ${token}`)).status).toBe(404);
    expect(await find('Bearer other')).toMatchObject({
      status: 401,
      json: { error: { code: 401, status: 'UNAUTHENTICATED' } },
    });
  });

  test('a token of this grant expires, too', async () => {
    await simulated.rules({ tokenSeconds: 0 });
    const { access_token: token } = (await ask(sign())).json as { access_token: string };
    expect((await find(`Bearer ${token}`)).status).toBe(401);
  });

  test.each([
    ['another issuer', 'invalid_grant', { iss: 'somebody@example.com' }],
    ['another audience', 'invalid_grant', { aud: 'https://oauth2.googleapis.com/token' }],
    ['one that has expired', 'invalid_grant', { iat: now() - 3600, exp: now() - 1 }],
    ['one from the future', 'invalid_grant', { iat: now() + 600, exp: now() + 900 }],
    ['more than an hour', 'invalid_grant', { exp: now() + 7200 }],
    ['no end', 'invalid_grant', { exp: undefined }],
    ['another scope', 'invalid_scope', { scope: 'https://www.googleapis.com/auth/drive' }],
  ])('refuses %s', async (_what, error, changes) => {
    expect(await ask(sign(changes))).toMatchObject({ status: 400, json: { error } });
  });

  test('refuses the signature of another key, another algorithm, another grant, and nonsense', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const answers = [
      await ask(sign({}, other)),
      await ask(sign({}, account.private_key, { alg: 'none' })),
      await ask('a.b.c'),
      await ask(sign(), 'client_credentials'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(answers.map(({ json }) => (json as { error: string }).error)).toEqual([
      'invalid_grant',
      'invalid_grant',
      'invalid_grant',
      'unsupported_grant_type',
    ]);
  });
});
