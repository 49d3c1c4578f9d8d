import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { explainFile } from '../../bin/explain/explain-file.ts';
import type { Explanation } from '../../bin/explain/explanation.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { loadConfig } from '../../shared/runtime/config.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { findDelivery } from '../../shared/store/deliveries.ts';
import { devicesOfOrder } from '../../shared/store/devices.ts';
import type { Db } from '../../shared/store/tables.ts';
import { dispatchBytes, ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';
import { tracesOf } from '../support/traces.ts';

/** `enrol explain`: what it says of a file is what then becomes of it, and nothing has changed when it has said so. */

const order: OrderInHand = { id: '5001', devices: ['ZZEXPL0001', 'ZZEXPL0002'] };
const unknown: OrderInHand = { id: '9999', devices: ['ZZEXPL0003'] };

let installation: TestInstallation;
let warehouse: KeyRing;
let stranger: KeyRing;
let db: Db;
beforeAll(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  stranger = await installation.addPartner('stranger', { known: false });
  await installation.run(
    'orders',
    'import',
    await writeInto(installation, 'orders.json', ordersFile([order])),
  );
  db = await installation.store();
});
afterAll(() => installation.close());

/** Explains a file, and makes sure that this has left no trace. */
async function explain(path: string, inbox?: string): Promise<Explanation> {
  const loaded = await loadConfig({ home: installation.home, env: {} });
  const before = await tracesOf(installation.home, db);
  const found = await explainFile(loaded, db, path, inbox);
  expect(await tracesOf(installation.home, db)).toEqual(before);
  return found;
}

/** The file that lies in in/ of an inbox. */
async function waitingIn(inbox: string, begins = ''): Promise<string> {
  const folder = installation.spool(inbox, 'in');
  const [name] = (await readdir(folder)).filter((each) => each.startsWith(begins));
  return join(folder, name ?? 'nothing waits there');
}

async function once(daemon: string): Promise<void> {
  const { code, stdout, stderr } = await installation.run(daemon, '--once');
  expect({ code, stderr, ...(code !== 0 && { stdout }) }).toEqual({ code: 0, stderr: '' });
}

const saysOf = ({ steps }: Explanation, step: string): string | undefined =>
  steps.find((each) => each.step === step)?.says;

const sealed = (content: string, by = warehouse) =>
  sealMessage(Buffer.from(content), by, { encryptTo: ['cmp'] });

