import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import { DocumentReader } from '../../shared/generic/document.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { verifyMessage } from '../../shared/pgp/open-stream.ts';
import { writeLargeDispatch } from '../../test/support/large-dispatch.ts';
import { ringOf } from '../../test/support/pgp.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { dispatchInbox, Waiting } from '../scene/drop.ts';
import { fillItems } from '../scene/fill.ts';
import { withHome, type Home } from '../scene/home.ts';
import { Ledger, received } from '../scene/ledger.ts';

const devicesPerOrder = 100;
const ordersOf = (devices: number): number => Math.max(1, Math.ceil(devices / devicesPerOrder));

/** One large file through the loader, against the slowest of what has to be done with it, each alone. */
export const largeFile: Measurement = {
  name: 'large-file',
  what: 'loader, one file, orders of 100 devices: dropped to archived',
  against: 'the slowest of: opened twice as a stream, parsed, inserted, each alone',
  target: { ratio: 0.6, peakMegabytes: 512 },
  size: ({ devices }) => `${counted(devices)} devices`,
  run: ({ devices }) =>
    withHome({ settings: [[['inboxes', dispatchInbox, 'maxFileMegabytes'], 1024]] }, async (home) => {
      const waiting = new Waiting(home, dispatchInbox);
      const path = join(home.home, 'large.pgp');
      const dispatch = { orders: ordersOf(devices), devicesPerOrder };
      const bytes = await writeLargeDispatch(path, dispatch, ringOf([home.warehouse], { cmp: [home.ours] }));
      waiting.take(path, 'large.json.pgp');
      const alone = await eachAlone(home, waiting.paths[0] ?? '');
      const { seconds, peakMegabytes } = await load(home, waiting);
      const slowest = Math.max(...Object.values(alone));
      const each = Object.entries(alone).map(([name, value]) => `${name} ${shown(value)} s`);
      return {
        measured: devices / seconds,
        reference: devices / slowest,
        unit: 'devices/s',
        memory: { peakMegabytes },
        details: [`${shown(bytes / 1e6)} MB in ${shown(seconds)} s; alone: ${each.join(', ')}`],
      };
    }),
};

async function load(home: Home, waiting: Waiting): Promise<{ seconds: number; peakMegabytes: number }> {
  const ledger = new Ledger(home);
  try {
    const process = await home.daemon('loader');
    const seconds = await timed(() => {
      waiting.drop(1);
      return ledger.settled(received(dispatchInbox), 1, process);
    });
    const peakMegabytes = process.peakMegabytes();
    await process.stop();
    return { seconds, peakMegabytes };
  } finally {
    ledger.close();
  }
}

/** Seconds of each. */
async function eachAlone({ ours, warehouse }: Home, path: string): Promise<Record<string, number>> {
  const ring = ringOf([ours], { warehouse: [warehouse.toPublic()] });
  const policy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 1e10 } as const;
  const pieces: Uint8Array[] = [];
  const opened = await timed(async () => {
    const { content } = await verifyMessage(() => createReadStream(path), ring, policy);
    for await (const piece of content()) pieces.push(piece);
  });
  const payloads: string[] = [];
  const reader = new DocumentReader(salesOrderDispatch);
  let parsed = 0;
  for (const piece of pieces) {
    const begin = performance.now();
    const records = reader.read(piece);
    parsed += performance.now() - begin;
    for (const { payload } of records) payloads.push(JSON.stringify(payload));
  }
  // A store of its own: the loader's is to be empty.
  const inserted = await withHome({}, (other) => fillItems(other.store, payloads));
  return { 'opened twice': opened, parsed: parsed / 1000, inserted };
}
