import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { Action, Page, Stream } from '../../../console/page.ts';
import { html } from '../../../console/html.ts';
import { actions, pages, streams } from '../../../console/pages/registry.ts';
import { roles, suffices, type Role } from '../../../shared/store/states/role.ts';
import type { ConsoleBrowser } from '../../support/console-browser.ts';
import { ConsoleScene, password, probes } from './console-scene.ts';

let scene: ConsoleScene;

describe('O10: who may do what', () => {
  /** The whole registry, of which only the work is left out: it counts instead. */
  const reached: string[] = [];
  const countedPages: Page[] = pages.map(({ heading, ...page }) => ({
    ...page,
    render: () => {
      reached.push(`GET ${page.path}`);
      return Promise.resolve(html`<p>reached</p>`);
    },
  }));
  const countedActions: Action[] = actions.map((action) => ({
    ...action,
    run: () => {
      reached.push(`POST ${action.path}`);
      return Promise.resolve({ to: '/account', notice: 'reached' });
    },
  }));
  const countedStreams: Stream[] = streams.map((stream) => ({
    ...stream,
    open: () => {
      reached.push(`GET ${stream.path}`);
      return Promise.resolve((async function* () {})());
    },
  }));
  const browsers = {} as Record<Role, ConsoleBrowser>;

  beforeAll(async () => {
    scene = await ConsoleScene.open({
      pages: countedPages,
      actions: countedActions,
      streams: countedStreams,
    });
    for (const role of roles) browsers[role] = await scene.signedIn(role);
  });
  afterAll(() => scene.close());

  const concrete = (path: string): string => path.replace(/:\w+/g, '1');
  const cases = [
    ...[...pages, ...streams].map(({ path, role }) => ({ method: 'GET', path, needed: role })),
    ...actions.map(({ path, role }) => ({ method: 'POST', path, needed: role })),
  ];
  const ask = (browser: ConsoleBrowser, method: string, path: string) =>
    method === 'GET' ? browser.get(concrete(path)) : browser.post(concrete(path));

  test.each(cases)('$method $path needs $needed', async ({ method, path, needed }) => {
    for (const role of roles) {
      reached.length = 0;
      const { status, text } = await ask(browsers[role], method, path);
      const allowed = suffices(role, needed);
      expect([role, status]).toEqual([role, allowed ? (method === 'GET' ? 200 : 303) : 403]);
      expect(reached).toEqual(allowed ? [`${method} ${path}`] : []);
      if (!allowed) expect(text).toContain('ROLE_TOO_LOW');
    }
    reached.length = 0;
    const answer = await ask(scene.browser(), method, path);
    expect(answer.status).toBe(401);
    expect(answer.text).not.toContain('<nav class="menu"');
    expect(reached).toEqual([]);
  });

  test('no two have the same path, and only a user changes his own password as a viewer', () => {
    const names = cases.map(({ method, path }) => `${method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
    expect(actions.filter(({ role }) => role === 'viewer').map(({ path }) => path)).toEqual([
      '/account/password',
    ]);
    for (const { path, needed } of cases.filter(({ path }) => /^\/(users|audit)/.test(path))) {
      expect([path, needed]).toEqual([path, 'administrator']);
    }
  });

  test('the menu has what the role may see', async () => {
    for (const role of roles) {
      const { text } = await browsers[role].get('/account');
      const menu = /<nav class="menu"[^]*?<\/nav>/.exec(text)?.[0] ?? '';
      const shown = [...menu.matchAll(/href="([^"]+)"/g)].map(([, href]) => href);
      const expected = pages.filter((page) => page.menu !== undefined && suffices(role, page.role));
      expect(shown.sort()).toEqual(expected.map(({ path }) => path).sort());
    }
  });

  test('another role applies with the next request', async () => {
    const browser = await scene.signedIn('viewer', 'promoted');
    expect((await browser.get('/users')).status).toBe(403);
    await scene.runtime.db
      .updateTable('console_user')
      .set({ role: 'administrator' })
      .where('name', '=', 'promoted')
      .execute();
    expect((await browser.get('/users')).status).toBe(200);
  });
});

describe('a form', () => {
  let counts: ReturnType<typeof probes>['counts'];
  let browser: ConsoleBrowser;
  const open = async () => {
    const probe = probes();
    ({ counts } = probe);
    scene = await ConsoleScene.open(probe);
    browser = await scene.signedIn('operator');
  };
  afterEach(() => scene.close());

  test('with the token of the session is taken, and what was done is said once', async () => {
    await open();
    await browser.get('/probe');
    expect(await browser.post('/probe/act')).toMatchObject({ status: 303, headers: { location: '/probe' } });
    expect(counts.action).toBe(1);
    await browser.send('/probe', { method: 'HEAD' });
    expect((await browser.get('/probe')).text).toContain('<p class="notice" role="status">It is done.</p>');
    expect((await browser.get('/probe')).text).not.toContain('It is done.');
  });

  test.each<[string, Record<string, string>]>([
    ['an empty one', { csrf: '' }],
    ['a wrong one', { csrf: 'x'.repeat(43) }],
    ['the beginning of the right one', { csrf: 'short' }],
  ])('with %s is refused', async (_, fields) => {
    await open();
    if (fields.csrf === 'short') fields = { csrf: browser.csrf.slice(0, -1) };
    const answer = await browser.post('/probe/act', fields);
    expect(answer.status).toBe(403);
    expect(answer.text).toContain('FORM_NOT_OURS');
    expect(counts.action).toBe(0);
    expect(scene.told('console.refused')).toMatchObject([
      { user: 'user-operator', method: 'POST', path: '/probe/act', code: 'FORM_NOT_OURS' },
    ]);
  });

  test('without any, or with two, is refused', async () => {
    await open();
    const own = { origin: scene.origin, 'content-type': 'application/x-www-form-urlencoded' };
    const twice = `csrf=${browser.csrf}&csrf=${browser.csrf}`;
    for (const body of ['', 'a=b', twice, `__proto__[csrf]=${browser.csrf}`]) {
      expect((await browser.send('/probe/act', { method: 'POST', headers: own, body })).status).toBe(403);
    }
    expect(
      (await browser.send('/probe/act', { method: 'POST', headers: { origin: scene.origin } })).status,
    ).toBe(403);
    expect(counts.action).toBe(0);
  });

  test('with that of another session is refused, also of the same user', async () => {
    await open();
    const other = await scene.signedIn('administrator');
    const again = scene.browser();
    await again.signIn('user-operator', password);
    for (const { csrf } of [other, again]) {
      expect((await browser.post('/probe/act', { csrf })).status).toBe(403);
    }
    expect(counts.action).toBe(0);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['another server', { origin: 'https://evil.example' }],
    ['nowhere', { origin: 'null' }],
    ['a browser that does not say', { origin: undefined }],
    ['the same host over TLS', { origin: 'https://127.0.0.1' }],
    ['a page of another site, as the browser says', { 'sec-fetch-site': 'cross-site' }],
    ['another port of the host', { 'sec-fetch-site': 'same-site' }],
  ])('from %s is refused, although its token is right', async (_, headers) => {
    await open();
    expect((await browser.post('/probe/act', {}, headers)).status).toBe(403);
    // Nor is anybody signed in by it.
    const fresh = await scene.browser().post('/sign-in', { name: 'user-operator', password }, headers);
    expect(fresh.status).toBe(403);
    expect(fresh.headers['set-cookie']).toBeUndefined();
    expect((await browser.post('/sign-out', {}, headers)).status).toBe(403);
    expect(counts.action).toBe(0);
    expect((await browser.post('/probe/act', {}, { 'sec-fetch-site': 'same-origin' })).status).toBe(303);
  });

  test('signing out needs the token too', async () => {
    await open();
    expect((await browser.post('/sign-out', { csrf: 'x' })).status).toBe(403);
    expect((await browser.get('/probe')).status).toBe(200);
  });

  test('who is signed out learns that nothing was done', async () => {
    await open();
    const answer = await scene.browser().post('/probe/act');
    expect(answer.status).toBe(401);
    expect(answer.text).toContain('SIGN_IN_NEEDED');
    expect(counts.action).toBe(0);
  });
});

describe('a route that does not say for whom it is', () => {
  afterEach(() => scene.close());

  test('is closed to everybody', async () => {
    // A role that there is not stands for one that was forgotten.
    const probe = probes();
    const pages = probe.pages.map((page) => ({ ...page, role: undefined as unknown as Role }));
    scene = await ConsoleScene.open({ ...probe, pages });
    const browser = await scene.signedIn('administrator');
    expect((await browser.get('/probe')).status).toBe(403);
    expect(probe.counts.page).toBe(0);
  });
});

describe('a one-time password', () => {
  afterEach(() => scene.close());

  test('lets its user choose another, and nothing else', async () => {
    const probe = probes();
    scene = await ConsoleScene.open({
      pages: [...pages, ...probe.pages],
      actions: [...actions, ...probe.actions],
    });
    await scene.addUser('alice', 'administrator', { oneTime: true });
    const browser = scene.browser();
    await browser.signIn('alice', password);
    expect(await browser.get('/probe')).toMatchObject({ status: 303, headers: { location: '/account' } });
    expect((await browser.post('/probe/act')).status).toBe(303);
    expect(probe.counts).toEqual({ page: 0, action: 0 });

    const change = (present: string, wanted: string, again = wanted) =>
      browser.post('/account/password', { present, wanted, again });
    const own = 'a sentence of my own';
    expect((await change('wrong', own)).status).toBe(401);
    expect((await change(password, 'too short')).status).toBe(400);
    expect((await change(password, own, `${own}!`)).status).toBe(400);
    expect((await change(password, password)).status).toBe(400);
    expect((await browser.get('/probe')).status).toBe(303);
    expect(await change(password, own)).toMatchObject({ status: 303, headers: { location: '/' } });
    expect((await browser.get('/probe')).status).toBe(200);
    expect((await scene.browser().signIn('alice', password)).status).toBe(401);
    expect((await scene.browser().signIn('alice', own)).status).toBe(303);
  });

  test('the present password cannot be guessed there without an end', async () => {
    scene = await ConsoleScene.open();
    const browser = await scene.signedIn('viewer');
    const own = 'a sentence of my own';
    const guess = (present: string) =>
      browser.post('/account/password', { present, wanted: own, again: own });
    for (let i = 0; i < 10; i++) expect((await guess(`guess ${i}`)).status).toBe(401);
    expect((await guess(password)).status).toBe(401);
  });
});
