import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { rulesSchema } from '../../demo/apple-service.ts';
import type { StoryEntry } from '../../shared/operator/device-story.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { listBatches } from '../../shared/store/batches.ts';
import { countFiles } from '../../shared/store/delivery-lists.ts';
import { deviceHistory, devicesById } from '../../shared/store/devices.ts';
import { findOrder } from '../../shared/store/orders.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import { waitFor } from '../support/wait-for.ts';
import { eventsOf } from '../support/store-lookups.ts';

/** The main job, one process at a time: each works off what is there and ends, so nothing is left to chance. */

const kept: OrderInHand = { id: '884210', devices: ['ZZTEST0001', 'ZZTEST0002'] };
const partly: OrderInHand = { id: '884211', devices: ['ZZTEST0003', 'ZZTEST0004'] };
const refused: OrderInHand = { id: '884212', devices: ['ZZTEST0005'], organisation: '7199999' };
const voided: OrderInHand = { id: '884213', devices: ['ZZTEST0006', 'ZZTEST0007'] };
const orders = [kept, partly, refused, voided];
const refusals = {
  device: { errorCode: 'DEP-ERR-DE-4304', errorMessage: 'The device is assigned to another customer.' },
  organisation: { errorCode: 'DEP-ERR-OR-4102', errorMessage: 'The customer id is not valid.' },
};

let installation: TestInstallation;
let provider: TestProvider;
let warehouse: KeyRing;
let db: Db;

beforeAll(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  provider = new TestProvider(installation);
  provider.rules = rulesSchema.parse({
    refuseDevices: { ZZTEST0004: refusals.device },
    refuseOrganisations: { '7199999': refusals.organisation },
  });
  db = await installation.store();
});
afterAll(() => installation.close());

async function once(daemon: string): Promise<void> {
  const { code, stdout, stderr } = await installation.run(daemon, '--once');
  expect({ code, stderr, ...(code !== 0 && { stdout }) }).toEqual({ code: 0, stderr: '' });
}

/**
 * From devices that wait to a request that the provider has received. Questions about earlier requests may come with it:
 * they are due by the clock.
 *
 * @returns what it was asked to do
 */
async function sendRequests(): Promise<unknown[]> {
  await once('scheduler');
  await once('extractor');
  await once('adaptor');
  const asked = [...(await provider.answerAll())];
  return asked.filter(([name]) => name.startsWith('bulk-enroll-devices.')).map(([, document]) => document);
}

/** From the provider's acknowledgement to the statuses of the devices. */
async function takeAnswers(): Promise<void> {
  await once('adaptor'); // Accepted: it asks for the result, which is not there yet.
  expect([...(await provider.answerAll()).keys()]).toEqual([
    expect.stringMatching(/^check-transaction-status\..*\.1\.json$/),
  ]);
  // It asks again a second later.
  await waitFor('the second question', async () => {
    await once('adaptor');
    return (await provider.answerAll()).size === 1 || undefined;
  });
  await once('adaptor');
  await once('loader');
  await once('scheduler');
}

const statuses = async (): Promise<Record<string, string>> =>
  Object.fromEntries(
    (await Promise.all(orders.flatMap((order) => order.devices).map((id) => devicesById(db, id))))
      .flat()
      .map((device) => [device.device_id, device.status]),
  );

test('orders are imported, dispatched, asked for at the provider, and enrolled but for what it refuses', async () => {
  const file = await writeInto(installation, 'orders.json', ordersFile(orders));
  await installation.enrol('orders', 'import', file);
  for (const order of orders) {
    const name = `sales-order-dispatch.wh-east.${order.id}.json.pgp`;
    await installation.drop('inboundSalesOrderDispatch', name, await sealedDispatch(order, warehouse));
  }
  await once('loader');
  expect(await sendRequests()).toMatchObject([
    {
      depResellerId: '16FCE4A0',
      orders: orders.map(({ id, devices, organisation = '7100456' }) => ({
        orderNumber: id,
        orderType: 'OR',
        customerId: organisation,
        deliveries: [{ deliveryNumber: `DN-${id}`, devices: devices.map((deviceId) => ({ deviceId })) }],
      })),
    },
  ]);
  expect(new Set(Object.values(await statuses()))).toEqual(new Set(['Enrol Requested']));

  await takeAnswers();
  expect(await statuses()).toEqual({
    ZZTEST0001: 'Enrolled',
    ZZTEST0002: 'Enrolled',
    ZZTEST0003: 'Enrolled',
    ZZTEST0004: 'Enrol Failed',
    ZZTEST0005: 'Enrol Failed',
    ZZTEST0006: 'Enrolled',
    ZZTEST0007: 'Enrolled',
  });
  expect(provider.service.orderOf('ZZTEST0001')).toBe('884210');
});

