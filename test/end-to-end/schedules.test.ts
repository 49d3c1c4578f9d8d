import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { listRuns } from '../../shared/store/job-runs.ts';
import { listTicks, setJobClock } from '../../shared/store/job-ticks.ts';
import type { Db } from '../../shared/store/tables.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/** Schedules of real schedulers, which are really killed. */

const key = 'batchErrorManagement';
const minute = 60_000;

let installation: TestInstallation;
let db: Db;
beforeEach(async () => {
  installation = await install();
  await installation.configure([
    [['jobs', 'deviceEnrolmentRequest', 'schedule'], ''],
    [['jobs', 'retention', 'schedule'], ''],
  ]);
  db = await installation.store();
}, 60_000);
afterEach(() => installation.close());

const job = (...words: string[]) => installation.json('job', ...words);
const setting = (...words: string[]) => job('schedule', 'set', key, ...words, '--reason', 'a test');
const ticks = () => listTicks(db, key, { limit: 500 });
const runs = () => listRuns(db, key, { limit: 500 });

async function startScheduler() {
  const scheduler = installation.start(['scheduler']);
  await scheduler.logged('daemon.ready');
  return scheduler;
}

/** The scheduler has seen the schedule, and reckons from now on. */
const seen = (kind: string) =>
  waitFor('the schedule to be seen', async () => {
    const clock = await db.selectFrom('job_clock').selectAll().where('job', '=', key).executeTakeFirst();
    return clock?.schedule_json.includes(`"kind":"${kind}"`) || undefined;
  });

/** As if nobody had looked for so long: the schedule is the same, and was looked at last at that time. */
async function lookedAtLast(milliseconds: number): Promise<void> {
  const clock = await db.selectFrom('job_clock').selectAll().where('job', '=', key).executeTakeFirstOrThrow();
  await setJobClock(db, { ...clock, considered_until: new Date(Date.now() - milliseconds).toISOString() });
}

describe('a scheduler that was killed', () => {
  test.each(['once', 'skip'])(
    'O09 %s: what was due while nobody was there is recorded, and one run follows or none',
    async (policy) => {
      expect((await setting('--every', '1', '--catch-up', policy)).code).toBe(0);
      const killed = await startScheduler();
      await seen('every');
      await killed.end('SIGKILL');
      await lookedAtLast(10 * minute);
      const before = (await runs()).length;
      await startScheduler();
      const found = await waitFor('the due times', async () => {
        const rows = await ticks();
        return rows.filter(({ state }) => state === 'missed').length >= 9 ? rows : undefined;
      });
      const late = found.filter((tick) => tick.late === 1);
      expect(late.filter(({ state }) => state === 'missed').map(({ reason }) => reason)).toEqual(
        Array.from({ length: late.length }, () => 'no scheduler was there at that time'),
      );
      expect(new Set(found.map(({ due_at }) => due_at)).size).toBe(found.length);
      // The minute that has just begun was seen in time, whatever the policy.
      await waitFor('its run', async () => (await runs()).length > before || undefined);
      expect((await ticks()).filter(({ state }) => state === 'run').length).toBe((await runs()).length);
    },
    60_000,
  );

  test.each([
    ['once', 1, 'run'],
    ['skip', 0, 'missed'],
  ])(
    'O09 %s: of a day that is over',
    async (policy, started, state) => {
      const hour = new Date(Date.now() - 3 * 60 * minute).toISOString().slice(11, 13);
      expect((await setting('--daily', '--at', `${hour}:00`, '--catch-up', policy)).code).toBe(0);
      const killed = await startScheduler();
      await seen('daily');
      await killed.end('SIGKILL');
      await lookedAtLast(24 * 60 * minute);
      const again = await startScheduler();
      const [tick] = await waitFor('the due time', async () => {
        const rows = await ticks();
        return rows.length === 1 && rows[0]?.state !== 'due' ? rows : undefined;
      });
      expect(tick).toMatchObject({ state, late: 1 });
      expect((await again.end('SIGTERM')).code).toBe(0);
      expect((await runs()).map((run) => [run.cause, run.state])).toEqual(
        Array.from({ length: started }, () => ['schedule', 'complete']),
      );
    },
    60_000,
  );

  test('O08 two schedulers at one store start a due time once, also when both were killed', async () => {
    const hourly = Array.from({ length: 24 }, (_, hour) => `${hour}:00`).join();
    expect((await setting('--daily', '--at', hourly)).code).toBe(0);
    let schedulers = [await startScheduler(), await startScheduler()];
    await seen('daily');
    for (const hours of [5, 10, 15]) {
      for (const scheduler of schedulers) await scheduler.end('SIGKILL');
      await lookedAtLast(hours * 60 * minute);
      // Both find the same times; of those that are recorded already none is due once more.
      schedulers = await Promise.all([startScheduler(), startScheduler()]);
      await waitFor('the due times of this round', async () => {
        const found = await ticks();
        return (found.length >= hours && found.every(({ state }) => state !== 'due')) || undefined;
      });
    }
    for (const scheduler of schedulers) expect((await scheduler.end('SIGTERM')).code).toBe(0);
    const found = await ticks();
    expect(new Set(found.map(({ due_at }) => due_at)).size).toBe(found.length);
    const started = found.flatMap(({ run_id: run }) => (run === null ? [] : [run]));
    expect(started.sort((a, b) => b - a)).toEqual((await runs()).map(({ id }) => id));
    // A second one only where an hour has begun meanwhile.
    expect(started.length).toBeLessThanOrEqual(2);
  }, 120_000);
});

