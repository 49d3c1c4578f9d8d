import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import type { KyselyPlugin } from 'kysely';

import { appleApi } from '../../../demo/apple-api.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import { onFailPoint } from '../../../shared/runtime/fail-point.ts';
import { beginExchange, exchangesOf } from '../../../shared/store/provider-exchanges.ts';
import { messageOf, moveRequest, requireRequest } from '../../../shared/store/provider-requests.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { orderOf } from '../apple/examples.ts';
import { startCaller, type Caller } from '../../support/calling.ts';
import { extracted, keyRing, outcomes, requestRows, responses, standing, transform } from './scenes.ts';

let ring: KeyRing;
let caller: Caller;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(() => start());
afterEach(() => caller.close());

async function start(https: object = {}, store = (db: Db) => db): Promise<void> {
  caller = await startCaller('apple', {
    store,
    mutualTls: true,
    service: () => appleApi(),
    provider: { format: 'apple', account: { shipTo: '0000054321', depResellerId: '0F0F0F0F' } },
    https,
  });
  await rules();
}

/** A batch of two orders waits to be sent. @returns its number */
async function queued(...ids: number[]): Promise<number> {
  const document = await extracted(
    caller.rt,
    (ids.length > 0 ? ids : [12]).map((id) => orderOf(id, [`ZZTEST${id}A`, `ZZTEST${id}B`])),
  );
  await transform(caller.rt, ring, document);
  return document.identifier;
}

const request = async () => (await requestRows(caller.rt))[0];
const events = (name: string) =>
  caller.rt.events.filter((event) => event.name === name).map(({ fields }) => fields);
const calls = async () => exchangesOf(caller.rt.db, (await request())?.id ?? 0);
const later = (seconds: number) => new Date(caller.rt.clock.now().getTime() + seconds * 1000).toISOString();
const bulk = 'bulk-enroll-devices';
/** The provider answers at once, and is as told in what it is called for. */
const rules = (...transport: object[]) => caller.rules({ pendingQuestions: 0, transport });
const onRequest = (rule: object) => rules({ match: bulk, times: 1, ...rule });
const allEnrolled = { '12 D1': 'succeeded', '12 D2': 'succeeded' };

describe('a provider that answers', () => {
  test('before the store does, as one on a server may be: the call counts as under way until it is recorded', async () => {
    await caller.close();
    let slow = Promise.resolve();
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: ({ result }) => slow.then(() => result),
    };
    await start({}, (db) => db.withPlugin(plugin));
    await queued();
    let answered = () => {};
    onFailPoint((point) => {
      if (point === 'call.recorded') slow = new Promise((resolve) => (answered = resolve));
      if (point === 'call.answered') answered();
    });
    try {
      await caller.settle();
    } finally {
      onFailPoint(() => undefined);
    }
    expect(await request()).toMatchObject({ state: 'accepted', attempts: 1 });
    expect(await calls()).toMatchObject([{ question: 'request', http_status: 200 }]);
  });

  test('a request is sent, accepted, asked about, and settled; every call is kept', async () => {
    const batch = await queued();
    expect(await standing(caller.rt, batch)).toBe('Transmission · In progress');
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'accepted', attempts: 1 });
    expect(await standing(caller.rt, batch)).toBe('Transmission · Complete');
    caller.rt.pass(600);
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'finished', next_query_at: null });
    expect(await outcomes(caller.rt)).toEqual(allEnrolled);
    expect((await responses(caller.rt)).map((response) => response.order.id)).toEqual([12]);
    expect((await responses(caller.rt))[0]?.externalFileName).toMatch(/^x\d+-1\.json$/);
    expect(await calls()).toMatchObject([
      { question: 'request', http_status: 200, answer_encoding: 'utf8', fault_code: null },
      { question: 'query', http_status: 200, fault_code: null },
    ]);
    expect((await calls())[0]?.answer).toContain('deviceEnrollmentTransactionId');
    expect(events('provider.called')).toHaveLength(2);
  });

  test('that refuses: the devices fail, and the provider does not rest', async () => {
    await onRequest({ status: 200, body: { errorCode: 'DEP-ERR-3003', errorMessage: 'no' } });
    await queued();
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'refused' });
    expect(events('provider.rests')).toEqual([]);
  });
});