test('failures, whole or in part, raise an event with the words of the provider; success raises none', async () => {
  expect(await eventsOf(db, partly.id)).toMatchObject([
    {
      event_type: 'DEP',
      event_code: 'DEER',
      notes:
        'ORDER of order 884211 at apple: 1 of 2 device(s) succeeded.\n' +
        `ZZTEST0004: DEP-ERR-DE-4304 ${refusals.device.errorMessage}`,
    },
  ]);
  expect(await eventsOf(db, refused.id)).toMatchObject([
    { notes: expect.stringContaining(`ZZTEST0005: DEP-ERR-OR-4102 ${refusals.organisation.errorMessage}`) },
  ]);
  expect(await eventsOf(db, kept.id)).toEqual([]);
});

test('every batch is complete, and every file is done', async () => {
  const batches = await listBatches(db, { limit: 100, order: 'oldest' });
  const standings = batches.map(
    (batch) => `${batch.type} ${batch.direction}: ${batch.stage} · ${batch.status}`,
  );
  expect(standings.sort()).toEqual(
    [
      ...orders.map(() => 'Device Enrolment Response inbound: Batch · Complete'),
      'Device Enrolment Request outbound: Transmission · Complete',
      ...orders.map(() => 'Sales Order Dispatch inbound: Batch · Complete'),
    ].sort(),
  );
  expect((await countFiles(db)).filter((row) => row.state !== 'done')).toEqual([]);
  for (const inbox of ['inboundSalesOrderDispatch', 'inboundDeviceEnrolment', 'outboundDeviceEnrolment']) {
    for (const folder of ['in', 'work', 'tmp', 'rejected', 'hold']) {
      expect([folder, await installation.files(inbox, folder)]).toEqual([folder, []]);
    }
  }
});

test('device show tells the whole story, in order', async () => {
  const { value } = await installation.json('device', 'show', 'ZZTEST0004');
  const [{ entries }] = value as [{ entries: StoryEntry[] }];
  expect(entries.map((entry) => entry.at)).toEqual(entries.map((entry) => entry.at).sort());
  const told = entries.map((entry) => `${entry.kind}: ${entry.text}`);
  for (const part of [
    /^order: order 884211 entered \(Example Ltd\)/,
    /^operator: .*order\.import/,
    /^dispatch: delivery DN-884211 left WH-EAST/,
    /^file: sales-order-dispatch\.wh-east\.884211\.json\.pgp taken from inboundSalesOrderDispatch: done/,
    /^device: Enrol Pending \(dispatched by WH-EAST, delivery DN-884211\)/,
    /^batch: batch \d+: Extract\/Load · Complete/,
    /^device: Enrol Requested/,
    /^file: device-enrolment-request\.apple\.\d+\.json\.pgp to outboundDeviceEnrolment\/in: published/,
    /^provider: transaction \S+ at apple: queued as ZZTEST0004/,
    /^file: bulk-enroll-devices\.\S+\.json to provider\/apple\/outbound: published/,
    /^provider: transaction \S+ at apple: accepted as 0{8}-/,
    /^provider: transaction \S+ at apple: finished, this device: failed/,
    /^device: Enrol Failed \(DEP-ERR-DE-4304 The device is assigned to another customer\.\)/,
    /^event: DEP\/DEER: ORDER of order 884211/,
  ]) {
    expect(told).toEqual(expect.arrayContaining([expect.stringMatching(part)]));
  }
  const others = ['884210', '884212', '884213'];
  expect(told.filter((text) => others.some((id) => text.includes(id)))).toEqual([]);
  const { stdout } = await installation.run('device', 'show', 'ZZTEST0004');
  expect(stdout).toMatch(/^Device ZZTEST0004 of order 884211: Enrol Failed\n/);
});

