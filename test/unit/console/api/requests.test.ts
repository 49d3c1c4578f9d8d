import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { insertOrder } from '../../../../shared/store/orders.ts';
import { raiseEvent } from '../../../../shared/store/workflow-events.ts';
import { addBatch, addDevices, newOrder } from '../../../support/store-examples.ts';
import { ApiScene } from './api-scene.ts';

let scene: ApiScene;
let token: string;
beforeEach(async () => {
  scene = await ApiScene.open();
  token = await scene.token('administrator');
});
afterEach(() => scene.close());

const run = '/jobs/salesOrderDispatch/run';
const good = { reason: 'a good reason' };

describe('a body', () => {
  const refused: [string, number, string, Record<string, string> | undefined][] = [
    ['a form', 415, 'reason=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form of parts', 415, '--x', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['plain text, which any site can send', 415, JSON.stringify(good), { 'content-type': 'text/plain' }],
    ['no type', 415, JSON.stringify(good), { 'content-type': undefined } as never],
    ['nothing', 400, '', undefined],
    ['no JSON', 400, '{"reason":', undefined],
    ['no object', 400, '["reason"]', undefined],
    ['a number as reason', 400, '{"reason":1}', undefined],
    ['a reason of two lines', 400, JSON.stringify({ reason: 'a\nb' }), undefined],
    ['a reason that is too long', 400, JSON.stringify({ reason: 'x'.repeat(501) }), undefined],
    ['an unknown field', 400, JSON.stringify({ ...good, force: true }), undefined],
    ['a name twice', 400, '{"reason":"a","reason":"b"}', undefined],
    ['a prototype', 400, '{"reason":"a","__proto__":{"role":"administrator"}}', undefined],
    ['half a character', 400, '{"reason":"\\ud800"}', undefined],
    ['too deep a body', 400, `{"reason":"a","x":${'['.repeat(99)}${']'.repeat(99)}}`, undefined],
    ['too large a body', 413, JSON.stringify({ reason: 'x'.repeat(70_000) }), undefined],
    ['a type that is not sent', 415, 'x', { 'content-type': 'application/problem+json' }],
  ];

  test.each(refused)('%s is answered with %i', async (_name, status, body, headers) => {
    const before = await scene.everything();
    const answer = await scene.refusal({
      method: 'POST',
      path: run,
      token,
      body,
      ...(headers && { headers }),
    });
    expect(answer).toMatchObject({ status, code: expect.any(String), action: expect.stringMatching(/\w/) });
    expect(await scene.everything()).toBe(before);
  });

  test('with a character set is taken', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await scene.ask({ method: 'POST', path: run, token, body: good, headers })).status).toBe(202);
  });
});

describe('a method', () => {
  test('HEAD is answered as GET, without the content', async () => {
    const answer = await scene.ask({ method: 'HEAD', path: '/files', token });
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect((await scene.ask({ method: 'HEAD', path: '/files' })).status).toBe(401);
  });

  test('OPTIONS tells what there is, and lets no other site in', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' };
    const answer = await scene.ask({ method: 'OPTIONS', path: run, token, headers });
    expect(answer).toMatchObject({ status: 204, text: '', headers: { allow: 'POST, OPTIONS' } });
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await scene.ask({ method: 'OPTIONS', path: '/files', token })).headers.allow).toBe(
      'GET, HEAD, OPTIONS',
    );
    // The question that a browser asks first has no token.
    expect((await scene.ask({ method: 'OPTIONS', path: run, headers })).status).toBe(401);
    expect((await scene.ask({ method: 'OPTIONS', path: '/nothing', token })).status).toBe(404);
  });

  test.each([
    ['GET', run, 'POST, OPTIONS'],
    ['DELETE', '/files/1', 'GET, HEAD, OPTIONS'],
    ['POST', '/module-properties/x', 'PUT, OPTIONS'],
  ])('%s %s is not known there', async (method, path, allow) => {
    const { status, headers, json } = await scene.ask({ method, path, token });
    expect([status, headers.allow, json]).toEqual([
      405,
      allow,
      expect.objectContaining({ code: 'BAD_INPUT' }),
    ]);
  });
});

