import { counted, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { PgpPool } from '../pgp/pool.ts';
import { dispatchInbox, named, sealDispatches, Waiting, warmUp } from '../scene/drop.ts';
import { withHome, type Home, type KeyKind } from '../scene/home.ts';
import { Ledger, received } from '../scene/ledger.ts';

/** Files of ten devices through the loader, from the drop to the batch at Extract/Load · Complete and the archived file. */

const loader = (name: string, keys: KeyKind, ratio: number): Measurement => ({
  name,
  what: `loader, files of 10 devices, ${keys}: dropped to archived`,
  against: 'openpgp alone opens the same files',
  target: { ratio },
  size: ({ files }) => `${counted(files)} files`,
  run: ({ files }) =>
    withHome({ keys }, async (home) => {
      const { perSecond, sealed, cpu } = await loadFiles(home, files);
      const alone = await PgpPool.with(home.received, (pool) => pool.alone('open', sealed));
      return {
        measured: perSecond,
        reference: alone.perSecond,
        unit: 'files/s',
        details: [alone.how, `the loader used ${cpu} ms of CPU for a file`],
      };
    }),
});

export const loaders = [
  loader('loader-curve25519', 'Curve25519', 0.85),
  loader('loader-rsa3072', 'RSA 3072', 0.9),
];

interface Loaded {
  readonly perSecond: number;
  readonly sealed: Uint8Array[];
  /** Milliseconds for a file. */
  readonly cpu: string;
}

/** Lets a loader that has run for a while load so many files. */
export async function loadFiles(home: Home, count: number): Promise<Loaded> {
  const first = warmUp(count);
  const all = await PgpPool.with(home.received, (pool) => sealDispatches(pool, 1, first + count));
  const waiting = new Waiting(home, dispatchInbox);
  await waiting.add(named(all));
  const ledger = new Ledger(home);
  try {
    const process = await home.daemon('loader');
    const load = (files: number, done: number) => {
      waiting.drop(files);
      return ledger.settled(received(dispatchInbox), done, process);
    };
    await load(first, first);
    const before = process.cpuSeconds();
    const seconds = await timed(() => load(count, first + count));
    const cpu = (((process.cpuSeconds() - before) / count) * 1000).toFixed(2);
    await process.stop();
    return { perSecond: count / seconds, sealed: all.slice(first), cpu };
  } finally {
    ledger.close();
  }
}
