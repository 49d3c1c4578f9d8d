import type { PostgresStores } from '../support/temporary-postgres.ts';
import { failPoints, type FailPoint } from '../../shared/runtime/fail-point.ts';
import { addTo, emptyTally, type Tally } from './findings.ts';
import { killAt, type KillCase } from './kill-case.ts';
import { inLanes } from './lanes.ts';
import { play, type PlayedStage } from './played-stage.ts';
import { prepareStages } from './stages/all.ts';
import type { Stage } from './stages/stage.ts';
import { plantTrunk } from './trunk.ts';

/** Kills in every stage, at the first, second, … passing of every fail-point. */
export const everywhere = (played: readonly PlayedStage[]): KillCase[] =>
  played.flatMap((stage) => stage.passings.map((passing) => ({ played: stage, passing })));

/** Kills at every fail-point once, in turn in one of the stages that come by it. */
export function onceEach(played: readonly PlayedStage[]): KillCase[] {
  return failPoints.flatMap((point, index) => {
    const there = everywhere(played).filter(({ passing }) => passing.point === point && passing.n === 1);
    const chosen = there[index % there.length];
    return chosen === undefined ? [] : [chosen];
  });
}

export interface MatrixResult {
  readonly tally: Tally;
  /** Fail-points at which a process has died. */
  readonly hit: ReadonlySet<FailPoint>;
}

/**
 * The crash matrix: real processes, killed at the fail-points.
 *
 * @param choose which cases are tried
 * @param say is told after each kill
 * @param stores where the stores are; otherwise they are embedded
 */
export async function killAtPoints(
  choose: (played: readonly PlayedStage[]) => readonly KillCase[],
  say: (tally: Tally, of: number) => void,
  stores?: PostgresStores,
): Promise<MatrixResult> {
  const tally = emptyTally();
  const hit = new Set<FailPoint>();
  const trunk = await plantTrunk(stores);
  const stages: Stage[] = [];
  try {
    await prepareStages(trunk, stages);
    const played = await inLanes(stages, play);
    tally.findings.push(...played.flatMap(({ findings }) => findings));
    const cases = choose(played);
    await inLanes(cases, async (each) => {
      const found = await killAt(each);
      if (found.hits > 0) hit.add(each.passing.point);
      addTo(tally, found);
      say(tally, cases.length);
    });
  } finally {
    for (const { template } of stages) await template.close();
    await trunk.installation.close();
  }
  return { tally, hit };
}
