import { once } from 'node:events';

import { systemClock } from '../../shared/runtime/clock.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { openTestInbox } from './temporary-spool.ts';
import { testPublisher } from './test-publisher.ts';

/**
 * Publishes what is queued, until nothing is left that nobody has. Sealed is the number of the process and the content.
 * When it is ready it says so, and begins when its input ends.
 */
const [store = '', spool = ''] = process.argv.slice(2);

const db = await openStore({ file: store, busySeconds: 10 });
const { worker, lease, emit } = await openTestInbox(db, spool, { clock: systemClock, emit: () => undefined });
const publisher = testPublisher({ spool, db, worker, lease, clock: systemClock, emit });
process.stdout.write('ready\n');
await once(process.stdin.resume(), 'end');
while ((await publisher.step(new AbortController().signal)).worked > 0);
await db.destroy();
