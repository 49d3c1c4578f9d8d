import { relative } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { closeOpenFiles, watchDisk, type Layer } from './calls.ts';
import { FailingDisk, type Failure } from './failing.ts';
import { Journal } from './journal.ts';
import { takeUp, type Place, type Theatre } from './place.ts';
import { cutPower, type Chance } from './power-cut.ts';
import type { Scene } from './scenes.ts';
import { problemOf, workADay, workOff } from './work-off.ts';

export interface PowerCut {
  /** The process ends before this call, counted from 1; if it does not make so many, when its work is done. */
  readonly at: number;
  /** What the disk shows afterwards. */
  readonly chance: Chance;
  /** The power lasts until another process has brought the work to its end. */
  readonly late?: boolean;
  /** The n-th sync does nothing, and says that it succeeded. */
  readonly swallow?: number;
  /** The disk fails before it loses its power. */
  readonly failure?: Failure;
}

export interface Synced {
  /** In the spool. */
  readonly path: string;
  /** Number of the call. */
  readonly call: number;
}

export interface PowerCutPlayed {
  /** Whether the process came to the call before which it ends. */
  readonly reached: boolean;
  /** Changes that no sync had made sure. */
  readonly unsure: number;
  /** What the first process synced. */
  readonly synced: readonly Synced[];
  readonly problems: readonly string[];
}

/** Plays a scene until the power is cut, and goes on with what the disk shows then. */
export async function playPowerCut(theatre: Theatre, scene: Scene, cut: PowerCut): Promise<PowerCutPlayed> {
  const place = theatre.place();
  try {
    const { reached, synced } = await workUntil(place, scene, cut);
    if (cut.late) await workOn(place, scene);
    const unsure = cutPower({ root: place.spool, folder: place.journal, chance: cut.chance });
    return { reached, unsure, synced, problems: await recover(place, scene) };
  } catch (thrown) {
    return { reached: true, unsure: 0, synced: [], problems: [problemOf(thrown)] };
  } finally {
    watchDisk(place.spool, undefined);
    place.remove();
  }
}

/** The first process. It does not come back from the call before which it ends. */
async function workUntil(
  place: Place,
  scene: Scene,
  cut: PowerCut,
): Promise<Pick<PowerCutPlayed, 'reached' | 'synced'>> {
  const hands = await takeUp(place);
  await scene.prepare(place, hands);
  const journal = new Journal({ root: place.spool, folder: place.journal, swallow: cut.swallow });
  const disk = new FailingDisk(cut.failure ?? { kind: 'failed sync', at: Infinity, times: 1 });
  const end = Promise.withResolvers<undefined>();
  const synced: Synced[] = [];
  const under = new Set<Promise<unknown>>();
  let reached = false;
  let calls = 0;
  const others: Layer = (call, perform) => {
    if (reached) return never;
    const arrived = scene.meanwhile?.(place, call);
    if (arrived !== undefined) journal.found(arrived);
    if (++calls !== cut.at) {
      if (call.name === 'handle.sync') synced.push({ path: relative(place.spool, call.path), call: calls });
      return followed(perform(), under);
    }
    reached = true;
    end.resolve(undefined);
    return never;
  };
  watchDisk(place.spool, (call, perform) =>
    others(call, () => journal.layer(call, () => disk.layer(call, perform))),
  );
  await Promise.race([end.promise, workOff(scene.task(place, hands), hands.clock)]);
  // What the kernel has begun it ends, whatever becomes of the process. Nobody goes on from there: what does so here,
  // where the process has not really died, comes to its next call before the layer is taken away.
  await Promise.allSettled(under);
  await turn();
  watchDisk(place.spool, undefined);
  await closeOpenFiles();
  await hands.die();
  return { reached, synced };
}

/** What a process waits for that has ended. */
const never = new Promise<never>(() => undefined);

function followed<T>(call: Promise<T>, under: Set<Promise<unknown>>): Promise<T> {
  under.add(call);
  return call.finally(() => under.delete(call));
}

/** A second process, in the same life of the disk. */
async function workOn(place: Place, scene: Scene): Promise<void> {
  const hands = await takeUp(place);
  watchDisk(place.spool, new Journal({ root: place.spool, folder: place.journal }).layer);
  await workOff(scene.task(place, hands), hands.clock);
  watchDisk(place.spool, undefined);
  await hands.die();
}

/** A process after the power is back brings everything to its end, a fresh piece of work too. Returns what is wrong then. */
export async function recover(place: Place, scene: Scene): Promise<string[]> {
  const hands = await takeUp(place);
  try {
    await scene.prepareFresh(place, hands);
    await workADay(scene.task(place, hands), hands.clock);
    return await scene.problems(place, hands);
  } finally {
    await hands.die();
  }
}
