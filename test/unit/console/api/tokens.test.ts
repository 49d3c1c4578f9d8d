import { request } from 'node:http';
import { once } from 'node:events';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { makeApiToken, revokeToken, tokenPattern } from '../../../../shared/operator/api-tokens.ts';
import { ApiScene } from './api-scene.ts';

let scene: ApiScene;
beforeEach(async () => {
  scene = await ApiScene.open();
});
afterEach(() => scene.close());

const operator = () => ({ who: 'root', reason: 'a leak', now: scene.rt.clock.now() });
const told = (name: string) =>
  scene.rt.events.filter((event) => event.name === name).map((each) => each.fields);
const day = 86_400;

describe('O10: who is let in', () => {
  test('nobody without a token, and nobody learns what there is', async () => {
    for (const path of ['/files', '/nothing', '/api/v2/files', '/api', '/openapi.json']) {
      const answer = await scene.ask({ path });
      expect([path, answer.status]).toEqual([path, 401]);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="Device Enrolment"');
      expect(answer.json).toMatchObject({ code: 'TOKEN_REFUSED', status: 401, title: 'Unauthorized' });
    }
  });

  test.each([
    ['a token that nobody made', () => `Bearer ${makeApiToken()}`],
    ['a token without its prefix', (token: string) => `Bearer ${token.replace('enrol_', '')}`],
    ['a token that is cut off', (token: string) => `Bearer ${token.slice(0, -1)}`],
    ['a token and more', (token: string) => `Bearer ${token} x`],
    ['a token in other letters', (token: string) => `Bearer ${token.toUpperCase()}`],
    ['another scheme', (token: string) => `Basic ${Buffer.from(`x:${token}`).toString('base64')}`],
    ['a wildcard', () => `Bearer enrol_${'%'.repeat(43)}`],
    ['a statement', () => `Bearer enrol_' or 1=1 --`],
  ])('%s', async (_name, header) => {
    const token = await scene.token('administrator');
    const { status, headers } = await scene.ask({
      path: '/files',
      headers: { authorization: header(token) },
    });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await scene.ask({ path: '/files', token })).status).toBe(200);
  });

  test('two headers, of which one is good', async () => {
    const token = await scene.token('administrator');
    const { host, hostname, port } = new URL(scene.pages.stranger().place.origin);
    const headers = [
      'host',
      host,
      'authorization',
      `Bearer ${makeApiToken()}`,
      'authorization',
      `Bearer ${token}`,
    ];
    const sending = request({ hostname, port, path: '/api/v1/files', agent: false, headers });
    sending.end();
    const [response] = (await once(sending, 'response')) as [{ statusCode: number; resume: () => void }];
    response.resume();
    expect(response.statusCode).toBe(401);
  });

  test('a token ends by itself at its time', async () => {
    const token = await scene.addToken('short', 'viewer', 2);
    scene.rt.pass(2 * day - 1);
    expect((await scene.ask({ path: '/files', token })).status).toBe(200);
    scene.rt.pass(1);
    const { status, json } = await scene.ask({ path: '/files', token });
    expect([status, json]).toEqual([401, expect.objectContaining({ detail: 'the token short is expired' })]);
    expect(told('console.token-refused')).toEqual([{ token: 'short', from: '127.0.0.1', detail: 'expired' }]);
  });

  test('a revoked token is let in no more, at once', async () => {
    const token = await scene.addToken('leaked', 'administrator');
    expect((await scene.ask({ path: '/audit', token })).status).toBe(200);
    await revokeToken(scene.rt.db, operator(), 'leaked');
    expect(await scene.refusal({ path: '/audit', token })).toMatchObject({
      status: 401,
      detail: 'the token leaked is revoked',
    });
  });

  test('no cookie counts, and no address: only the header', async () => {
    const token = await scene.token('administrator');
    const browser = await scene.pages.as('administrator');
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    expect((await browser.get('/files')).status).toBe(200);
    expect((await scene.ask({ path: '/files', headers: { cookie } })).status).toBe(401);
    const { origin } = browser.place;
    const body = { reason: 'x' };
    const forged = { cookie, origin, 'sec-fetch-site': 'same-origin', 'x-csrf-token': browser.csrf };
    const asked = { method: 'POST', path: '/jobs/salesOrderDispatch/run', body };
    expect((await scene.ask({ ...asked, headers: forged })).status).toBe(401);
    for (const path of [`/files?access_token=${token}`, `/files?token=${token}`]) {
      expect([path, (await scene.ask({ path })).status]).toEqual([path, 401]);
      // Nor is it quietly passed over: it would stand in the logs of others.
      expect([path, (await scene.ask({ path, token })).status]).toEqual([path, 400]);
    }
    const cookies = { cookie: `session=${token}; enrol=${token}; token=${token}` };
    expect((await scene.ask({ path: '/files', headers: cookies })).status).toBe(401);
  });

  test('the path of an endpoint is the same however it is written', async () => {
    const browser = await scene.pages.as('administrator');
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { cookie, origin: browser.place.origin, 'content-type': 'application/json' };
    const body = JSON.stringify({ reason: 'x', csrf: browser.csrf });
    for (const path of ['/%61pi/v1/jobs/salesOrderDispatch/run', '/api%2Fv1/jobs/salesOrderDispatch/run']) {
      const { status } = await browser.send(path, { method: 'POST', headers, body });
      expect([path, [401, 403, 404].includes(status)]).toEqual([path, true]);
    }
    expect(await scene.pages.audited()).not.toContainEqual(expect.objectContaining({ action: 'job.run' }));
  });

  test('a token opens no page', async () => {
    const token = await scene.token('administrator');
    const browser = scene.pages.stranger();
    const headers = { authorization: `Bearer ${token}` };
    expect((await browser.get('/files', headers)).status).toBe(401);
    expect((await browser.post('/jobs/salesOrderDispatch/run', { reason: 'x' }, headers)).status).toBe(401);
  });

  test('a role that is too low is told', async () => {
    const answer = await scene.ask({ path: '/audit', token: await scene.token('operator') });
    expect(answer.status).toBe(403);
    expect(answer.headers['www-authenticate']).toContain('error="insufficient_scope"');
    expect(told('console.refused')).toEqual([
      expect.objectContaining({ user: 'token some-operator', path: '/api/v1/audit', code: 'ROLE_TOO_LOW' }),
    ]);
  });
});

