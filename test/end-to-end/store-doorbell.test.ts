import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';

import { deviceEnrolmentRequest } from '../../shared/generic/device-enrolment-request.ts';
import { doorbellName } from '../../shared/store/postgres/doorbell.ts';
import type { Db } from '../../shared/store/tables.ts';
import { orderOf } from '../../bench/scene/orders.ts';
import { install, type Program, type TestInstallation } from '../support/installation.ts';
import { addBatch } from '../support/store-examples.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** An extractor that looks for work every half a minute, and a store on a server that tells it when there is some. */

const inbox = 'outboundDeviceEnrolment';
/** Far less than it would be until the next look. */
const atOnceSeconds = 2;

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

let installation: TestInstallation;
let db: Db;
let database: string;
beforeEach(async () => {
  const url = await stores.create();
  database = new URL(url).pathname.slice(1);
  installation = await install(url);
  db = await installation.store();
});
afterEach(() => installation.close());

/** Starts an extractor, and waits until it has found that there is nothing. */
async function startExtractor(pollSeconds: number): Promise<Program> {
  await installation.configure([[['extractor', 'pollSeconds'], pollSeconds]]);
  const extractor = installation.start(['extractor']);
  await extractor.logged('daemon.ready');
  return extractor;
}

/** Process of the server that holds the connection which listens, when it is not that one. */
const listening = (other?: number): Promise<number> =>
  waitFor('a connection that listens', async () => {
    const rows = await stores.server.query<{ pid: number }>(
      `select pid from pg_stat_activity
       where datname = '${database}' and application_name = '${doorbellName}' and query like 'listen%' and state = 'idle'`,
    );
    return rows.map(({ pid }) => pid).find((pid) => pid !== other);
  });

/** A batch as the request job leaves it. */
const prepareBatch = (order: number) =>
  addBatch(db, {
    direction: 'outbound',
    category: deviceEnrolmentRequest.category,
    type: deviceEnrolmentRequest.type,
    version: deviceEnrolmentRequest.version,
    providerId: 'apple',
    standing: { stage: 'Batch', status: 'Complete' },
    items: [{ customerReference: String(order), description: 'order', payload: orderOf(order) }],
  });

const published = (count: number, seconds: number) =>
  waitFor(
    `${count} published file(s)`,
    async () =>
      (await installation.files(inbox, 'in')).filter((name) => !name.startsWith('.')).length === count,
    seconds,
  );

test('a prepared batch is published at once, also after the connection that listens was lost', async () => {
  const extractor = await startExtractor(30);
  const first = await listening();
  await prepareBatch(1);
  await published(1, atOnceSeconds);
  await stores.server.query(`select pg_terminate_backend(${first})`);
  await listening(first);
  await prepareBatch(2);
  await published(2, atOnceSeconds);
  expect(extractor.events).toContain('doorbell.lost');
  const { code } = await extractor.end('SIGTERM');
  expect(code).toBe(0);
});

test('what was made while nobody listened is found when the connection is back', async () => {
  await startExtractor(30);
  const first = await listening();
  // The listening connection is not let in again, while the others stay.
  await stores.server.query(`alter database ${database} allow_connections false`);
  await stores.server.query(`select pg_terminate_backend(${first})`);
  await prepareBatch(1);
  await stores.server.query(`alter database ${database} allow_connections true`);
  await published(1, 10);
});

test('without any notification the batch is found by looking', async () => {
  await stores.server.query('alter table batch disable trigger all', database);
  await startExtractor(0.5);
  await listening();
  await prepareBatch(1);
  await published(1, 5);
});

test('a store that is restarted is listened to anew', async () => {
  const extractor = await startExtractor(30);
  const first = await listening();
  await stores.server.restart('immediate');
  await listening(first);
  await prepareBatch(1);
  await published(1, 10);
  expect(extractor.running).toBe(true);
});
