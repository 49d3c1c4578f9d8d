import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { extractBatches } from '../../../daemons/extractor/extract-batch.ts';
import {
  describeRequest,
  deviceEnrolmentRequest,
  type RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import { readDocument } from '../../../shared/generic/document.ts';
import { onFailPoint } from '../../../shared/runtime/fail-point.ts';
import { batchHistory, createBatch, requireBatch } from '../../../shared/store/batches.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { watchedDb } from '../../support/watched-db.ts';

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(async () => {
  onFailPoint(() => undefined);
  await rt.close();
});

const never = new AbortController().signal;

describe('a prepared batch', () => {
  test('E06: without an order becomes a valid file with count zero', async () => {
    const { category, type, version } = deviceEnrolmentRequest;
    const standing = { stage: 'Batch', status: 'Complete' } as const;
    const start = { direction: 'outbound', category, type, version, standing } as const;
    const { id } = await createBatch(
      rt.db,
      { ...start, providerId: 'apple', externalFileName: null, items: [] },
      'somebody',
      rt.clock.now(),
    );
    expect(await extractBatches(rt, never)).toEqual({ worked: 1, refused: 0, waiting: 0 });
    const [file, ...others] = await queuedDocuments(rt.db, 'generic-request');
    expect(others).toEqual([]);
    expect(readDocument(Buffer.from(file?.content ?? ''), deviceEnrolmentRequest)).toMatchObject({
      identifier: id,
      recordCount: 0,
      orders: [],
    });
    expect(await requireBatch(rt.db, id)).toMatchObject({ stage: 'Extract/Load', status: 'In progress' });
  });
});

describe('prepared batches', () => {
  const devices = [{ deviceId: 'D1', serialNumber: 'S1' }];
  const at = '2026-05-06T10:00:00.000Z';
  const orderOf = (id: number, shipDate = at): RequestOrder => ({
    id,
    requestType: 'ORDER',
    organisationId: 'ORG-1',
    orderDate: at,
    purchaseOrderNumber: 'Bestellung „ü“ \\ / 7',
    deliveries: [{ deliveryNumber: '1', shipDate, devices }],
  });
  const bad = orderOf(1, '2026-05-05T10:00:00.000Z');

  async function prepare(...orders: RequestOrder[]): Promise<number> {
    const { category, type, version } = deviceEnrolmentRequest;
    const standing = { stage: 'Batch', status: 'Complete' } as const;
    const start = { direction: 'outbound', category, type, version, standing } as const;
    const items = orders.map((order) => ({
      customerReference: String(order.id),
      description: describeRequest(order),
      payload: order,
    }));
    const batch = { ...start, providerId: 'apple', externalFileName: null, items };
    return (await createBatch(rt.db, batch, 'somebody', rt.clock.now())).id;
  }

  const extract = (db = rt.db) => extractBatches({ ...rt, db }, never);
  const queued = () => queuedDocuments(rt.db, 'generic-request');
  const standings = async (ids: readonly number[]) =>
    (await Promise.all(ids.map((id) => requireBatch(rt.db, id)))).map(
      ({ stage, status }) => `${stage} · ${status}`,
    );
  const inProgress = 'Extract/Load · In progress';

  test('E06: become documents letter by letter, each in a file of its name, in their order', async () => {
    const batches = [[orderOf(3), orderOf(2)], [orderOf(5, '2026-05-06T11:00:00.000Z')]];
    const ids = [await prepare(...(batches[0] ?? [])), await prepare(...(batches[1] ?? []))];
    rt.pass(60);
    expect(await extract()).toEqual({ worked: 2, refused: 0, waiting: 0 });
    const files = await queued();
    expect(files.map(({ content }) => content)).toEqual(
      batches.map((orders, index) =>
        JSON.stringify({
          identifier: ids[index],
          version: 1.1,
          interfaceCategory: 'Device Enrolment',
          interfaceType: 'Device Enrolment Request',
          batchDateTime: '2026-05-06T12:00:00.000Z',
          extractLoadDateTime: '2026-05-06T12:01:00.000Z',
          recordCount: orders.length,
          deviceEnrolmentProviderId: 'apple',
          orders,
        }),
      ),
    );
    expect(files).toMatchObject(
      ids.map((id) => ({
        folder: 'outboundDeviceEnrolment/in',
        name: `device-enrolment-request.apple.${id}.json.pgp`,
        batch_id: id,
      })),
    );
    expect(await standings(ids)).toEqual([inProgress, inProgress]);
  });

  test('one of which the content cannot be written stands in error alone', async () => {
    const ids = [await prepare(orderOf(1)), await prepare(bad), await prepare(orderOf(3))];
    expect(await extract()).toEqual({ worked: 3, refused: 1, waiting: 0 });
    expect(await standings(ids)).toEqual([inProgress, 'Extract/Load · Error', inProgress]);
    expect((await queued()).map((file) => file.batch_id)).toEqual([ids[0], ids[2]]);
    expect(rt.events).toMatchObject([
      { name: 'batch.failed', fields: { batch: ids[1], code: 'SCHEMA_VIOLATION' } },
    ]);
    const history = await batchHistory(rt.db, ids[1] ?? 0);
    expect(history.map(({ stage, status, note }) => [stage, status, note])).toEqual([
      ['Batch', 'Complete', null],
      ['Extract/Load', 'In progress', null],
      ['Extract/Load', 'Error', expect.stringMatching(/^SCHEMA_VIOLATION: .*shipDate/)],
    ]);
  });

  test('share a transaction when they are small; a large one goes alone', async () => {
    for (const id of [1, 2, 3]) await prepare(orderOf(id));
    await prepare(...Array.from({ length: 101 }, (_, index) => orderOf(index)));
    for (const id of [4, 5]) await prepare(orderOf(id));
    let transactions = 0;
    const db = watchedDb(rt.db, (call) => {
      if (call === 'transaction') transactions++;
    });
    expect(await extract(db)).toMatchObject({ worked: 6 });
    expect(transactions).toBe(3);
    expect(await queued()).toHaveLength(6);
  });

  test.each([
    ['extract.written', 2, 0],
    ['extract.committed', 2, 3],
  ] as const)('E05: a crash at %s leaves all of a transaction or nothing', async (point, nth, left) => {
    const ids = [await prepare(orderOf(1)), await prepare(orderOf(2)), await prepare(orderOf(3))];
    let passings = 0;
    onFailPoint((passed) => {
      if (passed === point && ++passings === nth) throw new Error('the end');
    });
    await expect(extract()).rejects.toThrow('the end');
    onFailPoint(() => undefined);
    expect(await queued()).toHaveLength(left);
    await extract();
    expect((await queued()).map((file) => file.batch_id)).toEqual(ids);
    for (const id of ids) expect(await batchHistory(rt.db, id)).toHaveLength(2);
  });

  test('E05: that another has taken meanwhile are left to it', async () => {
    const ids = [await prepare(orderOf(1)), await prepare(orderOf(2))];
    await Promise.all([extract(), extract()]);
    expect((await queued()).map((file) => file.batch_id)).toEqual(ids);
    for (const id of ids) expect(await batchHistory(rt.db, id)).toHaveLength(2);
  });
});
