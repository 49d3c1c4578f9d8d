import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { recordAudit } from '../../../../shared/store/audit.ts';
import { addBatch, addDevices, numbers } from '../../../support/store-examples.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

/** Lists on the pages of one thing: page by page, each row once, whatever else the page lists. */

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const at = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();

/** The pages of a list that a page has, by the links of its pager. */
async function walk(path: string, list: string): Promise<string[]> {
  const pages: string[] = [];
  let next: string | undefined = path;
  while (next !== undefined) {
    const page: string = await scene.page(next, 'administrator');
    pages.push(page);
    const pager =
      new RegExp(`<nav class="pager" aria-label="Pages of the ${list}"[^]*?</nav>`).exec(page)?.[0] ?? '';
    next = /Older|Next/.test(pager) ? linkOf(pager, /Older/.test(pager) ? 'Older' : 'Next') : undefined;
  }
  return pages;
}

/** What a column of a list of that width says, over all its pages. */
const column = (pages: readonly string[], caption: string, index: number): (string | undefined)[] =>
  pages.flatMap((page) => {
    const table = [...page.matchAll(/<caption>([^]*?)<\/table>/g)].find(([, text = '']) =>
      text.includes(caption),
    );
    return rowsOf(table?.[1] ?? '').map((row) => row[index]);
  });

test('stages, files and actions of a batch', async () => {
  const { db } = scene.rt;
  const { id } = await addBatch(db);
  const note = (n: number) => ({
    batch_id: id,
    stage: 'Batch' as const,
    status: 'Error' as const,
    at: at(n),
    actor: 'x',
  });
  await db
    .insertInto('batch_stage')
    .values(numbers(120).map((n) => ({ ...note(n), note: `note ${n}` })))
    .execute();
  const file = { direction: 'out' as const, folder: 'x', state: 'done' as const, attempts: 0, crashes: 0 };
  await db
    .insertInto('delivery')
    .values(numbers(70).map((n) => ({ ...file, name: `file ${n}`, seen_at: at(n), batch_id: id })))
    .execute();
  for (const n of numbers(51)) {
    const entry = {
      who: 'a',
      action: `action ${n}`,
      subject: `batch ${id}`,
      reason: 'x',
      before: null,
      after: null,
    };
    await recordAudit(db, entry, new Date(at(n)));
  }
  const path = `/interfaces/${id}`;
  const stages = column(await walk(path, 'stages'), 'Stages, newest first', 3);
  expect(stages).toEqual([...numbers(120).map((n) => `note ${121 - n}`), '']);
  const files = column(await walk(path, 'files'), 'Files of the batch', 1);
  expect(files).toEqual(numbers(70).map((n) => `file ${71 - n}`));
  const actions = column(await walk(path, 'actions'), 'Actions of operators', 2);
  expect(actions).toEqual(numbers(51).map((n) => `action ${52 - n}`));
});

test('lines, dispatches and requests of an order', async () => {
  const { db } = scene.rt;
  await addDevices(db, '12', [{ deviceId: 'A' }]);
  const line = { order_id: '12', product: null, quantity: 1, provider_id: 'google' };
  await db
    .insertInto('sales_order_line')
    .values(numbers(60).map((n) => ({ ...line, line_number: n + 1 })))
    .execute();
  const dispatch = { order_id: '12', warehouse_id: 'W', dispatched_at: at(1), batch_id: 1 };
  await db
    .insertInto('dispatch')
    .values(numbers(55).map((n) => ({ ...dispatch, delivery_number: `DN-${n}` })))
    .execute();
  const request = {
    order_id: '12',
    provider_id: 'apple',
    request_type: 'ORDER' as const,
    batch_id: 1,
    answered_at: at(2),
  };
  await db
    .insertInto('enrolment_request')
    .values(numbers(101).map((n) => ({ ...request, created_at: at(n) })))
    .execute();
  expect(column(await walk('/orders/12', 'lines'), 'Lines of the order', 0)).toEqual(numbers(61).map(String));
  expect(column(await walk('/orders/12', 'dispatches'), 'Dispatches, newest first', 0)).toEqual([
    ...numbers(55).map((n) => `DN-${56 - n}`),
    'D-12',
  ]);
  expect(column(await walk('/orders/12', 'requests'), 'Requests, newest first', 0)).toEqual(
    numbers(101).map((n) => String(102 - n)),
  );
  expect(await scene.page('/orders/12', 'operator')).toMatch(/name="organisation.google"/);
});

test('the story of a device: the newest entries first, and those before them a page further', async () => {
  const { db } = scene.rt;
  const [device] = await addDevices(db, '12', [{ deviceId: 'A' }]);
  const history = { device: device?.id ?? 0, status: 'Enrol Failed' as const, actor: 'x', batch_id: null };
  await db
    .insertInto('device_history')
    .values(
      numbers(120).map((n) => ({
        ...history,
        at: `2026-06-01T00:00:00.${String(n).padStart(3, '0')}Z`,
        note: `attempt ${n}`,
      })),
    )
    .execute();
  const pages = await walk('/devices/A', 'story in order 12');
  const told = pages.map((page) => [...page.matchAll(/\(attempt (\d+)\)/g)].map(([, n]) => Number(n)));
  expect(told[0]).toEqual(numbers(50).map((n) => n + 70));
  expect(told.toReversed().flat()).toEqual(numbers(120));
  expect(pages.at(-1)).toContain('order 12 entered');
  const viewer = await scene.as('viewer');
  expect((await viewer.get(`/devices/A?before-${device?.id ?? 0}=x`)).status).toBe(400);
});
