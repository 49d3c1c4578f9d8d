import { Theatre } from './disk/place.ts';
import { playPowerCut } from './disk/play-power-cut.ts';
import { newestSurvives, nothingSurvives, someSurvives, type Chance } from './disk/power-cut.ts';
import { sceneOf } from './disk/scenes.ts';
import { randomNumbers } from './random-numbers.ts';

/**
 * Plays scenes in which the power is cut before the first, second, … call, until a run has fewer calls. What is to be
 * played comes as the argument, a report goes to stdout for each, a line of JSON. A process of its own: the way to the
 * disk is exchanged in it.
 */
export interface PowerCutRun {
  readonly scene: string;
  /** The process is killed where the power would be cut; that happens when another one has ended its work. */
  readonly late?: boolean;
  /** The disk refuses so many syncs, from this one on; the power is cut when all is done. */
  readonly failedSync?: { readonly at: number; readonly times: number };
  /** What survives by chance, once for each seed; beside a cut that nothing survives, and one that the newest does. */
  readonly seeds: readonly number[];
}

export interface PowerCutReport {
  readonly run: PowerCutRun;
  readonly calls: number;
  readonly cuts: number;
  /** The most changes that were not sure at a cut. */
  readonly unsure: number;
  /** How many syncs there were in the whole of the work. */
  readonly syncs: number;
  /** Call and chance -> what was wrong in the end. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
}

function chancesOf(run: PowerCutRun, at: number): [string, Chance][] {
  const bySeed = run.seeds.map((seed): [string, Chance] => [
    `seed ${seed}`,
    someSurvives(randomNumbers(seed + at)),
  ]);
  return [['nothing survives', nothingSurvives], ['the newest survives', newestSurvives], ...bySeed];
}

async function cutEverywhere(theatre: Theatre, run: PowerCutRun): Promise<PowerCutReport> {
  const { late = false, failedSync } = run;
  const problems: Record<string, readonly string[]> = {};
  let [cuts, unsure, syncs] = [0, 0, 0];
  for (let at = failedSync ? Infinity : 1; ; at++) {
    let reached = false;
    for (const [name, chance] of chancesOf(run, at)) {
      const played = await playPowerCut(theatre, sceneOf(run.scene), {
        at,
        late,
        chance,
        ...(failedSync && { failure: { kind: 'failed sync', ...failedSync } }),
      });
      cuts++;
      unsure = Math.max(unsure, played.unsure);
      syncs = played.synced.length;
      reached = played.reached;
      if (played.problems.length > 0) problems[`call ${at}, ${name}`] = played.problems;
    }
    if (!reached) return { run, calls: at - 1, cuts, unsure, syncs, problems };
  }
}

const theatre = await Theatre.open();
try {
  for (const run of JSON.parse(process.argv[2] ?? '[]') as PowerCutRun[]) {
    process.stdout.write(`${JSON.stringify(await cutEverywhere(theatre, run))}\n`);
  }
} finally {
  theatre.close();
}
