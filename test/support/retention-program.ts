import { jobNamed } from '../../jobs/registry.ts';
import { runJob } from '../../jobs/run-job.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { configDigest } from '../../shared/runtime/config-digest.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { onFailPoint } from '../../shared/runtime/fail-point.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { registerWorker } from '../../shared/store/workers.ts';

/**
 * Runs the job Retention over the store `enrol.db` of a home, and kills itself the n-th time that it comes by a
 * fail-point: `HOME SETTINGS-AS-JSON POINT N`.
 */
const [home = '', settings = '{}', where = '', count = '1'] = process.argv.slice(2);
let left = Number(count);
onFailPoint((point) => {
  if (point === where && --left === 0) process.kill(process.pid, 'SIGKILL');
});

const db = await openStore({ file: `${home}/enrol.db`, busySeconds: 10 });
const config = configSchema.parse({ retention: JSON.parse(settings) as object });
const loaded = { home, file: `${home}/enrol.yaml`, config, digest: configDigest(config) };
const worker = await registerWorker(db, 'test', new Date());
const host = { db, loaded, worker, clock: systemClock, emit: () => undefined };
await runJob(host, jobNamed('retention'), 'schedule');
await db.destroy();
