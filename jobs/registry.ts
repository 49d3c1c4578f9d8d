import { Fault } from '../shared/runtime/faults.ts';
import { batchErrorManagementJob } from './batch-error-management.ts';
import { deviceEnrolmentRequestJob } from './device-enrolment-request.ts';
import { deviceEnrolmentResponseJob } from './device-enrolment-response.ts';
import type { Job } from './job.ts';
import { dryRunJob, retentionJob } from './retention.ts';
import { salesOrderDispatchJob } from './sales-order-dispatch.ts';

/** Every job, in the order of a device's life. */
export const jobs: readonly Job[] = [
  salesOrderDispatchJob,
  deviceEnrolmentRequestJob,
  deviceEnrolmentResponseJob,
  batchErrorManagementJob,
  retentionJob,
  dryRunJob(),
];

/** The job by its key or its name in CMP. @throws Fault NOT_FOUND */
export function jobNamed(name: string): Job {
  const job = jobs.find((known) => known.key === name || known.name === name);
  if (!job)
    throw new Fault('NOT_FOUND', `there is no job ${name}; there are: ${jobs.map((j) => j.key).join(', ')}`);
  return job;
}
