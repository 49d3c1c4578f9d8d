import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { discardFile, holdFile } from '../../shared/operator/file-actions.ts';
import { pauseIntake } from '../../shared/operator/intake-actions.ts';
import type { FailPoint } from '../../shared/runtime/fail-point.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { findDelivery } from '../../shared/store/deliveries.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import { moveDevices } from '../../shared/store/devices.ts';
import { moveRequest, requireRequest } from '../../shared/store/provider-requests.ts';
import type { Db } from '../../shared/store/tables.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { addBatch, addDevices, addProviderRequest, numbers } from '../support/store-examples.ts';
import { waitFor } from '../support/wait-for.ts';

/** What operators do by hand, on the command line. */

let installation: TestInstallation;
let db: Db;
beforeAll(async () => {
  installation = await install();
  await installation.addPartner('warehouse');
  db = await installation.store();
  pool = await rejected(12);
}, 60_000);
afterAll(() => installation.close());

const inbox = 'inboundSalesOrderDispatch';
const killAt = fileURLToPath(new URL('../chaos/kill-at.ts', import.meta.url));
const operator = { who: 'test', reason: 'a test', now: new Date() };
let count = 0;

/** Files that were sent in plain, and rejected. @returns their numbers, oldest first */
async function rejected(files: number): Promise<number[]> {
  for (const n of numbers(files))
    await installation.drop(inbox, `f${++count}-${n}`, Buffer.from(`plain ${count}`));
  await installation.run('loader', '--once');
  const rows = await listDeliveries(db, { states: ['rejected'], limit: files });
  return rows.map(({ id }) => id).reverse();
}

/** Rejected files for the tests that need one: each start of a daemon takes its time. */
let pool: number[] = [];
const one = (): number => {
  const id = pool.pop();
  if (id === undefined) throw new Error('the pool is empty');
  return id;
};
const spool = () => installation.spool();

async function sent(transaction: string): Promise<string> {
  const id = await addProviderRequest(db, transaction);
  await moveRequest(db, await requireRequest(db, id), 'sent', {});
  return transaction;
}

async function enrolled(order: string, device: string): Promise<void> {
  const by = { actor: 'test', now: operator.now, batchId: null, note: null };
  let devices = await addDevices(db, order, [{ deviceId: device, serialNumber: device }]);
  for (const status of ['Enrol Requested', 'Enrolled'] as const) {
    await moveDevices(db, devices, status, by);
    devices = devices.map((each) => ({ ...each, status }));
  }
}

/** Brings about what the command is for. @returns its words, without the reason */
const commands: Readonly<Record<string, () => Promise<string[]>>> = {
  'file.retry': () => Promise.resolve(['file', 'retry', String(one())]),
  'file.hold': () => Promise.resolve(['file', 'hold', String(one())]),
  'file.release': async () => {
    const id = one();
    await holdFile(db, spool(), operator, id);
    return ['file', 'release', String(id)];
  },
  'file.discard': () => Promise.resolve(['file', 'discard', String(one())]),
  'file.reload': async () => {
    const id = one();
    const duplicate = { fault_code: 'DUPLICATE' } as const;
    await db.updateTable('delivery').set(duplicate).where('id', '=', id).execute();
    return ['file', 'reload', String(id)];
  },
  'batch.reprocess': async () => {
    const { id } = await addBatch(db, { standing: { stage: 'Batch', status: 'Error' } });
    return ['batch', 'reprocess', String(id)];
  },
  'intake.pause': () => Promise.resolve(['intake', 'pause', 'extractor']),
  'intake.resume': async () => {
    await pauseIntake(configSchema.parse({}), db, operator, ['outboundDeviceEnrolment']);
    return ['intake', 'resume', 'outboundDeviceEnrolment'];
  },
  'request.ask': async () => ['request', 'ask', await sent('t-1')],
  'request.resend': async () => ['request', 'resend', await sent('t-2')],
  'request.settle': async () => ['request', 'settle', await sent('t-3')],
  'device.unenrol': async () => {
    await enrolled('7', 'D1');
    return ['device', 'unenrol', 'D1'];
  },
  'order.void': async () => {
    await enrolled('8', 'D2');
    return ['orders', 'void', '8'];
  },
};

async function standing(): Promise<unknown> {
  const tables = [
    'delivery',
    'batch',
    'intake_pause',
    'provider_request',
    'settlement_wish',
    'device',
    'sales_order',
  ];
  return Promise.all(
    tables.map((table) =>
      db
        .selectFrom(table as 'delivery')
        .selectAll()
        .execute(),
    ),
  );
}

const lastAudit = () => db.selectFrom('audit').selectAll().orderBy('id', 'desc').executeTakeFirst();

