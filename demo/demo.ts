import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { shortTime, table } from '../bin/output.ts';
import { openInstallation } from '../shared/store/installation.ts';
import { salesOrderDispatch } from '../shared/generic/sales-order-dispatch.ts';
import { writeDocument } from '../shared/generic/document.ts';
import type { KeyRing } from '../shared/pgp/key-ring.ts';
import { sealMessage } from '../shared/pgp/seal.ts';
import { listDeliveries } from '../shared/store/delivery-lists.ts';
import { deviceHistory, devicesById } from '../shared/store/devices.ts';
import type { Db } from '../shared/store/tables.ts';
import { listEvents } from '../shared/store/workflow-events.ts';
import { cast, type CastMember } from './cast.ts';
import { Installation, makePartner } from './installation.ts';
import { dispatchOf, storyOf, type Story } from './scenario.ts';
import { startFileProvider, startHttpsProvider } from './start-provider.ts';

/**
 * The main job from end to end: orders are imported, the warehouse reports their dispatch in sealed files, the devices
 * are enrolled at simulated providers, one of each is returned, and what is damaged or wrongly signed is refused. Every
 * part is a process of its own. Exits with 1 when anything is not as it should be, and with 2 for an unknown provider.
 *
 *   npm run demo                          Apple over files, Google over HTTPS
 *   npm run demo -- --provider NAME       one provider, over HTTPS
 *   npm run demo -- --keep                leaves the installation behind, to look at
 */

const patienceSeconds = 120;
const { values: options } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, provider: { type: 'string' } },
});
const problems: string[] = [];
const expect = (holds: boolean, otherwise: string) => {
  if (!holds) problems.push(otherwise);
};
const say = (text: string) => console.log(text);

const stories = chooseStories(options.provider);
const devices = stories.flatMap((story) => story.devices);

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

function chooseStories(name: string | undefined): Story[] {
  const member = (id: string): CastMember => {
    const found = cast.find((each) => each.id === id);
    if (found) return found;
    console.error(`no provider ${id}; there are ${cast.map((each) => each.id).join(', ')}`);
    process.exit(2);
  };
  if (name !== undefined) return [storyOf(member(name), 'https')];
  return [storyOf(member('apple'), 'spool'), storyOf(member('google-zero-touch'), 'https')];
}

async function play(): Promise<void> {
  say('1. An installation with fresh keys; a warehouse and a stranger with keys of their own');
  const { warehouse, stranger } = await install();
  const { db } = await openInstallation({ home: installation.home });
  try {
    say('2. Four processes of ours: loader, extractor, adaptor, scheduler');
    for (const daemon of ['loader', 'extractor', 'adaptor', 'scheduler'])
      await installation.startDaemon(daemon);

    say('3. Sales orders are imported');
    const orders = join(installation.home, 'orders.json');
    await writeFile(orders, JSON.stringify(stories.flatMap((story) => story.orders)));
    say(`   ${(await installation.enrol('orders', 'import', orders)).trim()}`);

    say(
      '4. The warehouse reports the dispatches in sealed files; among them a damaged one and one of a stranger',
    );
    await dropDispatches(warehouse, stranger);
    await until('every device is dispatched', async () => (await dispatchedDevices(db)) === devices.length);
    await until('both bad files are refused', async () => (await rejections(db)).length === 2);

    say('5. The request job prepares a batch per provider; they go out sealed, and the providers answer');
    await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
    await until('the providers have answered for every device', () => settled(db));

    for (const { returned } of stories) {
      say(`6. ${returned} is returned`);
      await installation.enrol('device', 'unenrol', returned, '--reason', 'returned by the customer');
    }
    await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
    await until('the returns are done', () => settled(db));

    await report(db);
    await check(db);
  } finally {
    await db.destroy();
  }
}

async function install(): Promise<{ warehouse: KeyRing; stranger: KeyRing }> {
  await installation.enrol('init');
  const providers = [];
  for (const story of stories) {
    const { member, transport } = story;
    say(
      `   ${member.title} is simulated ${transport === 'https' ? 'over HTTPS' : 'at the other end of the spool'}`,
    );
    const start = transport === 'https' ? startHttpsProvider : startFileProvider;
    providers.push([member.id, await start(installation, member, story.rules)] as const);
  }
  await installation.configure([
    [['providers'], Object.fromEntries(providers)],
    [['spool', 'scanSeconds'], 1],
    [['extractor', 'pollSeconds'], 0.2],
    [['scheduler', 'pollSeconds'], 0.2],
    [['inboxes', 'inboundSalesOrderDispatch', 'quietSeconds'], 0.3],
  ]);
  await installation.enrol('init'); // The folders of the providers.
  await installation.enrol('keys', 'generate', '--name', 'Demo CMP');
  const warehouse = await makePartner(installation, 'warehouse');
  const stranger = await makePartner(installation, 'stranger');
  await installation.enrol('keys', 'import', warehouse.publicKeyFile, '--partner', 'warehouse');
  await installation.enrol('config', 'check');
  return { warehouse: warehouse.ring, stranger: stranger.ring };
}

async function dropDispatches(warehouse: KeyRing, stranger: KeyRing): Promise<void> {
  const inbox = 'inboundSalesOrderDispatch';
  const fileOf = (order: string, ring: KeyRing) =>
    sealMessage(Buffer.from(writeDocument(salesOrderDispatch, dispatchOf(order, devices))), ring, {
      encryptTo: ['cmp'],
    });
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
  const found = await Promise.all(devices.map(({ device }) => devicesById(db, device.deviceId)));
  return found.filter((rows) => rows.length > 0).length;
}

function rejections(db: Db) {
  return listDeliveries(db, { states: ['rejected', 'held'], limit: 100 });
}

async function settled(db: Db): Promise<boolean> {
  const found = await Promise.all(devices.map(({ device }) => devicesById(db, device.deviceId)));
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
    devices.map(async ({ device, order, story }) => {
      const [row] = await devicesById(db, device.deviceId);
      const history = row ? await deviceHistory(db, row.id) : [];
      return [device.deviceId, order, story, history.map((step) => step.status).join(' → ')];
    }),
  );
  say('');
  say(table(['device', 'order', 'story', 'status'], rows).join('\n'));
  say('\nWorkflow events');
  for (const event of (await listEvents(db, { limit: 100 })).reverse()) {
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
  for (const { device, ends } of devices) {
    const [row] = await devicesById(db, device.deviceId);
    expect(row?.status === ends, `${device.deviceId} is ${row?.status ?? 'unknown'}, not ${ends}`);
  }
  const notes = (await listEvents(db, { limit: 100 })).map((event) => event.notes).join('\n');
  for (const words of stories.flatMap((story) => story.refusals)) {
    expect(notes.includes(words), `no event carries the provider's words "${words}"`);
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
    ...stories.map(({ member }) => `provider/${member.id}/inbound`),
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
