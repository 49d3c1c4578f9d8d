import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { cast } from '../../demo/cast.ts';
import { dispatchOf, storyOf } from '../../demo/scenario.ts';
import { startHttpsProvider } from '../../demo/start-provider.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { devicesById } from '../../shared/store/devices.ts';
import { openStore } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';
import { daemons, install, type Program, type TestInstallation } from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';
import { PostgresProxy } from '../support/postgres-proxy.ts';
import { patiently, PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** The main job, with a provider over HTTPS, over a network that cuts one COMMIT after the other. */

const member = cast.find(({ id }) => id === 'apple');
if (!member) throw new Error('no apple in the cast');
const story = storyOf(member, 'https');

let stores: PostgresStores;
let proxy: PostgresProxy;
let installation: TestInstallation;
let warehouse: KeyRing;
/** Past the proxy. */
let db: Db;

beforeEach(async () => {
  stores = await PostgresStores.start();
  proxy = await PostgresProxy.start(stores.server.port);
  const url = await stores.create();
  installation = await install(proxy.through(url));
  warehouse = await installation.addPartner('warehouse');
  db = await openStore(patiently(url));
});
afterEach(async () => {
  await installation.close();
  await db.destroy();
  await proxy.close();
  await stores.close();
});

async function statuses(): Promise<string[]> {
  const found = await Promise.all(story.devices.map(({ device }) => devicesById(db, device.deviceId)));
  return found.flat().map((device) => device.status);
}

const allAre = (what: string, wanted: readonly string[]) =>
  waitFor(what, async () => (await statuses()).join() === wanted.join() || undefined, 100);

/** A task that meets with it again and again rests longer each time. */
const mostCuts = 12;

/** Cuts COMMITs of whichever process, before or after the server has got them, until it is told to stop. */
function disturb(): { stop(): number } {
  let cuts = 0;
  let on = true;
  const next = (): void => {
    if (!on || cuts === mostCuts) return;
    void proxy.atCommit(cuts % 2 === 0 ? 'cut after' : 'cut before', cuts % 4).then(() => {
      cuts++;
      next();
    });
  };
  next();
  return {
    stop: () => {
      on = false;
      proxy.noAccident();
      return cuts;
    },
  };
}

test('D02 COMMITs of all daemons are cut: every device ends as it should, nothing is done twice', async () => {
  const own = await startHttpsProvider(installation, story.member, { ...story.rules, pendingQuestions: 0 });
  await installation.configure([
    [['providers'], { apple: own }],
    [['jobs', 'deviceEnrolmentRequest', 'schedule'], ''],
  ]);
  await installation.enrol('init');
  const file = join(installation.home, 'orders.json');
  await writeFile(file, JSON.stringify(story.orders));
  await installation.enrol('orders', 'import', file);
  const programs: Program[] = [];
  for (const daemon of daemons) programs.push(installation.start([daemon]));
  for (const program of programs) await program.logged('daemon.ready');

  const first = disturb();
  for (const order of new Set(story.devices.map((device) => device.order))) {
    const bytes = Buffer.from(writeDocument(salesOrderDispatch, dispatchOf(order, story.devices)));
    const sealed = await sealMessage(bytes, warehouse, { encryptTo: ['cmp'] });
    await installation.drop('inboundSalesOrderDispatch', `${order}.pgp`, sealed);
  }
  await allAre(
    'dispatched devices',
    story.devices.map(() => 'Enrol Pending'),
  );
  const cuts = first.stop();
  await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
  const second = disturb();
  await allAre(
    'what the provider says of each',
    // None is returned here, as it is in the story later.
    story.devices.map(({ ends }) => (ends === 'Unenrolled' ? 'Enrolled' : ends)),
  );
  expect(cuts + second.stop()).toBeGreaterThanOrEqual(10);

  const log = await readFile(join(installation.home, 'var', 'log', 'provider-apple.out'), 'utf8');
  const done = log
    .split('\n')
    .filter((line) => line.includes('bulk-enroll-devices') && line.endsWith(' 200'));
  const requests = await db.selectFrom('provider_request').select('state').execute();
  expect(done).toHaveLength(requests.length);
  const moves = await db.selectFrom('device_history').select(['device', 'status']).execute();
  expect(new Set(moves.map((move) => JSON.stringify(move))).size).toBe(moves.length);
  for (const program of programs) {
    expect(await program.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    for (const line of linesOf(program, 'task.stopped'))
      expect(line.code).toMatch(/^STORE_(UNREACHABLE|OUTCOME_UNKNOWN|BUSY)$/);
    expect(linesOf(program, 'file.rejected')).toEqual([]);
  }
}, 400_000);
