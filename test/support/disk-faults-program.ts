import type { FailureKind } from './disk/failing.ts';
import { Theatre } from './disk/place.ts';
import { playFailure } from './disk/play-failure.ts';
import { sceneOf } from './disk/scenes.ts';

/**
 * Plays scenes on disks that fail at the first, second, … call, until a run has fewer calls. What is to be played comes
 * as the argument, a report goes to stdout for each, a line of JSON. A process of its own: the way to the disk is
 * exchanged in it.
 */
export interface FailureRun {
  readonly scene: string;
  readonly kind: FailureKind;
  readonly times: number | 'round';
}

export interface FailureReport {
  readonly run: FailureRun;
  /** How many calls could fail, and did. */
  readonly calls: number;
  /** Codes of the faults that ended a round. */
  readonly faults: readonly string[];
  /** The call that failed -> what was wrong in the end. */
  readonly problems: Readonly<Record<number, readonly string[]>>;
}

async function failEverywhere(theatre: Theatre, run: FailureRun): Promise<FailureReport> {
  const faults = new Set<string>();
  const problems: Record<number, readonly string[]> = {};
  for (let at = 1; ; at++) {
    const played = await playFailure(theatre, sceneOf(run.scene), { ...run, at });
    if (played.problems.length > 0) problems[at] = played.problems;
    if (played.failed === 0) return { run, calls: at - 1, faults: [...faults].sort(), problems };
    for (const fault of played.faults) faults.add(fault);
  }
}

const theatre = await Theatre.open();
try {
  for (const run of JSON.parse(process.argv[2] ?? '[]') as FailureRun[]) {
    process.stdout.write(`${JSON.stringify(await failEverywhere(theatre, run))}\n`);
  }
} finally {
  theatre.close();
}
