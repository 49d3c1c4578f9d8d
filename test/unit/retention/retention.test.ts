import { link, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { holdFile, releaseFile, reloadFile, retryFile } from '../../../shared/operator/file-actions.ts';
import { checkSpool } from '../../../shared/operator/spool-check.ts';
import { wasDone, type Delivery } from '../../../shared/store/deliveries.ts';
import { noteRemoval } from '../../../shared/store/retention.ts';
import { listRetentionRuns } from '../../../shared/store/retention-runs.ts';
import { inbox, RetentionScene } from './retention-scene.ts';

let scene: RetentionScene;
afterEach(() => scene.close());

const month = { done: { days: 30 }, rejected: { days: 30 } };

test('O13 what is archived, older and recorded goes, with its reason; everything else stays', async () => {
  scene = await RetentionScene.open(month);
  await scene.archive({ name: 'old-done', daysAgo: 31 });
  const rejected = await scene.archive({ name: 'old-rejected', state: 'rejected', daysAgo: 40 });
  await scene.write(`${inbox}/rejected/old-rejected.reason.json`, '{}');
  await scene.archive({ name: 'young', daysAgo: 29 });
  await scene.archive({ name: 'held', state: 'held', daysAgo: 400 });
  await scene.archive({ name: 'deferred', state: 'deferred', daysAgo: 400 });
  await scene.archive({ name: 'claimed', state: 'claimed', daysAgo: 400 });
  await scene.archive({ name: 'on-its-way', daysAgo: 400 }, { moved_at: null });
  await scene.write(`${inbox}/in/waiting`, 'x');
  await scene.write(`${inbox}/done/2020/01/02/unrecorded`, 'x');
  await scene.write(`${inbox}/rejected/unrecorded-too`, 'x');
  await scene.dryRun();
  const { result } = await scene.run();
  expect(await scene.files()).toEqual([
    'claimed',
    'deferred',
    'held',
    'on-its-way',
    'unrecorded',
    'unrecorded-too',
    'waiting',
    'young',
  ]);
  expect(result).toEqual({
    batches: 0,
    records: 2,
    problems: ['2 file(s) are not known to the store, and stay: see enrol spool check'],
  });
  expect(await scene.row(rejected.id)).toMatchObject({
    state: 'rejected',
    place: null,
    removed_at: scene.rt.clock.now().toISOString(),
    removed_by: 2,
  });
  const [run] = await listRetentionRuns(scene.rt.db, { limit: 1 });
  expect(run).toMatchObject({
    kind: 'run',
    files: 2,
    bytes: 'content of old-done'.length + 'content of old-rejected'.length,
  });
});

test('O13 a file that is not what its row says is not touched, and told of', async () => {
  scene = await RetentionScene.open(month);
  const changed = await scene.archive({ name: 'changed', daysAgo: 50 });
  await writeFile(join(scene.spool, changed.place ?? ''), 'Content of changed');
  const longer = await scene.archive({ name: 'longer', daysAgo: 49 });
  await writeFile(join(scene.spool, longer.place ?? ''), 'much longer than it was recorded');
  const linked = await scene.archive({ name: 'linked', state: 'rejected', daysAgo: 48 });
  const elsewhere = join(scene.spool, 'elsewhere');
  await rename(join(scene.spool, linked.place ?? ''), elsewhere);
  await symlink(elsewhere, join(scene.spool, linked.place ?? ''));
  const moved = await scene.archive({ name: 'below-a-link', daysAgo: 47 });
  const folder = join(scene.spool, moved.place ?? '', '..');
  await rename(folder, join(scene.spool, 'other-disk'));
  await symlink(join(scene.spool, 'other-disk'), folder);
  const lost = await scene.archive({ name: 'lost', daysAgo: 46 });
  await rm(join(scene.spool, lost.place ?? ''));
  await scene.archive({ name: 'astray', daysAgo: 45 }, { place: `${inbox}/in/astray` });
  await scene.write(`${inbox}/in/astray`, 'content of astray');
  await scene.archive({ name: 'climbing', daysAgo: 45 }, { place: `${inbox}/done/2026/../../hold/climbing` });
  const { result } = await scene.dryRun();
  expect(result.records).toBe(0);
  const before = await scene.files();
  const { result: run } = await scene.run();
  expect(run.records).toBe(0);
  expect(run.problems).toEqual(expect.arrayContaining([...result.problems]));
  const told = result.problems.map((line) => /\/([^/]*)\) stays(: .*)$/.exec(line)?.slice(1).join(''));
  expect(told).toEqual(
    expect.arrayContaining([
      'changed: its bytes are not those that were recorded',
      'longer: its bytes are not those that were recorded',
      'linked: it is no regular file',
      'below-a-link: a link leads to it',
      'lost: it is not there',
      'astray: its place is not in done/ or rejected/ of its inbox',
      'climbing: its place is not in done/ or rejected/ of its inbox',
    ]),
  );
  expect(await scene.files()).toEqual(before);
});

test('O13 a file that was refused unread has to be the very same file', async () => {
  scene = await RetentionScene.open(month);
  const same = await scene.archive({ name: 'same', state: 'rejected', daysAgo: 50 }, { digest: null });
  const other = await scene.archive({ name: 'other', state: 'rejected', daysAgo: 50 }, { digest: null });
  const path = join(scene.spool, other.place ?? '');
  await rename(path, `${path}.before`);
  await writeFile(path, 'content of other');
  await scene.dryRun();
  await scene.run();
  expect(await scene.files()).toEqual(['other', 'other.before']);
  expect(await scene.row(same.id)).toMatchObject({ place: null });
});

