import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';

import { answerByRoute, type Route } from '../../../demo/service.ts';
import { waitFor } from '../../support/wait-for.ts';
import { Simulated } from './simulated.ts';

let simulated: Simulated;
/** What the service was made to do. */
let done: string[];

const routes: Route<{ greeting: string }>[] = [
  {
    method: 'POST',
    path: /^\/things\/(?<name>[^/]+)$/,
    takes: 'application/json',
    handle: ({ parameters: { name = '' } }, { greeting }) => {
      done.push(name);
      return { status: 201, headers: { location: '/elsewhere' }, body: { said: `${greeting}, ${name}` } };
    },
  },
  { method: 'DELETE', path: /^\/things\/(?<name>[^/]+)$/, handle: () => ({ status: 204 }) },
];
const service = () => ({
  rules: z.strictObject({ greeting: z.string().default('hello') }),
  answer: (call: Parameters<typeof answerByRoute>[2], rules: { greeting: string }) =>
    answerByRoute(routes, (refusal) => ({ status: 400, body: { refusal } }), call, rules),
});

beforeAll(async () => {
  simulated = await Simulated.make();
});
afterAll(() => simulated.remove());
beforeEach(async () => {
  done = [];
  await simulated.start(service);
});
afterEach(() => simulated.stop());

const post = (name: string) => simulated.call('POST', `/things/${name}`, { json: {} });
const misbehave = (...transport: object[]) => simulated.rules({ transport });

describe('the frame of the simulators', () => {
  test('answers by route, with status, headers and body', async () => {
    const reply = await post('caf%C3%A9');
    expect(reply).toMatchObject({
      status: 201,
      json: { said: 'hello, café' },
      headers: { location: '/elsewhere' },
    });
    expect(await simulated.call('DELETE', '/things/x')).toMatchObject({ status: 204, text: '' });
  });

  test.each([
    ['no such path', 'POST', '/nothing', { json: {} }],
    ['no such path', 'POST', '/things/a/b', { json: {} }],
    ['wrong method', 'PUT', '/things/x', { json: {} }],
    ['wrong media type', 'POST', '/things/x', { body: '{}', type: 'text/json' }],
    ['wrong media type', 'POST', '/things/x', { body: '{}', type: 'application/json; charset=latin1' }],
    ['wrong media type', 'DELETE', '/things/x', { json: {} }],
    ['no body', 'POST', '/things/x', { body: '', type: 'application/json' }],
    ['not JSON', 'POST', '/things/x', { body: '{', type: 'application/json' }],
  ])('refuses: %s (%s %s)', async (refusal, method, path, wanted) => {
    expect((await simulated.call(method, path, wanted)).json).toEqual({ refusal });
    expect(done).toEqual([]);
  });

  test('refuses a body of more than 64 MB', async () => {
    const body = ' '.repeat(65 * 1024 * 1024);
    const outcome = simulated.call('POST', '/things/x', { body, type: 'application/json' });
    // The server may close while the rest is still on its way.
    expect(await outcome.then((reply) => reply.status).catch(() => 413)).toBe(413);
    expect(done).toEqual([]);
  });

  test('reads its rules anew for each call; while they cannot be read, the last ones hold', async () => {
    await simulated.rules({ greeting: 'good day' });
    expect((await post('a')).json).toEqual({ said: 'good day, a' });
    await writeFile(simulated.rulesFile, '{"greeting":');
    expect((await post('b')).json).toEqual({ said: 'good day, b' });
    await simulated.rules({ greetings: 'a slip' });
    expect((await post('c')).json).toEqual({ said: 'good day, c' });
  });

  test('a server that demands a certificate does not talk to a caller without one', async () => {
    await simulated.start(service, true);
    expect((await post('with')).status).toBe(201);
    await expect(simulated.call('POST', '/things/x', { json: {}, certificate: false })).rejects.toThrow();
    expect(done).toEqual(['with']);
  });

  test('a certificate of another authority does not help', async () => {
    await simulated.start(service, true);
    const stranger = await Simulated.make();
    stranger.aim(simulated.url);
    try {
      // It does not know the server's authority either, so that is left unchecked here.
      const { certificateFile, keyFile } = stranger.files.caller;
      const [cert, key] = [await readFile(certificateFile), await readFile(keyFile)];
      const outcome = new Promise((resolve, reject) => {
        const options = { method: 'POST', agent: false as const, cert, key, rejectUnauthorized: false };
        request(`${simulated.url}/things/x`, options, resolve).on('error', reject).end();
      });
      await expect(outcome).rejects.toThrow();
      expect(done).toEqual([]);
    } finally {
      await stranger.remove();
    }
  });
});

