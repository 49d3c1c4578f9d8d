import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { makeWish } from '../../shared/store/job-wishes.ts';
import type { DeviceStatus } from '../../shared/store/states/device.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, dispatchBytes, type OrderInHand } from '../../test/support/dispatches.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { PgpPool } from '../pgp/pool.ts';
import { dispatchInbox, named, Waiting } from '../scene/drop.ts';
import { withHome, type Home, type Settings } from '../scene/home.ts';
import { Ledger } from '../scene/ledger.ts';
import type { BenchProcess } from '../scene/process.ts';
import { withStore } from '../scene/store.ts';
import { apple } from './adaptor.ts';

export const devicesPerOrder = 10;
const ordersOf = (devices: number): number => Math.max(1, Math.ceil(devices / 1000));
const daemons = ['loader', 'extractor', 'adaptor', 'scheduler'];
const simulator = fileURLToPath(new URL('../../demo/apple-simulator.ts', import.meta.url));

/** Asked for soon, and answered at once: who waits for Apple is not measured. */
export const chainSettings: Settings = [
  [['providers'], { apple: { ...apple, poll: { firstSeconds: 0.1, everySeconds: 1 } } }],
  [['spool', 'scanSeconds'], 0.5],
];
const rules = { pendingQuestions: 0 };

/** All four daemons and a simulated Apple: from the import of the orders to devices that are enrolled. */
export const chain: Measurement = {
  name: 'chain',
  what: 'whole chain, orders of 10 devices: imported to every device enrolled',
  against: 'its slowest stage alone',
  target: {},
  size: ({ devices }) => `${counted(ordersOf(devices) * devicesPerOrder)} devices`,
  run: ({ devices }) =>
    withHome({ settings: chainSettings }, async (home) => {
      const { seconds, devices: count } = await runChain(home, ordersOf(devices));
      const stages = stagesOf(home);
      return {
        measured: count / seconds,
        reference: count / Math.max(...stages.map((stage) => stage.seconds)),
        unit: 'devices/s',
        details: [
          `${shown(seconds)} s in all`,
          ...stages.map(
            (stage) => `${stage.name}: ${shown(stage.seconds)} s, ${counted(stage.things)} ${stage.of}`,
          ),
        ],
      };
    }),
};

/** @returns how long it took from the import to the last device, whose number is told too */
export async function runChain(home: Home, count: number): Promise<{ seconds: number; devices: number }> {
  const orders = Array.from({ length: count }, (_, n) => orderInHand(n + 1));
  const waiting = new Waiting(home, dispatchInbox);
  const sealed = await PgpPool.with(home.received, (pool) => pool.all('seal', orders.map(dispatchBytes)));
  await waiting.add(named(sealed));
  const file = join(home.home, 'orders.json');
  await writeFile(file, ordersFile(orders));
  const processes = await startAll(home);
  const seconds = await timed(() => play(home, { file, waiting, orders: count, processes }));
  for (const process of processes) await process.stop();
  return { seconds, devices: count * devicesPerOrder };
}

const orderInHand = (id: number): OrderInHand => ({
  id: String(id),
  devices: Array.from({ length: devicesPerOrder }, (_, n) => `CHAIN${id}X${n}`),
});

async function startAll(home: Home): Promise<BenchProcess[]> {
  const folders = ['outbound', 'inbound/in'].map((folder) => home.spool('provider', 'apple', folder));
  for (const folder of folders) await mkdir(folder, { recursive: true });
  const [outbound = '', inbound = ''] = folders;
  const rulesFile = join(home.home, 'rules.json');
  await writeFile(rulesFile, JSON.stringify(rules));
  const words = [simulator, '--outbound', outbound, '--inbound', inbound, '--rules', rulesFile];
  const processes = [await home.program('apple-simulator', words, 'takes requests from')];
  for (const name of daemons) processes.push(await home.daemon(name));
  return processes;
}

interface Played {
  readonly file: string;
  readonly waiting: Waiting;
  readonly orders: number;
  readonly processes: readonly BenchProcess[];
}

const play = (home: Home, { file, waiting, orders, processes }: Played): Promise<void> =>
  withStore(home, async ({ db }) => {
    const all = async (...statuses: DeviceStatus[]) => {
      while ((await devicesIn(db, statuses)) < orders * devicesPerOrder) {
        for (const process of processes) process.mustRun();
        await pause(20);
      }
    };
    await home.enrol('orders', 'import', file);
    waiting.drop(orders);
    // The schedule of the job may come first, and take some of them.
    await all('Enrol Pending', 'Enrol Requested', 'Enrolled');
    await makeWish(db, 'deviceEnrolmentRequest', 'bench', new Date());
    await all('Enrolled');
  });

/** Counted by the store itself, which costs little. */
async function devicesIn(db: Db, statuses: readonly DeviceStatus[]): Promise<number> {
  const rows = await db
    .selectFrom('device_count')
    .select('devices')
    .where('status', 'in', statuses)
    .execute();
  return rows.reduce((total, { devices }) => total + devices, 0);
}

interface Stage {
  readonly name: string;
  readonly seconds: number;
  readonly things: number;
  readonly of: 'files' | 'records';
}

/** How long each stage was at it: files from the first seen to the last settled, jobs by their runs. */
function stagesOf(home: Home): Stage[] {
  const seconds = (from: string, to: string) => `(julianday(${to}) - julianday(${from})) * 86400`;
  const ledger = new Ledger(home);
  try {
    const rows = ledger.db
      .prepare(
        `select iif(direction = 'in', 'taken from ', 'published into ') || folder as name, 'files' as "of",
           count(*) as things, min(seen_at) as begins, ${seconds('min(seen_at)', 'max(moved_at)')} as seconds
         from delivery group by direction, folder
         union all
         select 'job ' || job, 'records', sum(coalesce(result_json ->> '$.records', 0)), min(started_at),
           sum(${seconds('started_at', 'finished_at')})
         from job_run where state = 'complete' group by job
         order by begins`,
      )
      .all();
    return rows as Stage[];
  } finally {
    ledger.close();
  }
}
