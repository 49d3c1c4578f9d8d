import { readdir, readFile } from 'node:fs/promises';

import { deviceEnrolmentRequest, describeRequest } from '../../shared/generic/device-enrolment-request.ts';
import { createBatch } from '../../shared/store/batches.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { PgpPool, type Alone } from '../pgp/pool.ts';
import { warmUp } from '../scene/drop.ts';
import { withHome, type Home } from '../scene/home.ts';
import { Ledger, published } from '../scene/ledger.ts';
import { orderOf } from '../scene/orders.ts';
import { withStore } from '../scene/store.ts';

export const outbox = 'outboundDeviceEnrolment/in';

/** Prepared batches to sealed files, each published and noted. */
export const extractor: Measurement = {
  name: 'extractor',
  what: 'extractor, batches of 10 devices: prepared to published',
  against: 'openpgp alone seals the same documents',
  target: { ratio: 0.85 },
  size: ({ files }) => `${counted(files)} batches`,
  run: ({ files }) =>
    withHome({}, async (home) => {
      const first = warmUp(files);
      const process = await home.daemon('extractor');
      const ledger = new Ledger(home);
      try {
        const extract = async (from: number, count: number) => {
          await withStore(home, ({ db }) => prepareBatches(db, from, count));
          return timed(() => ledger.settled(published(outbox), from - 1 + count, process));
        };
        await extract(1, first);
        const before = process.cpuSeconds();
        const seconds = await extract(first + 1, files);
        const cpu = ((process.cpuSeconds() - before) / files) * 1000;
        await process.stop();
        const alone = await sealedAlone(home, outbox, files);
        const measured = files / seconds;
        return {
          measured,
          reference: alone.perSecond,
          unit: 'files/s',
          details: [alone.how, `${shown(cpu)} ms of CPU for a file`],
        };
      } finally {
        ledger.close();
      }
    }),
};

/** As the request job leaves them, all in one transaction. */
export const prepareBatches = (db: Db, from: number, count: number): Promise<void> =>
  inTransaction(db, async (trx) => {
    for (let n = from; n < from + count; n++) {
      const order = orderOf(n);
      const { category, type, version } = deviceEnrolmentRequest;
      const items = [{ customerReference: String(n), description: describeRequest(order), payload: order }];
      const standing = { stage: 'Batch', status: 'Complete' } as const;
      const head = { direction: 'outbound', category, type, version, standing } as const;
      await createBatch(
        trx,
        { ...head, providerId: 'apple', externalFileName: null, items },
        'bench',
        new Date(),
      );
    }
  });

/** How fast the library seals what a daemon has published. */
export async function sealedAlone(home: Home, folder: string, count: number): Promise<Alone> {
  const names = (await readdir(home.spool(folder))).filter((name) => !name.startsWith('.')).slice(0, count);
  const sealed = await Promise.all(names.map((name) => readFile(home.spool(folder, name))));
  return PgpPool.with(home.internal, async (pool) => pool.alone('seal', await pool.all('open', sealed)));
}
