import { rmSync } from 'node:fs';
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { PostgresStores } from '../support/temporary-postgres.ts';
import { killedHere } from './elsewhere.ts';
import { addTo, countOf, defects, emptyTally, type Finding, type Tally } from './findings.ts';
import { everywhere, killAtPoints } from './matrix.ts';
import { killAtRandom, type Hosts } from './random-kills.ts';

const help = `Processes of real installations are killed, and started again; nothing may be lost, doubled, half visible,
or on the disk in the clear.

  npm run chaos [-- --seed N --kills N --store sqlite|postgres --processes N]

  --kills N      kills altogether (default 1000): first at every passing of every fail-point in every stage, which are
                 some six hundred, whatever N is; then at random moments of daemons through which orders flow
  --seed N       chooses those moments (default: other ones each time; the seed is printed)
  --store NAME   what keeps the store (default sqlite); postgres: a server that comes with the tests
  --processes N  only with postgres: N of each daemon at a time, each set as on a host of its own. All kills are at
                 random moments then; some processes hang until others have taken over, and the server is ended, too

The last line of stdout is one JSON document. Progress and what is found go to stderr.

Exit codes:
  0  nothing was found, and enough of the kills met a process at work
  1  something was found, or the kills missed, or it was stopped
  2  the command line is not valid
`;

/**
 * Of the random kills, so many must have met work in progress: less where there are several hosts, since what a process was
 * started for may be in the hands of another by then.
 */
const randomHitsAtLeast = { alone: 0.5, several: 0.25 };
/** Kills from one line of progress to the next. */
const progressEvery = 25;
const told = new Set<Finding>();

interface Options {
  readonly seed: number;
  readonly kills: number;
  readonly store: 'sqlite' | 'postgres';
  /** Undefined: one of each, on this host. */
  readonly processes: number | undefined;
}

const options = readOptions();
if (options) {
  await useOwnFolder();
  process.exitCode = (await play(options)) ? 0 : 1;
}

/** @returns undefined when there is nothing to do: the exit code is set */
function readOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
        kills: { type: 'string', default: '1000' },
        store: { type: 'string', default: 'sqlite' },
        processes: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (!values.help) return checked(values);
    process.stdout.write(help);
  } catch (error) {
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n\n${help}`);
    process.exitCode = 2;
  }
  return undefined;
}

interface Words {
  readonly seed: string;
  readonly kills: string;
  readonly store: string;
  readonly processes?: string | undefined;
}

function checked({ seed, kills, store, processes }: Words): Options {
  if (store !== 'sqlite' && store !== 'postgres') throw new Error(`${store} is no store`);
  if (processes !== undefined && store === 'sqlite') throw new Error('several hosts need postgres');
  return {
    seed: wholeNumber(seed),
    kills: wholeNumber(kills),
    store,
    processes: processes === undefined ? undefined : wholeNumber(processes),
  };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${text} is not a whole number of at most ten digits`);
  return Number(text);
}

/** Everything lies in one folder, which is gone at the end, also when somebody has had enough. */
async function useOwnFolder(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  await chmod(folder, 0o711); // The server has its place in it, and is somebody else where we are root.
  process.env.TMPDIR = folder;
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}

/** @returns whether all is well */
async function play(options: Options): Promise<boolean> {
  const { seed, kills, store, processes } = options;
  say(`seed ${seed}`);
  const tally = emptyTally();
  const misses: string[] = [];
  const stores = store === 'postgres' ? await PostgresStores.start() : undefined;
  try {
    if (processes === undefined) await playPoints(tally, misses, stores);
    const left = kills - tally.kills;
    const hosts = stores && { count: processes ?? 1, stores };
    if (left > 0) await playRandom({ seed, kills: left, hosts }, tally, misses);
  } catch (error) {
    tally.findings.push({ defect: 'lost', what: String(error instanceof Error ? error.stack : error) });
  } finally {
    await stores?.close();
  }
  tellNew(tally.findings);
  if (tally.findings.length > 0) say(`all this with --seed ${seed}`);
  for (const miss of misses) say(`MISSED: ${miss}`);
  const { hits, files, findings } = tally;
  const counts = Object.fromEntries(defects.map((defect) => [defect, countOf(defect, findings)]));
  process.stdout.write(`${JSON.stringify({ kills: tally.kills, hits, files, ...counts, seed })}\n`);
  return misses.length === 0 && findings.length === 0;
}

async function playPoints(tally: Tally, misses: string[], stores?: PostgresStores): Promise<void> {
  const tell = progress();
  const found = await killAtPoints(
    everywhere,
    (sofar, of) => tell(`at fail-points, of ${of}`, sofar),
    stores,
  );
  addTo(tally, found.tally);
  const never = killedHere.filter((point) => !found.hit.has(point));
  if (never.length > 0) misses.push(`nobody died at ${never.join(', ')}`);
  const alive = tally.kills - tally.hits;
  if (alive > 0) misses.push(`${alive} processes did not come to the point at which they should have died`);
}

interface RandomKills {
  readonly seed: number;
  readonly kills: number;
  readonly hosts: Hosts | undefined;
}

async function playRandom(
  { seed, kills, hosts }: RandomKills,
  tally: Tally,
  misses: string[],
): Promise<void> {
  const tell = progress();
  const found = await killAtRandom(seed, kills, (sofar) => tell(`at random, of ${kills}`, sofar), hosts);
  addTo(tally, found);
  const wanted = (hosts?.count ?? 1) > 1 ? randomHitsAtLeast.several : randomHitsAtLeast.alone;
  if (found.hits < wanted * found.kills)
    misses.push(`only ${found.hits} of ${found.kills} random kills met work in progress`);
}

/** @returns what is told after each kill. Some happen at the same time, so that numbers come twice, or not at all */
function progress(): (what: string, sofar: Tally) => void {
  let next = progressEvery;
  return (what, { kills, hits, findings }) => {
    tellNew(findings);
    if (kills < next) return;
    next = kills - (kills % progressEvery) + progressEvery;
    say(`killed ${what}: ${kills}, hits: ${hits}`);
  };
}

/** Each finding, as soon as it is there. */
function tellNew(findings: readonly Finding[]): void {
  for (const finding of findings.filter((each) => !told.has(each))) {
    told.add(finding);
    say(`${finding.defect}: ${finding.what}`);
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
