import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { shortTime, table } from '../bin/output.ts';
import { salesOrderDispatch } from '../shared/generic/sales-order-dispatch.ts';
import { writeDocument } from '../shared/generic/document.ts';
import type { KeyRing } from '../shared/pgp/key-ring.ts';
import { sealMessage } from '../shared/pgp/seal.ts';
import { listDeliveries } from '../shared/store/deliveries.ts';
import { deviceHistory, devicesById } from '../shared/store/devices.ts';
import { openStore } from '../shared/store/open-store.ts';
import type { Db } from '../shared/store/tables.ts';
import { listEvents } from '../shared/store/workflow-events.ts';
import { Installation, makePartner } from './installation.ts';
import { devices, dispatchOf, providerRules, returned } from './scenario.ts';

/**
 * The main job from end to end: orders are imported, the warehouse reports their dispatch in sealed files, the devices
 * are enrolled at a simulated provider, one is returned, and what is damaged or wrongly signed is refused. Every part is
 * a process of its own. Exits with 1 when anything is not as it should be.
 *
 *   npm run demo [-- --keep]     --keep leaves the installation behind, to look at
 */

const patienceSeconds = 120;
const { values: options } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const problems: string[] = [];
const expect = (holds: boolean, otherwise: string) => {
  if (!holds) problems.push(otherwise);
};
const say = (text: string) => console.log(text);

const appleOverSpool = {
  format: 'apple',
  transport: 'spool',
  account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
  inbox: { encryption: 'none', quietSeconds: 0.3 },
  poll: { firstSeconds: 0.5, everySeconds: 1 },
};