describe('an address', () => {
  test.each([
    ['/nothing', 404],
    ['/files/', 400],
    ['/files/1/2/3', 404],
    ['/api/v2/files', 404],
    ['/api', 404],
    ['/files/999', 404],
    ['/batches/999', 404],
    ['/batches/999/items', 404],
    ['/orders/999', 404],
    ['/orders/999/devices', 404],
    ['/devices/none', 404],
    ['/jobs/none', 404],
    ['/jobs/none/runs', 404],
    ['/jobs/salesOrderDispatch/runs/999', 404],
    ['/provider-requests/none', 404],
    ['/provider-requests/none/calls', 404],
    ['/files/0', 400],
    ['/files/-1', 400],
    ['/files/1e3', 400],
    ['/files/0x1', 400],
    ['/files/1%20', 400],
    ['/files/99999999999999999999', 400],
    ['/files/%2e%2e%2fetc', 400],
    ['/files?limit=0', 400],
    ['/files?limit=201', 400],
    ['/files?limit=ten', 400],
    ['/files?before=', 400],
    ['/files?before=1&before=2', 400],
    ['/files?state=lost', 400],
    ['/files?order=id', 400],
    ['/files?__proto__=x', 400],
    ['/devices', 400],
    ['/devices?q=1&status=Enrolled', 400],
    ['/orders', 400],
    ['/files/%', 400],
    ['/files/%00', 400],
    ['/devices/a%0Ab', 400],
  ])('%s is answered with %i', async (path, status) => {
    expect(await scene.refusal({ path, token })).toMatchObject({ status });
  });

  test('a change of what is not there, or not in that state, says so', async () => {
    const asked = { method: 'POST', token, body: good };
    for (const [path, status] of [
      ['/files/999/retry', 404],
      ['/batches/999/reprocess', 404],
      ['/orders/999/void', 404],
      ['/devices/none/unenrol', 404],
      ['/provider-requests/none/ask', 404],
      ['/jobs/none/run', 404],
      ['/jobs/salesOrderDispatch/withdraw', 409],
    ] as const) {
      expect([path, (await scene.refusal({ ...asked, path })).status]).toEqual([path, status]);
    }
    const { id } = await addBatch(scene.rt.db);
    const problem = await scene.refusal({ ...asked, path: `/batches/${id}/reprocess` });
    expect(problem).toMatchObject({ status: 409, code: 'NOT_ALLOWED', title: 'Conflict' });
    expect(problem.detail).toContain(`batch ${id} stands at`);
  });
});

/** Whatever stands in an address is a value, and never a part of a statement, a path or a page. */
describe('what others decide on', () => {
  const hostile = `a"b'c<script>alert(1)</script>\u202Egnp.exe&?#%2F/../`;

  test('is answered as it is, as JSON that no browser takes for a page', async () => {
    const { db, clock } = scene.rt;
    await insertOrder(
      db,
      newOrder(hostile, { customer: hostile, purchaseOrderNumber: hostile }),
      clock.now(),
    );
    await addDevices(db, hostile, [{ deviceId: hostile, serialNumber: hostile, model: hostile }]);
    const event = {
      eventType: 'DEP',
      eventCode: 'DEER',
      referenceNumber: hostile,
      notes: hostile,
      batchId: null,
    };
    await raiseEvent(db, event, clock.now());
    const encoded = encodeURIComponent(hostile);
    const paths = [
      `/orders/${encoded}`,
      `/orders?q=${encoded}`,
      `/orders/${encoded}/devices`,
      `/devices/${encoded}`,
      `/devices?q=${encoded}`,
      `/workflow-events?order=${encoded}`,
    ];
    for (const path of paths) {
      const { status, text, headers } = await scene.ask({ path, token });
      expect([path, status, text.includes(JSON.stringify(hostile))]).toEqual([path, 200, true]);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("default-src 'none'");
    }
  });

  test('finds nothing that it does not name, and breaks nothing', async () => {
    await addDevices(scene.rt.db, '1', [{ deviceId: 'ZZTEST' }]);
    const before = await scene.everything();
    const statement = fc.constantFrom(
      `' or 1=1 --`,
      '%',
      '_',
      `ZZTEST' --`,
      `1; drop table device`,
      '*',
      '..',
      '\u{1F4A3}',
    );
    const anything = fc.oneof(statement, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        fc.pre(text !== 'ZZTEST' && text.isWellFormed());
        const encoded = encodeURIComponent(text);
        const found = await scene.ask({ path: `/devices?q=${encoded}`, token });
        if (found.status === 200) expect(found.json).toEqual({ items: [], next: null });
        else expect(found.status).toBe(400);
        for (const path of [`/devices/${encoded}`, `/orders/${encoded}`, `/provider-requests/${encoded}`]) {
          expect([400, 404]).toContain((await scene.ask({ path, token })).status);
        }
      }),
      { numRuns: 60 },
    );
    expect(await scene.everything()).toBe(before);
  });
});

test('when the store fails, programs learn that, and the log has the rest', async () => {
  const asked = { path: '/files', token };
  expect((await scene.ask(asked)).status).toBe(200);
  await scene.rt.db.schema.dropTable('delivery').execute();
  const problem = await scene.refusal(asked);
  expect(problem.status).toBeGreaterThanOrEqual(500);
  expect(JSON.stringify(problem)).not.toContain('delivery');
  expect(scene.rt.events.at(-1)).toMatchObject({
    name: 'console.failed',
    fields: { user: 'token some-administrator', path: '/api/v1/files' },
  });
});
