/** What each process tells of itself, besides what Node has for every process. Labels have few values. */

interface MetricRow {
  readonly type: 'counter' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export const processMetrics = {
  events_total: { type: 'counter', help: 'Events told, by name and level.', labels: ['event', 'level'] },
  faults_total: { type: 'counter', help: 'Faults told, by code.', labels: ['code'] },
  file_duration_seconds: {
    type: 'histogram',
    help: 'How long a file was worked on, from when it was taken to when it is archived.',
    labels: ['inbox'],
  },
  job_duration_seconds: {
    type: 'histogram',
    help: 'How long a run of a job took that came to its end.',
    labels: ['job'],
  },
  provider_call_duration_seconds: {
    type: 'histogram',
    help: 'How long a call of a provider took that was answered.',
    labels: ['provider', 'status'],
  },
} as const satisfies Record<string, MetricRow>;

/** Seconds, up to hours. */
export const durationBuckets = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600];