describe('the commands', () => {
  test('set, show and reset the schedule; the running scheduler follows', async () => {
    const scheduler = await startScheduler();
    const set = await setting(
      '--weekly',
      'mon,thu',
      '--at',
      '6:30',
      '--time-zone',
      'Europe/Berlin',
      '--exclude',
      'Thu 12-25',
      '--catch-up',
      'skip',
    );
    const schedule = {
      kind: 'weekly',
      weekdays: ['Mon', 'Thu'],
      times: ['06:30'],
      timeZone: 'Europe/Berlin',
      exclude: { days: ['12-25'], weekdays: ['Thu'] },
      catchUp: 'skip',
    };
    expect(set).toEqual({ code: 0, value: expect.objectContaining({ job: key, enabled: true, schedule }) });
    await seen('weekly');
    expect((await job('schedule', 'show', key)).value).toMatchObject({ schedule });
    const next = (await job('next', key, '--count', '3')).value as { local: string; timeZone: string }[];
    expect(next.map(({ local, timeZone }) => [local.slice(11), timeZone])).toEqual(
      Array.from({ length: 3 }, () => ['06:30', 'Europe/Berlin']),
    );
    const kept = (await setting('--cron', '* * * * *')).value as { schedule: object };
    expect(kept.schedule).toMatchObject({
      timeZone: 'Europe/Berlin',
      catchUp: 'skip',
      exclude: schedule.exclude,
    });
    expect((await job('schedule', 'reset', key, '--reason', 'x')).value).toMatchObject({ set: null });
    expect((await scheduler.end('SIGTERM')).code).toBe(0);
  }, 60_000);

  test('enable, disable and priority; what is wrong is refused with its code', async () => {
    expect((await job('disable', key, '--reason', 'x')).value).toMatchObject({ enabled: false });
    expect((await installation.run('job', 'next', key)).stdout).toContain('No schedule starts the job.');
    expect((await job('enable', key, '--reason', 'x')).value).toMatchObject({ enabled: true });
    expect((await job('priority', key, '9', '--reason', 'x')).value).toMatchObject({ priority: 9 });
    const refused: [number, string[]][] = [
      [2, ['priority', key, '100', '--reason', 'x']],
      [2, ['enable', key]],
      [2, ['schedule', 'set', key, '--reason', 'x']],
      [2, ['schedule', 'set', key, '--daily', '--every', '5', '--reason', 'x']],
      [2, ['schedule', 'set', key, '--every', '5', '--at', '06:00', '--reason', 'x']],
      [2, ['schedule', 'set', key, '--cron', 'x', '--reason', 'x']],
      [7, ['schedule', 'show', 'nothing']],
      [1, ['schedule', 'reset', 'retention', '--reason', 'x']],
    ];
    for (const [code, words] of refused) {
      expect([words, (await installation.run('job', ...words)).code]).toEqual([words, code]);
    }
    const { value } = await job('list');
    expect(value).toContainEqual(expect.objectContaining({ job: key, priority: 9, enabled: true }));
  }, 60_000);
});
