import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ordersFile, sealedDispatch } from '../support/dispatches.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { listBatches } from '../../shared/store/batches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { makeKey } from '../support/pgp.ts';

/** A key that expires while there is work; keys that change: key-rotation.test.ts. */

const inbox = 'inboundSalesOrderDispatch';
const day = 86_400_000;
const order = (id: string) => ({ id, devices: [`ZZ${id}`] });

let installation: TestInstallation;

beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

test('P20 nothing is written for a recipient whose key has expired, and the batch waits for a new one', async () => {
  const warehouse = await installation.addPartner('warehouse');
  const orders = await writeInto(installation, 'orders.json', ordersFile([order('1')]));
  expect((await installation.run('orders', 'import', orders)).code).toBe(0);
  await installation.drop(inbox, 'dispatch.json.pgp', await sealedDispatch(order('1'), warehouse));
  expect((await installation.run('loader', '--once')).code).toBe(0);
  expect((await installation.run('scheduler', '--once')).code).toBe(0);

  // The generic file is for ourselves, and our only key is now one that expired yesterday.
  const own = join(installation.keys, 'own');
  const kept = join(installation.keys, '.kept');
  await rename(own, kept);
  await mkdir(own, { mode: 0o700 });
  const passphrase = await readFile(join(installation.home, 'var', 'secrets', 'pgp-passphrase'), 'utf8');
  const expired = await makeKey({
    date: new Date(Date.now() - 3 * day),
    keyExpirationTime: (2 * day) / 1000,
    passphrase: passphrase.trim(),
  });
  await writeFile(join(own, 'expired.asc'), expired.armor(pgpConfig), { mode: 0o600 });

  const outbox = 'outboundDeviceEnrolment';
  const extractor = installation.start(['extractor']);
  await extractor.logged('task.stopped');
  expect(extractor.stdout).toContain('"code":"PGP_KEY_EXPIRED"');
  expect(extractor.running).toBe(true);
  expect(await installation.files(outbox, 'in')).toEqual([]);
  const db = await installation.store();
  const standing = async () =>
    (await listBatches(db, { direction: 'outbound', limit: 10, order: 'oldest' })).map(
      ({ stage, status }) => `${stage} · ${status}`,
    );
  expect(await standing()).toEqual(['Extract/Load · In progress']);

  await rm(own, { recursive: true });
  await rename(kept, own);
  await extractor.logged('task.resumed');
  expect(await installation.files(outbox, 'in')).toHaveLength(1);
  expect(await standing()).toEqual(['Extract/Load · Complete']);
});
