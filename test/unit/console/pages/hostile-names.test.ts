import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { Fault } from '../../../../shared/runtime/faults.ts';
import { defer } from '../../../../shared/store/deliveries.ts';
import { failRun, startRun, type JobRun } from '../../../../shared/store/job-runs.ts';
import { recordOutcomes, noteRequest } from '../../../../shared/store/provider-requests.ts';
import { registerWorker } from '../../../../shared/store/workers.ts';
import { raiseEvent } from '../../../../shared/store/workflow-events.ts';
import { addBatch, addDevices, addProviderRequest, mark, newOrder } from '../../../support/store-examples.ts';
import { insertOrder } from '../../../../shared/store/orders.ts';
import { PagesScene, wordsOf } from './pages-scene.ts';
import { insertSeen, markClaimed } from '../../../support/one-file.ts';

/** Ends attributes and tags, is a script, turns the direction of text, and holds what a URL has a use for. */
const hostile = `a"b'c<script>alert(1)</script>\u202Egnp.exe&?#%2F/../`;
/** What a reader sees of it. */
const readable = `a"b'c<script>alert(1)</script>\\u{202e}gnp.exe&?#%2F/../`;

let scene: PagesScene;
const paths: string[] = [];

/** Such a name wherever others decide on names. */
beforeAll(async () => {
  scene = await PagesScene.open();
  const { db, clock, worker } = scene.rt;
  const now = clock.now();
  await insertOrder(
    db,
    newOrder(hostile, {
      customer: hostile,
      purchaseOrderNumber: hostile,
      organisations: { apple: hostile },
      lines: [{ lineNumber: 1, product: hostile, quantity: 9, providerId: 'apple' }],
    }),
    now,
  );
  await addDevices(db, hostile, [
    { deviceId: hostile, serialNumber: hostile, imei: hostile, model: hostile },
  ]);
  const item = { customerReference: hostile, description: hostile, payload: hostile };
  const names = { type: hostile, category: hostile, providerId: hostile, externalFileName: hostile };
  const batch = await addBatch(db, { ...names, items: [item] });
  const seen = await insertSeen(db, { inbox: hostile, name: hostile, mark: mark('1') }, worker, now);
  if (!seen) throw new Error('not seen');
  const file = await defer(db, await markClaimed(db, seen, hostile), 'FILE_BUSY', hostile, now);
  const orders = [
    {
      orderId: 1,
      orderNumber: hostile,
      requestType: 'ORDER',
      devices: [{ deviceId: hostile, providerDeviceId: hostile }],
    },
  ] as const;
  const request = await addProviderRequest(db, hostile, { providerId: hostile, orders });
  await noteRequest(db, request, { last_error: hostile });
  const errors = [{ id: hostile, errorMessage: hostile }];
  await recordOutcomes(db, request, [
    {
      orderId: 1,
      outcome: 'failed',
      devices: [{ deviceId: hostile, outcome: 'failed', errors }],
    },
  ]);
  const event = { eventType: 'DEP', eventCode: 'DEER', referenceNumber: hostile, notes: hostile };
  await raiseEvent(db, { ...event, batchId: null }, now);
  const other = await registerWorker(db, 'loader', now);
  const run = await startRun(db, 'salesOrderDispatch', 'schedule', other, now);
  await failRun(db, run as JobRun, new Fault('NO_SPACE', hostile), now);
  const encoded = encodeURIComponent(hostile);
  paths.push(
    '/',
    '/files',
    `/files/${file.id}`,
    '/interfaces',
    `/interfaces/${batch.id}`,
    `/devices?q=${encoded}`,
    '/devices?status=Enrol+Pending',
    `/devices/${encoded}`,
    `/orders/${encoded}`,
    '/requests',
    `/requests/${encoded}`,
    '/events',
    `/events?order=${encoded}`,
    '/jobs/salesOrderDispatch',
    `/jobs/salesOrderDispatch/runs/${run?.id ?? 0}`,
  );
});
afterAll(() => scene.close());

test('a hostile name is shown as it is written, and does nothing', async () => {
  for (const path of paths) {
    const page = await scene.page(path, 'operator');
    expect([path, wordsOf(page).includes(readable)]).toEqual([path, true]);
    expect([path, /<script|\u202E|"b'c/.exec(page)]).toEqual([path, null]);
  }
});

test('its links lead to its own pages', async () => {
  const browser = await scene.as('operator');
  for (const path of paths) {
    const page = await scene.page(path, 'operator');
    const links = [...page.matchAll(/\shref="([^"]*)"/g)].map(([, address = '']) => wordsOf(address));
    for (const link of new Set(links.filter((address) => address.startsWith('/')))) {
      // Order 1 is the adaptor's number of it, of which CMP has no order here.
      if (link === '/orders/1') continue;
      const { status } = await browser.get(link.replace(/#.*/, ''));
      expect([path, link, status]).toEqual([path, link, 200]);
    }
  }
});

test('what an operator writes is shown and not obeyed', async () => {
  const page = await scene
    .act(`/devices/${encodeURIComponent(hostile)}/unenrol`, { reason: hostile })
    .catch(String);
  expect(page).toContain('was answered with 409');
  const shown = await scene.act('/jobs/salesOrderDispatch/run', { reason: `${hostile} once` });
  expect(shown).toContain(`${readable} once`);
  expect(await scene.page('/jobs/salesOrderDispatch')).not.toContain('<script>alert');
});
