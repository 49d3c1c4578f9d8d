import { expect, test } from '@jest/globals';

import {
  batchHistory,
  addItems,
  batchItems,
  completeBatch,
  createBatch,
  findBatch,
  itemsOfBatches,
  listBatches,
  moveBatch,
  moveBatches,
  moveBatchOn,
  openBatch,
  payloadsOf,
  reprocessBatch,
  requireBatch,
  settleItem,
  settleItemAbout,
  type BatchFilter,
} from '../../../shared/store/batches.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import type { Standing } from '../../../shared/store/states/batch.ts';
import { actor, addBatch, later, newBatch, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

const at = (stage: Standing['stage'], status: Standing['status']): Standing => ({ stage, status });
const toError = [
  at('Extract/Load', 'In progress'),
  at('Extract/Load', 'Complete'),
  at('Transformation', 'In progress'),
  at('Transformation', 'Error'),
];
const prepared = { direction: 'outbound', standing: at('Batch', 'Complete') } as const;

export function batchesContract(store: StoreUnderTest): void {
  const move = (id: number, to: Standing, note?: string) =>
    moveBatch(store.db, id, to, 'extractor@host/2', later(60), note);
  const item = (reference: string, payload: unknown) => ({
    customerReference: reference,
    description: 'd',
    payload,
  });

  test('a batch goes several steps at once as it goes them one by one, or none of them', async () => {
    const steps = [
      { to: at('Extract/Load', 'In progress') },
      { to: at('Extract/Load', 'Complete'), note: 'done' },
      { to: at('Transformation', 'In progress') },
    ] as const;
    const [one, many] = [await addBatch(store.db, prepared), await addBatch(store.db, prepared)];
    for (const { to, ...rest } of steps) await move(one.id, to, 'note' in rest ? rest.note : undefined);
    const moved = await moveBatchOn(store.db, many, steps, 'extractor@host/2', later(60));
    expect(await requireBatch(store.db, many.id)).toEqual(moved);
    expect(moved).toEqual({ ...(await requireBatch(store.db, one.id)), id: many.id });
    const history = async (id: number) =>
      (await batchHistory(store.db, id)).map(({ id: _, batch_id: __, ...stage }) => stage);
    expect(await history(many.id)).toEqual(await history(one.id));
    const astray = [{ to: at('Transformation', 'Complete') }, { to: at('Batch', 'Complete') }] as const;
    await expect(moveBatchOn(store.db, moved, astray, actor, now)).rejects.toMatchObject({ code: 'BUG' });
    expect(await requireBatch(store.db, many.id)).toEqual(moved);
    expect(await history(many.id)).toHaveLength(4);
  });

  test('a batch comes back with header, items and its first stage', async () => {
    const payload = { id: '0001', imei: '0012345678901234', nested: [null, 1.5, 'ü'] };
    const own = {
      version: 1.1,
      providerId: 'apple',
      externalFileName: '0001.json',
      items: [item('0001', payload)],
    };
    const batch = await createBatch(store.db, newBatch(own), actor, now);
    expect(await requireBatch(store.db, batch.id)).toEqual(batch);
    expect(batch).toEqual({
      id: expect.any(Number),
      direction: 'inbound',
      category: 'Sales Order',
      type: 'Sales Order Dispatch',
      version: 1.1,
      provider_id: 'apple',
      stage: 'Extract/Load',
      status: 'Complete',
      record_count: 1,
      external_file_name: '0001.json',
      header_json: null,
      created_at: now.toISOString(),
      updated_at: now.toISOString(),
    });
    const [found, ...others] = await batchItems(store.db, batch.id);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ sequence: 1, customer_reference: '0001', status: 'Open', error: null });
    expect(JSON.parse(found?.payload_json ?? '')).toEqual(payload);
    expect(await batchHistory(store.db, batch.id)).toMatchObject([
      { stage: 'Extract/Load', status: 'Complete', at: now.toISOString(), actor, note: null },
    ]);
  });

  test('items may come in portions, and the header after them', async () => {
    const { standing, direction, category, type, version } = newBatch({});
    const start = { standing, direction, category, type, version };
    const { id } = await openBatch(store.db, start, actor, now);
    await addItems(store.db, id, 0, [item('A', 1), item('B', 2)]);
    await addItems(store.db, id, 2, []);
    await addItems(store.db, id, 2, [item('C', 3)]);
    const header = { providerId: 'apple', externalFileName: 'x', header: { wareHouse: { id: 'W' } } };
    expect(await completeBatch(store.db, id, header, 3)).toMatchObject({
      ...standing,
      provider_id: 'apple',
      external_file_name: 'x',
      header_json: '{"wareHouse":{"id":"W"}}',
      record_count: 3,
    });
    const found = await batchItems(store.db, id);
    expect(found.map((row) => [row.sequence, row.customer_reference])).toEqual([
      [1, 'A'],
      [2, 'B'],
      [3, 'C'],
    ]);
  });

  test('a batch that is created whole leaves the very same rows as one that is created in portions', async () => {
    const [from, standing] = [at('Extract/Load', 'In progress'), at('Extract/Load', 'Complete')];
    const items = [item('A', { a: 1 }), item('B', { b: 'ü' })];
    const header = { providerId: 'apple', externalFileName: 'x', header: { wareHouse: { id: 'W' } } };
    const start = (type: string) => ({ ...newBatch({}), ...header, type });
    const inPortions = await openBatch(store.db, { ...start('Portions'), standing: from }, actor, now);
    await addItems(store.db, inPortions.id, 0, items);
    await completeBatch(store.db, inPortions.id, header, items.length);
    await moveBatch(store.db, inPortions.id, standing, actor, now, 'a.json');
    const way = { from, standing, note: 'a.json' };
    const whole = await createBatch(store.db, { ...start('Whole'), ...way, items }, actor, now);
    expect(await requireBatch(store.db, whole.id)).toEqual(whole);
    const rows = async (type: string, batchId: number) => {
      const own = (row: object) => ({
        ...row,
        id: undefined,
        batch_id: undefined,
        last_id: undefined,
        type: 0,
      });
      const counts = store.db.selectFrom('batch_count').selectAll().where('type', '=', type).execute();
      return {
        batch: own(await requireBatch(store.db, batchId)),
        history: (await batchHistory(store.db, batchId)).map(own),
        items: (await batchItems(store.db, batchId)).map(own),
        counts: (await counts).map(own),
      };
    };
    const created = await rows('Whole', whole.id);
    expect(created).toEqual(await rows('Portions', inPortions.id));
    expect(created).toMatchObject({
      history: [
        { ...from, note: null },
        { ...standing, note: 'a.json' },
      ],
      counts: [{ batches: 1, records: 2, in_error: 0 }],
    });
  });

  test('a batch that could not have come from where it is said to stand is a bug, and not created', async () => {
    const from = at('Batch', 'In progress');
    await expect(createBatch(store.db, newBatch({ from }), actor, now)).rejects.toMatchObject({
      code: 'BUG',
    });
    expect(await listBatches(store.db, { limit: 1, order: 'oldest' })).toEqual([]);
  });

  test('more items than fit into one statement are numbered from 1 in their order', async () => {
    const items = numbers(1201).map((n) => item(String(n).padStart(5, '0'), n));
    const batch = await addBatch(store.db, { items });
    expect(batch.record_count).toBe(1201);
    const found = await batchItems(store.db, batch.id);
    expect(found.map((row) => row.sequence)).toEqual(numbers(1201));
    expect(found.map((row) => row.customer_reference)).toEqual(items.map((each) => each.customerReference));
  });

  test('payloads of several batches come as they were written, each in its order', async () => {
    const one = await addBatch(store.db, { items: [item('B', { b: 1.5 }), item('A', ['ü'])] });
    const none = await addBatch(store.db, { items: [] });
    const other = await addBatch(store.db, { items: [item('A', null)] });
    expect([...(await payloadsOf(store.db, [other.id, none.id, one.id]))]).toEqual([
      [other.id, ['null']],
      [none.id, []],
      [one.id, ['{"b":1.5}', '["ü"]']],
    ]);
  });

  test('every move is a row of the history', async () => {
    const { id } = await addBatch(store.db, prepared);
    for (const standing of toError) await move(id, standing, `to ${standing.status}`);
    expect(await requireBatch(store.db, id)).toMatchObject({
      ...at('Transformation', 'Error'),
      updated_at: later(60).toISOString(),
    });
    const history = await batchHistory(store.db, id);
    expect(history.map(({ stage, status }) => ({ stage, status }))).toEqual([prepared.standing, ...toError]);
    expect(history.at(-1)).toMatchObject({
      actor: 'extractor@host/2',
      at: later(60).toISOString(),
      note: 'to Error',
    });
  });

  test('a move that the stages do not allow is a bug, and leaves no trace', async () => {
    const batch = await addBatch(store.db, prepared);
    for (const to of [
      at('Transformation', 'In progress'),
      at('Batch', 'Error'),
      at('Extract/Load', 'Complete'),
    ]) {
      await expect(move(batch.id, to)).rejects.toMatchObject({ code: 'BUG' });
    }
    expect(await requireBatch(store.db, batch.id)).toEqual(batch);
    expect(await batchHistory(store.db, batch.id)).toHaveLength(1);
  });

  test('batches that stand at one place move together, more than fit into one statement too', async () => {
    const ids: number[] = [];
    for (let n = 0; n < 501; n++) ids.push((await addBatch(store.db)).id);
    const taking = {
      direction: 'inbound',
      from: at('Extract/Load', 'Complete'),
      to: at('Batch', 'In progress'),
    } as const;
    await moveBatches(store.db, [], taking, { actor: 'job', now: later(60) });
    const note = (id: number) => (id === ids[0] ? 'first' : null);
    await moveBatches(store.db, ids, taking, { actor: 'job', now: later(60), note });
    for (const id of [ids[0] ?? 0, ids[500] ?? 0]) {
      const updated = { ...taking.to, updated_at: later(60).toISOString() };
      expect(await requireBatch(store.db, id)).toMatchObject(updated);
      const history = await batchHistory(store.db, id);
      const entry = { ...taking.to, at: later(60).toISOString(), actor: 'job', note: note(id) };
      expect(history.slice(1)).toEqual([expect.objectContaining(entry)]);
    }
  });

  const onward = at('Batch', 'In progress');
  test.each([
    ['one of them is at another stage', { standing: at('Batch', 'Complete') }, onward],
    ['one of them has another status', { standing: at('Extract/Load', 'In progress') }, onward],
    ['one of them goes the other way', { direction: 'outbound' }, onward],
    ['one of them is not there', undefined, onward],
    ['the stages do not allow it', {}, at('Extract/Load', 'Error')],
  ] as const)('a common move is a bug when %s, and none of them moves', async (_why, own, to) => {
    const first = await addBatch(store.db);
    const second = own ? await addBatch(store.db, own) : { id: 99 };
    const move = { direction: 'inbound', from: at('Extract/Load', 'Complete'), to } as const;
    const moving = inTransaction(store.db, (trx) =>
      moveBatches(trx, [first.id, second.id], move, { actor, now }),
    );
    await expect(moving).rejects.toMatchObject({ code: 'BUG' });
    expect(await requireBatch(store.db, first.id)).toEqual(first);
    expect(await batchHistory(store.db, first.id)).toHaveLength(1);
  });

  test('items of several batches come by batch and sequence', async () => {
    const items = numbers(3).map((n) => item(String(n), n));
    const [first, , third] = [
      await addBatch(store.db, { items }),
      await addBatch(store.db, { items }),
      await addBatch(store.db, { items }),
    ];
    const found = await itemsOfBatches(store.db, [third.id, first.id]);
    expect(found.map((row) => [row.batch_id, row.sequence])).toEqual([
      ...numbers(3).map((n) => [first.id, n]),
      ...numbers(3).map((n) => [third.id, n]),
    ]);
  });

  test('an item is settled by what it is about, in its batch only', async () => {
    const items = [item('1', 1), item('2', 2)];
    const { id } = await addBatch(store.db, { items });
    const other = await addBatch(store.db, { items });
    await settleItemAbout(store.db, id, '2', 'A: no');
    await settleItemAbout(store.db, id, '3', 'nobody');
    const outcomes = async (batch: number) =>
      (await batchItems(store.db, batch)).map(({ status, error }) => [status, error]);
    expect(await outcomes(id)).toEqual([
      ['Open', null],
      ['Error', 'A: no'],
    ]);
    await settleItemAbout(store.db, id, '2', null);
    expect((await outcomes(id))[1]).toEqual(['Complete', null]);
    expect(await outcomes(other.id)).toEqual([
      ['Open', null],
      ['Open', null],
    ]);
  });

  test('a batch that is not there is neither found, nor moved, nor reprocessed', async () => {
    expect(await findBatch(store.db, 1)).toBeUndefined();
    await expect(requireBatch(store.db, 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(move(1, at('Batch', 'Complete'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(reprocessBatch(store.db, 1, actor, now, '')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('reprocessing takes an Error batch back to where its processing begins', async () => {
    const outbound = await addBatch(store.db, prepared);
    for (const standing of toError) await move(outbound.id, standing);
    const inbound = await addBatch(store.db);
    await move(inbound.id, at('Batch', 'In progress'));
    await move(inbound.id, at('Batch', 'Error'));
    expect(await reprocessBatch(store.db, outbound.id, 'pat', now, 'mended')).toMatchObject(
      prepared.standing,
    );
    expect(await reprocessBatch(store.db, inbound.id, 'pat', now, 'mended')).toMatchObject(
      at('Extract/Load', 'Complete'),
    );
    expect((await batchHistory(store.db, outbound.id)).at(-1)).toMatchObject({
      actor: 'pat',
      note: 'mended',
    });
    await expect(reprocessBatch(store.db, outbound.id, 'pat', now, '')).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
    });
  });

  test('an item is settled by itself: done, in error, or done after all', async () => {
    const { id } = await addBatch(store.db, { items: [item('1', 1), item('2', 2), item('3', 3)] });
    const other = await addBatch(store.db, { items: [item('1', 1)] });
    const [first, second] = await batchItems(store.db, id);
    if (!first || !second) throw new Error('items are missing');
    await settleItem(store.db, first, null);
    await settleItem(store.db, second, 'UNMAPPABLE: no');
    const outcomes = async () =>
      (await batchItems(store.db, id)).map(({ status, error }) => [status, error] as const);
    expect(await outcomes()).toEqual([
      ['Complete', null],
      ['Error', 'UNMAPPABLE: no'],
      ['Open', null],
    ]);
    await settleItem(store.db, second, null);
    expect((await outcomes())[1]).toEqual(['Complete', null]);
    expect((await batchItems(store.db, other.id))[0]?.status).toBe('Open');
  });

  test('batches are listed by what is asked for', async () => {
    const first = await addBatch(store.db);
    const second = await addBatch(store.db, { ...prepared, type: 'Device Enrolment Request' });
    const third = await addBatch(store.db);
    await move(third.id, at('Batch', 'In progress'));
    await move(third.id, at('Batch', 'Error'));
    const list = async (filter: Partial<BatchFilter>) =>
      (await listBatches(store.db, { limit: 10, order: 'oldest', ...filter })).map((batch) => batch.id);
    expect(await list({})).toEqual([first.id, second.id, third.id]);
    expect(await list({ order: 'newest' })).toEqual([third.id, second.id, first.id]);
    expect(await list({ order: 'newest', limit: 1 })).toEqual([third.id]);
    expect(await list({ direction: 'inbound' })).toEqual([first.id, third.id]);
    expect(await list({ type: 'Device Enrolment Request' })).toEqual([second.id]);
    expect(await list({ status: 'Error' })).toEqual([third.id]);
    expect(await list({ standing: at('Extract/Load', 'Complete') })).toEqual([first.id]);
    expect(await list({ standing: at('Batch', 'Complete'), direction: 'inbound' })).toEqual([]);
  });
}
