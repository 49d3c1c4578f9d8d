import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { beginExchange, endExchange } from '../../../../shared/store/provider-exchanges.ts';
import {
  moveRequest,
  noteRequest,
  recordOutcomes,
  requireRequest,
  requireTransaction,
} from '../../../../shared/store/provider-requests.ts';
import { stuckReason } from '../../../../shared/probes/request-rules.ts';
import { addProviderRequest, numbers } from '../../../support/store-examples.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

/** A request that was sent. */
async function sent(transaction: string): Promise<number> {
  const id = await addProviderRequest(scene.rt.db, transaction);
  const at = scene.rt.clock.now().toISOString();
  await moveRequest(scene.rt.db, await requireRequest(scene.rt.db, id), 'sent', { sent_at: at, attempts: 1 });
  return id;
}

const stateOf = async (transaction: string) => (await requireTransaction(scene.rt.db, transaction)).state;

test('there is no request without its final answer', async () => {
  expect(await scene.read('/requests')).toContain('Every request has its final answer.');
  expect(await scene.read('/requests?state=refused')).toContain('There is no such request.');
  expect((await (await scene.as('viewer')).get('/requests/nothing')).status).toBe(404);
});

test('requests are listed by state; one that was never answered needs a look', async () => {
  const finished = await sent('t-1');
  await moveRequest(scene.rt.db, await requireRequest(scene.rt.db, finished), 'finished', {});
  await sent('t-2');
  await addProviderRequest(scene.rt.db, 't-3');
  const listed = async (query = '') =>
    rowsOf(await scene.page(`/requests${query}`)).map((row) => [row[0], row[3]]);
  expect(await listed()).toEqual([
    ['t-3', 'queued'],
    ['t-2', 'sent'],
  ]);
  expect(await listed('?state=all')).toEqual([...(await listed()), ['t-1', 'finished']]);
  expect(await listed('?state=finished')).toEqual([['t-1', 'finished']]);
  scene.rt.pass(2 * 3600);
  await (await scene.as('viewer')).signIn('some-viewer', 'correct horse battery');
  expect(await listed()).toEqual([
    ['t-3', 'queued'],
    ['t-2', 'sent needs a look'],
  ]);
  expect(await scene.read('/requests/t-2')).toContain('It was sent and never answered.');
});

test('a request shows orders, devices with the provider’s messages, and calls', async () => {
  const id = await sent('t-1');
  await recordOutcomes(scene.rt.db, id, [
    {
      orderId: 1,
      outcome: 'failed',
      devices: [
        { deviceId: 'SER1', outcome: 'failed', errors: [{ id: 'DEP-1', errorMessage: 'not sold by you' }] },
      ],
    },
  ]);
  const { db, worker, clock } = scene.rt;
  const call = {
    requestId: id,
    providerId: 'apple',
    question: 'request',
    message: { secret: 'body' },
  } as const;
  const exchange = await beginExchange(db, call, worker, clock.now());
  const end = { status: 503, code: 'PROVIDER_BUSY', detail: 'gateway' } as const;
  await endExchange(db, exchange.id, end, clock.now());
  const page = await scene.page('/requests/t-1');
  expect(rowsOf(page)).toEqual([
    ['1', 'ORDER-1', 'ORDER', 'failed'],
    ['1', 'SER1', 'SER1', 'failed', 'DEP-1 not sold by you'],
    [
      String(exchange.id),
      'request',
      '2026-05-06 12:00:00',
      '2026-05-06 12:00:00',
      '503',
      end.code,
      'gateway',
    ],
  ]);
  expect(page).not.toContain('secret');
  expect(page).not.toContain('<form');
});

test('an operator has the provider asked now', async () => {
  const id = await sent('t-1');
  await noteRequest(scene.rt.db, id, { next_query_at: '2026-05-09T00:00:00.000Z' });
  expect((await scene.refusal('/requests/t-1/ask', { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect((await scene.refusal('/requests/t-1/ask', {}, 'operator'))[0]).toBe(400);
  expect(await scene.act('/requests/t-1/ask', { reason: 'the customer waits' })).toContain(
    'The adaptor asks about request t-1 at its next look.',
  );
  expect((await requireRequest(scene.rt.db, id)).next_query_at).toBe(scene.rt.clock.now().toISOString());
  expect(await scene.audited()).toEqual([
    { who: 'some-operator', action: 'request.ask', subject: 'request t-1', reason: 'the customer waits' },
  ]);
});

test('an operator sends a request again that has no answer; no other', async () => {
  await sent('t-1');
  await addProviderRequest(scene.rt.db, 't-2');
  expect(await scene.page('/requests/t-2', 'operator')).not.toContain('/send-again');
  expect(await scene.page('/requests/t-1', 'operator')).toContain('/requests/t-1/send-again');
  expect((await scene.refusal('/requests/t-2/send-again', { reason: 'x' }, 'operator'))[0]).toBe(409);
  expect((await scene.refusal('/requests/t-2/ask', { reason: 'x' }, 'operator'))[0]).toBe(409);
  expect((await scene.refusal('/requests/t-1/send-again', { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect(await stateOf('t-1')).toBe('sent');
  await scene.act('/requests/t-1/send-again', { reason: 'not in their portal' });
  expect(await stateOf('t-1')).toBe('queued');
  expect((await scene.audited()).map(({ action, reason }) => [action, reason])).toEqual([
    ['request.resend', 'not in their portal'],
  ]);
});

test('the devices of a request are paged by order and id', async () => {
  const devices = numbers(60).map((n) => ({ deviceId: `D ${100 + n}`, providerDeviceId: `P${n}` }));
  const order = { orderNumber: 'O', requestType: 'ORDER' as const };
  await addProviderRequest(scene.rt.db, 't-1', {
    orders: [
      { ...order, orderId: 7, devices: devices.slice(0, 30) },
      { ...order, orderId: 8, devices: devices.slice(30) },
    ],
  });
  const first = await scene.page('/requests/t-1');
  const second = await scene.page(linkOf(first, 'Next'));
  const listed = [first, second].map((page) => rowsOf(page).filter((row) => row.length === 5));
  expect(listed.map((rows) => rows.length)).toEqual([50, 10]);
  expect(listed.flat().map((row) => row[1])).toEqual(devices.map((device) => device.deviceId));
  expect((await (await scene.as('viewer')).get('/requests/t-1?device=x')).status).toBe(400);
});

test('what needs a look', async () => {
  const id = await sent('t-1');
  const request = await requireRequest(scene.rt.db, id);
  const reason = (change: Partial<typeof request>, hours: number) =>
    stuckReason(
      { ...request, ...change },
      scene.rt.loaded.config.probes.responses,
      new Date(scene.rt.clock.now().getTime() + hours * 3_600_000),
    );
  const sentAt = request.sent_at;
  expect(reason({}, 0.9)).toBeUndefined();
  expect(reason({}, 1)).toContain('never answered');
  expect(reason({ state: 'unknown' }, 0)).toContain('do not settle');
  expect(reason({ state: 'pending', accepted_at: sentAt }, 23.9)).toBeUndefined();
  expect(reason({ state: 'pending', accepted_at: sentAt }, 24)).toContain('more than 24 hours');
  expect(reason({ state: 'queued' }, 999)).toBeUndefined();
  expect(reason({ state: 'queued', last_error: 'no route' }, 0)).toContain('could not be sent');
  expect(reason({ state: 'finished' }, 999)).toBeUndefined();
});
