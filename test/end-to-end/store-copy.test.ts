import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { listening } from '../chaos/run.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** An installation that was embedded goes on with PostgreSQL. */

const inbox = 'inboundSalesOrderDispatch';
const order = (id: string): OrderInHand => ({ id, devices: [`ZZ${id}A`, `ZZ${id}B`] });
const [asked, extracted, inWork, dropped] = ['7101', '7102', '7103', '7104'].map(order) as [
  OrderInHand,
  OrderInHand,
  OrderInHand,
  OrderInHand,
];
const orders = [asked, extracted, inWork, dropped];

let stores: PostgresStores;
beforeAll(async () => {
  stores = await PostgresStores.start();
});
afterAll(() => stores.close());

let installation: TestInstallation;
let warehouse: KeyRing;
let url: string;
beforeEach(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  const file = await writeInto(installation, 'orders.json', ordersFile(orders));
  await installation.enrol('orders', 'import', file);
  url = await stores.create();
});
afterEach(async () => {
  await installation.close();
  await stores.drop(url);
});

const database = () => new URL(url).pathname.slice(1);
const drop = async (each: OrderInHand) =>
  installation.drop(inbox, `${each.id}.pgp`, await sealedDispatch(each, warehouse));
const copy = () => installation.json('store', 'copy', '--to', url);

async function once(daemon: string): Promise<void> {
  const { code, stdout, stderr } = await installation.run(daemon, '--once');
  expect({ code, stderr, ...(code !== 0 && { stdout }) }).toEqual({ code: 0, stderr: '' });
}

/** Rows of some tables on the server. */
async function rowsThere(...tables: string[]): Promise<number[]> {
  const counted = tables.map(async (table) => {
    const [row] = await stores.server.query<{ count: number }>(
      `select count(*)::int from ${table}`,
      database(),
    );
    return row?.count ?? -1;
  });
  return Promise.all(counted);
}

/** Of every device, in the store that is configured now. */
async function statuses(): Promise<Record<string, string>> {
  const db = await installation.store();
  const devices = await db.selectFrom('device').select(['device_id', 'status']).execute();
  await db.destroy();
  return Object.fromEntries(devices.map((device) => [device.device_id, device.status]));
}

const filesIn = async (...states: string[]) =>
  (await installation.json('file', 'list', '--state', ...states)).value as Delivery[];

test('what was in the middle of work goes on there: files in work/, deferred and queued ones, open requests', async () => {
  const provider = new TestProvider(installation);
  await installation.configure([
    [['retry', 'firstSeconds'], 3600],
    [['retry', 'maxSeconds'], 3600],
  ]);
  await drop(asked);
  for (const daemon of ['loader', 'scheduler', 'extractor', 'adaptor']) await once(daemon);
  // An answer that comes before anybody knows what it answers.
  const answer = { deviceEnrollmentTransactionId: 'early', enrollDevicesResponse: { statusCode: 'SUCCESS' } };
  const early = Buffer.from(JSON.stringify(answer));
  await installation.drop('provider/apple/inbound', 'bulk-enroll-devices.early-1.json', early);
  await once('adaptor');
  await drop(extracted);
  for (const daemon of ['loader', 'scheduler', 'extractor']) await once(daemon);
  await drop(inWork);
  const killed = installation.start(['loader', '--once'], { env: listening({ KILL_AT: 'work.counted:1' }) });
  await killed.exit;
  expect(killed.child.signalCode).toBe('SIGKILL');
  expect(await installation.files(inbox, 'work')).toHaveLength(1);
  await drop(dropped);
  const [deferred, ...others] = await filesIn('deferred');
  expect([deferred?.fault_code, others]).toEqual(['UNKNOWN_TRANSACTION', []]);
  const before = await statuses();

  expect(await copy()).toMatchObject({ code: 0, value: { copied: true } });
  await installation.configure([[['store', 'url'], url]]);
  expect(await statuses()).toEqual(before);
  expect(await filesIn('deferred')).toEqual([deferred]);

  await waitFor(
    'all devices',
    async () => {
      for (const daemon of ['loader', 'scheduler', 'extractor', 'adaptor']) await once(daemon);
      await provider.answerAll();
      const now = Object.values(await statuses());
      return (now.length === 8 && now.every((status) => status === 'Enrolled')) || undefined;
    },
    150,
  );
  expect((await filesIn('claimed', 'rejected', 'held')).map(({ name }) => name)).toEqual([]);
  expect((await installation.files(inbox, 'done')).map((path) => path.slice(11))).toEqual(
    orders.map(({ id }) => `${id}.pgp`),
  );
  const id = String(deferred?.id);
  await installation.enrol('file', 'discard', id, '--reason', 'not ours');
  expect((await filesIn('rejected')).map((row) => row.id)).toEqual([deferred?.id]);
  expect(await installation.files('provider/apple/inbound', 'work')).toEqual([]);
  const check = await installation.json('spool', 'check');
  expect(check).toMatchObject({ code: 0, value: { differences: [] } });
}, 200_000);

