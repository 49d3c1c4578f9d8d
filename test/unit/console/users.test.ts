import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { recordAudit } from '../../../shared/store/audit.ts';
import { listConsoleUsers } from '../../../shared/store/console-users.ts';
import type { ConsoleBrowser } from '../../support/console-browser.ts';
import { ConsoleScene, password } from './console-scene.ts';

let scene: ConsoleScene;
let browser: ConsoleBrowser;
beforeEach(async () => {
  scene = await ConsoleScene.open();
  browser = await scene.signedIn('administrator', 'root');
});
afterEach(() => scene.close());

const reason = 'a new colleague';
const shownPassword = (text: string): string => /<pre>([^<]+)<\/pre>/.exec(text)?.[1] ?? '';
const lastAudit = () =>
  scene.runtime.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();

describe('the page Users', () => {
  test('adds a user with a password that is shown once and has to be changed', async () => {
    const answer = await browser.post('/users', { name: 'alice', role: 'operator', reason });
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    const shown = shownPassword(answer.text);
    expect(shown).toMatch(/^[0-9a-f]{6}(-[0-9a-f]{6}){3}$/);
    expect((await browser.get('/users')).text).not.toContain(shown);
    expect(await lastAudit()).toMatchObject({
      who: 'root',
      action: 'user.add',
      subject: 'user alice',
      reason,
      after_json: '{"role":"operator","oneTime":true}',
    });
    const alice = scene.browser();
    expect((await alice.signIn('alice', shown)).status).toBe(303);
    expect((await alice.get('/jobs')).headers.location).toBe('/account');
    const everything = JSON.stringify([scene.runtime.events, await scene.audited()]);
    expect(everything).not.toContain(shown);
    expect(everything).not.toContain('argon2');
  });

  test('O11: changes role, disables and enables, each with a reason and an audit row of before and after', async () => {
    const alice = await scene.signedIn('viewer', 'alice');
    const steps = [
      ['role', { role: 'operator' }, 'user.role', '{"role":"viewer"}', '{"role":"operator"}'],
      ['disable', {}, 'user.disable', '{"disabled":false}', '{"disabled":true}'],
      ['enable', {}, 'user.enable', '{"disabled":true}', '{"disabled":false}'],
    ] as const;
    for (const [verb, fields, action, before_json, after_json] of steps) {
      expect((await browser.post(`/users/alice/${verb}`, fields)).status).toBe(400); // Without a reason.
      const answer = await browser.post(`/users/alice/${verb}`, { ...fields, reason });
      expect(answer).toMatchObject({ status: 303, headers: { location: '/users' } });
      expect(await lastAudit()).toMatchObject({ who: 'root', action, reason, before_json, after_json });
      if (verb === 'disable') expect((await alice.get('/account')).status).toBe(401);
    }
  });

  test('gives a new password, which ends sessions and a lock-out', async () => {
    const alice = await scene.signedIn('viewer', 'alice');
    for (let i = 0; i < 10; i++) await scene.browser().signIn('alice', 'wrong');
    const { text } = await browser.post('/users/alice/password', { reason });
    expect((await alice.get('/account')).status).toBe(401);
    expect((await scene.browser().signIn('alice', shownPassword(text))).status).toBe(303);
  });

  test('shows who is locked out, has a one-time password, or never signed in; and unlocks', async () => {
    await scene.addUser('alice', 'viewer', { oneTime: true });
    const rowOf = async () => {
      const { text } = await browser.get('/users');
      return /<tr>\s*<td[^>]*>alice<[^]*?<\/tr>/.exec(text)?.[0] ?? '';
    };
    expect(await rowOf()).toMatch(/one-time password[^]*never/);
    expect(await rowOf()).not.toMatch(/locked out|unlock/);
    expect((await browser.post('/users/alice/unlock', { reason })).status).toBe(409);
    for (let i = 0; i < 10; i++) await scene.browser().signIn('alice', 'wrong');
    expect(await rowOf()).toMatch(/locked out[^]*\/users\/alice\/unlock/);
    expect((await scene.browser().signIn('alice', password)).status).toBe(401);
    expect((await browser.post('/users/alice/unlock', {})).status).toBe(400); // Without a reason.
    expect((await browser.post('/users/alice/unlock', { reason })).status).toBe(303);
    expect(await lastAudit()).toMatchObject({
      who: 'root',
      action: 'user.unlock',
      subject: 'user alice',
      before_json: '{"failures":10}',
      after_json: '{"failures":0}',
    });
    expect(await rowOf()).not.toContain('locked out');
    expect((await scene.browser().signIn('alice', password)).status).toBe(303);
    expect(await rowOf()).not.toContain('never');
  });

  test.each([
    ['a name with signs', '/users', { name: 'Alice <b>', role: 'viewer', reason }, 400, 'BAD_INPUT'],
    ['a name that is taken', '/users', { name: 'root', role: 'viewer', reason }, 409, 'NOT_ALLOWED'],
    ['a role that there is not', '/users', { name: 'alice', role: 'king', reason }, 400, 'BAD_INPUT'],
    ['a user that there is not', '/users/nobody/disable', { reason }, 404, 'NOT_FOUND'],
    ['the last administrator', '/users/root/disable', { reason }, 409, 'NOT_ALLOWED'],
    ['the last administrator’s role', '/users/root/role', { role: 'viewer', reason }, 409, 'NOT_ALLOWED'],
  ])('%s: nothing is changed', async (_, path, fields, status, code) => {
    const before = [await listConsoleUsers(scene.runtime.db), await scene.audited()];
    const answer = await browser.post(path, fields);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(code);
    expect([await listConsoleUsers(scene.runtime.db), await scene.audited()]).toEqual(before);
    expect((await browser.get('/users')).status).toBe(200);
  });

  test('every form opens in a first step, and is sent in a second', async () => {
    const { text } = await browser.get('/users');
    const forms = [...text.matchAll(/<form method="post" action="(\/users[^"]*)"/g)];
    expect(forms.length).toBeGreaterThan(3);
    for (const { index } of forms) {
      const before = text.slice(0, index);
      expect(before.lastIndexOf('<details class="action">')).toBeGreaterThan(
        before.lastIndexOf('</details>'),
      );
    }
  });
});

