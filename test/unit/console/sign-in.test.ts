import { afterEach, describe, expect, test } from '@jest/globals';

import { disableUser, setPassword } from '../../../shared/operator/console-users.ts';
import { argon2 } from '../../../shared/operator/passwords.ts';
import { ConsoleScene, password } from './console-scene.ts';

let scene: ConsoleScene;
afterEach(() => scene.close());
const open = async (options?: Parameters<typeof ConsoleScene.open>[0]) => {
  scene = await ConsoleScene.open(options);
};
const operator = () => ({ who: 'test', reason: 'a test', now: scene.runtime.clock.now() });
const sessions = () => scene.runtime.db.selectFrom('console_session').selectAll().execute();

/** Fails so often, with requests from different addresses where there are many. */
async function fail(name: string, times: number): Promise<void> {
  for (let i = 0; i < times; i++) expect((await scene.browser().signIn(name, `wrong ${i}`)).status).toBe(401);
}

test('a session begins with a token that the store does not have, in a cookie that scripts do not see', async () => {
  await open();
  await scene.addUser('alice', 'viewer');
  const browser = scene.browser();
  const answer = await browser.signIn('alice', password);
  expect(answer).toMatchObject({ status: 303, headers: { location: '/account' } });
  const [cookie] = answer.headers['set-cookie'] ?? [];
  expect(cookie).toMatch(/^session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  const token = browser.cookies.get('session') ?? '';
  expect(JSON.stringify(await sessions())).not.toContain(token);
  expect((await browser.get('/account')).text).toContain('Signed in as <strong>alice</strong>');
});

test('a name is found however it is written, and a password however it is composed', async () => {
  await open();
  await scene.addUser('alice', 'viewer');
  expect((await scene.browser().signIn(' Alice ', password)).status).toBe(303);
  const composed = { name: 'alice', password: 'caf\u00e9 caf\u00e9 caf\u00e9', oneTime: false };
  await setPassword(scene.runtime.db, argon2, operator(), composed);
  expect((await scene.browser().signIn('alice', 'cafe\u0301 cafe\u0301 cafe\u0301')).status).toBe(303);
});

test('signing in again begins a new session, and ends the one before', async () => {
  await open();
  const browser = await scene.signedIn('viewer');
  const before = new Map(browser.cookies);
  await browser.signIn('user-viewer', password);
  expect(browser.cookies.get('session')).not.toBe(before.get('session'));
  expect(await sessions()).toHaveLength(1);
  const old = scene.browser();
  before.forEach((value, name) => old.cookies.set(name, value));
  expect((await old.get('/account')).status).toBe(401);
});

test('signing out ends the session, in the store and in the browser', async () => {
  await open();
  const browser = await scene.signedIn('viewer');
  const token = browser.cookies.get('session') ?? '';
  expect(await browser.post('/sign-out')).toMatchObject({ status: 303, headers: { location: '/sign-in' } });
  expect(browser.cookies.has('session')).toBe(false);
  expect(await sessions()).toEqual([]);
  browser.cookies.set('session', token);
  expect((await browser.get('/account')).status).toBe(401);
});

test('O10, O12: signing in and out and failing are in the audit and the log, and no password or unknown name', async () => {
  await open();
  const browser = await scene.signedIn('viewer');
  await browser.post('/sign-out');
  await fail('user-viewer', 1);
  await scene.browser().signIn('hunter2 typed in the wrong field', 'canary-password');
  const after = '{"from":"127.0.0.1"}';
  expect((await scene.audited()).slice(1)).toEqual([
    { who: 'user-viewer', action: 'sign-in', subject: 'user user-viewer', after_json: after },
    { who: 'user-viewer', action: 'sign-out', subject: 'user user-viewer', after_json: after },
    {
      who: 'nobody',
      action: 'sign-in.refuse',
      subject: 'user user-viewer',
      after_json: '{"from":"127.0.0.1","detail":"wrong password"}',
    },
    {
      who: 'nobody',
      action: 'sign-in.refuse',
      subject: 'unknown user',
      after_json: '{"from":"127.0.0.1","detail":"unknown name"}',
    },
  ]);
  expect(scene.told('console.signed-in')).toEqual([{ user: 'user-viewer', from: '127.0.0.1' }]);
  expect(scene.told('console.signed-out')).toHaveLength(1);
  expect(scene.told('console.sign-in-refused')).toHaveLength(2);
  const everything = JSON.stringify([scene.runtime.events, await scene.audited(), await sessions()]);
  for (const secret of [password, 'hunter2', 'canary-password', 'wrong 0']) {
    expect(everything).not.toContain(secret);
  }
});

describe('nobody learns which names there are', () => {
  test('wrong password, unknown name, disabled and locked out: the same answer and the same work', async () => {
    await open();
    await scene.addUser('alice', 'viewer');
    await scene.addUser('dora', 'viewer');
    await scene.addUser('locked', 'viewer');
    await disableUser(scene.runtime.db, operator(), 'dora');
    await fail('locked', 10);
    const answers = [];
    for (const [name, tried] of [
      ['alice', 'wrong'],
      ['nobody-here', password],
      ['dora', password],
      ['locked', password],
    ] as const) {
      const before = scene.passwords.verified;
      const { status, text, headers } = await scene.browser().signIn(name, tried);
      answers.push({ status, text, cookies: headers['set-cookie'], work: scene.passwords.verified - before });
    }
    expect(answers[0]).toMatchObject({ status: 401, work: 1, cookies: undefined });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(scene.passwords.hashed).toBe(1); // The decoy, when it started.
  });
});

describe('a user is locked out', () => {
  test('after ten failures, whatever the password is, and for fifteen minutes', async () => {
    await open();
    await scene.addUser('alice', 'viewer');
    await fail('alice', 9);
    expect((await scene.browser().signIn('alice', password)).status).toBe(303); // Which clears them.
    await fail('alice', 10);
    expect((await scene.browser().signIn('alice', password)).status).toBe(401);
    expect(scene.told('console.sign-in-refused').at(-1)).toMatchObject({ detail: 'locked out' });
    scene.runtime.pass(15 * 60 - 1);
    expect((await scene.browser().signIn('alice', password)).status).toBe(401);
    scene.runtime.pass(1);
    expect((await scene.browser().signIn('alice', password)).status).toBe(303);
  });

  test('also by many attempts at once', async () => {
    await open();
    await scene.addUser('alice', 'viewer');
    const tries = Array.from({ length: 20 }, (_, i) => scene.browser().signIn('alice', `guess ${i}`));
    await Promise.all(tries);
    const details = scene
      .told('console.sign-in-refused')
      .map((fields) => (fields as { detail: string }).detail);
    expect(details.filter((detail) => detail === 'wrong password')).toHaveLength(10);
    expect(details.filter((detail) => detail === 'locked out')).toHaveLength(10);
  });

  test('nobody else is', async () => {
    await open();
    await scene.addUser('alice', 'viewer');
    await scene.addUser('bert', 'viewer');
    await fail('alice', 10);
    expect((await scene.browser().signIn('bert', password)).status).toBe(303);
  });
});

test('an address may try thirty times in five minutes', async () => {
  await open();
  await scene.addUser('alice', 'viewer');
  await fail('nobody-here', 30);
  const answer = await scene.browser().signIn('alice', password);
  expect(answer).toMatchObject({ status: 429, headers: { 'retry-after': expect.any(String) } });
  expect(answer.text).toContain('TOO_MANY_REQUESTS');
  // Only for signing in.
  expect((await scene.browser().get('/sign-in')).status).toBe(200);
});

describe('a session ends', () => {
  const standing = { idleMinutes: 30, sessionMinutes: 60 };
  const there = async (browser: { get(path: string): Promise<{ status: number }> }) =>
    (await browser.get('/account')).status === 200;

  test('when nobody was there for the idle time', async () => {
    await open({ console: standing });
    const browser = await scene.signedIn('viewer');
    scene.runtime.pass(30 * 60 - 1);
    expect(await there(browser)).toBe(true);
    scene.runtime.pass(29 * 60);
    expect(await there(browser)).toBe(true);
    scene.runtime.pass(30 * 60);
    expect(await there(browser)).toBe(false);
    expect(await sessions()).toEqual([]);
  });

  test('after its whole time, however busy somebody is', async () => {
    await open({ console: standing });
    const browser = await scene.signedIn('viewer');
    for (let minute = 1; minute < 60; minute++) {
      scene.runtime.pass(60);
      expect(await there(browser)).toBe(true);
    }
    scene.runtime.pass(60);
    expect(await there(browser)).toBe(false);
  });

  test('although a page asks for news all the time', async () => {
    await open({ console: standing });
    const browser = await scene.signedIn('viewer');
    for (let minute = 1; minute < 30; minute++) {
      scene.runtime.pass(60);
      expect((await browser.get('/account', { 'x-refresh': '1' })).status).toBe(200);
    }
    scene.runtime.pass(60);
    expect(await there(browser)).toBe(false);
  });

  test('at once when the user is disabled, and when his password is changed by another', async () => {
    await open();
    const browser = await scene.signedIn('viewer');
    const { db } = scene.runtime;
    await setPassword(db, argon2, operator(), {
      name: 'user-viewer',
      password: `${password}s`,
      oneTime: false,
    });
    expect(await there(browser)).toBe(false);
    expect((await browser.signIn('user-viewer', `${password}s`)).status).toBe(303);
    expect(await there(browser)).toBe(true);
    // Also a session that the store somehow still has.
    await db.updateTable('console_user').set({ disabled_at: '2026-01-01T00:00:00.000Z' }).execute();
    expect(await there(browser)).toBe(false);
    await disableUser(db, operator(), 'user-viewer');
    expect(await sessions()).toEqual([]);
  });

  test('and is removed from the store, with failures that count no more', async () => {
    await open({ console: standing });
    await scene.signedIn('viewer');
    await fail('user-viewer', 1);
    scene.runtime.pass(30 * 60);
    await scene.server.step();
    expect(await sessions()).toEqual([]);
    expect(await scene.runtime.db.selectFrom('sign_in_failure').selectAll().execute()).toEqual([]);
  });
});

describe('afterwards', () => {
  test.each([
    ['/users?x=1', '/users?x=1'],
    ['https://evil.example', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['evil.example', '/'],
    ['/sign-in', '/'],
    ['', '/'],
  ])('next %j leads to %s', async (next, location) => {
    await open();
    await scene.addUser('alice', 'viewer');
    const answer = await scene.browser().signIn('alice', password, next);
    if (/[\t]/.test(next)) expect(answer.status).toBe(400);
    else expect(answer).toMatchObject({ status: 303, headers: { location } });
  });
});
