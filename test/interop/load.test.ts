import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { batchItems, listBatches } from '../../shared/store/batches.ts';
import { dispatchBytes, dispatchOf, type OrderInHand } from '../support/dispatches.ts';
import { install, type TestInstallation } from '../support/installation.ts';

/** The way of a warehouse that has never heard of us: its own program, its own keys, its file dropped into the inbox. */

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
// A machine without the other program cannot run these; the reporter names what was left out, and under CI it fails.
const gpgTest = has('gpg') ? test : test.skip;
const sqTest = has('sq') ? test : test.skip;

let installation: TestInstallation;
/** Short, because GnuPG's agent listens on a socket in its folder and the names of sockets are short. */
let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeEach(async () => {
  installation = await install();
  folder = mkdtempSync(join(tmpdir(), 'wh-'));
  writeFileSync(inFolder('cmp.asc'), await exportPublicKey(installation.keys, 'own'));
});
afterEach(async () => {
  if (has('gpgconf')) spawnSync('gpgconf', ['--homedir', folder, '--kill', 'all']);
  rmSync(folder, { recursive: true });
  await installation.close();
});

const run = (tool: string, ...words: string[]): Buffer =>
  execFileSync(tool, words, { stdio: ['ignore', 'pipe', 'pipe'] });

const orders: OrderInHand[] = [0, 1, 2, 3].map((n) => ({
  id: String(884_300 + n),
  devices: [`ZZTEST010${n}`],
}));

/** Has each order sealed in another way, drops all, and has them loaded by the real loader. */
async function expectLoaded(seal: readonly ((plain: string) => Buffer)[]): Promise<void> {
  for (const [index, order] of orders.entries()) {
    const plain = inFolder(`${order.id}.json`);
    writeFileSync(plain, dispatchBytes(order));
    const bytes = seal[index]?.(plain) ?? Buffer.alloc(0);
    await installation.drop('inboundSalesOrderDispatch', `wh.${order.id}.json.pgp`, bytes);
  }
  const { code, stdout } = await installation.run('loader', '--once');
  expect({ code, ...(code !== 0 && { stdout }) }).toEqual({ code: 0 });
  const db = await installation.store();
  const batches = await listBatches(db, { limit: 10, order: 'oldest' });
  const items = (await Promise.all(batches.map((batch) => batchItems(db, batch.id)))).flat();
  const loaded = items.map((item) => JSON.parse(item.payload_json) as { id: string });
  expect(loaded.sort((a, b) => a.id.localeCompare(b.id))).toEqual(
    orders.map((order) => dispatchOf(order).orders[0]),
  );
}

const importKey = (file: string) => installation.enrol('keys', 'import', file, '--partner', 'warehouse');

gpgTest('P24 a warehouse with GnuPG: RSA 3072 and Curve25519, armoured and binary', async () => {
  const gpg = (...words: string[]): Buffer =>
    run(
      'gpg',
      ...['--homedir', folder, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback'],
      ...['--passphrase', '', '--trust-model', 'always'],
      ...words,
    );
  gpg('--import', inFolder('cmp.asc'));
  for (const [address, algorithm] of [
    ['rsa@wh.example', 'rsa3072'],
    ['curve@wh.example', 'future-default'],
  ] as const) {
    gpg('--quick-generate-key', address, algorithm, 'default', '1y');
    writeFileSync(inFolder(`${address}.asc`), gpg('--armor', '--export', address));
    await importKey(inFolder(`${address}.asc`));
  }
  const sealWith =
    (address: string, ...words: string[]) =>
    (plain: string): Buffer =>
      gpg(
        '--sign',
        '--encrypt',
        '--local-user',
        address,
        '--recipient',
        'Test CMP',
        ...words,
        '--output',
        '-',
        plain,
      );
  await expectLoaded([
    sealWith('rsa@wh.example'),
    sealWith('rsa@wh.example', '--armor'),
    sealWith('curve@wh.example'),
    sealWith('curve@wh.example', '--armor'),
  ]);
});

sqTest('P24 a warehouse with Sequoia: RSA 3072 and Curve25519, armoured and binary', async () => {
  const sq = (...words: string[]): Buffer => run('sq', '--force', ...words);
  for (const suite of ['rsa3k', 'cv25519']) {
    const key = inFolder(`${suite}.key`);
    sq('key', 'generate', '--cipher-suite', suite, '--userid', `<${suite}@wh.example>`, '--export', key);
    sq('key', 'extract-cert', '--output', inFolder(`${suite}.cert`), key);
    expect(readFileSync(inFolder(`${suite}.cert`), 'latin1')).not.toContain('PRIVATE KEY');
    await importKey(inFolder(`${suite}.cert`));
  }
  const sealWith =
    (suite: string, ...words: string[]) =>
    (plain: string): Buffer =>
      sq(
        'encrypt',
        '--recipient-cert',
        inFolder('cmp.asc'),
        '--signer-key',
        inFolder(`${suite}.key`),
        ...words,
        plain,
      );
  await expectLoaded([
    sealWith('rsa3k', '--binary'),
    sealWith('rsa3k'),
    sealWith('cv25519', '--binary'),
    sealWith('cv25519'),
  ]);
});
