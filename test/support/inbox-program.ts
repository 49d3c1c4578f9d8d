import { once } from 'node:events';

import { onFailPoint } from '../../shared/runtime/fail-point.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { Bell, runTasks } from '../../shared/runtime/task-loop.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import type { FileHandler } from '../../shared/spool/file-work.ts';
import { InboxWorker } from '../../shared/spool/inbox-worker.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { loadingOf, textOf } from './loading.ts';
import { openTestInbox, withSettings } from './temporary-spool.ts';
import { watchedDb } from './watched-db.ts';

/**
 * Works off an inbox like a daemon with `--once`, and kills itself where KILL_AT says: the n-th time that it comes to
 *
 *   store    a call that writes into the store
 *   commit   a handler's records that are written but not committed yet
 *   tmp      a use of the inbox's tmp/: at the start, around the file's move aside, before a reason is written
 *   poison   a file whose text is `poison`
 *   point    a named place of the protocol, whichever
 *
 * With MARKER, files need a marker of that suffix. A file whose text begins with `bad` is rejected; the others are loaded. Events are told by name, a line each; when
 * it is ready it says so, and begins when its input ends.
 */
const [store = '', spool = ''] = process.argv.slice(2);
const [where = '', count = '0'] = (process.env.KILL_AT ?? '').split(':');
let left = Number(count);

function come(place: string): void {
  if (place === where && --left === 0) process.kill(process.pid, 'SIGKILL');
}

onFailPoint(() => come('point'));

const handle: FileHandler = async (file) => {
  const text = await textOf(file);
  if (text === 'poison') come('poison');
  if (text.startsWith('bad')) throw new Fault('SCHEMA_VIOLATION', 'a bad file');
  const decision = loadingOf(file);
  return async (trx) => {
    const outcome = await decision(trx);
    come('commit');
    return outcome;
  };
};

// To a pipe it is synchronous, and waits for a reader that is behind: nothing told before a kill is lost.
const tell = (line: string) => void process.stdout.write(`${line}\n`);

const db = await openStore({ file: store, busySeconds: 10 });
const opened = await openTestInbox(db, spool, { clock: systemClock, emit: tell });
const inbox = {
  ...withSettings(opened, { quietSeconds: 0.05, marker: process.env.MARKER ?? '' }),
  db: watchedDb(db, () => come('store')),
  folders: {
    ...opened.folders,
    get tmp() {
      come('tmp');
      return opened.folders.tmp;
    },
  },
};
const worker = new InboxWorker(inbox, handle);
tell('ready');
await once(process.stdin.resume(), 'end');
await runTasks([{ name: 'inbox', step: (stop) => worker.step(stop) }], {
  intervalSeconds: 1,
  once: true,
  stop: new AbortController().signal,
  bell: new Bell(),
  emit: tell,
});
await db.destroy();
