import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { connect } from 'node:net';

import { html } from '../../../console/html.ts';
import type { Page } from '../../../console/page.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { ConsoleScene, probes } from './console-scene.ts';

const failing = (path: string, thrown: Error): Page => ({
  path,
  title: 'Fails',
  role: 'viewer',
  render: () => Promise.reject(thrown),
});

const hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>.pgp';

let scene: ConsoleScene;
beforeEach(async () => {
  const { pages, actions } = probes();
  const echo: Page = {
    path: '/echo/:name',
    title: 'Echo',
    heading: ({ params }) => params.text('name'),
    role: 'viewer',
    render: (_, { params, query }) =>
      Promise.resolve(html`<p title="${params.text('name')}">${query.optional('q')}</p>`),
  };
  const failures = [
    failing('/bug', new Error('secret-detail of a bug')),
    failing('/busy', new Fault('STORE_BUSY', 'secret-detail of the store')),
    failing('/missing', new Fault('NOT_FOUND', `there is no file ${hostile}`)),
  ];
  scene = await ConsoleScene.open({ pages: [...pages, echo, ...failures], actions });
});
afterEach(() => scene.close());

test('every answer says what a browser may do with it', async () => {
  const browser = await scene.signedIn('viewer');
  const policy =
    "default-src 'none';style-src 'self';script-src 'self';img-src 'self';connect-src 'self';" +
    "form-action 'self';frame-ancestors 'none';base-uri 'none'";
  const answers = [
    await browser.get('/probe'),
    await browser.get('/none'),
    await browser.get('/bug'),
    await scene.browser().get('/probe'),
    await scene.browser().get('/sign-in'),
    await browser.get('/assets/style.css'),
    await browser.post('/probe/act'),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 500, 401, 200, 200, 403]);
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'content-security-policy': policy,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['cache-control']).toBe(
      headers['content-type']?.startsWith('text/css') ? 'no-cache' : 'no-store',
    );
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(headers).not.toHaveProperty('server');
    expect(headers).not.toHaveProperty('x-powered-by');
  }
});

