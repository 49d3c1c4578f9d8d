import { jobNamed } from '../../jobs/registry.ts';
import { runJob } from '../../jobs/run-job.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { configDigest } from '../../shared/runtime/config-digest.ts';
import { configSchema } from '../../shared/runtime/config-schema.ts';
import { onFailPoint } from '../../shared/runtime/fail-point.ts';
import { toFault } from '../../shared/runtime/faults.ts';
import { openStore } from '../../shared/store/open-store.ts';
import { registerWorker } from '../../shared/store/workers.ts';

/**
 * Runs a job over the store `enrol.db` of a home until it finds nothing to do, and kills itself the n-th time that it
 * comes by a fail-point: `HOME JOB POINT N`. Where another process runs the job, it tries again.
 */
const [home = '', job = '', where = '', count = '1'] = process.argv.slice(2);
let left = Number(count);
onFailPoint((point) => {
  if (point === where && --left === 0) process.kill(process.pid, 'SIGKILL');
});

const db = await openStore({ file: `${home}/enrol.db`, busySeconds: 10 });
const config = configSchema.parse({});
const loaded = { home, file: `${home}/enrol.yaml`, config, digest: configDigest(config) };
const worker = await registerWorker(db, 'test', new Date());
const host = { db, loaded, worker, clock: systemClock, emit: () => undefined };
let batches = 1;
while (batches > 0) {
  try {
    batches = (await runJob(host, jobNamed(job), 'operator')).result.batches;
  } catch (thrown) {
    if (toFault(thrown).code !== 'ALREADY_RUNNING') throw thrown;
  }
}
await db.destroy();
