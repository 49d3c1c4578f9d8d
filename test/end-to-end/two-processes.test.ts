import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { listBatches } from '../../shared/store/batches.ts';
import { deviceHistory, devicesById } from '../../shared/store/devices.ts';
import { listRuns } from '../../shared/store/job-runs.ts';
import { listTicks } from '../../shared/store/job-ticks.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { daemons, install, writeInto, type Program, type TestInstallation } from '../support/installation.ts';
import { hostPreload } from '../support/host-process.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two processes of each daemon on one spool and one store: of two hosts, or of one, as after a failover that was none. */

const orders: OrderInHand[] = Array.from({ length: 60 }, (_, n) => ({
  id: String(800_000 + n),
  devices: [`ZZTWO${n}`],
}));

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
}, 60_000);
afterAll(() => stores.close());

/** The processes of the second host believe that they are elsewhere. */
const elsewhere = { NODE_OPTIONS: `--import=${hostPreload}`, PRETENDED_HOST: 'elsewhere' };

describe.each([
  ['on one host, with SQLite', {}, () => Promise.resolve(undefined)],
  ['on two hosts, with PostgreSQL', elsewhere, () => Promise.resolve(stores)],
])('two of each daemon %s', (_, second, storesOf) => {
  let installation: TestInstallation;
  let warehouse: KeyRing;
  let db: Db;
  let programs: Program[];

  beforeAll(async () => {
    installation = await install(await storesOf());
    warehouse = await installation.addPartner('warehouse');
    db = await installation.store();
    await installation.configure([
      // Only when it is asked for, so that there are several batches.
      [['jobs', 'deviceEnrolmentRequest', 'schedule'], ''],
      [['jobs', 'batchErrorManagement', 'schedule'], '* * * * *'],
    ]);
    await installation.enrol(
      'orders',
      'import',
      await writeInto(installation, 'orders.json', ordersFile(orders)),
    );
    await installation.startFileSimulator('apple', {});
    programs = [{}, second].flatMap((env) => daemons.map((daemon) => installation.start([daemon], { env })));
    for (const program of programs) await program.logged('daemon.ready');
  }, 60_000);
  afterAll(() => installation.close());

  const enrolled = async ({ devices }: OrderInHand): Promise<boolean> => {
    const found = await Promise.all(devices.map((id) => devicesById(db, id)));
    return (
      found.flat().every((device) => device.status === 'Enrolled') && found.every((list) => list.length > 0)
    );
  };

  test('K05 E05: two of each daemon do everything once', async () => {
    for (let n = 0; n < orders.length; n += 6) {
      for (const order of orders.slice(n, n + 6)) {
        await installation.drop(
          'inboundSalesOrderDispatch',
          `${order.id}.pgp`,
          await sealedDispatch(order, warehouse),
        );
      }
      await waitFor('the devices of this round', async () => {
        const known = await Promise.all(
          orders.slice(n, n + 6).map(({ devices }) => devicesById(db, devices[0] ?? '')),
        );
        return known.every((found) => found.length > 0) || undefined;
      });
      // Two at once: one of them prepares the batch, the other finds the job running, or nothing left to do.
      const runs = [1, 2].map(() => installation.run('job', 'run', 'deviceEnrolmentRequest'));
      for (const { code, stdout, stderr } of await Promise.all(runs)) {
        if (code !== 0 && !stderr.includes('ALREADY_RUNNING')) throw new Error(stdout + stderr);
      }
    }
    await waitFor(
      'every device to be enrolled',
      async () => (await Promise.all(orders.map(enrolled))).every(Boolean) || undefined,
      60,
    );
    const isFired = async () => (await listTicks(db, 'batchErrorManagement', { limit: 1 })).length > 0;
    await waitFor('a job to be due', isFired, 90);
    for (const program of programs) {
      const { code, stderr } = await program.end('SIGTERM');
      expect([code, stderr]).toEqual([0, '']);
    }
  }, 240_000);

  test('K05: each device was asked for once, and settled once', async () => {
    for (const id of orders.flatMap((order) => order.devices)) {
      const found = await devicesById(db, id);
      expect([id, found.length]).toEqual([id, 1]);
      const history = await deviceHistory(db, found[0]?.id ?? 0);
      expect(history.map((row) => row.status)).toEqual(['Enrol Pending', 'Enrol Requested', 'Enrolled']);
    }
  });

  test('K05: no file was taken twice, none is forgotten, and both processes had their share', async () => {
    const files = await listDeliveries(db, { limit: 10_000 });
    expect(files.filter((file) => file.state !== 'done').map(({ name, state }) => [name, state])).toEqual([]);
    expect(files.filter((file) => file.crashes > 0)).toEqual([]);
    const dispatches = files.filter((file) => file.folder === 'inboundSalesOrderDispatch');
    expect(dispatches.map((file) => file.name).sort()).toEqual(orders.map((order) => `${order.id}.pgp`));
    expect(new Set(dispatches.map((file) => file.worker_id)).size).toBe(2);
    for (const folder of ['in', 'work', 'tmp', 'hold', 'rejected']) {
      expect([folder, ...(await installation.files('inboundSalesOrderDispatch', folder))]).toEqual([folder]);
    }
  });

  test('E05: no batch was extracted twice', async () => {
    const batches = await listBatches(db, { limit: 1000, order: 'oldest' });
    expect(batches.filter((batch) => batch.status !== 'Complete')).toEqual([]);
    const requests = batches.filter((batch) => batch.type === 'Device Enrolment Request');
    expect(requests.length).toBeGreaterThan(5);
    const published = (await listDeliveries(db, { folder: 'outboundDeviceEnrolment/in', limit: 1000 })).map(
      (file) => file.batch_id,
    );
    expect(published.sort()).toEqual(requests.map((batch) => batch.id).sort());
  });

  test('O08: a job was started once at each time at which it was due', async () => {
    const ticks = await listTicks(db, 'batchErrorManagement', { limit: 100 });
    const runs = await listRuns(db, 'batchErrorManagement', { limit: 100 });
    expect(ticks.length).toBeGreaterThan(0);
    expect(new Set(ticks.map((tick) => tick.due_at)).size).toBe(ticks.length);
    expect(runs.map((run) => [run.id, run.state])).toEqual(
      ticks.flatMap((tick) => (tick.run_id === null ? [] : [[tick.run_id, 'complete']])),
    );
  });
});