test('the use of a token is noted, once a minute at most', async () => {
  const token = await scene.addToken('watched', 'viewer');
  const used = async () =>
    (await scene.rt.db.selectFrom('api_token').selectAll().executeTakeFirstOrThrow()).last_used_at;
  expect(await used()).toBeNull();
  const uses: (string | null)[] = [];
  for (const seconds of [0, 59, 1, 3600]) {
    scene.rt.pass(seconds);
    await scene.ask({ path: '/keys', token });
    uses.push(await used());
  }
  expect(uses).toEqual([
    '2026-05-06T12:00:00.000Z',
    '2026-05-06T12:00:00.000Z',
    '2026-05-06T12:01:00.000Z',
    '2026-05-06T13:01:00.000Z',
  ]);
});

describe('O12: a program that asks too much', () => {
  test('one token from one address is slowed down, another is not', async () => {
    const [token, other] = [
      await scene.addToken('eager', 'viewer'),
      await scene.addToken('modest', 'viewer'),
    ];
    const statuses = new Set<number>();
    for (let asked = 0; asked < 600; asked++)
      statuses.add((await scene.ask({ path: '/jobs/x', token })).status);
    expect([...statuses]).toEqual([404]);
    const { status, headers, json } = await scene.ask({ path: '/jobs/x', token });
    expect([status, json]).toEqual([429, expect.objectContaining({ code: 'TOO_MANY_REQUESTS' })]);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60);
    expect((await scene.ask({ path: '/jobs/x', token: other })).status).toBe(404);
  });

  test('an address that tries tokens is slowed down, and good tokens are not', async () => {
    for (let asked = 0; asked < 60; asked++) {
      expect((await scene.ask({ path: '/keys', token: makeApiToken() })).status).toBe(401);
    }
    const { status, headers } = await scene.ask({ path: '/keys', token: makeApiToken() });
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(300);
    expect(told('console.token-refused')).toHaveLength(60);
    expect((await scene.ask({ path: '/keys', token: await scene.token('viewer') })).status).toBe(200);
  });
});

test('canary: a token is in no answer, log line or row, whatever becomes of it', async () => {
  const tokens = [await scene.addToken('first', 'administrator'), makeApiToken()];
  const texts: string[] = [];
  for (const token of tokens) {
    const asked = [
      { path: '/audit', token },
      { path: `/files?access_token=${token}`, token },
      { path: `/files/${token}`, token },
      { path: `/orders/${token}`, headers: { authorization: `Basic ${token}` } },
      { path: '/nothing', token },
      { method: 'POST', path: '/jobs/none/run', token, body: { reason: 'x', more: token } },
    ];
    for (const each of asked) {
      const { text, headers } = await scene.ask(each);
      texts.push(text, JSON.stringify(headers));
    }
  }
  await revokeToken(scene.rt.db, operator(), 'first');
  const kept = JSON.stringify([scene.rt.events, await scene.everything()]);
  for (const token of tokens) {
    expect(token).toMatch(tokenPattern);
    for (const part of [token, token.slice(0, 20), token.slice(-20)]) expect(kept).not.toContain(part);
    expect(texts.filter((text) => text.includes(token))).toEqual([]);
  }
  expect(kept).toContain('token first');
});