test('VOID to the end: the order is cancelled; OVERRIDE to the end: the order goes on without a device', async () => {
  const reason = ['--reason', 'customer withdrew'];
  expect(await installation.json('orders', 'void', voided.id, ...reason)).toEqual({
    code: 0,
    value: { order: voided.id, devices: { 'Unenrol Pending': 2 } },
  });
  const changes = ['--drop', 'ZZTEST0002', '--organisation', 'apple=7100999', '--purchase-order', 'PO-77'];
  expect(await installation.json('orders', 'override', kept.id, ...changes, ...reason)).toEqual({
    code: 0,
    value: { order: kept.id, devices: { 'Enrol Pending': 1, 'Unenrol Pending': 1 } },
  });
  expect(await installation.json('orders', 'void', kept.id, ...reason)).toMatchObject({
    code: exitCodes.failed.code,
  });

  const [asked] = (await sendRequests()) as [{ orders: object[] }];
  expect(asked.orders).toEqual([
    expect.objectContaining({
      orderNumber: kept.id,
      orderType: 'OV',
      customerId: '7100999',
      poNumber: 'PO-77',
      deliveries: [
        expect.objectContaining({ deliveryNumber: 'SELF', devices: [{ deviceId: 'ZZTEST0001' }] }),
      ],
    }),
    expect.objectContaining({ orderNumber: voided.id, orderType: 'VD', deliveries: [] }),
  ]);
  // Asked, and not answered yet: the next wish has to wait.
  expect(await installation.json('orders', 'override', kept.id, ...changes, ...reason)).toMatchObject({
    code: exitCodes.failed.code,
    value: {
      error: { code: 'NOT_ALLOWED', detail: expect.stringContaining("waits for a provider's answer") },
    },
  });

  await takeAnswers();
  expect(await statuses()).toMatchObject({
    ZZTEST0001: 'Enrolled',
    ZZTEST0002: 'Unenrolled',
    ZZTEST0006: 'Unenrolled',
    ZZTEST0007: 'Unenrolled',
  });
  expect(await findOrder(db, voided.id)).toMatchObject({ status: 'Cancelled', pending_action: null });
  expect(await findOrder(db, kept.id)).toMatchObject({
    status: 'Complete',
    pending_action: null,
    purchase_order_number: 'PO-77',
  });
  expect(provider.service.orderOf('ZZTEST0001')).toBe(kept.id);
  for (const id of ['ZZTEST0002', 'ZZTEST0006', 'ZZTEST0007'])
    expect(provider.service.orderOf(id)).toBeUndefined();
  const [dropped] = await devicesById(db, 'ZZTEST0002');
  expect((await deviceHistory(db, dropped?.id ?? 0)).map((row) => row.status)).toEqual([
    'Enrol Pending',
    'Enrol Requested',
    'Enrolled',
    'Unenrol Pending',
    'Unenrol Requested',
    'Unenrolled',
  ]);
});

test('RETURN, refused as a whole: the devices are Unenrol Failed, with the reason', async () => {
  provider.rules = rulesSchema.parse({ refuseTransactions: 1, refusalCode: 'DEP-ERR-3004' });
  expect(await installation.json('device', 'unenrol', 'ZZTEST0001', '--reason', 'given back')).toMatchObject({
    code: 0,
  });
  expect(await sendRequests()).toMatchObject([
    { orders: [{ orderType: 'RE', deliveries: [{ devices: [{ deviceId: 'ZZTEST0001' }] }] }] },
  ]);
  await once('adaptor');
  await once('loader');
  await once('scheduler');
  expect(await statuses()).toMatchObject({ ZZTEST0001: 'Unenrol Failed' });
  expect(await eventsOf(db, kept.id)).toMatchObject([
    { notes: expect.stringContaining('DEP-ERR-3004 Refused by the rules') },
  ]);
});

test('loader --once ends with 6 when it rejected something, and the good files are loaded all the same', async () => {
  const good = { id: '884219', devices: ['ZZTEST0019'] };
  const stranger = await installation.addPartner('stranger', { known: false });
  const names = ['a-stranger.pgp', 'b-good.pgp', 'c-nonsense.pgp'];
  const contents = [
    await sealedDispatch(good, stranger),
    await sealedDispatch(good, warehouse),
    Buffer.from('nonsense'),
  ];
  for (const [index, name] of names.entries()) {
    await installation.drop('inboundSalesOrderDispatch', name, contents[index] ?? Buffer.alloc(0));
  }
  const { code, stdout } = await installation.run('loader', '--once');
  expect(code).toBe(exitCodes.refused.code);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; file?: string; code?: string });
  expect(
    lines
      .filter((line) => line.event === 'file.rejected')
      .map(({ file, code: fault }) => [file, fault])
      .sort(),
  ).toEqual([
    ['a-stranger.pgp', 'PGP_UNKNOWN_SIGNER'],
    ['c-nonsense.pgp', 'NOT_ENCRYPTED'],
  ]);
  expect(lines.filter((line) => line.event === 'file.done').map((line) => line.file)).toEqual(['b-good.pgp']);
  const reason = installation.spool('inboundSalesOrderDispatch', 'rejected', 'a-stranger.pgp.reason.json');
  expect(JSON.parse(await readFile(reason, 'utf8'))).toMatchObject({
    code: 'PGP_UNKNOWN_SIGNER',
    action: expect.any(String),
  });
});
