import { deviceEnrolmentRequestJob } from '../../jobs/device-enrolment-request.ts';
import { deviceEnrolmentResponseJob } from '../../jobs/device-enrolment-response.ts';
import type { Job, JobHost, JobResult } from '../../jobs/job.ts';
import { runJob } from '../../jobs/run-job.ts';
import {
  deviceEnrolmentResponse,
  type ResponseOrder,
} from '../../shared/generic/device-enrolment-response.ts';
import { systemClock } from '../../shared/runtime/clock.ts';
import { createBatch } from '../../shared/store/batches.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import type { Db } from '../../shared/store/tables.ts';
import { registerWorker } from '../../shared/store/workers.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measured, Measurement } from '../measurement.ts';
import { devicesPerOrder, fillPendingDevices } from '../scene/fill.ts';
import { withHome } from '../scene/home.ts';
import { withStore } from '../scene/store.ts';

/** The jobs over many devices, in orders of ten, against a plain insert of as many rows of devices. */

const devicesOf = (devices: number): number => Math.max(devicesPerOrder, Math.ceil(devices / 10));

const job = (
  name: string,
  what: string,
  run: (host: JobHost, orders: number) => Promise<number>,
): Measurement => ({
  name,
  what,
  against: 'as many rows of devices inserted, one transaction',
  target: { ratio: 0.25 },
  size: ({ devices }) => `${counted(devicesOf(devices))} devices`,
  run: ({ devices }) => measured(devicesOf(devices), run),
});

const measured = (
  devices: number,
  run: (host: JobHost, orders: number) => Promise<number>,
): Promise<Measured> =>
  withHome({}, async (home) => {
    const inserting = await fillPendingDevices(home.store, devices);
    const seconds = await withStore(home, async ({ db, loaded }) => {
      const worker = await registerWorker(db, 'bench', new Date());
      const host = { db, loaded, worker, clock: systemClock, emit: () => undefined };
      return run(host, Math.ceil(devices / devicesPerOrder));
    });
    return {
      measured: devices / seconds,
      reference: devices / inserting,
      unit: 'devices/s',
      details: [`the job took ${shown(seconds)} s, the insert ${shown(inserting)} s`],
    };
  });

export const jobs = [
  job('request-job', 'request job: pending devices to prepared batches', (host) =>
    timed(() => run(host, deviceEnrolmentRequestJob)),
  ),
  job(
    'response-job',
    'response job: results, one batch for each order, to enrolled devices',
    async (host, orders) => {
      await run(host, deviceEnrolmentRequestJob);
      await inTransaction(host.db, (trx) => loadResponses(trx, orders));
      return timed(async () => {
        // A run takes a number of batches; what is left starts the next one.
        while ((await run(host, deviceEnrolmentResponseJob)).batches > 0);
      });
    },
  ),
];

/** @throws when something could not be done */
async function run(host: JobHost, wanted: Job): Promise<JobResult> {
  const { result } = await runJob(host, wanted, 'operator');
  if (result.problems.length > 0) throw new Error(result.problems.slice(0, 3).join('; '));
  return result;
}

/** As the loader makes them of the adaptor's files. */
async function loadResponses(trx: Db, orders: number): Promise<void> {
  const { category, type, version } = deviceEnrolmentResponse;
  const standing = { stage: 'Extract/Load', status: 'Complete' } as const;
  const head = { direction: 'inbound', category, type, version, standing, providerId: 'apple' } as const;
  for (let n = 0; n < orders; n++) {
    const payload: ResponseOrder = {
      id: n + 1,
      devices: Array.from({ length: devicesPerOrder }, (_, k) => ({
        deviceId: `FILL${n * devicesPerOrder + k}`,
      })),
    };
    const items = [{ customerReference: String(n + 1), description: 'all succeeded', payload }];
    await createBatch(trx, { ...head, externalFileName: `${n}.json`, items }, 'bench', new Date());
  }
}
