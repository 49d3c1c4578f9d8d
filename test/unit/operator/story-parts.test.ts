import fc from 'fast-check';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { deviceStories, storyPart, type StoryEntry } from '../../../shared/operator/device-story.ts';
import { recordAudit } from '../../../shared/store/audit.ts';
import type { Device } from '../../../shared/store/devices.ts';
import { raiseEvent } from '../../../shared/store/workflow-events.ts';
import { addDevices, addProviderRequest, later, now } from '../../support/store-examples.ts';
import { temporaryStore, type TemporaryStore } from '../../support/temporary-store.ts';

/** A story that is read part by part is the story, whatever happened at the same time. */

let store: TemporaryStore;
beforeAll(async () => {
  store = await temporaryStore();
});
afterAll(() => store.close());

const happening = fc.record({
  what: fc.constantFrom('status', 'stage', 'event', 'operator', 'file'),
  /** Few of them: much happens at once. */
  minute: fc.nat({ max: 3 }),
});

async function happen(
  device: Device,
  batch: number,
  { what, minute }: { what: string; minute: number },
  n: number,
) {
  const { db } = store;
  const at = later(minute * 60);
  const text = `${what} ${n}`;
  const iso = at.toISOString();
  if (what === 'status') {
    const row = {
      device: device.id,
      at: iso,
      status: 'Enrol Failed' as const,
      actor: 'test',
      note: text,
      batch_id: batch,
    };
    await db.insertInto('device_history').values(row).execute();
  } else if (what === 'stage') {
    const row = {
      batch_id: batch,
      stage: 'Batch' as const,
      status: 'Error' as const,
      at: iso,
      actor: 'x',
      note: text,
    };
    await db.insertInto('batch_stage').values(row).execute();
  } else if (what === 'event') {
    const event = {
      eventType: 'ENR',
      eventCode: 'X',
      referenceNumber: device.order_id,
      notes: text,
      batchId: null,
    };
    await raiseEvent(db, event, at);
  } else if (what === 'operator') {
    const subject = n % 2 === 0 ? `device ${device.device_id}` : `order ${device.order_id}`;
    await recordAudit(db, { who: 'a', action: text, subject, reason: null, before: null, after: null }, at);
  } else {
    const row = {
      direction: 'in' as const,
      folder: 'x',
      name: text,
      state: 'rejected' as const,
      attempts: 0,
      crashes: 0,
      seen_at: iso,
      batch_id: batch,
    };
    await db.insertInto('delivery').values(row).execute();
  }
}

async function inParts(device: Device, limit: number): Promise<StoryEntry[]> {
  const parts: StoryEntry[][] = [];
  let before: string | undefined;
  do {
    const part = await storyPart(store.db, device, { before, limit });
    expect(part.entries.length).toBeLessThanOrEqual(limit);
    parts.unshift([...part.entries]);
    before = part.older;
  } while (before !== undefined);
  return parts.flat();
}

let orders = 100;

test('in parts of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(happening, { maxLength: 25 }),
      fc.integer({ min: 1, max: 9 }),
      async (happened, limit) => {
        const order = String(orders++);
        const [device] = await addDevices(store.db, order, [{ deviceId: `DEV${order}` }]);
        if (device === undefined) throw new Error('no device');
        const { batch_id: batch } = await store.db
          .selectFrom('dispatch')
          .select('batch_id')
          .where('order_id', '=', order)
          .executeTakeFirstOrThrow();
        for (const [n, each] of happened.entries()) await happen(device, batch, each, n);
        const devices = [{ deviceId: device.device_id, providerDeviceId: 'P' }];
        await addProviderRequest(store.db, `tx-${order}`, {
          orders: [{ orderId: Number(order), orderNumber: order, requestType: 'ORDER', devices }],
        });
        const [whole] = await deviceStories(store.db, device.device_id);
        // The order, its dispatch, its batch, the first status, and the transaction with its batch.
        expect(whole?.entries).toHaveLength(happened.length + 6);
        for (const n of happened.keys()) {
          expect(whole?.entries.filter(({ text }) => new RegExp(` ${n}\\b(?!:)`).test(text))).not.toEqual([]);
        }
        expect(await inParts(device, limit)).toEqual(whole?.entries);
        const times = (whole?.entries ?? []).map(({ at }) => at);
        expect(times).toEqual(times.toSorted());
      },
    ),
    { numRuns: 30 },
  );
}, 60_000);

test('a place that is none is refused', async () => {
  const [device] = await addDevices(store.db, '9', [{ deviceId: 'Z' }]);
  if (device === undefined) throw new Error('no device');
  for (const before of ['x', `${now.toISOString()} nothing 1`, `${now.toISOString()} device x`]) {
    await expect(storyPart(store.db, device, { before, limit: 5 })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
  }
});
