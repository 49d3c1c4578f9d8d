import { rename } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { listBatches } from '../../shared/store/batches.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { orderId, writeLargeDispatch } from '../support/large-dispatch.ts';

/** A file of 1,000,000 devices, about 120 MB, goes through the real loader. */

const dispatch = { orders: 10_000, devicesPerOrder: 100 };
const preload = fileURLToPath(new URL('../support/tell-peak-memory.ts', import.meta.url));
const inbox = 'inboundSalesOrderDispatch';

let installation: TestInstallation;
let warehouse: KeyRing;

beforeAll(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  await installation.configure([[['inboxes', inbox, 'maxFileMegabytes'], 200]]);
});
afterAll(() => installation.close());

/** Runs the loader over what was dropped. @returns its exit code, and the most memory that it had, in megabytes */
async function load(): Promise<{ code: number | null; megabytes: number; stdout: string }> {
  const loader = installation.start(['loader', '--once'], { env: { NODE_OPTIONS: `--import=${preload}` } });
  const { code, stdout, stderr } = await loader.exit;
  return { code, stdout, megabytes: Number(/peak memory: (\d+) MB/.exec(stderr)?.[1]) };
}

test('R07 J05 R13: 1,000,000 devices are loaded with less than 512 MB of memory', async () => {
  const draft = installation.spool(inbox, 'in', '.large.part');
  const bytes = await writeLargeDispatch(draft, dispatch, warehouse);
  expect(bytes).toBeGreaterThan(100_000_000);
  await rename(draft, installation.spool(inbox, 'in', 'large.json.pgp'));
  const { code, megabytes, stdout } = await load();
  console.log(`${Math.round(bytes / 1e6)} MB of JSON, ${Math.round(megabytes)} MB of memory`);
  expect({ code, ...(code !== 0 && { stdout }) }).toEqual({ code: 0 });
  expect(megabytes).toBeLessThan(512);
  const db = await installation.store();
  expect(await listBatches(db, { limit: 10, order: 'oldest' })).toMatchObject([
    { record_count: dispatch.orders, external_file_name: 'wh-large.json', status: 'Complete' },
  ]);
  const { rows, devices } = await db
    .selectFrom('batch_item')
    .select((select) => [
      select.fn.countAll<number>().as('rows'),
      select.fn
        .sum<number>(select.fn('json_array_length', ['payload_json', select.val('$.lines[0].devices')]))
        .as('devices'),
    ])
    .executeTakeFirstOrThrow();
  expect({ rows, devices }).toEqual({ rows: 10_000, devices: 1_000_000 });
  const last = await db
    .selectFrom('batch_item')
    .select(['sequence', 'customer_reference'])
    .orderBy('sequence', 'desc')
    .executeTakeFirstOrThrow();
  expect(last).toEqual({ sequence: 10_000, customer_reference: orderId(9_999) });
}, 180_000);

test('R07: one above the limit is refused unread, with little memory', async () => {
  await installation.configure([[['inboxes', inbox, 'maxFileMegabytes'], 5]]);
  const draft = installation.spool(inbox, 'in', '.larger.part');
  await writeLargeDispatch(draft, { orders: 600, devicesPerOrder: 100 }, warehouse);
  await rename(draft, installation.spool(inbox, 'in', 'larger.json.pgp'));
  const { code, megabytes } = await load();
  expect(code).toBe(6);
  expect(megabytes).toBeLessThan(250);
  const files = await listDeliveries(await installation.store(), { limit: 10 });
  expect(files[0]).toMatchObject({
    name: 'larger.json.pgp',
    state: 'rejected',
    fault_code: 'TOO_LARGE',
    digest: null,
  });
}, 60_000);
