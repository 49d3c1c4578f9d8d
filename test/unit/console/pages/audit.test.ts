import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { changesOf } from '../../../../console/changes.ts';
import { recordAudit } from '../../../../shared/store/audit.ts';
import { linkOf, PagesScene, rowsOf } from './pages-scene.ts';

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
  await scene.as('administrator');
  await scene.rt.db.deleteFrom('audit').execute();
});
afterEach(() => scene.close());

const act = (n: number, entry: { who?: string; action?: string; subject?: string; at?: string } = {}) =>
  recordAudit(
    scene.rt.db,
    {
      who: entry.who ?? 'alice',
      action: entry.action ?? 'file.retry',
      subject: entry.subject ?? `file ${n}`,
      reason: `reason ${n}`,
      before: { state: 'held', n },
      after: { state: 'claimed', n },
    },
    new Date(entry.at ?? '2026-05-06T12:00:00Z'),
  );

const subjects = async (query: string) =>
  rowsOf(await scene.page(`/audit?${query}`, 'administrator')).map((row) => row[4]);

test('what was done is found by who, action, subject and day', async () => {
  await act(1, { at: '2026-05-01T23:59:59.999Z' });
  await act(2, { at: '2026-05-02T00:00:00Z', who: 'bert' });
  await act(3, { at: '2026-05-03T23:59:59.999Z', action: 'file.hold' });
  await act(4, { at: '2026-05-04T00:00:00Z' });
  expect(await subjects('')).toEqual(['file 4', 'file 3', 'file 2', 'file 1']);
  expect(await subjects('who=bert')).toEqual(['file 2']);
  expect(await subjects('action=file.hold')).toEqual(['file 3']);
  expect(await subjects('subject=file+4')).toEqual(['file 4']);
  expect(await subjects('from=2026-05-02&to=2026-05-03')).toEqual(['file 3', 'file 2']);
  expect(await subjects('from=2026-05-04')).toEqual(['file 4']);
  expect(await subjects('to=2026-05-01')).toEqual(['file 1']);
  expect(await subjects('who=alice&from=2026-05-02')).toEqual(['file 4', 'file 3']);
  expect(await scene.read('/audit?who=carol', 'administrator')).toContain('Nothing was done that fits.');
  const html = await scene.page('/audit', 'administrator');
  for (const word of ['alice', 'bert', 'file.hold', 'file.retry'])
    expect(html).toContain(`<option value="${word}">`);
});

test.each(['2026-02-30', '2026-13-01', 'yesterday', '2026-5-1', '20260501'])('%s is no day', async (text) => {
  const { status } = await (await scene.as('administrator')).get(`/audit?from=${text}`);
  expect(status).toBe(400);
});

test('long audits are shown page by page, also when many actions have one time', async () => {
  for (let n = 1; n <= 120; n++) await act(n, n > 110 ? { at: '2026-05-07T00:00:00Z' } : {});
  const seen: (string | undefined)[] = [];
  let path = '/audit?who=alice&from=2026-05-06';
  for (let pages = 0; pages < 3; pages++) {
    const html = await scene.page(path, 'administrator');
    seen.push(...rowsOf(html).map((row) => row[4]));
    if (pages < 2) path = linkOf(html, 'Older');
    else expect(html).not.toContain('Older');
  }
  expect(seen).toEqual(Array.from({ length: 120 }, (_, index) => `file ${120 - index}`));
});

test('what differs is shown, and nothing of it is run', async () => {
  await act(7, { subject: '<script>alert(1)</script>' });
  const [row] = rowsOf(await scene.page('/audit', 'administrator'));
  expect(row?.slice(1)).toEqual([
    '2026-05-06 12:00:00',
    'alice',
    'file.retry',
    '<script>alert(1)</script>',
    'reason 7',
    'state : held → claimed',
  ]);
  expect(await scene.page('/audit', 'administrator')).not.toContain('<script>alert');
});

test('differences: names of what lies deeper, what is new, what is gone, lists as a whole', () => {
  const before = JSON.stringify({ same: 1, role: 'viewer', deep: { a: true, b: 'x' }, gone: 5, list: ['a'] });
  const after = JSON.stringify({
    same: 1,
    role: 'operator',
    deep: { a: true, b: '' },
    list: ['a', 'b'],
    fresh: 'f',
  });
  expect(changesOf(before, after)).toEqual([
    { name: 'role', before: 'viewer', after: 'operator' },
    { name: 'deep.b', before: 'x', after: '' },
    { name: 'gone', before: '5', after: undefined },
    { name: 'list', before: '["a"]', after: '["a","b"]' },
    { name: 'fresh', before: undefined, after: 'f' },
  ]);
  expect(changesOf(null, null)).toEqual([]);
  expect(changesOf(null, '"x"')).toEqual([{ name: '', before: undefined, after: 'x' }]);
});
