import { standingMetrics } from '../../console/metrics.ts';
import { durationBuckets, processMetrics } from '../../shared/daemon/metric-rows.ts';
import { ProcessMetrics } from '../../shared/daemon/process-metrics.ts';

/** docs/metrics.md, made from the tables of metrics. */

export function metricsPage(): string {
  return [
    '# Metrics',
    '',
    'For Prometheus, in its text format. This page is made by `npm run docs` from [the metrics of the',
    'console](../console/metrics.ts), [those of each process](../shared/daemon/metric-rows.ts) and what Node tells of itself;',
    'a test holds that it is up to date.',
    '',
    'Labels have few values: names from the configuration, states, events, codes, HTTP status. None holds the name of a file',
    'or the id of a device.',
    '',
    '| Asked                                   | Tells                                     | Who may ask                                                      |',
    '| --- | --- | --- |',
    '| the console, `GET /metrics`             | how everything stands, of all hosts: read from store and spool at each scrape | with the token of `console.metricsTokenFile` as `Authorization: Bearer`; without the setting there is no `/metrics` |',
    '| each process, at its address under `metrics` | what this process has done since it began | whoever is on this host, or reaches the socket; nobody of the network |',
    '',
    '[config/prometheus/scrape.yaml](../config/prometheus/scrape.yaml) asks all of them,',
    '[alerts.yaml](../config/prometheus/alerts.yaml) has rules for alarms, and',
    '[config/grafana/device-enrolment.json](../config/grafana/device-enrolment.json) is a dashboard to be imported.',
    'Alarms go by the probes where there is one, so that targets are set in one place: [probes](probes.md).',
    '',
    'Of several processes of one daemon on a host, the first has the address; the others say `metrics.failed` in the log, and',
    'take it when it is free. Prometheus cannot ask a unix socket: a web server or an agent in front of it does.',
    '',
    '## How everything stands',
    '',
    'All are gauges.',
    '',
    ...table(
      Object.entries(standingMetrics).map(([name, { help, labels }]) => [
        `\`enrol_${name}\``,
        help,
        listed(labels),
      ]),
      ['Metric', 'Meaning', 'Labels'],
    ),
    '## What a process does',
    '',
    'The same event feeds log and metric: [events](events.md) says what each means. Events are counted also when `log.level`',
    `leaves them out. Durations are histograms with the bounds ${durationBuckets.join(', ')} seconds. Every metric has the`,
    'label `daemon`. A process that begins anew counts from 0.',
    '',
    ...table(
      Object.entries(processMetrics).map(([name, { type, help, labels }]) => [
        `\`enrol_${name}\``,
        type,
        help,
        listed(labels),
      ]),
      ['Metric', 'Type', 'Meaning', 'Labels'],
    ),
    '## What Node tells of a process',
    '',
    ...table(
      nodeMetrics().map(({ name, help }) => [`\`${name}\``, help.replace(/\.?$/, '.')]),
      ['Metric', 'Meaning'],
    ),
  ].join('\n');
}

const nodeMetrics = (): readonly { name: string; help: string }[] =>
  new ProcessMetrics('loader').registry.getMetricsAsArray().filter(({ name }) => !name.startsWith('enrol_'));

/** Every series that may be asked for: a histogram is several. */
export const seriesNames = (): ReadonlySet<string> =>
  new Set([
    ...Object.keys(standingMetrics).map((name) => `enrol_${name}`),
    ...Object.entries(processMetrics).flatMap(([name, { type }]) =>
      type === 'histogram'
        ? ['_bucket', '_sum', '_count'].map((end) => `enrol_${name}${end}`)
        : [`enrol_${name}`],
    ),
    ...nodeMetrics().map(({ name }) => name),
  ]);

const table = (rows: readonly (readonly string[])[], titles: readonly string[]): string[] => [
  ...[titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
  '',
];

const listed = (labels: readonly string[]): string => labels.map((label) => `\`${label}\``).join(', ');
