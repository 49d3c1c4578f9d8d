import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { requireBatch } from '../../../../shared/store/batches.ts';
import { addBatch, numbers } from '../../../support/store-examples.ts';
import { loadDispatch, newOrder, run, sent, standing } from '../../jobs/scenes.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

/** A batch of an order that nobody knows, and one that is good. */
async function batches(): Promise<{ failed: number; good: number }> {
  const failed = await loadDispatch(scene.rt, sent('99', ['A']));
  await newOrder(scene.rt, '12');
  const good = await loadDispatch(scene.rt, sent('12', ['B']));
  await run(scene.rt, 'salesOrderDispatch');
  return { failed, good };
}

test('no interface has had a batch', async () => {
  const text = await scene.read('/interfaces');
  expect(text).toContain('No interface has had a batch yet');
  expect(text).toContain('There is no such batch.');
});

test('an interface is summed up, and its batches are listed by status', async () => {
  const { failed, good } = await batches();
  await addBatch(scene.rt.db, { direction: 'outbound', type: 'Other', category: 'Else' });
  const page = await scene.page('/interfaces');
  const [dispatch, other] = rowsOf(page);
  expect(dispatch?.slice(0, 8)).toEqual([
    'Sales Order Dispatch',
    'Sales Order',
    'inbound',
    '2',
    '2',
    '1',
    String(good),
    'Batch Complete',
  ]);
  expect(other?.slice(0, 3)).toEqual(['Other', 'Else', 'outbound']);
  const inError = rowsOf(await scene.page(linkOf(page, '1'))).slice(2);
  expect(inError.map(([id]) => id)).toEqual([String(failed)]);
  expect(inError[0]?.[6]).toBe('Batch Error');
});

test('a batch shows its stages and the errors of its items', async () => {
  const { failed } = await batches();
  const page = await scene.page(`/interfaces/${failed}`);
  const rows = rowsOf(page);
  expect(rows.map((row) => row[1])).toEqual([
    'Batch Error',
    'Batch In progress',
    'Extract/Load Complete',
    'Extract/Load In progress',
    '99',
  ]);
  expect(rows.at(-1)).toEqual(['1', '99', 'a record', 'Error', expect.stringMatching(/^NOT_FOUND: .*99/)]);
  expect(page).not.toContain('<form');
  expect((await (await scene.as('viewer')).get('/interfaces/77')).status).toBe(404);
});

test('an operator reprocesses a batch in error, with a reason; no other', async () => {
  const { failed, good } = await batches();
  const path = `/interfaces/${failed}/reprocess`;
  expect((await scene.refusal(path, { reason: 'x' }, 'viewer'))[0]).toBe(403);
  expect((await scene.refusal(path, {}, 'operator'))[0]).toBe(400);
  expect(await standing(scene.rt, failed)).toBe('Batch · Error');
  const text = await scene.act(path, { reason: 'order 99 is imported' });
  expect(text).toContain(`Batch ${failed} was set back to Extract/Load · Complete`);
  expect(await requireBatch(scene.rt.db, failed)).toMatchObject({
    stage: 'Extract/Load',
    status: 'Complete',
  });
  expect(text).toContain('order 99 is imported');
  expect((await scene.refusal(`/interfaces/${good}/reprocess`, { reason: 'x' }, 'operator'))[0]).toBe(409);
  expect(await scene.audited()).toEqual([
    {
      who: 'some-operator',
      action: 'batch.reprocess',
      subject: `batch ${failed}`,
      reason: 'order 99 is imported',
    },
  ]);
});

test('items and batches are paged, and none is missed or shown twice', async () => {
  const items = numbers(120).map((n) => ({ customerReference: `ref-${n}`, description: 'd', payload: n }));
  const { id } = await addBatch(scene.rt.db, { items });
  const seen: string[] = [];
  let path: string | undefined = `/interfaces/${id}`;
  for (let pages = 1; path !== undefined; pages++) {
    const page: string = await scene.page(path);
    const references = rowsOf(page)
      .map((row) => row[1] ?? '')
      .filter((text) => text.startsWith('ref-'));
    seen.push(...references);
    expect(references.length).toBe(pages < 3 ? 50 : 20);
    path = pages < 3 ? linkOf(page, 'Next') : undefined;
    if (pages === 3) expect(page).not.toContain('>Next<');
    if (pages > 1) expect(linkOf(page, 'First')).toBe(`/interfaces/${id}`);
  }
  expect(seen).toEqual(items.map((item) => item.customerReference));
  for (let n = 0; n < 60; n++) await addBatch(scene.rt.db, { type: 'Many' });
  const first = await scene.page('/interfaces?type=Many');
  const second = await scene.page(linkOf(first, 'Older'));
  const listed = [first, second].flatMap((page) => rowsOf(page).filter((row) => row[1] === 'Many'));
  expect(listed.map(([number]) => Number(number))).toEqual(numbers(60).map((n) => id + 61 - n));
  expect(second).not.toContain('>Older<');
  expect(linkOf(second, 'Newest')).toBe('/interfaces?type=Many');
});
