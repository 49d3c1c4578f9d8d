import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { listBatches } from '../../shared/store/batches.ts';
import { deviceHistory, devicesById } from '../../shared/store/devices.ts';
import { listDeliveries, type Delivery } from '../../shared/store/deliveries.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import {
  daemons,
  install,
  writeInto,
  type DaemonName,
  type Program,
  type TestInstallation,
} from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * Orders flow through real daemons, which are killed again and again in the midst of their work. At the end everything
 * has happened once. A failing run is seen again, more or less, with its seed: KILL_SEED=… npm run jest -- killed
 */

const seed = Number(process.env.KILL_SEED ?? Math.floor(Math.random() * 2 ** 31));
const rounds = 12;
const dropsPerRound = 3;
const orders: OrderInHand[] = Array.from({ length: 40 }, (_, n) => ({
  id: String(700_000 + n),
  devices: [`ZZKILL${n}A`, `ZZKILL${n}B`],
}));

let installation: TestInstallation;
let warehouse: KeyRing;
let db: Db;
const running = new Map<DaemonName, Program>();

beforeAll(async () => {
  console.log(`KILL_SEED=${seed}`);
  installation = await install();
  // A kill is not the file's fault here, however often it hits the same one.
  await installation.configure([[['retry', 'crashAttempts'], 50]]);
  warehouse = await installation.addPartner('warehouse');
  db = await installation.store();
});
afterAll(() => installation.close());

/** Numbers from 0 to below `limit` (mulberry32). */
function randomNumbers(state: number): (limit: number) => number {
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const start = (daemon: DaemonName): void => void running.set(daemon, installation.start([daemon]));

const settled = async (id: string): Promise<boolean> => (await devicesById(db, id))[0]?.status === 'Enrolled';

/** Kills the daemon while it works off what had come meanwhile; starts it again. */
async function killAtWork(daemon: DaemonName, milliseconds: number): Promise<void> {
  const program = running.get(daemon);
  if (!program) throw new Error(`${daemon} does not run`);
  await program.logged(daemon === 'loader' ? 'file.claimed' : 'daemon.ready');
  await pause(milliseconds); // Waits for nothing: the moment is meant to be any.
  expect(program.running).toBe(true);
  await program.end('SIGKILL');
  start(daemon);
}

/** Files whose work was cut off, and done again. */
async function interrupted(): Promise<Delivery[]> {
  const files = await listDeliveries(db, { limit: 10_000 });
  return files.filter(
    ({ direction, crashes, attempts }) => crashes > 0 || (direction === 'out' && attempts > 1),
  );
}

/** Questions before the provider, and then what it has answered and nobody has taken. */
const unanswered = async (): Promise<string[]> => [
  ...(await installation.files('provider', 'apple', 'outbound')).filter((path) => !path.startsWith('taken/')),
  ...(await installation.files('provider', 'apple', 'inbound', 'in')),
  ...(await installation.files('provider', 'apple', 'inbound', 'work')),
];

test('K01 E01 everything happens once, however often the daemons are killed', async () => {
  const random = randomNumbers(seed);
  await installation.enrol(
    'orders',
    'import',
    await writeInto(installation, 'orders.json', ordersFile(orders)),
  );
  await installation.startProvider({});
  for (const daemon of daemons) start(daemon);
  const waiting = [...orders];
  const drop = async (count: number) => {
    for (const order of waiting.splice(0, count)) {
      await installation.drop(
        'inboundSalesOrderDispatch',
        `${order.id}.pgp`,
        await sealedDispatch(order, warehouse),
      );
    }
  };
  for (let round = 0; round < rounds; round++) {
    await drop(dropsPerRound);
    const request = installation.run('job', 'run', 'deviceEnrolmentRequest');
    const [first, second] = [round % 4, (round + 1 + random(3)) % 4];
    const victims = daemons.filter((_, n) => n === first || n === second);
    await Promise.all(victims.map((daemon) => killAtWork(daemon, random(daemon === 'loader' ? 10 : 120))));
    await request;
  }
  await drop(waiting.length);
  await waitFor(
    'every device to be enrolled',
    async () => {
      const job = await installation.run('job', 'run', 'deviceEnrolmentRequest');
      if (job.code !== 0) throw new Error(job.stdout + job.stderr);
      const states = await Promise.all(orders.flatMap((order) => order.devices).map(settled));
      return states.every(Boolean) || undefined;
    },
    60,
  );
  // A question that was asked twice has an answer still under way.
  await waitFor('the last answer', async () => (await unanswered()).length === 0 || undefined);
  expect(await interrupted()).not.toEqual([]);
  for (const [name, program] of running) {
    const { code, stderr } = await program.end('SIGTERM');
    expect([name, code, stderr]).toEqual([name, 0, '']);
  }
}, 180_000);

test('each device was settled once', async () => {
  for (const id of orders.flatMap((order) => order.devices)) {
    const found = await devicesById(db, id);
    expect(found).toHaveLength(1);
    const history = await deviceHistory(db, found[0]?.id ?? 0);
    expect([id, ...history.map((row) => row.status)]).toEqual([
      id,
      'Enrol Pending',
      'Enrol Requested',
      'Enrolled',
    ]);
  }
});

test('no batch is there twice, and none is unfinished', async () => {
  const batches = await listBatches(db, { limit: 1000, order: 'oldest' });
  const ofType = (type: string) => batches.filter((batch) => batch.type === type);
  expect(ofType('Sales Order Dispatch')).toHaveLength(orders.length);
  expect(ofType('Device Enrolment Response')).toHaveLength(orders.length);
  const items = await db
    .selectFrom('batch_item')
    .innerJoin('batch', 'batch.id', 'batch_item.batch_id')
    .select(['batch.type', 'customer_reference'])
    .execute();
  const references = items.map((item) => `${item.type} ${item.customer_reference}`);
  expect(new Set(references).size).toBe(references.length);
  expect(references).toHaveLength(3 * orders.length);
  expect(batches.filter((batch) => batch.status !== 'Complete')).toEqual([]);
});

test('every file is in one place, and nothing is left half done', async () => {
  const inboxes = [
    'inboundSalesOrderDispatch',
    'inboundDeviceEnrolment',
    'outboundDeviceEnrolment',
    'provider/apple/inbound',
  ];
  for (const inbox of inboxes) {
    for (const folder of ['in', 'work', 'tmp', 'hold']) {
      expect([inbox, folder, ...(await installation.files(inbox, folder))]).toEqual([inbox, folder]);
    }
  }
  const done = (await installation.files('inboundSalesOrderDispatch', 'done')).map((path) =>
    path.split('/').at(-1),
  );
  expect(done.sort()).toEqual(orders.map((order) => `${order.id}.pgp`));
  expect(await installation.files('inboundSalesOrderDispatch', 'rejected')).toEqual([]);
});

test('no generic file was processed twice: one that its publisher showed again was known by its bytes', async () => {
  const files = await listDeliveries(db, { limit: 10_000 });
  const received = files.filter((file) => file.direction === 'in');
  const unfinished = files.filter((file) => file.state !== 'done' && file.fault_code !== 'DUPLICATE');
  expect(unfinished.map(({ name, state, fault_code: code }) => [name, state, code])).toEqual([]);
  for (const folder of ['outboundDeviceEnrolment', 'inboundDeviceEnrolment']) {
    const taken = received
      .filter((file) => file.folder === folder && file.state === 'done')
      .map((file) => file.name);
    const published = files.filter((file) => file.folder === `${folder}/in`).map((file) => file.name);
    expect(taken.sort()).toEqual(published.sort());
  }
});
