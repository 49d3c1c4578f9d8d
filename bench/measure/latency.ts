import { setTimeout as pause } from 'node:timers/promises';

import { counted, median, percentile, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { openAlone } from '../pgp/alone.ts';
import { PgpPool } from '../pgp/pool.ts';
import { dispatchInbox, named, sealDispatches, Waiting } from '../scene/drop.ts';
import { withHome, type Home } from '../scene/home.ts';
import { Ledger, received } from '../scene/ledger.ts';

const first = 20;
const filesOf = (files: number): number => Math.max(1, Math.ceil(files / 10));

/** One file at a time into the inbox of a loader that has nothing else to do, until its batch can be seen. */
export const latency: Measurement = {
  name: 'latency',
  what: 'loader at rest, one file at a time, renamed in: dropped to batch ready, p99',
  against: 'openpgp alone opens the file, p99',
  target: { over: 150 },
  size: ({ files }) => `${counted(filesOf(files))} files`,
  run: ({ files }) =>
    withHome({}, async (home) => {
      const count = filesOf(files);
      const sealed = await PgpPool.with(home.received, (pool) => sealDispatches(pool, 1, first + count));
      const waits = await waitsOf(home, sealed);
      const openings = await openingsOf(home, sealed.slice(first));
      return {
        measured: percentile(waits, 99),
        reference: percentile(openings, 99),
        unit: 'ms',
        details: [
          `p50 ${shown(median(waits))} ms, opened alone ${shown(median(openings))} ms; ` +
            `the longest ${shown(Math.max(...waits))} ms`,
        ],
      };
    }),
};

/** Milliseconds from the rename to the batch, of each file but the first ones. */
async function waitsOf(home: Home, sealed: readonly Uint8Array[]): Promise<number[]> {
  const waiting = new Waiting(home, dispatchInbox);
  await waiting.add(named(sealed));
  const ledger = new Ledger(home);
  try {
    const process = await home.daemon('loader');
    const waits: number[] = [];
    for (let done = 1; done <= sealed.length; done++) {
      const seconds = await timed(async () => {
        waiting.drop(1);
        while (ledger.done(received(dispatchInbox)) < done) {
          process.mustRun();
          await pause(1);
        }
      });
      waits.push(seconds * 1000);
      await ledger.settled(received(dispatchInbox), done, process);
      // Not in step with the loader's own looks.
      await pause(50 + Math.random() * 300);
    }
    await process.stop();
    return waits.slice(first);
  } finally {
    ledger.close();
  }
}

async function openingsOf(home: Home, sealed: readonly Uint8Array[]): Promise<number[]> {
  const openings: number[] = [];
  for (const bytes of [...sealed.slice(0, first), ...sealed])
    openings.push((await timed(() => openAlone(bytes, home.received))) * 1000);
  return openings.slice(Math.min(first, sealed.length));
}