describe('misbehaviour on request', () => {
  test('counts, and matches method and path', async () => {
    await misbehave({ match: '^POST /things/a', times: 2, status: 500 });
    const statuses = [];
    for (const name of ['b', 'a', 'a', 'a']) statuses.push((await post(name)).status);
    expect(statuses).toEqual([201, 500, 500, 201]);
    expect(done).toEqual(['b', 'a']);
  });

  test('a rule that was taken out and put back begins anew', async () => {
    const once = { times: 1, status: 503 };
    await misbehave(once);
    expect([(await post('a')).status, (await post('a')).status]).toEqual([503, 201]);
    await misbehave();
    expect((await post('a')).status).toBe(201);
    await misbehave(once);
    expect((await post('a')).status).toBe(503);
  });

  test('delaySeconds: does it, and answers late', async () => {
    await misbehave({ delaySeconds: 0.3 });
    const start = performance.now();
    expect((await post('a')).status).toBe(201);
    expect(performance.now() - start).toBeGreaterThan(290);
  });

  test('stall: does it, and never answers', async () => {
    await misbehave({ stall: true, times: 1 });
    let outcome = 'waiting';
    const stalled = post('a').then(
      () => (outcome = 'answered'),
      () => (outcome = 'cut off'),
    );
    await waitFor('the first call to be done', () => done.includes('a'));
    expect((await post('b')).status).toBe(201);
    expect(outcome).toBe('waiting');
    await simulated.stop();
    await stalled;
    expect(outcome).toBe('cut off');
  });

  test('hangUpBefore: closes without doing it', async () => {
    await misbehave({ hangUpBefore: true });
    await expect(post('a')).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(done).toEqual([]);
  });

  test('hangUpAfter: does it, and closes', async () => {
    await misbehave({ hangUpAfter: true });
    await expect(post('a')).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect(done).toEqual(['a']);
  });

  test('cutBody: does it, and breaks off in the middle of the answer', async () => {
    await misbehave({ cutBody: true });
    await expect(post('a')).rejects.toThrow(/aborted|ECONNRESET/);
    expect(done).toEqual(['a']);
  });

  test('flood: does it, and answers without end', async () => {
    await misbehave({ flood: 3 });
    const reply = await post('a');
    expect(reply.text.length).toBe(3 * 1024 * 1024 + '{"flood":""}'.length);
    expect(done).toEqual(['a']);
  });

  test.each([
    [{ status: 429, retryAfter: 7 }, { 'retry-after': '7' }],
    [
      { status: 429, retryAfter: 'Fri, 31 Dec 2027 23:59:59 GMT' },
      { 'retry-after': 'Fri, 31 Dec 2027 23:59:59 GMT' },
    ],
    [{ status: 302, location: 'https://example.com/' }, { location: 'https://example.com/' }],
    [{ status: 500, body: { code: 'x' } }, { 'content-type': 'application/json' }],
  ])('status: %j, and nothing is done', async (rule, headers) => {
    await misbehave(rule);
    const reply = await post('a');
    expect(reply).toMatchObject({ status: rule.status, headers });
    expect(reply.json).toEqual('body' in rule ? rule.body : undefined);
    expect(done).toEqual([]);
  });

  test('notJson: an HTML page in place of the answer; with a status it is not done', async () => {
    await misbehave({ notJson: true, times: 1 }, { notJson: true, status: 502 });
    const page = {
      text: expect.stringContaining('<html>'),
      headers: { 'content-type': 'text/html; charset=utf-8' },
    };
    expect(await post('a')).toMatchObject({ status: 201, ...page });
    expect(await post('b')).toMatchObject({ status: 502, ...page });
    expect(done).toEqual(['a']);
  });
});
