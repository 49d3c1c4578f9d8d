import { watchDisk, type Layer } from './calls.ts';
import { FailingDisk, type Failure } from './failing.ts';
import { takeUp, type Theatre } from './place.ts';
import type { Scene } from './scenes.ts';
import { problemOf, workADay, workOff } from './work-off.ts';

export interface FailurePlayed {
  /** Calls that have failed. */
  readonly failed: number;
  /** Codes of the faults that ended a round. */
  readonly faults: readonly string[];
  readonly problems: readonly string[];
}

/** Plays a scene on a disk that fails, is well again, and gets one more piece of work. */
export async function playFailure(theatre: Theatre, scene: Scene, failure: Failure): Promise<FailurePlayed> {
  const place = theatre.place();
  const hands = await takeUp(place);
  const disk = new FailingDisk(failure);
  const others: Layer = (call, perform) => {
    scene.meanwhile?.(place, call);
    return perform();
  };
  try {
    await scene.prepare(place, hands);
    const task = scene.task(place, hands);
    watchDisk(place.spool, (call, perform) => others(call, () => disk.layer(call, perform)));
    const faults = await workOff(task, hands.clock, () => {
      disk.endRound();
    });
    watchDisk(place.spool, undefined);
    await scene.prepareFresh(place, hands);
    await workADay(task, hands.clock);
    return { failed: disk.failed, faults, problems: await scene.problems(place, hands) };
  } catch (thrown) {
    return { failed: disk.failed, faults: [], problems: [problemOf(thrown)] };
  } finally {
    watchDisk(place.spool, undefined);
    await hands.die();
    place.remove();
  }
}
