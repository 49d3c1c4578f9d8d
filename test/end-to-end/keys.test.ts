import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ordersFile, sealedDispatch } from '../support/dispatches.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { listBatches } from '../../shared/store/batches.ts';
import { install, writeInto, type TestInstallation } from '../support/installation.ts';
import { makeKey } from '../support/pgp.ts';
import { waitFor } from '../support/wait-for.ts';

/** Keys that change, or expire, while there is work. */

const inbox = 'inboundSalesOrderDispatch';
const day = 86_400_000;
const order = (id: string) => ({ id, devices: [`ZZ${id}`] });

let installation: TestInstallation;

beforeEach(async () => {
  installation = await install();
});
afterEach(() => installation.close());

/** Waits until the file lies in the folder, which tells what became of it. */
const ended = (folder: string, name: string) =>
  waitFor(
    `${name} in ${folder}`,
    async () => (await installation.files(inbox, folder)).some((path) => path.endsWith(name)) || undefined,
  );

test('P22 replaced key files count from the next start on; a running daemon keeps the keys that it has', async () => {
  const before = await installation.addPartner('warehouse');
  const orders = await writeInto(installation, 'orders.json', ordersFile(['1', '2', '3', '4'].map(order)));
  expect((await installation.run('orders', 'import', orders)).code).toBe(0);
  const drop = async (id: string, sender: typeof before): Promise<string> => {
    const name = `dispatch.${id}.json.pgp`;
    await installation.drop(inbox, name, await sealedDispatch(order(id), sender));
    return name;
  };

  const loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
  await ended('done', await drop('1', before));

  // Both sides get new keys, and the old ones are gone from the disk.
  for (const folder of ['own', 'partners']) await rm(join(installation.keys, folder), { recursive: true });
  await rm(join(installation.home, 'var', 'partner-warehouse'), { recursive: true });
  await rm(join(installation.home, 'var', 'secrets', 'pgp-passphrase'));
  await installation.makeKeys();
  const after = await installation.addPartner('warehouse');

  await ended('done', await drop('2', before));
  await ended('rejected', await drop('3', after));
  await loader.logged('file.rejected');
  expect(loader.stdout).toContain('"code":"PGP_NO_KEY"');
  expect((await loader.end('SIGTERM')).code).toBe(0);

  const restarted = installation.start(['loader']);
  await restarted.logged('daemon.ready');
  await ended('done', await drop('4', after));
  await ended('rejected', await drop('2', before));
  await restarted.logged('file.rejected');
  expect(restarted.stdout).toContain('"code":"PGP_NO_KEY"');
});

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

  await extractor.end('SIGTERM');
  await rm(own, { recursive: true });
  await rename(kept, own);
  expect((await installation.run('extractor', '--once')).code).toBe(0);
  expect(await installation.files(outbox, 'in')).toHaveLength(1);
  expect(await standing()).toEqual(['Extract/Load · Complete']);
});
