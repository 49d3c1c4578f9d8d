import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { backlog } from '../../../shared/operator/backlog.ts';
import { queuePublication } from '../../../shared/store/publications.ts';
import { addSeen } from '../../support/store-examples.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

/** What waits, by age: `enrol status --backlog`. */

let rt: TestRuntime;
beforeEach(async () => {
  rt = await testRuntime();
});
afterEach(() => rt.close());

const minutesAgo = (minutes: number) => new Date(rt.clock.now().getTime() - minutes * 60_000);

test('files in in/ are counted by the time when they came, whatever their own time is', async () => {
  const folder = join(rt.loaded.home, 'spool', 'inboundDeviceEnrolment', 'in');
  await mkdir(folder, { recursive: true });
  for (const name of ['a', 'b', '.draft']) {
    await writeFile(join(folder, name), 'x');
    await utimes(join(folder, name), new Date(0), new Date(0));
  }
  const after = (minutes: number) => backlog(rt.loaded, rt.db, new Date(Date.now() + minutes * 60_000));
  const [now, later, old] = [(await after(0))[0], (await after(7))[0], (await after(2000))[0]];
  expect(now).toEqual({
    queue: 'in/',
    name: 'inboundDeviceEnrolment',
    total: 2,
    ages: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  });
  expect(later?.ages).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(old?.ages).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
});

test('what waits in the store is counted by state, and by inbox, folder and provider', async () => {
  for (const [name, minutes] of [
    ['x', 0],
    ['y', 6],
    ['z', 5000],
  ] as const) {
    const { id } = await addSeen(rt.db, rt.worker, name, 'inboundSalesOrderDispatch');
    const change = {
      state: name === 'z' ? 'held' : 'deferred',
      seen_at: minutesAgo(minutes).toISOString(),
    } as const;
    await rt.db.updateTable('delivery').set(change).where('id', '=', id).execute();
  }
  const document = { folder: 'provider/apple/outbound', purpose: 'provider-request', content: '' } as const;
  await queuePublication(
    rt.db,
    { ...document, name: 'p', batchId: null, providerRequestId: null },
    minutesAgo(39),
  );
  const stored = (await backlog(rt.loaded, rt.db, rt.clock.now())).filter(({ queue }) => queue !== 'in/');
  const shape = (queue: string, name: string, total: number, ages: number[]) => ({
    queue,
    name,
    total,
    ages,
  });
  expect(stored).toEqual([
    shape('deferred', 'inboundSalesOrderDispatch', 2, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]),
    shape('held', 'inboundSalesOrderDispatch', 1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    shape('to publish', 'provider/apple/outbound', 1, [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
  ]);
});