describe('a file that is refused', () => {
  const inbox = 'inboundSalesOrderDispatch';
  const elsewhere = (name: string, bytes: string | Uint8Array) => writeInto(installation, name, bytes);

  test.each([
    ['garbage', 'x.bin', 'BAD_NAME', () => Promise.resolve(Buffer.from('\u0000garbage')), ' x .bin'],
    ['plain', 'plain.json', 'NOT_ENCRYPTED', () => Promise.resolve(dispatchBytes(order)), undefined],
    ['empty', 'empty.pgp', 'EMPTY_FILE', () => Promise.resolve(Buffer.alloc(0)), undefined],
    ['of a stranger', 'stranger.pgp', 'PGP_UNKNOWN_SIGNER', () => sealedDispatch(order, stranger), undefined],
    ['no JSON', 'text.pgp', 'JSON_MALFORMED', () => sealed('no JSON'), undefined],
    [
      'of another schema',
      'schema.pgp',
      'SCHEMA_VIOLATION',
      () => sealed(Buffer.from(dispatchBytes(order)).toString().replace('"DISPATCHED"', '"LOST"')),
      undefined,
    ],
  ])('%s says why, with the code', async (_, name, code, content, other) => {
    const path = await elsewhere(other ?? name, await content());
    const found = await explain(path, inbox);
    expect(found).toMatchObject({ fate: 'rejected', fault: { code }, consequences: [] });
    expect(found.steps.at(-1)?.says).toContain(code);
  });

  test('though it is plain, is looked at as if it were sealed', async () => {
    const found = await explain(await elsewhere('plain2.json', dispatchBytes(order)), inbox);
    expect(saysOf(found, 'were it sealed')).toMatch(
      /^Sales Order Dispatch, 1 record\(s\)\. A batch is made.* 2 device\(s\) become Enrol Pending\./,
    );
  });

  test('names the place of each problem, and quotes nothing', async () => {
    const text = Buffer.from(dispatchBytes(order)).toString().replace('"DN-5001"', '17');
    const found = await explain(await elsewhere('place.pgp', await sealed(text)), inbox);
    expect(found.fault?.detail).toMatch(/orders\/0\/deliveryNumber|\/orders\/0/);
    expect(JSON.stringify(found)).not.toContain('ZZEXPL');
  });

  test('tells its inbox by its name, or has to be told', async () => {
    await expect(explain(await elsewhere('sales-order-dispatch.x.1.json.pgp', 'x'))).resolves.toMatchObject({
      inbox,
    });
    await expect(explain(await elsewhere('anything', 'x'))).rejects.toMatchObject({
      code: 'BAD_INPUT',
      detail: expect.stringContaining('--inbox, one of inboundDeviceEnrolment'),
    });
    await expect(explain(join(installation.home, 'nothing'), inbox)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  test('ends the command with 6, in words and in JSON', async () => {
    const path = await elsewhere('again.json', 'x');
    const { code, stdout } = await installation.run('explain', path, '--inbox', inbox);
    expect(code).toBe(exitCodes.refused.code);
    expect(stdout).toMatch(/^form +note +It is not sealed\.$/m);
    expect(stdout).toMatch(/^It would be rejected\.\nWhat to do: /m);
    expect(await installation.json('explain', path, '--inbox', inbox)).toMatchObject({
      code: exitCodes.refused.code,
      value: { fate: 'rejected', fault: { code: 'NOT_ENCRYPTED' } },
    });
  });
});

test.each([
  ['no JSON', 'bulk-enroll-devices.x.json', 'no JSON', 'JSON_MALFORMED', 'rejected'],
  ['no answer of this provider', 'bulk-enroll-devices.x.json', '{"a": 1}', 'UNKNOWN_ANSWER', 'rejected'],
  [
    'about a request that nobody made',
    'bulk-enroll-devices.x.json',
    '{"deviceEnrollmentTransactionId": "d3b0", "enrollDevicesResponse": {"statusCode": "SUCCESS", "statusMessage": "ok"}}',
    'UNKNOWN_TRANSACTION',
    'deferred',
  ],
])('a provider’s file with %s', async (_, name, content, code, fate) => {
  const path = await writeInto(installation, name, content);
  expect(await explain(path)).toMatchObject({ inbox: 'provider/apple/inbound', fate, fault: { code } });
});

test('a file that is somebody’s work in progress, or a marker, is left alone; one without its marker waits', async () => {
  const folder = installation.spool('inboundSalesOrderDispatch', 'in');
  const part = join(folder, 'x.part');
  await writeFile(part, 'x');
  expect(await explain(part)).toMatchObject({ fate: 'left alone', fault: null });
  await rename(part, join(installation.home, 'x.part'));

  const inbox = ['inboxes', 'inboundSalesOrderDispatch', 'marker'];
  await installation.configure([[inbox, '.ok']]);
  const path = join(folder, 'x.pgp');
  await writeFile(path, 'x');
  expect(await explain(path)).toMatchObject({ fate: 'waits' });
  await writeFile(`${path}.ok`, '{"size": 2}');
  expect(await explain(`${path}.ok`)).toMatchObject({ fate: 'left alone' });
  expect(await explain(path)).toMatchObject({ fate: 'rejected', fault: { code: 'MANIFEST_MISMATCH' } });
  await mkdir(join(installation.home, 'away'));
  for (const name of ['x.pgp', 'x.pgp.ok'])
    await rename(join(folder, name), join(installation.home, 'away', name));
  await installation.configure([[inbox, '']]);
});

test('from the dispatch to the enrolled devices, each file ends as was said of it', async () => {
  const provider = new TestProvider(installation);
  await installation.drop('inboundSalesOrderDispatch', 'd1.pgp', await sealedDispatch(order, warehouse));
  const dispatch = await explain(await waitingIn('inboundSalesOrderDispatch'));
  expect(dispatch).toMatchObject({ fate: 'processed', fault: null });
  expect(saysOf(dispatch, 'seal')).toMatch(
    /^It opens with our key [0-9a-f]+; signed by warehouse, key [0-9a-f]{40}\.$/,
  );
  expect(dispatch.consequences).toEqual([
    'A batch is made: Sales Order Dispatch, 1 record(s).',
    'The batch stands at Batch · Complete.',
    '2 device(s) become Enrol Pending.',
    'The job Sales Order Dispatch follows at once: 0 of 1 record(s) end in error.',
  ]);
  await once('loader');
  await once('scheduler');
  const statuses = async () => (await devicesOfOrder(db, order.id)).map(({ status }) => status);
  expect(await statuses()).toEqual(['Enrol Requested', 'Enrol Requested']);

  const row = await findDelivery(db, 1);
  const again = await explain(installation.spool(row?.place ?? ''));
  expect(again).toMatchObject({ fate: 'rejected', fault: { code: 'DUPLICATE' } });
  expect(saysOf(again, 'ledger')).toMatch(/^The ledger has it as file 1: done on /);

  const late = await sealedDispatch(unknown, warehouse);
  const nobody = await explain(await writeInto(installation, 'sales-order-dispatch.x.2.json.pgp', late));
  expect(nobody).toMatchObject({ fate: 'processed' });
  expect(nobody.consequences.at(-1)).toMatch(/^batch \d+, item 1: NOT_FOUND: .*9999/);

  await once('extractor');
  const request = await explain(await waitingIn('outboundDeviceEnrolment'));
  expect(request.fate).toBe('processed');
  expect(request.consequences).toEqual([
    expect.stringMatching(/^Batch \d+ stands at Transmission · In progress/),
    expect.stringMatching(/^Request \S+ to apple is made, and queued\.$/),
    '1 request file(s) are published into provider/apple/outbound.',
  ]);
  await once('adaptor');

  await provider.answerAll();
  const acknowledged = await explain(await waitingIn('provider/apple/inbound'));
  expect(acknowledged.consequences).toEqual([
    expect.stringMatching(/^Request \S+ was sent, and is accepted\.$/),
  ]);
  await once('adaptor');
  await provider.answerAll();
  const finished = await lastAnswer(provider);
  expect(finished.consequences).toEqual([
    expect.stringMatching(/^Request \S+ was (accepted|pending), and is finished\.$/),
    '1 generic response(s) are published into inboundDeviceEnrolment/in.',
  ]);
  await once('adaptor');

  const response = await explain(await waitingIn('inboundDeviceEnrolment'));
  expect(saysOf(response, 'seal')).toMatch(/signed by own/);
  expect(response.consequences).toContain('2 device(s) become Enrolled.');
  await once('loader');
  await once('scheduler');
  expect(await statuses()).toEqual(['Enrolled', 'Enrolled']);
}, 180_000);

/** The provider is asked until it answers with a result, as the adaptor does it. */
async function lastAnswer(provider: TestProvider): Promise<Explanation> {
  for (let asked = 0; asked < 20; asked++) {
    const path = await waitingIn('provider/apple/inbound').catch(() => '');
    const found = path.includes('nothing waits') ? undefined : await explain(path);
    if (found?.consequences.some((line) => line.includes('is finished'))) return found;
    await once('adaptor');
    await provider.answerAll();
  }
  throw new Error('the provider never answered with a result');
}