describe('the page Audit', () => {
  const write = (who: string, action: string, subject = 'file 1') =>
    recordAudit(
      scene.runtime.db,
      { who, action, subject, reason: '<script>alert(1)</script>', before: { a: '<b>' }, after: null },
      scene.runtime.clock.now(),
    );
  const numbers = (text: string): number[] =>
    [...text.matchAll(/<tr>\s*<td[^>]*>(\d+)<\/td>/g)].map(([, number]) => Number(number));

  test('shows every row once, newest first, page by page', async () => {
    for (let i = 0; i < 120; i++) await write('bert', 'file.hold');
    const seen: number[] = [];
    for (let path: string | undefined = '/audit'; path !== undefined;) {
      const { text, status } = await browser.get(path);
      expect(status).toBe(200);
      seen.push(...numbers(text));
      path = /href="([^"]+)">Older/.exec(text)?.[1]?.replaceAll('&amp;', '&');
    }
    const all = await scene.runtime.db.selectFrom('audit').select('id').orderBy('id', 'desc').execute();
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  test('O10: filters, and shows what others wrote as text', async () => {
    await write('bert', 'file.hold');
    await write('bert', 'file.retry', 'file 2');
    await write('carla', 'file.hold');
    const found = async (query: string) => numbers((await browser.get(`/audit?${query}`)).text).length;
    expect(await found('who=bert')).toBe(2);
    expect(await found('who=bert&action=file.hold')).toBe(1);
    expect(await found('subject=file%202')).toBe(1);
    expect(await found(`who=${encodeURIComponent("' or 1=1 --")}`)).toBe(0);
    expect((await browser.get('/audit?before=x')).status).toBe(400);
    const { text } = await browser.get(`/audit?who=${encodeURIComponent('"><script>')}`);
    expect(text).not.toContain('"><script>');
    const { text: all } = await browser.get('/audit');
    expect(all).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(all).toContain('<span class="code">a</span>: <del>&lt;b&gt;</del>');
    expect(all).not.toContain('<script>alert');
  });
});

test('the console shows no password, nor what was made from one', async () => {
  const hashes = (await listConsoleUsers(scene.runtime.db)).map(({ password_hash }) => password_hash);
  for (const path of ['/users', '/audit', '/account']) {
    const { text } = await browser.get(path);
    for (const secret of [password, ...hashes, 'argon2']) expect(text).not.toContain(secret);
  }
});