test.each(Object.entries(commands))(
  'O11 %s: nothing without a reason; with one, before and after are in the audit',
  async (action, given) => {
    const words = await given();
    const [before, audited] = [await standing(), await lastAudit()];
    const refused = await Promise.all([
      installation.run(...words),
      installation.run(...words, '--reason', '  '),
    ]);
    for (const { code } of refused) expect(code).toBe(exitCodes.usage.code);
    expect([await standing(), await lastAudit()]).toEqual([before, audited]);
    expect((await installation.run(...words, '--reason', 'agreed by telephone')).code).toBe(
      exitCodes.ok.code,
    );
    const row = await lastAudit();
    expect(row).toMatchObject({ action, reason: 'agreed by telephone' });
    expect(row?.before_json).toMatch(/^\{"/);
    expect(row?.after_json).toMatch(/^\{"/);
    expect(row?.after_json).not.toBe(row?.before_json);
  },
  30_000,
);

const points: readonly FailPoint[] = [
  'settle.linked',
  'settle.unlinked',
  'settle.reason-drafted',
  'settle.reason-written',
  'settle.moved',
];

test.each(points)(
  'K01 enrol file discard is killed at %s: the daemon brings the file to rejected/',
  async (point) => {
    const id = one();
    await holdFile(db, spool(), operator, id);
    const env = { NODE_OPTIONS: `--import=${killAt}`, KILL_AT: `${point}:1` };
    const victim = installation.start(['file', 'discard', String(id), '--reason', 'x'], { env });
    expect((await victim.exit).code).toBeNull();
    expect(await findDelivery(db, id)).toMatchObject({ state: 'rejected', moved_at: null });
    await installation.run('loader', '--once');
    const row = await findDelivery(db, id);
    expect(row).toMatchObject({ state: 'rejected', fault_code: 'DISCARDED', moved_at: expect.any(String) });
    const name = row?.place?.slice(`${inbox}/rejected/`.length) ?? '';
    expect(await installation.files(inbox, 'rejected')).toEqual(
      expect.arrayContaining([name, `${name}.reason.json`]),
    );
    expect(await installation.files(inbox, 'hold')).not.toContain(row?.name);
    await expect(discardFile(db, spool(), operator, id)).rejects.toThrow('is discarded already');
  },
  30_000,
);

test('a look into a file shows no content of what was to be sealed, and is in the audit', async () => {
  const id = one();
  const text = await installation.enrol('file', 'preview', String(id));
  expect(text).toContain('NOT_ENCRYPTED');
  expect(text).not.toContain('plain 1');
  expect(await lastAudit()).toMatchObject({ action: 'file.preview', subject: `file ${id}`, reason: null });
});

describe('all that match', () => {
  const all = async (...words: string[]) => {
    const { code, value } = await installation.json(...words, '--reason', 'agreed');
    return { code, ...(value as { done: number[]; refused: { id: number }[] }) };
  };

  test('are held, released and discarded, and no others', async () => {
    await all('file', 'discard', '--all');
    const ids = await rejected(3);
    expect(await all('file', 'hold', '--all', '--code', 'NOT_ENCRYPTED', '--inbox', inbox)).toMatchObject({
      code: exitCodes.ok.code,
      done: ids.toReversed(),
      refused: [],
      more: false,
    });
    expect(await all('file', 'release', '--all', '--inbox', 'inboundDeviceEnrolment')).toMatchObject({
      code: exitCodes.usage.code,
    });
    expect((await all('file', 'discard', '--all')).done).toEqual(ids.toReversed());
    // What was discarded is left alone unless it is asked for.
    expect((await all('file', 'retry', '--all')).code).toBe(exitCodes.usage.code);
    expect((await all('file', 'retry', '--all', '--code', 'DISCARDED')).done).toEqual(
      expect.arrayContaining(ids),
    );
  }, 60_000);

  test('batches in error are reprocessed, of one interface or of all', async () => {
    const standing = { stage: 'Batch', status: 'Error' } as const;
    const { id } = await addBatch(db, { standing, type: 'Other' });
    await addBatch(db, { standing });
    expect((await all('batch', 'reprocess', '--all', '--type', 'Other')).done).toEqual([id]);
    expect((await all('batch', 'reprocess', '--all')).done).toHaveLength(1);
  }, 30_000);

  test('are not mistaken for one', async () => {
    for (const words of [
      ['file', 'retry'],
      ['file', 'retry', '1', '--all'],
      ['file', 'hold', '1', '--code', 'DUPLICATE'],
    ])
      expect((await installation.run(...words, '--reason', 'x')).code).toBe(exitCodes.usage.code);
    expect((await installation.run('batch', 'reprocess', '1', '--type', 'x', '--reason', 'x')).code).toBe(
      exitCodes.usage.code,
    );
  }, 30_000);

  test('are brought home while their daemon looks at them too', async () => {
    await all('file', 'discard', '--all');
    const ids = await rejected(40);
    const loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    expect(await all('file', 'discard', '--all')).toMatchObject({
      code: 0,
      done: ids.toReversed(),
      refused: [],
    });
    await waitFor('every file to be home', async () => {
      const rows = await Promise.all(ids.map((id) => findDelivery(db, id)));
      return rows.every((row) => row?.moved_at != null) || undefined;
    });
    const { stdout, code } = await loader.end('SIGTERM');
    expect({ code, stopped: stdout.includes('task.stopped'), lost: stdout.includes('file.lost') }).toEqual({
      code: 0,
      stopped: false,
      lost: false,
    });
    const rows = await Promise.all(ids.map((id) => findDelivery(db, id)));
    const files = await installation.files(inbox, 'rejected');
    for (const row of rows) {
      const name = row?.place?.slice(`${inbox}/rejected/`.length) ?? '';
      expect(files).toEqual(expect.arrayContaining([name, `${name}.reason.json`]));
    }
  }, 60_000);
});
