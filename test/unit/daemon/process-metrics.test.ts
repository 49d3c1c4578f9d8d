import { expect, test } from '@jest/globals';

import { ProcessMetrics } from '../../../shared/daemon/process-metrics.ts';
import { faultFields } from '../../../shared/runtime/events.ts';
import { Fault } from '../../../shared/runtime/faults.ts';

const file = { folder: 'inboundDeviceEnrolment', file: 'CANARY-name.pgp', delivery: 7 };

/** `name{labels} value` of every line that is about us. */
const linesOf = async ({ registry }: ProcessMetrics): Promise<string[]> =>
  (await registry.metrics()).split('\n').filter((line) => line.startsWith('enrol_'));

test('events are counted by name and level, faults by code; what never happened stands there as 0', async () => {
  const metrics = new ProcessMetrics('loader');
  const held = { ...file, ...faultFields(new Fault('KEY_MISSING', 'CANARY-detail')) };
  metrics.count('file.held', held);
  metrics.count('file.held', held);
  metrics.count('daemon.ready', {});
  const lines = await linesOf(metrics);
  expect(lines).toEqual(
    expect.arrayContaining([
      'enrol_events_total{event="file.held",level="error",daemon="loader"} 2',
      'enrol_events_total{event="daemon.ready",level="info",daemon="loader"} 1',
      'enrol_events_total{event="job.missed",level="warn",daemon="loader"} 0',
      'enrol_faults_total{code="KEY_MISSING",daemon="loader"} 2',
      'enrol_faults_total{code="NO_SPACE",daemon="loader"} 0',
    ]),
  );
  expect(lines.join()).not.toContain('CANARY');
});

test('durations are in buckets from a tenth of a second to hours, by names of the configuration', async () => {
  const metrics = new ProcessMetrics('adaptor');
  const job = { job: 'Retention', run: 3, batches: 0, records: 0, problems: [] };
  const call = { provider: 'apple', transaction: 'CANARY-id', question: 'query', exchange: 5 };
  metrics.count('file.done', { ...file, digest: 'CANARY', summary: '', milliseconds: 400 });
  metrics.count('job.finished', { ...job, milliseconds: 5_000_000 });
  metrics.count('provider.called', { ...call, status: 503, milliseconds: 20_000 });
  const lines = await linesOf(metrics);
  const inbox = 'inbox="inboundDeviceEnrolment"';
  expect(lines).toEqual(
    expect.arrayContaining([
      `enrol_file_duration_seconds_bucket{le="0.1",daemon="adaptor",${inbox}} 0`,
      `enrol_file_duration_seconds_bucket{le="0.5",daemon="adaptor",${inbox}} 1`,
      `enrol_file_duration_seconds_sum{daemon="adaptor",${inbox}} 0.4`,
      'enrol_job_duration_seconds_bucket{le="3600",daemon="adaptor",job="Retention"} 0',
      'enrol_job_duration_seconds_bucket{le="14400",daemon="adaptor",job="Retention"} 1',
      'enrol_provider_call_duration_seconds_count{daemon="adaptor",provider="apple",status="503"} 1',
    ]),
  );
  expect(lines.join()).not.toContain('CANARY');
});
