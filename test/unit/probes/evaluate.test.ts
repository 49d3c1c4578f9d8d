import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { probeTask } from '../../../shared/probes/evaluate.ts';
import { listNotices } from '../../../shared/store/notices.ts';
import { listChanges, listStandings } from '../../../shared/store/probes.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { insertPause, deletePause } from '../../../shared/store/intake-pauses.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

const both = {
  mail: { host: 'mail.example.com', from: 'a@example.com', to: ['b@example.com'] },
  webhook: { url: 'https://hooks.example.com/x', secretFile: 'secret' },
};

let rt: TestRuntime;
const open = async (probes: object = {}) => {
  rt = await testRuntime({ store: { url: 'sqlite:enrol.db' }, probes: { notices: both, ...probes } });
  await mkdir(join(rt.loaded.home, 'spool'));
  for (const daemon of ['loader', 'extractor', 'adaptor', 'scheduler']) {
    await registerWorker(rt.db, daemon, rt.clock.now());
  }
};
beforeEach(() => open());
afterEach(() => rt.close());

/** A round of a scheduler, after so many seconds. */
async function round(seconds = 60): Promise<void> {
  rt.pass(seconds);
  await probeTask(rt).step(new AbortController().signal);
}

const pause = () =>
  insertPause(rt.db, { intake: 'x', who: 'alice', reason: 'r', since: rt.clock.now().toISOString() });
const told = () =>
  rt.events
    .filter(({ name }) => name === 'probe.changed')
    .map(({ fields }) => {
      const { probe, before, after } = fields as { probe: string; before: string; after: string };
      return [probe, before, after];
    });
const noticesOf = async (channel: string) =>
  (await listNotices(rt.db, { limit: 100 }))
    .filter((notice) => notice.channel === channel)
    .map(({ first_change: first, last_change: last }) => [first, last])
    .reverse();

test('while all is well nothing is told, and every probe has its state', async () => {
  await round();
  await round();
  expect(told()).toEqual([]);
  expect(await listNotices(rt.db, { limit: 10 })).toEqual([]);
  const standings = await listStandings(rt.db);
  expect(standings.length).toBeGreaterThan(10);
  expect(new Set(standings.map(({ state }) => state))).toEqual(new Set(['green']));
});

test('a change counts when it is seen twice in a row, and is told once', async () => {
  await round();
  await round();
  await pause();
  await round();
  expect(told()).toEqual([]);
  await round();
  expect(told()).toEqual([['intake x', null, 'amber']]);
  await round();
  await round();
  expect(told()).toHaveLength(1);
  const [change] = await listChanges(rt.db, { limit: 10 });
  expect(change).toMatchObject({
    probe: 'intake x',
    before: null,
    after: 'amber',
    unit: 'hours',
    link: '/daemons',
  });
  expect((await listStandings(rt.db)).find(({ probe }) => probe === 'intake x')).toMatchObject({
    state: 'amber',
    since: '2026-05-06T12:03:00.000Z',
  });
});

test('what comes and goes within a round is not told', async () => {
  for (let i = 0; i < 4; i++) {
    await round();
    await rt.db.updateTable('worker').set({ stopped_at: 'x' }).where('daemon', '=', 'loader').execute();
    await round();
    await rt.db.updateTable('worker').set({ stopped_at: null }).where('daemon', '=', 'loader').execute();
  }
  expect(told()).toEqual([]);
});

test('what is no longer looked at takes its leave, unless it was well', async () => {
  await pause();
  await round();
  await round();
  await deletePause(rt.db, 'x');
  await round();
  expect(told()).toEqual([
    ['intake x', null, 'amber'],
    ['intake x', 'amber', 'green'],
  ]);
  expect((await listStandings(rt.db)).map(({ probe }) => probe)).not.toContain('intake x');
});

test('of several schedulers one records a round', async () => {
  await round();
  await pause();
  rt.pass(60);
  const again = () => probeTask(rt).step(new AbortController().signal);
  await Promise.all([again(), again(), again()]);
  expect(told()).toEqual([]);
  rt.pass(60);
  await Promise.all([again(), again(), again()]);
  expect(told()).toHaveLength(1);
  expect(await noticesOf('webhook')).toHaveLength(1);
  rt.pass(59);
  await deletePause(rt.db, 'x');
  await again();
  expect(told()).toHaveLength(1);
  rt.pass(1);
  await again();
  expect(told()).toHaveLength(2);
});

test('rounds go on when the clock was set back', async () => {
  await round(7200);
  await pause();
  await round(-3600);
  await round();
  expect(told()).toHaveLength(1);
});

test('changes within a minute are one e-mail; a program is told of each round', async () => {
  await rt.close();
  await open({ everySeconds: 10 });
  const kill = (daemon: string) =>
    rt.db.updateTable('worker').set({ stopped_at: 'x' }).where('daemon', '=', daemon).execute();
  await round();
  await round();
  for (const daemon of ['loader', 'extractor', 'adaptor']) {
    await kill(daemon);
    await round(10);
    await round(10);
  }
  await kill('scheduler');
  await round(60);
  await round(10);
  expect(told().map(([probe]) => probe)).toEqual([
    'daemon loader',
    'daemon extractor',
    'daemon adaptor',
    'daemon scheduler',
  ]);
  expect(await noticesOf('mail')).toEqual([
    [1, 3],
    [4, 4],
  ]);
  // Nobody has sent them meanwhile: what waits takes in no more once its time has come.
  expect(await noticesOf('webhook')).toEqual([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 4],
  ]);
});

test('old changes and notices are removed', async () => {
  await pause();
  await round();
  await round();
  expect(await listNotices(rt.db, { limit: 10 })).toHaveLength(2);
  await round(89 * 86_400);
  expect(await listChanges(rt.db, { limit: 10 })).not.toEqual([]);
  expect(await listNotices(rt.db, { limit: 10 })).not.toEqual([]);
  await round(2 * 86_400);
  const changes = await listChanges(rt.db, { limit: 10 });
  expect(changes.filter(({ after }) => after === 'amber')).toEqual([]);
  const old = (await listNotices(rt.db, { limit: 10 })).filter(({ created_at: at }) => at < '2026-06');
  expect(old).toEqual([]);
});