test('no page has anything inline, or from elsewhere', async () => {
  const browser = await scene.signedIn('administrator');
  for (const path of ['/probe', '/sign-in', '/none', '/bug']) {
    const { text } = await browser.get(path);
    expect(text).not.toMatch(/<style|<script(?! src="\/assets\/)|\sstyle=|\son\w+=|javascript:/i);
    for (const [, address] of text.matchAll(/(?:href|src|action)="([^"]*)"/g))
      expect(address).toMatch(/^[/#]/);
  }
});

describe('O10: text from elsewhere', () => {
  test('is shown, and never run', async () => {
    const browser = await scene.signedIn('viewer');
    const { text, status } = await browser.get(
      `/echo/${encodeURIComponent(hostile)}?q=${encodeURIComponent(hostile)}`,
    );
    expect(status).toBe(200);
    expect(text).not.toMatch(/<script>|<img/);
    // In the title, the heading, the attribute and the text.
    expect(text.split('&quot;&gt;&lt;script&gt;alert(1)')).toHaveLength(5);
  });

  test('also in what a fault says, and in what the audit says', async () => {
    const browser = await scene.signedIn('viewer');
    const { status, text } = await browser.get('/missing');
    expect(status).toBe(404);
    expect(text).not.toMatch(/<script>|<img/);
    expect(text).toContain('there is no file &quot;&gt;&lt;script&gt;');
  });
});

describe('what went wrong', () => {
  test('a bug: the code and what to do, in the log the rest; and it goes on', async () => {
    const browser = await scene.signedIn('viewer');
    const answer = await browser.get('/bug');
    expect(answer.status).toBe(500);
    expect(answer.text).toContain('<strong>BUG</strong>');
    expect(answer.text).toContain('Give the log line with its stack to the engineers.');
    expect(answer.text).not.toMatch(/secret-detail|node_modules|\.ts:|at /);
    expect(scene.told('console.failed')).toMatchObject([
      {
        user: 'user-viewer',
        method: 'GET',
        path: '/bug',
        code: 'BUG',
        stack: expect.stringContaining('.ts'),
      },
    ]);
    expect((await browser.get('/probe')).status).toBe(200);
  });

  test('a store that is busy: not at the moment', async () => {
    const browser = await scene.signedIn('viewer');
    const answer = await browser.get('/busy');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('STORE_BUSY');
    expect(answer.text).not.toContain('secret-detail');
    expect(scene.told('console.failed')).toMatchObject([{ code: 'STORE_BUSY' }]);
  });

  test('a page that there is not: 404 for those who are signed in, no answer for others', async () => {
    const browser = await scene.signedIn('viewer');
    for (const path of ['/none', '/probe/', '/PROBE', '/probe/act', '/echo/']) {
      expect([path, (await browser.get(path)).status]).toEqual([path, path === '/echo/' ? 400 : 404]);
    }
    expect((await browser.post('/none')).status).toBe(404);
    const strange = await scene.browser().get('/none?x=<b>');
    expect(strange.status).toBe(401);
    expect(strange.text).toContain('name="next" value="/none?x=');
  });

  test('a path that is none, or too long', async () => {
    const browser = await scene.signedIn('viewer');
    for (const path of ['/echo/%zz', '/echo/%', '/%', `/echo/${'x'.repeat(400)}`]) {
      const { status, headers } = await browser.get(path);
      expect([path, status]).toEqual([path, 400]);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
    expect(await scene.browser().get('/%zz')).toMatchObject({
      status: 400,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
      text: expect.not.stringContaining('%zz'),
    });
  });

  test('a method that nobody uses', async () => {
    const browser = await scene.signedIn('viewer');
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const { status } = await browser.send('/probe', { method, headers: { origin: scene.origin } });
      expect([method, status]).toEqual([method, 404]);
    }
  });
});

test('HEAD: as GET, without the content, and with the same guard', async () => {
  const browser = await scene.signedIn('viewer');
  const head = await browser.send('/probe', { method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, text: '' });
  expect(Number(head.headers['content-length'])).toBeGreaterThan(500);
  expect((await scene.browser().send('/probe', { method: 'HEAD' })).status).toBe(401);
});

describe('what is sent', () => {
  const post = (body: string, type: string) =>
    scene
      .browser()
      .send('/sign-in', { method: 'POST', headers: { origin: scene.origin, 'content-type': type }, body });
  const form = 'application/x-www-form-urlencoded';

  test('a body that is too large is not read', async () => {
    expect((await post(`name=${'x'.repeat(10_000)}`, form)).status).toBe(413);
    const browser = await scene.signedIn('operator');
    expect((await browser.post('/probe/act', { reason: 'x'.repeat(70_000) })).status).toBe(413);
  });

  test('anything but a form is not taken', async () => {
    for (const type of [
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/xml',
    ]) {
      expect([type, (await post('{"name":"alice"}', type)).status]).toEqual([type, 415]);
    }
  });

  test('a field that comes twice, or has lines, is refused', async () => {
    expect((await post('name=alice&name=bert&password=x', form)).status).toBe(400);
    expect((await post('name=alice%0Abert&password=x', form)).status).toBe(400);
    expect((await post('name=alice&password=x&password=y', form)).status).toBe(400);
    expect((await post('password=x', form)).status).toBe(400);
  });
});

describe('assets', () => {
  test.each([
    ['style.css', 'text/css'],
    ['console.js', 'application/javascript'],
    ['plots.js', 'application/javascript'],
    ['icon.svg', 'image/svg+xml'],
  ])('%s is for everybody, and is sent again only when it has changed', async (name, type) => {
    const browser = scene.browser();
    const first = await browser.get(`/assets/${name}`);
    expect(first).toMatchObject({ status: 200, headers: { 'cache-control': 'no-cache' } });
    expect(first.headers['content-type']).toContain(type);
    const again = await browser.get(`/assets/${name}`, { 'if-none-match': first.headers.etag });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  test('of others are those that the pages name, which browsers may keep for good', async () => {
    const { text } = await (await scene.signedIn('viewer')).get('/probe');
    const named = [...text.matchAll(/(?:src|href)="(\/assets\/vendor\/[^"]+)" integrity="sha384-([^"]+)"/g)];
    expect(named.map(([, path]) => path)).toEqual([
      '/assets/vendor/uplot-1.6.32/uPlot.min.css',
      '/assets/vendor/htmx.org-2.0.11/htmx.min.js',
      '/assets/vendor/htmx-ext-sse-2.2.4/sse.min.js',
      '/assets/vendor/uplot-1.6.32/uPlot.iife.min.js',
    ]);
    for (const [, path = '', integrity] of named) {
      const answer = await scene.browser().get(path);
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'cache-control': 'public, max-age=31536000, immutable' },
      });
      expect(answer.headers['content-type']).toMatch(
        path.endsWith('.css') ? /^text\/css; charset=utf-8$/ : /^text\/javascript; charset=utf-8$/,
      );
      expect(createHash('sha384').update(answer.text).digest('base64')).toBe(integrity);
    }
  });

  test('strangers are sent no script', async () => {
    expect((await scene.browser().get('/sign-in')).text).not.toContain('<script');
  });

  test.each([
    '/assets/vendor/htmx.org-2.0.11/package.json',
    '/assets/vendor/htmx.org-2.0.11/../../../package.json',
    '/assets/vendor/',
    '/assets/../server.ts',
    '/assets/..%2fserver.ts',
    '/assets/%2e%2e/server.ts',
    '/assets/%2e%2e%2fserver.ts',
    '/assets/..%5cserver.ts',
    '/assets/....//server.ts',
    '/assets//etc/passwd',
    '/assets/style.css/../../server.ts',
    '/assets/style.css%00.ts',
    '/assets/',
    '/assets',
    '/../../etc/passwd',
  ])('nothing else can be had by %s', async (path) => {
    for (const browser of [scene.browser(), await scene.signedIn('administrator')]) {
      const { status, text } = await browser.get(path);
      expect([400, 401, 403, 404]).toContain(status);
      expect(text).not.toMatch(/import .* from|root:|Index of/);
    }
  });
});

describe('how it looks', () => {
  test('is chosen by a link, kept in a cookie, and leads back', async () => {
    const browser = await scene.signedIn('viewer');
    const answer = await browser.get('/theme/dark', { referer: `${scene.origin}/probe?x=1` });
    expect(answer).toMatchObject({ status: 303, headers: { location: '/probe?x=1' } });
    expect((await browser.get('/probe')).text).toContain('<html lang="en" data-theme="dark">');
    browser.cookies.set('theme', '"><script>');
    expect((await browser.get('/probe')).text).toContain('data-theme="auto"');
  });

  test('leads nowhere else', async () => {
    for (const referer of ['https://evil.example/probe', 'nonsense', `${scene.origin}//evil.example`]) {
      const answer = await scene.browser().get('/theme/light', { referer });
      expect(answer).toMatchObject({ status: 303, headers: { location: '/' } });
    }
    expect((await scene.browser().get('/theme/pink')).status).toBe(400);
  });
});

test('E05: an address that is taken: LISTEN_FAILED', async () => {
  const address = `127.0.0.1:${scene.server.port}`;
  await expect(ConsoleScene.open({ console: { address } })).rejects.toMatchObject({ code: 'LISTEN_FAILED' });
});

test('who sends nothing is cut off when the console ends', async () => {
  const other = await ConsoleScene.open();
  const socket = connect(other.server.port, '127.0.0.1');
  await once(socket, 'connect');
  const cut = once(socket, 'close');
  const began = performance.now();
  await other.close();
  await cut;
  expect(performance.now() - began).toBeLessThan(5000);
});
