import { join } from 'node:path';

import { jobNamed } from '../../jobs/registry.ts';
import { runJob } from '../../jobs/run-job.ts';
import { asWorker, type Present } from '../../shared/daemon/as-worker.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { configDigest } from '../../shared/runtime/config-digest.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import type { Emit } from '../../shared/runtime/events.ts';
import { exitCodeOf } from '../../shared/runtime/exit-codes.ts';
import { onFailPoint } from '../../shared/runtime/fail-point.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import { Bell, runTasks, type Task } from '../../shared/runtime/task-loop.ts';
import { InboxWorker } from '../../shared/spool/inbox-worker.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { loadingOf, textOf } from './loading.ts';
import { patiently } from './temporary-postgres.ts';
import { openTestInbox, withSettings } from './temporary-spool.ts';
import { testPublisher } from './test-publisher.ts';

/**
 * Works as a daemon does with `--once`, on the host that test/support/pretended-host-preload.ts makes it believe in, with
 * a lease of a second: `KIND HOME STORE`. It stops itself the STOP_AT-th time that it comes by a fail-point, and goes on
 * when it is told to. Events are told by name, a line each, and `stop POINT` before it stops.
 */
const [kind = '', home = '', store = ''] = process.argv.slice(2);
const leaseSeconds = 1;
/** A server ends the transaction of a process that is stopped. */
const statementSeconds = 2;

const tell = (line: string) => void process.stdout.write(`${line}\n`);
const emit: Emit = (name) => tell(name);

let left = Number(process.env.STOP_AT);
onFailPoint((point) => {
  if (--left !== 0) return;
  tell(`stop ${point}`);
  process.kill(process.pid, 'SIGSTOP');
});

async function inbox(present: Present): Promise<Task> {
  const opened = await openTestInbox(present.db, join(home, 'spool'), { ...present, emit });
  const worker = new InboxWorker(
    withSettings(opened, { quietSeconds: 0.05, marker: '.ok' }),
    async (file) => {
      if ((await textOf(file)).startsWith('bad')) throw new Fault('SCHEMA_VIOLATION', 'a bad file');
      return loadingOf(file);
    },
  );
  return { name: 'inbox', step: (stop) => worker.step(stop) };
}

const publisher = (present: Present): Task => testPublisher({ ...present, spool: join(home, 'spool'), emit });

const job = (present: Present): Task => ({
  name: 'job',
  step: async () => {
    const { result } = await runJob({ ...present, emit }, jobNamed('deviceEnrolmentResponse'), 'operator');
    return { worked: result.batches, refused: 0, waiting: 0 };
  },
});

const tasks: Readonly<Record<string, (present: Present) => Task | Promise<Task>>> = { inbox, publisher, job };

const config = configSchema.parse({});
const loaded = {
  home,
  file: join(home, 'enrol.yaml'),
  config: { ...config, store: { ...config.store, leaseSeconds } },
  digest: configDigest(config),
};
const db = await openStore(
  store.startsWith('postgres:')
    ? { ...patiently(store), statementSeconds }
    : { file: store, busySeconds: 10 },
);
const stop = new AbortController();
try {
  await asWorker(
    { db, loaded, clock: systemClock },
    'test',
    () => stop.abort(),
    async (present) => {
      const task = await tasks[kind]?.(present);
      if (!task) throw new Error(`what is ${kind}?`);
      const loop = { intervalSeconds: 1, once: true, stop: stop.signal, bell: new Bell(), emit };
      await runTasks([task], loop);
    },
  );
} catch (thrown) {
  const fault = toFault(thrown);
  tell(fault.code);
  if (fault.code !== 'LEASE_LOST') process.stderr.write(`${fault.stack ?? fault.message}\n`);
  process.exitCode = exitCodeOf(fault.code);
}
await db.destroy();