const installation = new Installation(await mkdtemp(join(tmpdir(), 'enrol-demo-')));
try {
  await play();
} catch (error) {
  problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
} finally {
  await installation.stop();
}
if (problems.length > 0) {
  say(`\nNOT AS IT SHOULD BE:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  say(`\nThe installation is kept: ${installation.home} (logs in var/log)`);
  process.exitCode = 1;
} else {
  say('\nEverything is as it should be.');
  if (options.keep) say(`The installation is kept: ${installation.home}`);
  else await rm(installation.home, { recursive: true });
}

async function play(): Promise<void> {
  say('1. An installation with fresh keys; a warehouse and a stranger with keys of their own');
  const { warehouse, stranger } = await install();
  const db = await openStore({ file: join(installation.home, 'var', 'enrol.db'), busySeconds: 5 });
  try {
    say('2. Four processes of ours (loader, extractor, adaptor, scheduler) and the provider');
    for (const daemon of ['loader', 'extractor', 'adaptor', 'scheduler'])
      await installation.startDaemon(daemon);
    await installation.startProvider(providerRules);

    say('3. Sales orders are imported');
    say(`   ${(await installation.enrol('orders', 'import', pathOf('orders.json'))).trim()}`);

    say(
      '4. The warehouse reports the dispatches in sealed files; among them a damaged one and one of a stranger',
    );
    await dropDispatches(warehouse, stranger);
    await until('every device is dispatched', async () => (await dispatchedDevices(db)) === devices.length);
    await until('both bad files are refused', async () => (await rejections(db)).length === 2);

    say('5. The request job prepares a batch; it goes out sealed, and the provider answers');
    await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
    await until('the provider has answered for every device', () => settled(db));

    say(`6. ${returned} is returned`);
    await installation.enrol('device', 'unenrol', returned, '--reason', 'returned by the customer');
    await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
    await until('the return is done', () => settled(db));

    await report(db);
    await check(db);
  } finally {
    await db.destroy();
  }
}

async function install(): Promise<{ warehouse: KeyRing; stranger: KeyRing }> {
  await installation.enrol('init');
  await installation.configure([
    [['providers'], { apple: appleOverSpool }],
    [['spool', 'scanSeconds'], 1],
    [['extractor', 'pollSeconds'], 0.2],
    [['scheduler', 'pollSeconds'], 0.2],
    [['inboxes', 'inboundSalesOrderDispatch', 'quietSeconds'], 0.3],
  ]);
  await installation.enrol('init'); // The folders of the provider.
  await installation.enrol('keys', 'generate', '--name', 'Demo CMP');
  const warehouse = await makePartner(installation, 'warehouse');
  const stranger = await makePartner(installation, 'stranger');
  await installation.enrol('keys', 'import', warehouse.publicKeyFile, '--partner', 'warehouse');
  await installation.enrol('config', 'check');
  return { warehouse: warehouse.ring, stranger: stranger.ring };
}

function pathOf(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function dropDispatches(warehouse: KeyRing, stranger: KeyRing): Promise<void> {
  const inbox = 'inboundSalesOrderDispatch';
  const fileOf = (order: string, ring: KeyRing) =>
    sealMessage(writeDocument(salesOrderDispatch, dispatchOf(order)), ring, { encryptTo: ['cmp'] });
  const orders = [...new Set(devices.map((device) => device.order))];
  for (const [index, order] of orders.entries()) {
    await installation.drop(
      inbox,
      `sales-order-dispatch.wh-east.${order}.json.pgp`,
      await fileOf(order, warehouse),
    );
    if (index === 1) {
      const damaged = await fileOf(order, warehouse);
      damaged[damaged.length - 40] = (damaged[damaged.length - 40] ?? 0) ^ 0x01;
      await installation.drop(inbox, 'damaged.json.pgp', damaged);
      await installation.drop(inbox, 'stranger.json.pgp', await fileOf(order, stranger));
    }
  }
}

async function dispatchedDevices(db: Db): Promise<number> {
  const found = await Promise.all(devices.map((device) => devicesById(db, device.serialNumber)));
  return found.filter((rows) => rows.length > 0).length;
}

function rejections(db: Db) {
  return listDeliveries(db, { states: ['rejected', 'held'], limit: 100 });
}

async function settled(db: Db): Promise<boolean> {
  const found = await Promise.all(devices.map((device) => devicesById(db, device.serialNumber)));
  return found.flat().every((device) => !/Pending|Requested/.test(device.status));
}

/** Waits for a condition. @throws when it does not come true, or a process has ended */
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patienceSeconds * 1000;
  while (!(await holds())) {
    const ended = installation.ended();
    if (ended.length > 0) throw new Error(`while waiting until ${what}: ${ended.join(', ')} has ended`);
    if (Date.now() > deadline) throw new Error(`waited ${patienceSeconds} s in vain until ${what}`);
    await pause(100);
  }
  say(`   ✓ ${what}`);
}

async function report(db: Db): Promise<void> {
  const rows = await Promise.all(
    devices.map(async (device) => {
      const [row] = await devicesById(db, device.serialNumber);
      const history = row ? await deviceHistory(db, row.id) : [];
      return [
        device.serialNumber,
        device.order,
        device.story,
        history.map((step) => step.status).join(' → '),
      ];
    }),
  );
  say('');
  say(table(['device', 'order', 'story', 'status'], rows).join('\n'));
  say('\nWorkflow events');
  for (const event of (await listEvents(db, 100)).reverse()) {
    say(
      `  ${shortTime(event.created_at)}  ${event.event_type}/${event.event_code}  order ${event.reference_number}`,
    );
    say(event.notes.replace(/^/gm, '    '));
  }
  say('\nRefused files');
  for (const file of (await rejections(db)).reverse())
    say(`  ${file.name}: ${file.fault_code ?? ''} (${file.place ?? ''})`);
}

async function check(db: Db): Promise<void> {
  for (const device of devices) {
    const [row] = await devicesById(db, device.serialNumber);
    expect(
      row?.status === device.ends,
      `${device.serialNumber} is ${row?.status ?? 'unknown'}, not ${device.ends}`,
    );
  }
  const notes = (await listEvents(db, 100)).map((event) => event.notes).join('\n');
  for (const refusal of Object.values({
    ...providerRules.refuseDevices,
    ...providerRules.refuseOrganisations,
  })) {
    expect(notes.includes(refusal.errorMessage), `no event carries the message of ${refusal.errorCode}`);
  }
  const codes = (await rejections(db)).map((file) => `${file.name} ${file.fault_code ?? ''}`).sort();
  const wanted = ['damaged.json.pgp PGP_INTEGRITY', 'stranger.json.pgp PGP_UNKNOWN_SIGNER'];
  expect(codes.join() === wanted.join(), `refused: ${codes.join(', ')}; wanted: ${wanted.join(', ')}`);
  await checkSpool();
  const codesOfStop = Object.entries(await installation.stop());
  for (const [name, code] of codesOfStop) expect(code === 0, `${name} ended with ${code ?? 'a signal'}`);
}

/** Nothing is left half done, and each refused file has its reason beside it. */
async function checkSpool(): Promise<void> {
  const inboxes = [
    'inboundSalesOrderDispatch',
    'inboundDeviceEnrolment',
    'outboundDeviceEnrolment',
    'provider/apple/inbound',
  ];
  for (const inbox of inboxes) {
    for (const folder of ['in', 'work', 'tmp', 'hold']) {
      const names = await readdir(installation.spool(inbox, folder));
      expect(names.length === 0, `${inbox}/${folder} still holds ${names.join(', ')}`);
    }
  }
  const rejected = installation.spool('inboundSalesOrderDispatch', 'rejected');
  for (const name of ['damaged.json.pgp', 'stranger.json.pgp']) {
    const reason = JSON.parse(await readFile(join(rejected, `${name}.reason.json`), 'utf8')) as {
      code?: string;
    };
    expect(reason.code !== undefined, `${name} has no reason`);
  }
}
