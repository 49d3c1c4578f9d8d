import { Theatre } from './disk/place.ts';
import { playPowerCut } from './disk/play-power-cut.ts';
import { newestSurvives, nothingSurvives } from './disk/power-cut.ts';
import { sceneOf } from './disk/scenes.ts';

/**
 * Tests the tests of power cuts: plays scenes on a disk that swallows one sync, and looks whether a cut after that shows
 * it. The scenes come as the argument, a report goes to stdout for each sync, a line of JSON.
 */
export interface SwallowedSync {
  readonly scene: string;
  /** What is synced: its path in the spool. */
  readonly path: string;
  /** What was wrong after the first cut that shows it; none: no cut does. */
  readonly problems: readonly string[];
}

/** As if no call came after it. */
const atTheEnd = Infinity;

async function swallowEach(theatre: Theatre, name: string): Promise<SwallowedSync[]> {
  const scene = sceneOf(name);
  const { synced } = await playPowerCut(theatre, scene, { at: atTheEnd, chance: nothingSurvives });
  const swallowed: SwallowedSync[] = [];
  for (const [index, { path, call }] of synced.entries()) {
    let problems: readonly string[] = [];
    for (let at = call + 1, reached = true; reached && problems.length === 0; at++) {
      for (const chance of [nothingSurvives, newestSurvives]) {
        const played = await playPowerCut(theatre, scene, { at, chance, swallow: index + 1 });
        reached = played.reached;
        if (problems.length === 0) problems = played.problems;
      }
    }
    swallowed.push({ scene: name, path, problems });
  }
  return swallowed;
}

const theatre = await Theatre.open();
try {
  for (const name of JSON.parse(process.argv[2] ?? '[]') as string[]) {
    for (const swallowed of await swallowEach(theatre, name))
      process.stdout.write(`${JSON.stringify(swallowed)}\n`);
  }
} finally {
  theatre.close();
}
