import { systemClock } from '../../shared/runtime/clock.ts';
import { Intake } from '../../shared/spool/intake.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { peakMegabytes } from './peak-memory.ts';
import { openTestInbox, withSettings } from './temporary-spool.ts';

/**
 * Scans the drop folder of an inbox with markers, again and again as a daemon does, until a file is found complete.
 * Tells in one line of JSON which, after how many looks and seconds, and the megabytes that the process had before and
 * at most.
 */
const [store = '', spool = ''] = process.argv.slice(2);
const db = await openStore({ file: store, busySeconds: 10 });
const opened = await openTestInbox(db, spool, { clock: systemClock, emit: () => undefined });
const intake = new Intake(withSettings(opened, { quietSeconds: 0, marker: '.ok', markerSeconds: 3600 }));
const megabytesBefore = Math.round(process.memoryUsage.rss() / 1024 ** 2);
const started = performance.now();
let found: string | undefined;
let looks = 0;
for (; found === undefined; looks++) found = (await intake.scan()).ready[0]?.name;
const seconds = Math.round((performance.now() - started) / 1000);
const megabytesAtMost = Math.round(peakMegabytes());
console.log(JSON.stringify({ found, looks, seconds, megabytesBefore, megabytesAtMost }));
await db.destroy();
