import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import type { Db } from '../../shared/store/tables.ts';
import { ordersFile, sealedDispatch } from '../support/dispatches.ts';
import { install, writeInto, type Program, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/** Intake that is paused and resumed, under real daemons. */

let installation: TestInstallation;
let warehouse: KeyRing;
let db: Db;
beforeEach(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  db = await installation.store();
});
afterEach(() => installation.close());

const inbox = 'inboundSalesOrderDispatch';
const other = 'inboundDeviceEnrolment';
const killAt = fileURLToPath(new URL('../chaos/kill-at.ts', import.meta.url));

const pause = (name: string) =>
  installation.enrol('intake', 'pause', name, '--reason', 'the disk is changed');
const resume = (name: string) => installation.enrol('intake', 'resume', name, '--reason', 'it is changed');

let orders = 0;
async function drop(name: string): Promise<void> {
  const order = { id: `70000${++orders}`, devices: [`ZZTEST000${orders}`] };
  await installation.drop(inbox, name, await sealedDispatch(order, warehouse));
}

/** Two rounds go by: the daemon takes one file after the other from its other inbox. */
async function twoRounds(): Promise<void> {
  for (const round of ['first', 'second']) {
    const name = `${round}-${++orders}`;
    await installation.drop(other, name, Buffer.from(name));
    await waitFor(`the ${round} round`, async () => (await placeOf(name)) ?? undefined);
  }
}

async function placeOf(name: string): Promise<string | undefined> {
  const row = (await listDeliveries(db, { limit: 100 })).find((each) => each.name === name);
  return row?.moved_at == null ? undefined : row.state;
}

const waiting = () => installation.files(inbox, 'in');
const settled = (name: string) => waitFor(`the end of ${name}`, () => placeOf(name));

async function startLoader(): Promise<Program> {
  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  return loader;
}

describe('an inbox that is paused', () => {
  test('while its daemon runs keeps what is dropped, and gives it out when it is resumed', async () => {
    const loader = await startLoader();
    await pause(inbox);
    await loader.logged('intake.paused');
    await drop('a.pgp');
    await twoRounds();
    expect(await waiting()).toEqual(['a.pgp']);
    expect((await installation.json('status')).value).toMatchObject({
      pauses: [{ intake: inbox, reason: 'the disk is changed' }],
    });
    await resume(inbox);
    expect(await settled('a.pgp')).toBe('done');
    expect(loader.events).toContain('intake.resumed');
    expect((await loader.end('SIGTERM')).code).toBe(0);
  });

  test('before its daemon starts, and while it is killed, keeps what waits; what was claimed goes on', async () => {
    await drop('a.pgp');
    const victim = installation.start(['loader'], {
      env: { NODE_OPTIONS: `--import=${killAt}`, KILL_AT: 'claim.linked:1' },
    });
    expect((await victim.exit).code).toBeNull();
    expect(await waiting()).toEqual(['a.pgp']);
    await pause(inbox);
    await drop('b.pgp');
    const killed = await startLoader();
    await killed.logged('intake.paused');
    // Its claim had begun: recovery brings it to an end.
    expect(await settled('a.pgp')).toBe('done');
    await twoRounds();
    expect(await waiting()).toEqual(['b.pgp']);
    await killed.end('SIGKILL');
    const loader = await startLoader();
    await loader.logged('intake.paused');
    await twoRounds();
    expect(await waiting()).toEqual(['b.pgp']);
    expect(await placeOf('b.pgp')).toBeUndefined();
    await resume(inbox);
    expect(await settled('b.pgp')).toBe('done');
  });

  test('is paused for --once as well', async () => {
    await pause(inbox);
    await drop('a.pgp');
    expect((await installation.run('loader', '--once')).code).toBe(exitCodes.ok.code);
    expect(await waiting()).toEqual(['a.pgp']);
    await resume(inbox);
    expect((await installation.run('loader', '--once')).code).toBe(exitCodes.ok.code);
    expect(await placeOf('a.pgp')).toBe('done');
  });
});

/** An order is dispatched, and its batch for the provider prepared. */
async function prepare(): Promise<void> {
  const order = { id: '800001', devices: ['ZZTEST9001'] };
  await installation.enrol('orders', 'import', await writeInto(installation, 'o.json', ordersFile([order])));
  await installation.drop(inbox, 'o.pgp', await sealedDispatch(order, warehouse));
  await installation.enrol('loader', '--once');
  await installation.enrol('job', 'run', 'salesOrderDispatch');
  await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
}

const requests = () => installation.files('outboundDeviceEnrolment', 'in');
const forApple = () => installation.files('provider', 'apple', 'outbound');

describe('the main job', () => {
  test('waits at the extractor, and then at the adaptor, while these are paused', async () => {
    await prepare();
    await pause('extractor');
    await installation.enrol('extractor', '--once');
    expect(await requests()).toEqual([]);
    await resume('extractor');
    await installation.enrol('extractor', '--once');
    expect(await requests()).toHaveLength(1);

    await pause('outboundDeviceEnrolment');
    await installation.enrol('adaptor', '--once');
    expect([await requests(), await forApple()]).toEqual([[expect.any(String)], []]);
    await resume('outboundDeviceEnrolment');
    await installation.enrol('adaptor', '--once');
    expect([await requests(), await forApple()]).toEqual([[], [expect.any(String)]]);
  }, 120_000);

  test('what the extractor has queued before it was paused is published all the same', async () => {
    await prepare();
    const env = { NODE_OPTIONS: `--import=${killAt}`, KILL_AT: 'extract.committed:1' };
    expect((await installation.start(['extractor'], { env }).exit).code).toBeNull();
    await pause('extractor');
    expect(await requests()).toEqual([]);
    await installation.enrol('extractor', '--once');
    expect(await requests()).toHaveLength(1);
  }, 120_000);
});

test('what is paused is listed; what there is not cannot be', async () => {
  await pause('provider/apple/inbound');
  expect((await installation.json('intake', 'list')).value).toEqual([
    { intake: other, pause: null },
    { intake: inbox, pause: null },
    { intake: 'outboundDeviceEnrolment', pause: null },
    { intake: 'provider/apple/inbound', pause: expect.objectContaining({ reason: 'the disk is changed' }) },
    { intake: 'extractor', pause: null },
  ]);
  expect(await installation.json('intake', 'pause', 'nothing', '--reason', 'x')).toMatchObject({
    code: exitCodes.notFound.code,
    value: { error: { code: 'NOT_FOUND' } },
  });
  expect(await installation.json('intake', 'pause', 'provider/apple/inbound', '--reason', 'x')).toMatchObject(
    {
      code: exitCodes.failed.code,
      value: { error: { code: 'NOT_ALLOWED' } },
    },
  );
});