test('O13 nothing goes before a dry run by hand of exactly these settings', async () => {
  scene = await RetentionScene.open(month);
  await scene.archive({ name: 'old', daysAgo: 31 });
  const refused = ['nothing was deleted', 'run enrol retention --dry-run'];
  const isRefused = async (of: RetentionScene) => {
    const { result } = await of.run();
    for (const words of refused) expect(result.problems.join()).toContain(words);
    expect(await scene.files()).toEqual(['old']);
  };
  await isRefused(scene);
  await scene.withSettings({ done: { days: 10, gigabytes: 0 } }).dryRun();
  await isRefused(scene);
  await scene.dryRun();
  expect(await scene.files()).toEqual(['old']);
  await isRefused(scene.withSettings({ done: { days: 20, gigabytes: 0 } }));
  await scene.run();
  expect(await scene.files()).toEqual([]);
});

test('O13 without a setting everything stays, and no dry run is asked for', async () => {
  scene = await RetentionScene.open({});
  await scene.archive({ name: 'ancient', daysAgo: 5000 });
  expect((await scene.run()).result).toEqual({ batches: 0, records: 0, problems: [] });
  expect((await scene.dryRun()).result.records).toBe(0);
  expect(await scene.files()).toEqual(['ancient']);
});

test('O13 above the quota the oldest go, but none that is young', async () => {
  const twentyBytes = 20 / 1_000_000_000;
  scene = await RetentionScene.open({ done: { gigabytes: twentyBytes }, minimumDays: 7 });
  const content = 'ten bytes.';
  for (const [name, daysAgo] of [
    ['a', 50],
    ['b', 40],
    ['c', 30],
    ['d', 3],
    ['e', 2],
  ] as const) {
    await scene.archive({ name, content, daysAgo });
  }
  await scene.archive({ name: 'refused', content, state: 'rejected', daysAgo: 60 });
  await scene.dryRun();
  await scene.run();
  expect(await scene.files()).toEqual(['d', 'e', 'refused']);
  await scene.archive({ name: 'f', content, daysAgo: 1 });
  await scene.run();
  expect(await scene.files()).toEqual(['d', 'e', 'f', 'refused']);
});

test('O13 a removed file is known still: as a duplicate, to the check of the spool, and to operators', async () => {
  scene = await RetentionScene.open(month);
  const done = await scene.archive({ name: 'done', daysAgo: 31 });
  const refused = await scene.archive(
    { name: 'refused', state: 'rejected', daysAgo: 31 },
    { fault_code: 'DUPLICATE' },
  );
  await scene.dryRun();
  await scene.run();
  const { db, loaded, clock } = scene.rt;
  expect(await wasDone(db, inbox, 'done')).toMatchObject({ id: done.id });
  expect((await checkSpool(loaded, db)).differences).toEqual([]);
  const operator = { who: 'alice', reason: 'a test', now: clock.now() };
  for (const act of [retryFile, holdFile, releaseFile, reloadFile]) {
    await expect(act(db, scene.spool, operator, refused.id)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      detail: `file ${refused.id} (refused) was removed at 2026-05-06T12:00:00.000Z, by retention run 2: the sender has to send it again`,
    });
  }
});

test('O13 another name of a removed file stays', async () => {
  scene = await RetentionScene.open(month);
  const row = await scene.archive({ name: 'linked', daysAgo: 31 });
  await link(join(scene.spool, row.place ?? ''), join(scene.spool, inbox, 'hold', 'copy'));
  await scene.dryRun();
  await scene.run();
  expect(await scene.files()).toEqual(['copy']);
});

test('the marker that came with a file goes with it', async () => {
  scene = await RetentionScene.open(month);
  await scene.write(`${inbox}/rejected/x.ok`, '');
  const { dev, ino } = await stat(join(scene.spool, inbox, 'rejected/x.ok'));
  const companion = { suffix: '.ok', dev: String(dev), inode: String(ino), content: '' };
  await scene.archive(
    { name: 'x', state: 'rejected', daysAgo: 31 },
    { companion_json: JSON.stringify(companion) },
  );
  await scene.dryRun();
  await scene.run();
  expect(await scene.files()).toEqual([]);
});

test('O13 a file that somebody has taken since it was looked at does not go', async () => {
  scene = await RetentionScene.open(month);
  const { db, clock } = scene.rt;
  const operator = { who: 'alice', reason: 'a test', now: clock.now() };
  const isNoted = async (row: Delivery) =>
    (await noteRemoval(db, { row, mark: '' }, 1, clock.now())) !== undefined;
  await scene.archive({ name: 'first', daysAgo: 31 });
  await scene.dryRun(); // The run of retention that rows refer to.
  const archive = (name: string) => scene.archive({ name, state: 'rejected', daysAgo: 31 });
  const [retried, held, gone, another] = [
    await archive('retried'),
    await archive('held'),
    await archive('gone'),
    await archive('another'),
  ];
  await retryFile(db, scene.spool, operator, retried.id);
  await holdFile(db, scene.spool, operator, held.id);
  expect(await isNoted(gone)).toBe(true);
  const moved = { ...another, place: `${inbox}/rejected/elsewhere` };
  for (const row of [retried, held, gone, moved]) expect(await isNoted(row)).toBe(false);
  expect(await scene.row(retried.id)).toMatchObject({ state: 'deferred', removed_at: null });
  expect(await scene.row(held.id)).toMatchObject({ state: 'held', removed_at: null });
});