describe('an answer that is lost', () => {
  test.each([
    ['it stalls', { stall: true }],
    ['it hangs up after', { hangUpAfter: true }],
    ['its answer breaks off', { cutBody: true }],
    ['it answers with a page', { notJson: true }],
    ['it answers with a flood', { flood: 2 }],
  ])('%s: not sent again, but asked about, and found done', async (_what, rule) => {
    await caller.close();
    await start({ maxAnswerMegabytes: 1, ...('stall' in rule && { answerSeconds: 2 }) });
    await onRequest(rule);
    await queued();
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'sent', attempts: 1, next_query_at: later(600) });
    caller.rt.pass(599);
    await caller.settle();
    expect(await calls()).toHaveLength(1);
    caller.rt.pass(1);
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'finished', attempts: 1 });
    expect(await outcomes(caller.rt)).toEqual(allEnrolled);
    expect((await calls()).map((call) => call.question)).toEqual(['request', 'reconciliation']);
  });

  test.each([
    ['it hangs up before', { hangUpBefore: true }],
    ['it answers 500', { status: 500 }],
    ['it answers 502 with a page', { status: 502, notJson: true }],
  ])('%s: it was never done, and is sent again when three questions have told so', async (_what, rule) => {
    await onRequest(rule);
    await queued();
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'sent' });
    for (const seconds of [600, 3600, 3600]) {
      expect(await request()).toMatchObject({ state: 'sent', attempts: 1 });
      caller.rt.pass(seconds);
      await caller.settle();
    }
    expect(await request()).toMatchObject({ state: 'queued' });
    caller.rt.pass(60);
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'accepted', attempts: 2 });
    caller.rt.pass(720);
    await caller.settle();
    expect(await outcomes(caller.rt)).toEqual(allEnrolled);
  });

  test('what came back, and was not understood, is kept and told', async () => {
    await onRequest({ notJson: true });
    await queued();
    await caller.settle();
    expect(await calls()).toMatchObject([{ http_status: 200, fault_code: 'UNKNOWN_ANSWER' }]);
    expect((await calls())[0]?.answer).toMatch(/<html/i);
    expect(events('provider.answer-unknown')).toMatchObject([{ provider: 'apple', code: 'UNKNOWN_ANSWER' }]);
  });

  test('an id that no index of the store could hold is not understood, and the request is asked about', async () => {
    await onRequest({
      status: 200,
      body: {
        deviceEnrollmentTransactionId: 'x'.repeat(501),
        enrollDevicesResponse: { statusCode: 'SUCCESS' },
      },
    });
    await queued();
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'sent', attempts: 1, provider_transaction_id: null });
    expect(await calls()).toMatchObject([{ http_status: 200, fault_code: 'UNKNOWN_ANSWER' }]);
  });

  test('our process died during the call: the next one knows, and asks', async () => {
    await queued();
    const { db, worker, clock } = caller.rt;
    const before = await requireRequest(db, 1);
    await moveRequest(db, before, 'sent', { attempts: 1, release_at: null });
    const message = await messageOf(db, 1);
    await beginExchange(
      db,
      { requestId: 1, providerId: 'apple', question: 'request', message },
      worker,
      clock.now(),
    );
    const gone = await db
      .insertInto('worker')
      .values({
        daemon: 'adaptor',
        host: 'elsewhere',
        pid: 1,
        pid_start: 'x',
        started_at: 'x',
        heartbeat_at: 'x',
        stopped_at: 'x',
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    await db.updateTable('provider_exchange').set({ worker_id: gone.id }).execute();
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'sent', next_query_at: later(600) });
    expect(await calls()).toMatchObject([
      { fault_code: 'ANSWER_LOST', detail: 'our process ended during the call' },
    ]);
    caller.rt.pass(600);
    await caller.settle();
    expect((await calls()).map((call) => call.question)).toEqual(['request', 'reconciliation']);
  });
});

describe('a provider that takes nothing', () => {
  test('asks to come later: nothing is sent to it until then, and nothing fails', async () => {
    await rules({ times: 1, status: 429, retryAfter: 120 });
    await queued(12);
    await queued(13);
    await caller.settle();
    const [first, second] = await requestRows(caller.rt);
    expect(first).toMatchObject({ state: 'queued', attempts: 0, release_at: later(120) });
    caller.rt.pass(119);
    await caller.settle();
    expect(events('provider.called').length).toBeLessThanOrEqual(2);
    caller.rt.pass(61);
    await caller.settle();
    caller.rt.pass(1);
    await caller.settle();
    expect((await requestRows(caller.rt)).map((row) => row.state)).toEqual(['accepted', 'accepted']);
    expect(second).toBeDefined();
    expect(await responses(caller.rt)).toEqual([]);
  });

  test.each([401, 403])(
    'does not let us in (%d): it rests at once, an alarm, and nothing fails',
    async (status) => {
      await rules({ times: 1, status });
      await queued();
      await caller.settle();
      expect(await request()).toMatchObject({ state: 'queued', attempts: 0 });
      expect(events('provider.rests')).toMatchObject([
        { provider: 'apple', until: later(60), code: 'PROVIDER_DENIES' },
      ]);
      caller.rt.pass(59);
      await caller.settle();
      expect(events('provider.called')).toHaveLength(1);
      caller.rt.pass(1);
      await caller.settle();
      expect(events('provider.resumed')).toEqual([{ provider: 'apple' }]);
      expect(await request()).toMatchObject({ state: 'accepted', attempts: 1 });
    },
  );

  test('cannot be reached: after five failures it is left alone, for longer and longer', async () => {
    await caller.serverGone();
    await queued();
    for (let failure = 1; failure <= 5; failure++) {
      await caller.settle();
      caller.rt.pass(3600);
    }
    expect(await request()).toMatchObject({ state: 'queued', attempts: 0 });
    expect(events('provider.failed')).toHaveLength(5);
    const rests = events('provider.rests') as { until: string; code: string }[];
    expect(rests).toMatchObject([{ code: 'PROVIDER_UNREACHABLE' }]);
    await caller.settle();
    expect(events('provider.rests')).toHaveLength(2);
    expect(await responses(caller.rt)).toEqual([]);
  });

  test('a rest outlives a restart', async () => {
    await rules({ times: 1, status: 403 });
    await queued();
    await caller.settle();
    await caller.restart();
    caller.rt.pass(30);
    await caller.settle();
    expect(events('provider.called')).toHaveLength(1);
    caller.rt.pass(30);
    await caller.settle();
    expect(await request()).toMatchObject({ state: 'accepted' });
  });
});
