import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { recordAudit } from '../../../../shared/store/audit.ts';
import { completeRun, startRun, type JobRun } from '../../../../shared/store/job-runs.ts';
import { beginExchange, endExchange } from '../../../../shared/store/provider-exchanges.ts';
import { raiseEvent } from '../../../../shared/store/workflow-events.ts';
import { addBatch, addDevices, addProviderRequest, mark, numbers } from '../../../support/store-examples.ts';
import { ApiScene } from './api-scene.ts';
import { insertSeen } from '../../../support/one-file.ts';

const rows = 23;

interface List {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

let scene: ApiScene;
beforeAll(async () => {
  scene = await ApiScene.open();
  const { db, worker, clock } = scene.rt;
  const now = clock.now();
  await addDevices(
    db,
    '77',
    numbers(rows).map((n) => ({ deviceId: `ZZPAGE${n}` })),
  );
  const items = numbers(rows).map((n) => ({
    customerReference: `${n}`,
    description: `Order ${n}`,
    payload: {},
  }));
  const { id: batchId } = await addBatch(db, { items });
  const requested = numbers(rows).map((n) => ({
    orderId: n - 1,
    orderNumber: `ORDER-${n}`,
    requestType: 'ORDER' as const,
    devices:
      n === 1
        ? numbers(rows).map((each) => ({ deviceId: `D ${each}/${rows}`, providerDeviceId: `P${each}` }))
        : [],
  }));
  const request = await addProviderRequest(db, 'paged', { batchId, orders: requested });
  for (const n of numbers(rows)) {
    const inbox = n % 2 === 0 ? 'inboundSalesOrderDispatch' : 'inboundDeviceEnrolment';
    await insertSeen(db, { inbox, name: `file-${n}`, mark: mark(`${n}`) }, worker, now);
    await addBatch(db);
    await addProviderRequest(db, `t-${n}`, { batchId });
    const event = {
      eventType: 'DEP',
      eventCode: 'DEER',
      referenceNumber: '77',
      notes: `${n}`,
      batchId: null,
    };
    await raiseEvent(db, event, now);
    const entry = { who: 'x', action: 'y', subject: 'z', reason: null, before: null, after: { n } };
    // Several at one moment, in another order than their numbers.
    await recordAudit(db, entry, new Date(now.getTime() + (n % 3) * 1000));
    const call = { requestId: request, providerId: 'apple', question: 'query', message: {} } as const;
    const exchange = await beginExchange(db, call, worker, now);
    await endExchange(db, exchange.id, { status: 200 }, now);
    const run = await startRun(db, 'salesOrderDispatch', 'operator', worker, now);
    await completeRun(db, run as JobRun, { batches: 1, records: 2, problems: ['one'] }, now);
  }
});
afterAll(() => scene.close());

/** Lists, how many there are, and what is different in each. */
const lists: readonly (readonly [path: string, count: number, key: string])[] = [
  ['/files', rows, 'id'],
  ['/files?folder=inboundDeviceEnrolment&state=seen', 12, 'id'],
  ['/batches?type=Sales+Order+Dispatch', rows + 2, 'id'],
  ['/batches/:batch/items', rows, 'sequence'],
  ['/devices?status=Enrol+Pending', rows, 'deviceId'],
  ['/orders/77/devices', rows, 'deviceId'],
  ['/provider-requests?provider=apple', rows + 1, 'id'],
  ['/provider-requests?state=queued', rows + 1, 'id'],
  ['/provider-requests/paged/orders', rows, 'order'],
  ['/provider-requests/paged/devices', rows, 'deviceId'],
  ['/provider-requests/paged/calls', rows, 'id'],
  ['/workflow-events?order=77', rows, 'id'],
  ['/jobs/salesOrderDispatch/runs', rows, 'id'],
  ['/audit?who=x&action=y&subject=z', rows, 'id'],
];

async function parts(path: string, limit: number, token: string): Promise<List[]> {
  const found: List[] = [];
  let next: string | null = `${path}${path.includes('?') ? '&' : '?'}limit=${limit}`;
  while (next !== null) {
    const { status, json } = await scene.ask({ path: next, token });
    expect([next, status]).toEqual([next, 200]);
    const part = json as List;
    found.push(part);
    ({ next } = part);
  }
  return found;
}

test.each(lists)('%s: every row stands in exactly one part', async (pattern, count, key) => {
  const [holder] = await scene.rt.db
    .selectFrom('batch')
    .select('id')
    .where('record_count', '=', rows)
    .execute();
  const path = pattern.replace(':batch', String(holder?.id));
  // Each asks more often than one token may.
  const token = await scene.addToken(
    `reader-${lists.findIndex(([each]) => each === pattern)}`,
    'administrator',
  );
  const whole = await parts(path, 200, token);
  const all = whole.flatMap(({ items }) => items.map((item) => item[key]));
  expect([all.length, new Set(all).size, whole.length]).toEqual([count, count, 1]);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: count + 2 }), async (limit) => {
      const found = await parts(path, limit, token);
      expect(found.flatMap(({ items }) => items.map((item) => item[key]))).toEqual(all);
      // No part is empty, and all but the last are full.
      expect(found.slice(0, -1).every(({ items }) => items.length === limit)).toBe(true);
      expect(found.length).toBe(Math.ceil(count / limit));
    }),
    { numRuns: 6, examples: [[1], [count], [count - 1]] },
  );
});

test('what is added while somebody reads does not show up in the middle', async () => {
  const first = (await scene.get('/workflow-events?limit=5')) as List;
  const event = { eventType: 'DEP', eventCode: 'DEOK', referenceNumber: '78', notes: 'later', batchId: null };
  await raiseEvent(scene.rt.db, event, scene.rt.clock.now());
  const second = (await scene.get(first.next ?? '')) as List;
  const ids = [...first.items, ...second.items].map(({ id }) => Number(id));
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(new Set(ids).size).toBe(10);
  expect(ids[0]).toBe((ids[9] ?? 0) + 9);
});

test('a file that was refused says why, and what to do', async () => {
  const { id } = await scene.pages.refused('bad.json.pgp', new Fault('JSON_MALFORMED', 'no JSON at byte 7'));
  expect(await scene.get(`/files/${id}`)).toMatchObject({
    state: 'rejected',
    direction: 'received',
    fault: {
      code: 'JSON_MALFORMED',
      what: expect.stringMatching(/\w/),
      detail: 'no JSON at byte 7',
      action: expect.stringMatching(/\w/),
    },
  });
});
