import { counted, median, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { PgpPool } from '../pgp/pool.ts';
import { dispatchInbox, named, sealDispatches, Waiting, warmUp } from '../scene/drop.ts';
import { withHome } from '../scene/home.ts';
import { Ledger, received } from '../scene/ledger.ts';
import type { BenchProcess } from '../scene/process.ts';

/** Files that are sealed, and held in memory, at once. */
const portion = 2000;
/** Between two looks at the memory. */
const lookMilliseconds = 250;

/** The sizes that are compared, the largest last: 1,000, 10,000 and 100,000 at full scale. */
const sizesOf = (files: number): number[] =>
  [0.5, 5, 50].map((share) => Math.max(1, Math.ceil(files * share)));

interface Backlog {
  readonly files: number;
  readonly perSecond: number;
  /** Milliseconds for a file. */
  readonly cpu: number;
  /** Megabytes, over the time. */
  readonly resident: readonly number[];
  readonly peak: number;
}

/** How the cost grows with the files that lie in one inbox, and whether memory does. */
export const backlog: Measurement = {
  name: 'backlog',
  what: 'loader, so many files of 10 devices in one inbox at once: dropped to archived',
  against: 'a hundredth of them in the inbox',
  target: { ratio: 0.95, growth: 1.1 },
  size: ({ files }) => sizesOf(files).map(counted).join(', '),
  run: async ({ files }) => {
    const runs: Backlog[] = [];
    for (const size of sizesOf(files)) runs.push(await workOff(size));
    const [least, most] = [runs.at(0), runs.at(-1)] as [Backlog, Backlog];
    return {
      measured: most.perSecond,
      reference: least.perSecond,
      unit: 'files/s',
      memory: { peakMegabytes: most.peak, growth: growthOf(most.resident) },
      details: runs.map(told),
    };
  },
};

const workOff = (count: number): Promise<Backlog> =>
  withHome({}, async (home) => {
    const first = warmUp(count);
    const waiting = new Waiting(home, dispatchInbox);
    await PgpPool.with(home.received, async (pool) => {
      for (let from = 0; from < first + count; from += portion) {
        const size = Math.min(portion, first + count - from);
        await waiting.add(named(await sealDispatches(pool, from + 1, size), from));
      }
    });
    const ledger = new Ledger(home);
    try {
      const process = await home.daemon('loader');
      waiting.drop(first);
      await ledger.settled(received(dispatchInbox), first, process);
      const before = process.cpuSeconds();
      const { resident, stop } = watchMemory(process);
      const seconds = await timed(() => {
        waiting.drop(count);
        return ledger.settled(received(dispatchInbox), first + count, process);
      }).finally(stop);
      const cpu = ((process.cpuSeconds() - before) / count) * 1000;
      const figures = {
        files: count,
        perSecond: count / seconds,
        cpu,
        resident,
        peak: process.peakMegabytes(),
      };
      await process.stop();
      return figures;
    } finally {
      ledger.close();
    }
  });

function watchMemory(process: BenchProcess): { resident: number[]; stop: () => void } {
  const resident = [process.residentMegabytes()];
  const timer = setInterval(() => resident.push(process.residentMegabytes()), lookMilliseconds);
  return { resident, stop: () => clearInterval(timer) };
}

/** The last quarter of the time against the second one: in the first one a process still fills its caches. */
function growthOf(resident: readonly number[]): number {
  const quarter = (n: number) =>
    resident.slice(
      Math.floor((resident.length * n) / 4),
      Math.max(1, Math.ceil((resident.length * (n + 1)) / 4)),
    );
  return median(quarter(3)) / median(quarter(1));
}

function told({ files, perSecond, cpu, resident, peak }: Backlog): string {
  const at = [0, 0.25, 0.5, 0.75, 1].map((share) => resident[Math.round((resident.length - 1) * share)] ?? 0);
  const over = at.map((value) => value.toFixed(0)).join(', ');
  return (
    `${counted(files)} files: ${shown(perSecond)} files/s, ${shown(cpu)} ms of CPU for a file; ` +
    `resident at the quarters ${over} MB, ${shown(peak)} MB at most`
  );
}
