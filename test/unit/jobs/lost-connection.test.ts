import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { JobSeat } from '../../../jobs/job-seat.ts';
import { jobNamed } from '../../../jobs/registry.ts';
import { setSchedule } from '../../../shared/operator/job-actions.ts';
import { readSchedule } from '../../../shared/schedule/read-schedule.ts';
import { listRuns } from '../../../shared/store/job-runs.ts';
import { makeWish } from '../../../shared/store/job-wishes.ts';
import { openStore } from '../../../shared/store/open-store.ts';
import { PostgresProxy } from '../../support/postgres-proxy.ts';
import { patiently, PostgresStores } from '../../support/temporary-postgres.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

/** A scheduler whose connection to the store is cut in the very commit. */

const key = 'batchErrorManagement';

let stores: PostgresStores;
let proxy: PostgresProxy;
let rt: TestRuntime;
let seat: JobSeat;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());
beforeEach(async () => {
  proxy = await PostgresProxy.start(stores.server.port);
  rt = await testRuntime({}, await openStore(patiently(proxy.through(await stores.create()))));
  seat = new JobSeat(rt, jobNamed(key), [], false);
  await seat.step();
});
afterEach(async () => {
  await rt.db.destroy();
  await proxy.close();
  await rt.close();
});

/** Oldest first. */
const runs = async (): Promise<string[]> =>
  (await listRuns(rt.db, key, { limit: 10 })).toReversed().map(({ cause, state }) => `${cause} ${state}`);
const unknown = expect.objectContaining({ code: 'STORE_OUTCOME_UNKNOWN' });

test.each([
  ['cut before', ['operator complete']],
  ['cut after', ['operator interrupted', 'operator complete']],
] as const)(
  'D02 %s it is known that a run has begun: it is done all the same, once',
  async (accident, expected) => {
    await makeWish(rt.db, key, 'alice', rt.clock.now());
    void proxy.atCommit(accident);
    await expect(seat.step()).rejects.toEqual(unknown);
    for (let look = 0; look < 3; look++) await seat.step();
    expect(await runs()).toEqual(expected);
  },
);

test.each(['cut before', 'cut after'] as const)(
  'D02 %s it is known that a due time is recorded: the job runs for it, once',
  async (accident) => {
    const schedule = readSchedule({ kind: 'daily', times: '12:10', timeZone: 'UTC', catchUp: 'once' });
    await setSchedule(rt.db, { who: 'alice', reason: 'a test', now: rt.clock.now() }, key, schedule);
    await seat.step();
    rt.pass(11 * 60);
    void proxy.atCommit(accident);
    await expect(seat.step()).rejects.toEqual(unknown);
    for (let look = 0; look < 3; look++) await seat.step();
    expect(await runs()).toEqual(['schedule complete']);
  },
);
