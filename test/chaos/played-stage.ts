import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { FailPoint } from '../../shared/runtime/fail-point.ts';
import { type TestInstallation } from '../support/installation.ts';
import type { Finding } from './findings.ts';
import { canaries } from './fixtures.ts';
import { autopsy, observe, type Observation } from './oracle.ts';
import { listening, runWell } from './run.ts';
import type { Stage } from './stages/stage.ts';

/** The n-th passing of a fail-point. */
export interface Passing {
  readonly point: FailPoint;
  readonly n: number;
}

/** A stage in which nobody was killed: what it comes to, and where a process can be killed on its way. */
export interface PlayedStage {
  readonly stage: Stage;
  readonly undisturbed: Observation;
  readonly passings: readonly Passing[];
  /** What is wrong without any kill. */
  readonly findings: readonly Finding[];
}

/** Plays a stage to its end, with the fresh work behind it. */
export async function play(stage: Stage): Promise<PlayedStage> {
  return inCopy(stage, async (installation) => {
    const file = join(installation.home, 'passings.json');
    const words = [stage.daemon, '--once'];
    await runWell(installation, words, listening({ PASSINGS_FILE: file }));
    const passings = JSON.parse(await readFile(file, 'utf8')) as Record<FailPoint, number>;
    const ends = await wrongEnds(installation, stage);
    await stage.fresh(installation);
    await runWell(installation, words);
    const { findings, inHand } = await autopsy(installation.home, canaries);
    const left = inHand.map((what): Finding => ({
      defect: 'lost',
      what: `without a kill, unfinished: ${what}`,
    }));
    const undisturbed = await observe(installation);
    return { stage, undisturbed, passings: listOf(passings), findings: [...ends, ...findings, ...left] };
  });
}

const listOf = (passings: Readonly<Record<FailPoint, number>>): Passing[] =>
  Object.entries(passings).flatMap(([point, count]) =>
    Array.from({ length: count }, (_, index) => ({ point: point as FailPoint, n: index + 1 })),
  );

/** Files that did not end as the stage says. */
async function wrongEnds(installation: TestInstallation, { ends }: Stage): Promise<Finding[]> {
  const db = await installation.store();
  const rows = await db
    .selectFrom('delivery')
    .select(['name', 'state', 'fault_code'])
    .where('direction', '=', 'in')
    .orderBy('id')
    .execute();
  await db.destroy();
  // Of files that came one after the other under one name, the last.
  const last = new Map(rows.map(({ name, state, fault_code: code }) => [name, code ?? state]));
  const found = [...last].map(([name, end]) => `${twin(name)}: ${end}`);
  return Object.entries(ends)
    .filter(([name, end]) => !found.includes(`${twin(name)}: ${end}`))
    .map(([name, end]) => ({
      defect: end === 'DUPLICATE' ? 'doubled' : 'lost',
      what: `without a kill, ${name} did not end as ${end}: ${found.join(', ')}`,
    }));
}

/** Of two equal files, either may come first. */
const twin = (name: string): string => name.replace(/^twin-\d/, 'twin');

/** Works in a copy of a stage, which is gone afterwards. */
export async function inCopy<T>(
  { template }: Stage,
  work: (copy: TestInstallation) => Promise<T>,
): Promise<T> {
  const copy = await template.copy();
  try {
    return await work(copy);
  } finally {
    await copy.close();
  }
}
