import { expect, test } from '@jest/globals';

import { unfinished, type Delivery } from '../../../shared/store/deliveries.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import {
  markPublished,
  markSealed as markAllSealed,
  queuePublication,
  queuePublications,
  takePublications,
  unpublished,
  type Publication,
} from '../../../shared/store/publications.ts';
import { markSealed } from '../../support/one-file.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { addBatch, addDeadWorker, addWorker, later, now } from '../../support/store-examples.ts';
import { queuedDocuments } from '../../support/store-lookups.ts';
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
  const queued = () => queuedDocuments(store.db, 'generic-request');
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
    const sealed = await markSealed(store.db, await first(), { digest: 'd', size: 1, place: 'x/.tmp' });
    await expect(queue('a')).rejects.toThrow(/unique/i);
    await markPublished(store.db, [sealed], now);
    await expect(queue('a')).resolves.toBeUndefined();
    expect(await takePublications(store.db, [sealed], [], worker)).toEqual([]);
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
    const ids = async (limit: number, ...purposes: Publication['purpose'][]) =>
      (await unpublished(store.db, purposes, limit)).map(({ id }) => id);
    const [b, other, a] = (await store.db.selectFrom('delivery').select('id').orderBy('id').execute()).map(
      ({ id }) => id,
    );
    expect(await ids(10, 'generic-request')).toEqual([b, a]);
    expect(await ids(1, 'generic-request')).toEqual([b]);
    expect(await ids(10, 'generic-request', 'provider-query')).toEqual([b, other, a]);
  });

  test('of a document that waits it is known how long it is, and who has it', async () => {
    const worker = await addWorker(store.db);
    await queue('a', { content: 'schön' });
    const [waiting] = await unpublished(store.db, ['generic-request'], 10);
    expect(waiting).toEqual({ id: waiting?.id, folder, worker_id: null, bytes: 6 });
    await takePublications(store.db, [await first()], [], worker);
    expect(await unpublished(store.db, ['generic-request'], 10)).toMatchObject([{ worker_id: worker.id }]);
  });

  test('documents are taken by one worker, with their contents; every take is an attempt', async () => {
    const [worker, rival] = [await addWorker(store.db), await addWorker(store.db)];
    for (const name of ['a', 'b', 'c']) await queue(name, { content: `of ${name}` });
    const [a, ...others] = await queued();
    if (!a) throw new Error('nothing is queued');
    const other = await store.again();
    expect(await takePublications(other, [a], [], rival)).toMatchObject([{ name: 'a', worker_id: rival.id }]);
    const taken = await takePublications(store.db, [a, ...others].toReversed(), [], worker);
    expect(taken).toMatchObject(
      ['b', 'c'].map((name) => ({
        ...{ name, content: `of ${name}`, state: 'seen' },
        ...{ attempts: 1, worker_id: worker.id },
      })),
    );
    expect(await takePublications(store.db, others, [], worker)).toMatchObject([
      { attempts: 2 },
      { attempts: 2 },
    ]);
    expect(await takePublications(store.db, [a], [], worker)).toEqual([]);
  });

  test('documents that are queued together are all queued, in their order, or none', async () => {
    const each = (name: string): Publication => ({
      ...{ folder, name, purpose: 'generic-request', content: name },
      ...{ batchId: null, providerRequestId: null },
    });
    await queuePublications(store.db, ['b', 'a'].map(each), now);
    expect((await queued()).map(({ name, content }) => [name, content])).toEqual([
      ['b', 'b'],
      ['a', 'a'],
    ]);
    await expect(queuePublications(store.db, ['c', 'a'].map(each), now)).rejects.toThrow(/unique/i);
    expect(await queued()).toHaveLength(2);
  });

  test('a document that a dead worker holds is taken over, sealed as it is', async () => {
    const dead = await addDeadWorker(store.db);
    await queue('a');
    const [held] = await takePublications(store.db, [await first()], [], dead);
    if (!held) throw new Error('not taken');
    await markSealed(store.db, held, { digest: 'd1', size: 7, place: 'x/.tmp' });
    const worker = await addWorker(store.db);
    expect(await takePublications(store.db, [held], [], worker)).toEqual([]);
    const taken = { state: 'claimed', digest: 'd1', size: 7, attempts: 2, worker_id: worker.id };
    expect(await takePublications(store.db, [held], [dead.id], worker)).toMatchObject([taken]);
  });

  test('whoever had a document that another has taken seals and publishes it no more', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    for (const name of ['a', 'b']) await queue(name);
    const [a, b] = await takePublications(store.db, await queued(), [], first);
    if (!a || !b) throw new Error('not taken');
    const draft = { digest: 'd1', size: 7, place: 'x/.tmp' };
    const [sealed, own] = [await markSealed(store.db, a, draft), await markSealed(store.db, b, draft)];
    const taken = await takePublications(store.db, [a], [first.id], second);
    const lost = { code: 'LEASE_LOST' };
    await expect(markSealed(store.db, sealed, { ...draft, digest: 'd2' })).rejects.toMatchObject(lost);
    for (const rows of [[sealed], [sealed, own]]) {
      const work = inTransaction(store.db, (trx) => markPublished(trx, rows, now));
      await expect(work).rejects.toMatchObject(lost);
    }
    expect(await queued()).toEqual([...taken, own]);
  });

  test('documents are sealed together, but for those that another has taken', async () => {
    const [first, second] = [await addWorker(store.db), await addWorker(store.db)];
    for (const name of ['a', 'b', 'c']) await queue(name);
    const [a, b, c] = await takePublications(store.db, await queued(), [], first);
    if (!a || !b || !c) throw new Error('not taken');
    const [taken] = await takePublications(store.db, [b], [first.id], second);
    const sealed = (row: Delivery) => ({
      row,
      sealed: { digest: `of ${row.name}`, size: row.id, place: `x/${row.name}` },
    });
    const { done, lost } = await markAllSealed(store.db, [a, b, c].map(sealed));
    expect(done).toEqual([a, c].map((row) => ({ ...row, ...sealed(row).sealed, state: 'claimed' })));
    expect(lost).toMatchObject([{ row: b, thrown: { code: 'LEASE_LOST' } }]);
    expect(await queued()).toEqual([done[0], taken, done[1]]);
  });

  test('a published document is kept as a row, its content is not', async () => {
    await queue('a', { content: 'secret' });
    const sealed = await markSealed(store.db, await first(), { digest: 'd1', size: 7, place: 'x/.tmp' });
    expect(sealed).toMatchObject({ state: 'claimed', content: 'secret' });
    await markPublished(store.db, [sealed], later(1));
    expect(await store.db.selectFrom('delivery').selectAll().executeTakeFirst()).toMatchObject({
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
    await queue('b');
    const [row, other] = await queued();
    if (!row || !other) throw new Error('nothing is queued');
    const sealed = await markSealed(store.db, other, { digest: 'd1', size: 7, place: 'x/.tmp' });
    const remembered = [{ ...row, state: 'claimed' as const }, sealed];
    for (const rows of [[row], [row, sealed], remembered]) {
      const work = inTransaction(store.db, (trx) => markPublished(trx, rows, now));
      await expect(work).rejects.toMatchObject({ code: 'BUG' });
    }
    expect(await queued()).toEqual([row, sealed]);
  });

  test('what we produce is no file of an inbox', async () => {
    await queue('a');
    expect(await unfinished(store.db, folder)).toEqual([]);
  });
}
