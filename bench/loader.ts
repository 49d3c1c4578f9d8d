import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { table } from '../bin/output.ts';
import { Installation, makePartner } from '../demo/installation.ts';
import { readPassphrase } from '../shared/daemon/keys.ts';
import { writeDocument } from '../shared/generic/document.ts';
import { salesOrderDispatch, type SalesOrderDispatch } from '../shared/generic/sales-order-dispatch.ts';
import { loadKeyRing, type KeyRing } from '../shared/pgp/key-ring.ts';
import { openMessage } from '../shared/pgp/open.ts';
import { sealMessage } from '../shared/pgp/seal.ts';
import { loadConfig } from '../shared/runtime/config.ts';
import { keysFolder } from '../shared/runtime/paths.ts';

/**
 * How far the loader is from what OpenPGP alone costs: the same files, opened by the library in one thread, and loaded
 * by a loader process from drop to archive. Figures are compared within a round only, since machines are noisy.
 *
 *   npm run bench [-- --files 500 --rounds 3]
 */

const { values } = parseArgs({
  options: { files: { type: 'string', default: '300' }, rounds: { type: 'string', default: '3' } },
});
const count = Number(values.files);
const rounds: { readonly opening: number; readonly loading: number }[] = [];
for (let round = 0; round < Number(values.rounds); round++) rounds.push(await measure());

const rows = rounds.map(({ opening, loading }, index) => [
  index + 1,
  perSecond(opening),
  perSecond(loading),
  (opening / loading).toFixed(2),
]);
console.log(`${count} files of 10 devices, Curve25519, signed and encrypted; Node ${process.version}`);
console.log(
  table(['round', 'opened by OpenPGP alone, files/s', 'loaded, files/s', 'ratio'], rows).join('\n'),
);

function perSecond(milliseconds: number): string {
  return (count / (milliseconds / 1000)).toFixed(0);
}

async function measure(): Promise<{ opening: number; loading: number }> {
  const installation = new Installation(await mkdtemp(join(tmpdir(), 'enrol-bench-')));
  try {
    const warehouse = await install(installation);
    const files = await sealFiles(warehouse);
    const opening = await timed(async () => openAll(installation, files));
    for (const [index, file] of files.entries()) {
      await writeFile(
        installation.spool('inboundSalesOrderDispatch', 'in', `dispatch.${index}.json.pgp`),
        file,
      );
    }
    // A start of the process without work is not the loader's speed.
    const empty = await timed(() => installation.enrol('extractor', '--once'));
    const loading = await timed(() => installation.enrol('loader', '--once'));
    return { opening, loading: loading - empty };
  } finally {
    await rm(installation.home, { recursive: true });
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

async function install(installation: Installation): Promise<KeyRing> {
  await installation.enrol('init');
  await installation.configure([
    [['inboxes', 'inboundSalesOrderDispatch', 'quietSeconds'], 0],
    [['log', 'level'], 'warn'],
  ]);
  await installation.enrol('keys', 'generate');
  const warehouse = await makePartner(installation, 'warehouse');
  await installation.enrol('keys', 'import', warehouse.publicKeyFile, '--partner', 'warehouse');
  return warehouse.ring;
}

async function sealFiles(warehouse: KeyRing): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  for (let order = 1; order <= count; order++) {
    files.push(
      await sealMessage(writeDocument(salesOrderDispatch, dispatchOf(order)), warehouse, {
        encryptTo: ['cmp'],
      }),
    );
  }
  return files;
}

function dispatchOf(order: number): SalesOrderDispatch {
  const devices = Array.from({ length: 10 }, (_, index) => {
    const serialNumber = `BENCH${order}X${index}`;
    return { deviceId: serialNumber, serialNumber };
  });
  return {
    interfaceCategory: 'Sales Order',
    interfaceType: 'Sales Order Dispatch',
    version: 1.2,
    externalFileName: `wh-${order}.json`,
    recordCount: 1,
    wareHouse: { id: 'BENCH' },
    orders: [
      {
        id: String(order),
        status: 'DISPATCHED',
        dispatchDateTime: '2026-01-13T16:00:00Z',
        deliveryNumber: `DN-${order}`,
        lines: [{ lineNumber: 1, devices }],
      },
    ],
  };
}

async function openAll(installation: Installation, files: readonly Uint8Array[]): Promise<void> {
  const loaded = await loadConfig({ home: installation.home, env: {} });
  const ring = await loadKeyRing({ folder: keysFolder(loaded), passphrase: await readPassphrase(loaded) });
  const policy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 1_000_000 } as const;
  for (const file of files) await openMessage(file, ring, policy);
}
