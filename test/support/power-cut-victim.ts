import { onFailPoint } from '../../shared/runtime/fail-point.ts';
import { watchDisk } from './disk/calls.ts';
import { changes } from './disk/failing.ts';
import { Journal } from './disk/journal.ts';
import { Place, takeUp } from './disk/place.ts';
import { sceneOf } from './disk/scenes.ts';
import { workOff } from './disk/work-off.ts';

/**
 * A process that prepares a scene and works it off, on a disk with a journal. It kills itself before its n-th call that
 * changes the disk, or at a fail-point: the third argument is the number, or the name.
 */
const [folder = '', name = '', killAt = ''] = process.argv.slice(2);

const die = (): void => void process.kill(process.pid, 'SIGKILL');

const place = new Place(folder);
const scene = sceneOf(name);
const hands = await takeUp(place);
await scene.prepare(place, hands);
const journal = new Journal({ root: place.spool, folder: place.journal });
let changed = 0;
onFailPoint((point) => {
  if (point === killAt) die();
});
watchDisk(place.spool, (call, perform) => {
  if (changes(call) && ++changed === Number(killAt)) die();
  return journal.layer(call, perform);
});
await workOff(scene.task(place, hands), hands.clock);
await hands.db.destroy();
