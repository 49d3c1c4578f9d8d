import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { tokenPattern } from '../../../../shared/operator/api-tokens.ts';
import { PagesScene, rowsOf } from '../pages/pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const reason = 'a monthly report';
const add = async (fields: object = {}) =>
  (await scene.as('administrator')).post('/tokens', {
    name: 'billing',
    role: 'viewer',
    days: '30',
    reason,
    ...fields,
  });
const ask = (token: string) => scene.stranger().get('/api/v1/files', { authorization: `Bearer ${token}` });
const lastAudit = () =>
  scene.rt.db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();

test('no program has a token', async () => {
  expect(await scene.read('/tokens', 'administrator')).toContain('No program has a token.');
});

test('O10: a token is made, shown once, listed, and revoked; the audit has who, why and what', async () => {
  const answer = await add();
  expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  const token = /<pre>([^<]+)<\/pre>/.exec(answer.text)?.[1] ?? '';
  expect(token).toMatch(tokenPattern);
  expect((await ask(token)).status).toBe(200);
  const added = { who: 'some-administrator', action: 'token.add', subject: 'token billing', reason };
  expect(await lastAudit()).toMatchObject({
    ...added,
    before_json: null,
    after_json: '{"role":"viewer","expires":"2026-06-05T12:00:00.000Z"}',
  });
  const page = await scene.page('/tokens', 'administrator');
  expect(page).not.toContain(token);
  expect(rowsOf(page)[0]?.slice(0, 6)).toEqual([
    'billing',
    'viewer',
    'valid',
    '2026-06-05 12:00:00',
    '2026-05-06 12:00:00',
    'some-administrator',
  ]);

  const said = await scene.act('/tokens/billing/revoke', { reason: 'not used any more' }, 'administrator');
  expect(said).toContain('The token billing is revoked.');
  expect((await ask(token)).status).toBe(401);
  expect(await lastAudit()).toMatchObject({
    action: 'token.revoke',
    reason: 'not used any more',
    before_json: '{"state":"valid"}',
    after_json: '{"state":"revoked"}',
  });
  expect(rowsOf(await scene.page('/tokens', 'administrator'))[0]?.slice(2)).toEqual([
    'revoked',
    '2026-06-05 12:00:00',
    '2026-05-06 12:00:00',
    'some-administrator',
    '2026-05-06 12:00:00',
    '',
  ]);
  const again = await scene.refusal('/tokens/billing/revoke', { reason }, 'administrator');
  expect(again).toEqual([409, expect.stringContaining('revoked already')]);
});

test('an expired token is shown as such, and one that nobody used too', async () => {
  await add();
  expect(rowsOf(await scene.page('/tokens', 'administrator'))[0]?.[4]).toBe('never');
  scene.rt.pass(30 * 86_400);
  await (await scene.as('administrator')).signIn('some-administrator', 'correct horse battery');
  expect(rowsOf(await scene.page('/tokens', 'administrator'))[0]?.[2]).toBe('expired');
});

test.each([
  ['a name with a script', { name: '<script>alert(1)</script>' }, 400],
  ['no name', { name: '' }, 400],
  ['a role that is none', { role: 'root' }, 400],
  ['more than a year', { days: '366' }, 400],
  ['no day', { days: '0' }, 400],
  ['no reason', { reason: '' }, 400],
])('%s is refused, and nothing is made', async (_name, fields, status) => {
  const answer = await add(fields);
  expect([answer.status, answer.text.includes('enrol_')]).toEqual([status, false]);
  expect(await scene.rt.db.selectFrom('api_token').selectAll().execute()).toEqual([]);
});

test('a name is given once, also when its token is revoked', async () => {
  expect((await add()).status).toBe(200);
  expect((await add()).status).toBe(409);
  await scene.act('/tokens/billing/revoke', { reason }, 'administrator');
  expect((await add()).status).toBe(409);
  expect(await scene.rt.db.selectFrom('api_token').selectAll().execute()).toHaveLength(1);
});

test('a year is not too long, and a token that nobody has cannot be revoked', async () => {
  expect((await add({ days: '365' })).status).toBe(200);
  expect((await scene.refusal('/tokens/none/revoke', { reason }, 'administrator'))[0]).toBe(404);
  expect((await scene.refusal('/tokens/billing/revoke', { reason: '' }, 'administrator'))[0]).toBe(400);
});
