import { Gauge, Registry } from 'prom-client';

import { jobs } from '../jobs/registry.ts';
import type { Runtime } from '../shared/daemon/process.ts';
import { daemonStandings, inboxStandings } from '../shared/operator/overview.ts';
import { readProbes } from '../shared/probes/measure.ts';
import { processNames } from '../shared/runtime/process-names.ts';
import { countBatchesInError } from '../shared/store/batches.ts';
import { countByStatus } from '../shared/store/devices.ts';
import { lastRun } from '../shared/store/job-runs.ts';
import { countOpenRequests } from '../shared/store/request-lists.ts';
import { deviceStatuses } from '../shared/store/states/device.ts';
import type { ProbeState } from '../shared/store/states/probe.ts';

type Source = Pick<Runtime, 'loaded' | 'db' | 'clock'>;
type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const stateNumbers: Readonly<Record<ProbeState, number>> = { green: 0, amber: 1, red: 2, unknown: 3 };

/** What is read from the store and the spool at each scrape. All are gauges. */
export const standingMetrics = {
  probe_state: {
    help: 'How a probe stands: 0 green, 1 amber, 2 red, 3 unknown.',
    labels: ['probe', 'subject'],
  },
  probe_value: { help: 'What a probe has measured.', labels: ['probe', 'subject', 'unit'] },
  files: { help: 'Files received, by what became of them.', labels: ['inbox', 'state'] },
  backlog_files: { help: 'Files that wait in a drop folder, by age.', labels: ['inbox', 'age'] },
  daemon_processes: { help: 'Processes of a daemon that run.', labels: ['daemon'] },
  devices: { help: 'Devices, by status.', labels: ['status'] },
  batches_in_error: { help: 'Batches that stopped in error.', labels: [] },
  provider_requests_open: {
    help: 'Requests to providers without a final answer.',
    labels: ['provider', 'state'],
  },
  job_last_run_timestamp_seconds: { help: 'When the last run of a job began.', labels: ['job'] },
  job_last_run_duration_seconds: { help: 'How long the last run of a job took.', labels: ['job'] },
  job_last_run_failed: { help: '1: the last run of a job failed.', labels: ['job'] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

export interface Metrics {
  readonly contentType: string;
  readonly text: string;
}

/**
 * How it stands now, in the text format of Prometheus. Labels have few values: names from the configuration, states,
 * keys of the ring; never a file or a device.
 *
 * @throws Fault STORE_…
 */
export async function metricsOf(source: Source): Promise<Metrics> {
  const registry = new Registry();
  await probes(registry, source);
  await files(registry, source);
  await work(registry, source);
  await jobRuns(registry, source);
  return { contentType: registry.contentType, text: await registry.metrics() };
}

function gauge(registry: Registry, name: keyof typeof standingMetrics, samples: readonly Sample[]): void {
  const { help, labels: labelNames } = standingMetrics[name];
  const made = new Gauge({ name: `enrol_${name}`, help, labelNames, registers: [registry] });
  for (const [labels, value] of samples) made.set(labels, value);
}

async function probes(registry: Registry, { loaded, db, clock }: Source): Promise<void> {
  const readings = await readProbes(loaded, db, clock.now());
  const states = readings.map(({ kind, subject, state }): Sample => [
    { probe: kind, subject },
    stateNumbers[state],
  ]);
  const values = readings.flatMap(({ kind, subject, unit, value }): Sample[] =>
    value === null ? [] : [[{ probe: kind, subject, unit }, value]],
  );
  gauge(registry, 'probe_state', states);
  gauge(registry, 'probe_value', values);
}

async function files(registry: Registry, { loaded, db, clock }: Source): Promise<void> {
  const inboxes = await inboxStandings(loaded, db, clock.now());
  const counted = inboxes.flatMap((inbox) =>
    (['deferred', 'held', 'rejected', 'done'] as const).map((state): Sample => [
      { inbox: inbox.name, state },
      inbox[state],
    ]),
  );
  const waiting = inboxes.flatMap(({ name, backlog }) =>
    Object.entries(backlog).map(([age, count]): Sample => [{ inbox: name, age }, count]),
  );
  gauge(registry, 'files', counted);
  gauge(registry, 'backlog_files', waiting);
}

async function work(registry: Registry, { db, clock }: Source): Promise<void> {
  const standings = await daemonStandings(db, clock.now());
  const up = processNames.map((daemon): Sample => [
    { daemon },
    standings.filter(({ name, running }) => name === daemon && running).length,
  ]);
  const devices = await countByStatus(db);
  const open = await countOpenRequests(db);
  gauge(registry, 'daemon_processes', up);
  gauge(
    registry,
    'devices',
    deviceStatuses.map((status): Sample => [{ status }, devices[status] ?? 0]),
  );
  gauge(registry, 'batches_in_error', [[{}, await countBatchesInError(db)]]);
  gauge(
    registry,
    'provider_requests_open',
    open.map(({ provider, state, count }): Sample => [{ provider, state }, count]),
  );
}

async function jobRuns(registry: Registry, { db }: Source): Promise<void> {
  const runs = await Promise.all(jobs.map(async ({ key }) => ({ job: key, run: await lastRun(db, key) })));
  const began: Sample[] = [];
  const lasted: Sample[] = [];
  const failed: Sample[] = [];
  for (const { job, run } of runs) {
    if (!run) continue;
    const start = Date.parse(run.started_at) / 1000;
    began.push([{ job }, start]);
    failed.push([{ job }, run.state === 'error' || run.state === 'interrupted' ? 1 : 0]);
    if (run.finished_at !== null) lasted.push([{ job }, Date.parse(run.finished_at) / 1000 - start]);
  }
  gauge(registry, 'job_last_run_timestamp_seconds', began);
  gauge(registry, 'job_last_run_duration_seconds', lasted);
  gauge(registry, 'job_last_run_failed', failed);
}
