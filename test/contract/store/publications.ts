import { expect, test } from '@jest/globals';

import { unfinished, type Delivery } from '../../../shared/store/deliveries.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import {
  markPublished,
  markSealed,
  queuePublication,
  takePublication,
  unpublished,
  type Publication,
} from '../../../shared/store/publications.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { addBatch, addDeadWorker, addWorker, later, now } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

const folder = 'outboundDeviceEnrolment/in';

export function publicationsContract(store: StoreUnderTest): void {
  const queue = (name: string, own: Partial<Publication> = {}, db: Db = store.db) =>
    queuePublication(
      db,
      {
        folder,
        name,
        purpose: 'generic-request',
        content: '{}',
        batchId: null,
        providerRequestId: null,
        ...own,
      },
      now,
    );
  const queued = (limit = 10) => unpublished(store.db, ['generic-request'], limit);
  async function first(): Promise<Delivery> {
    const [row] = await queued();
    if (!row) throw new Error('nothing is queued');
    return row;
  }

  test('a document is queued whole, with what it belongs to', async () => {
    const { id: batchId } = await addBatch(store.db);
    await queue('0001.pgp', { content: '{"id":"0001"}', batchId });
    expect(await first()).toMatchObject({
      direction: 'out',
      folder,
      name: '0001.pgp',
      state: 'seen',
      purpose: 'generic-request',
      content: '{"id":"0001"}',
      batch_id: batchId,
      attempts: 0,
      worker_id: null,
      seen_at: now.toISOString(),
    });
  });

  test('the name of a document that waits is its own in its folder, until it is published', async () => {
    const worker = await addWorker(store.db);
    await queue('a');
    await expect(queue('a', { purpose: 'generic-response' })).rejects.toThrow(/unique/i);
    await queue('a', { folder: 'elsewhere' });
    const sealed = await markSealed(store.db, await first(), { digest: 'd', size: 1 });
    await expect(queue('a')).rejects.toThrow(/unique/i);
    await markPublished(store.db, sealed, `${folder}/a`, now);
    await expect(queue('a')).resolves.toBeUndefined();
    expect(await takePublication(store.db, sealed, worker)).toBeUndefined();
  });

  test('a document is queued with the decision that it is part of, or not at all', async () => {
    const work = inTransaction(store.db, async (trx) => {
      await queue('a', {}, trx);
      throw new Error('no');
    });
    await expect(work).rejects.toThrow('no');
    expect(await queued()).toEqual([]);
  });

  test('documents come by purpose, the oldest first', async () => {
    await queue('b');
    await queue('other', { purpose: 'provider-query' });
    await queue('a');
    expect((await queued()).map((row) => row.name)).toEqual(['b', 'a']);
    expect((await queued(1)).map((row) => row.name)).toEqual(['b']);
    const both = await unpublished(store.db, ['generic-request', 'provider-query'], 10);
    expect(both.map((row) => row.name)).toEqual(['b', 'other', 'a']);
  });

  test('a document is taken by one worker; every take is an attempt', async () => {
    const [worker, rival] = [await addWorker(store.db), await addWorker(store.db)];
    await queue('a');
    const row = await first();
    const taken = await takePublication(store.db, row, worker);
    expect(taken).toMatchObject({ state: 'seen', attempts: 1, worker_id: worker.id });
    const other = await store.again();
    expect(await takePublication(other, row, rival)).toBeUndefined();
    expect(await takePublication(store.db, await first(), worker)).toMatchObject({ attempts: 2 });
  });

  test('a document that a dead worker holds is taken over, sealed as it is', async () => {
    const dead = await addDeadWorker(store.db);
    await queue('a');
    const held = await takePublication(store.db, await first(), dead);
    if (!held) throw new Error('not taken');
    await markSealed(store.db, held, { digest: 'd1', size: 7 });
    const worker = await addWorker(store.db);
    expect(await takePublication(store.db, await first(), worker)).toMatchObject({
      state: 'claimed',
      digest: 'd1',
      size: 7,
      attempts: 2,
      worker_id: worker.id,
    });
  });

  test('a published document is kept as a row, its content is not', async () => {
    await queue('a', { content: 'secret' });
    const sealed = await markSealed(store.db, await first(), { digest: 'd1', size: 7 });
    expect(sealed).toMatchObject({ state: 'claimed', content: 'secret' });
    expect(await markPublished(store.db, sealed, `${folder}/a`, later(1))).toMatchObject({
      state: 'done',
      content: null,
      place: `${folder}/a`,
      digest: 'd1',
      settled_at: later(1).toISOString(),
      moved_at: later(1).toISOString(),
    });
    expect(await queued()).toEqual([]);
  });

  test('what is published must have been sealed', async () => {
    await queue('a');
    const row = await first();
    await expect(markPublished(store.db, row, 'x', now)).rejects.toMatchObject({ code: 'BUG' });
    expect(await first()).toEqual(row);
  });

  test('what we produce is no file of an inbox', async () => {
    await queue('a');
    expect(await unfinished(store.db, folder)).toEqual([]);
  });
}