test('a copy that is killed leaves the target as it was, and the next one succeeds', async () => {
  await installation.configure([[['store', 'busySeconds'], 60]]);
  const lock = new pg.Client(url);
  await lock.connect();
  await lock.query('select pg_advisory_lock(77)');
  await stores.server.query(
    `create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_lock_shared(77); return null; end $$;
     create trigger wait after insert on sales_order_line execute function wait()`,
    database(),
  );
  const program = installation.start(['store', 'copy', '--to', url]);
  const sessions = (condition: string) =>
    stores.server.query(
      `select 1 from pg_stat_activity where datname = '${database()}' and application_name = 'enrol' and ${condition}`,
    );
  await waitFor(
    'the copy',
    async () => (await sessions(`wait_event = 'advisory'`)).length === 1 || undefined,
  );
  // A daemon that was told of the new store too early could not begin, either.
  const meddle = stores.server.query(
    `set lock_timeout = '100ms'; insert into module_property values ('a', 'b', 'c', 'd')`,
    database(),
  );
  await expect(meddle).rejects.toMatchObject({ code: '55P03' });
  await program.end('SIGKILL');
  await lock.query('select pg_advisory_unlock(77)');
  await waitFor('its end', async () => (await sessions('true')).length === 0 || undefined);
  await lock.end();
  expect(await rowsThere('sales_order', 'sales_order_line', 'audit')).toEqual([0, 0, 0]);

  await stores.server.query('drop trigger wait on sales_order_line', database());
  expect(await copy()).toMatchObject({ code: 0, value: { copied: true } });
  expect(await rowsThere('sales_order', 'sales_order_line')).toEqual([4, 4]);
});

test('it says what it did and what to do next; the source stays, a second copy is refused, and so is one while a daemon runs', async () => {
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  const early = await installation.run('store', 'copy', '--to', url);
  expect(early).toMatchObject({ code: exitCodes.failed.code });
  expect(early.stderr).toContain(`loader (`);
  await loader.end('SIGTERM');

  const done = await installation.run('store', 'copy', '--to', url);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout).toMatch(/^sales_order +4 +0$/m);
  expect(done.stdout).toContain(`set store.url to ${url}`);
  expect((await copy()).value).toMatchObject({ error: { code: 'NOT_ALLOWED' } });
  expect((await readFile(join(installation.home, 'var', 'enrol.db'))).length).toBeGreaterThan(0);
  expect(await installation.run('status')).toMatchObject({ stderr: '' });
});

test('what differs has an exit code, and nothing is left', async () => {
  await stores.server.query(
    `create function meddle() returns trigger language plpgsql as $$ begin new.customer := 'x'; return new; end $$;
     create trigger meddle before insert on sales_order for each row when (new.id = '7102') execute function meddle()`,
    database(),
  );
  const { code, value } = await copy();
  expect(code).toBe(exitCodes.refused.code);
  const { copied, tables } = value as { copied: boolean; tables: { table: string; first: unknown[] }[] };
  expect([copied, tables.flatMap(({ first }) => first)]).toEqual([
    false,
    [{ table: 'sales_order', row: 'id=7102', what: 'another customer' }],
  ]);
  expect(await rowsThere('sales_order', 'audit')).toEqual([0, 0]);
  const text = await installation.run('store', 'copy', '--to', url);
  expect(text.stdout).toMatch(/^sales_order +id=7102 +another customer$/m);
});

test.each([
  ['has a password', 'postgres://enrol:geheim@127.0.0.1/enrol'],
  ['has a password among its parameters', 'postgres://enrol@127.0.0.1/enrol?password=geheim'],
  ['is none of PostgreSQL', 'sqlite:geheim.db'],
  ['is none at all', 'postgres://geheim:port'],
])('a URL that %s is refused, and not shown', async (_, bad) => {
  const { code, stdout, stderr } = await installation.run('store', 'copy', '--to', bad);
  expect(code).toBe(exitCodes.usage.code);
  expect(stdout + stderr).not.toContain('geheim');
});
