import { once } from 'node:events';

import { groupsOf } from '../../shared/runtime/groups.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { registerWorker } from '../../shared/store/workers.ts';
import { patiently } from '../../test/support/temporary-postgres.ts';
import type { CeilingOrder } from './ceiling.ts';
import { doings } from './doings.ts';

/** A process that asks the store what a daemon asks it, as fast as it is answered. */

/** Things in a group, and groups side by side: as the loader has them (`shared/spool/inbox-worker.ts`). */
const together = 128;
const lanes = 3;

const { name, url, from, warmUp, count } = JSON.parse(process.argv[2] ?? '') as CeilingOrder;
const doing = doings[name];
const db = await openStore(patiently(url));
const worker = await registerWorker(db, name, new Date());
await work(from, warmUp);
process.send?.(0);
await once(process, 'message');
const begin = process.cpuUsage();
await work(from + warmUp, count);
const { user, system } = process.cpuUsage(begin);
process.send?.((user + system) / 1e6);
await once(process, 'disconnect');
await db.destroy();

async function work(first: number, things: number): Promise<void> {
  const numbers = Array.from({ length: things }, (_, index) => first + index);
  const size = name.startsWith('commits') ? 1 : together;
  const groups = groupsOf(numbers, { count: size, size: size, sizeOf: () => 1 }).values();
  const lane = async () => {
    for (const group of groups) await doing(db, worker, group);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
