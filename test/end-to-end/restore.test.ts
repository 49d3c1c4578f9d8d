import { copyFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';

/** The store is restored from the backup of yesterday, while the spool goes on from today. */

const inbox = 'inboundSalesOrderDispatch';
const orders: OrderInHand[] = ['9001', '9002', '9003'].map((id) => ({ id, devices: [`ZZ${id}`] }));
const [yesterdays, todays, lates] = orders as [OrderInHand, OrderInHand, OrderInHand];

let installation: TestInstallation;
/** The very bytes of each file, since sealing twice gives other bytes. */
const sealed = new Map<string, Uint8Array>();

async function begin(stores?: PostgresStores): Promise<void> {
  installation = await install(stores);
  const warehouse = await installation.addPartner('warehouse');
  await installation.enrol(
    'orders',
    'import',
    await writeInto(installation, 'orders.json', ordersFile(orders)),
  );
  for (const order of orders) sealed.set(order.id, await sealedDispatch(order, warehouse));
}

const drop = (name: string, bytes: Uint8Array | undefined) =>
  installation.drop(inbox, name, bytes ?? Buffer.from(''));
const dropOrder = (order: OrderInHand, name = `${order.id}.pgp`) => drop(name, sealed.get(order.id));
const load = async () => (await installation.run('loader', '--once')).code;
const archived = async () => (await installation.files(inbox, 'done')).map((path) => path.slice(11));
const files = async (...states: string[]) =>
  (await installation.json('file', 'list', '--state', ...states)).value as Delivery[];
const batches = async () => ((await installation.json('batch', 'list')).value as unknown[]).length;
const differences = async (): Promise<{ code: number | null; found: [string, string][] }> => {
  const { code, value } = await installation.json('spool', 'check');
  const report = value as { differences: { kind: string; place: string }[] };
  const found = report.differences.map(({ kind, place }): [string, string] => [
    kind,
    place.replace(/done\/\d{4}\/\d\d\/\d\d/, 'DAY'),
  ]);
  return { code, found };
};

/** How a store is saved and put back while nobody has it open. @returns what puts it back */
type Save = () => Promise<() => Promise<void>>;

const saveFile: Save = async () => {
  const folder = join(installation.home, 'var');
  const backup = join(installation.home, 'yesterday.db');
  await copyFile(join(folder, 'enrol.db'), backup);
  return async () => {
    for (const name of await readdir(folder))
      if (name.startsWith('enrol.db')) await rm(join(folder, name), { recursive: true });
    await copyFile(backup, join(folder, 'enrol.db'));
  };
};

/** After a restore nothing is loaded again by itself, and what was processed is known again. */
async function restoreAndAdopt(save: Save): Promise<void> {
  await dropOrder(yesterdays);
  expect(await load()).toBe(exitCodes.ok.code);
  expect(await differences()).toEqual({ code: exitCodes.ok.code, found: [] });
  const putBack = await save();

  await dropOrder(todays);
  await drop('bad.pgp', Buffer.from('not a message'));
  expect(await load()).toBe(exitCodes.refused.code);
  expect(await differences()).toEqual({ code: exitCodes.ok.code, found: [] });
  await putBack();

  expect(await differences()).toEqual({
    code: exitCodes.refused.code,
    found: [
      ['unknown', `${inbox}/DAY/9002.pgp`],
      ['unknown', `${inbox}/rejected/bad.pgp`],
    ],
  });
  const shown = await installation.run('spool', 'check');
  expect(shown.stdout).toMatch(/9002\.pgp +the store does not know it\n/);
  expect(shown.stdout).toContain('4 file(s) and 1 row(s) compared, 2 difference(s)');

  // The daemons go on, and leave what lies in the archive alone.
  expect(await load()).toBe(exitCodes.ok.code);
  expect(await archived()).toEqual(['9001.pgp', '9002.pgp']);
  expect(await batches()).toBe(1);

  const { code, value } = await installation.json('spool', 'adopt', '--reason', 'yesterday’s backup');
  expect({ code, value }).toMatchObject({ code: 0, value: [{ folder: inbox, name: '9002.pgp' }] });
  expect(await differences()).toEqual({
    code: exitCodes.refused.code,
    found: [['unknown', `${inbox}/rejected/bad.pgp`]],
  });
  expect(await batches()).toBe(1);

  await dropOrder(todays);
  await dropOrder(lates);
  expect(await load()).toBe(exitCodes.refused.code);
  expect(await files('rejected')).toMatchObject([{ name: '9002.pgp', fault_code: 'DUPLICATE' }]);
  expect(await batches()).toBe(2);
}

describe('on PostgreSQL', () => {
  let stores: PostgresStores;
  beforeAll(async () => {
    stores = await PostgresStores.start();
    await begin(stores);
  });
  afterAll(async () => {
    await installation.close();
    await stores.close();
  });

  test(
    'K14: after a restore nothing is loaded again by itself, and what was processed is known again',
    () => restoreAndAdopt(() => installation.saveStore()),
    120_000,
  );
});

describe('embedded', () => {
  beforeAll(() => begin());
  afterAll(() => installation.close());

  test(
    'K14: after a restore nothing is loaded again by itself, and what was processed is known again',
    () => restoreAndAdopt(saveFile),
    120_000,
  );

  test('K14 V14: one file is loaded again when an operator wants it, with a reason', async () => {
    const [duplicate] = await files('rejected');
    const number = String(duplicate?.id);
    const reload = (...words: string[]) => installation.json('file', 'reload', number, ...words);
    expect((await reload()).code).toBe(exitCodes.usage.code);
    expect(await reload('--reason', 'its records are not in the restored store')).toMatchObject({
      code: 0,
      value: { state: 'deferred' },
    });
    expect(await load()).toBe(exitCodes.ok.code);
    expect(await files('rejected')).toEqual([]);
    expect((await installation.json('file', 'show', number)).value).toMatchObject({
      state: 'done',
      batch_id: 3,
    });
    const audit = await (
      await installation.store()
    )
      .selectFrom('audit')
      .select(['action', 'reason', 'subject'])
      .orderBy('id')
      .execute();
    expect(audit.slice(-2)).toMatchObject([
      { action: 'spool.adopt', reason: 'yesterday’s backup' },
      {
        action: 'file.reload',
        reason: 'its records are not in the restored store',
        subject: `file ${number}`,
      },
    ]);
    // Only that once: the same bytes are a duplicate as before, and so is it itself.
    await dropOrder(todays, 'once-more.pgp');
    expect(await load()).toBe(exitCodes.refused.code);
    expect(await files('rejected')).toMatchObject([{ name: 'once-more.pgp', fault_code: 'DUPLICATE' }]);
    expect((await differences()).found).toEqual([['unknown', `${inbox}/rejected/bad.pgp`]]);
    expect(await reload('--reason', 'again')).toMatchObject({ value: { error: { code: 'NOT_ALLOWED' } } });
  }, 120_000);

  test('V14: a file that was refused for another reason is not forced', async () => {
    await drop('bad2.pgp', Buffer.from('not a message either'));
    await load();
    const [bad] = await files('rejected');
    const { value } = await installation.json('file', 'reload', String(bad?.id), '--reason', 'x');
    expect(value).toMatchObject({
      error: { code: 'NOT_ALLOWED', detail: expect.stringContaining('not as a duplicate') as unknown },
    });
    expect((await files('rejected'))[0]).toMatchObject({ id: bad?.id, fault_code: 'NOT_ENCRYPTED' });
  }, 120_000);
});
