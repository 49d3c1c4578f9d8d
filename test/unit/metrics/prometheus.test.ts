import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

import type { ProbeKind } from '../../../shared/probes/probe.ts';
import { events } from '../../../shared/runtime/events.ts';
import { madeMetricsPage, metricsFile } from '../../acceptance/made-page.ts';
import { seriesNames } from '../../acceptance/metrics-page.ts';
import { outsideTool, runTool } from '../../support/outside-tool.ts';

// A machine without it cannot run these; the reporter names what was left out, and under CI it fails.
const promtool = outsideTool('promtool');
if (promtool === undefined) console.warn('promtool is left out: it is not installed');
const promtoolTest = promtool === undefined ? test.skip : test;

const pathOf = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const rulesFile = pathOf('config/prometheus/alerts.yaml');
const ruleTests = fileURLToPath(new URL('alerts.test.yaml', import.meta.url));

const rulesSchema = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
});
const rules = async () =>
  rulesSchema.parse(parse(await readFile(rulesFile, 'utf8'))).groups.flatMap((group) => group.rules);

const dashboardSchema = z.object({
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      description: z.string().min(1),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      targets: z.array(z.object({ refId: z.string(), expr: z.string() })).min(1),
    }),
  ),
});
const panels = async () =>
  dashboardSchema.parse(JSON.parse(await readFile(pathOf('config/grafana/device-enrolment.json'), 'utf8')))
    .panels;
const shownExpressions = async () =>
  (await panels()).flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('docs/metrics.md is what `npm run docs` makes', async () => {
  expect(await readFile(metricsFile, 'utf8')).toBe(await madeMetricsPage());
});

test('rules and dashboard ask for series and events that there are', async () => {
  const asked = [...(await rules()).map(({ expr }) => expr), ...(await shownExpressions())];
  expect(asked.length).toBeGreaterThan(35);
  const known = seriesNames();
  for (const expression of asked) {
    const names = expression.match(/\b(?:enrol|process|nodejs)_[a-z0-9_]+/g) ?? [];
    expect([expression, names.filter((name) => !known.has(name))]).toEqual([expression, []]);
    expect(names).not.toEqual([]);
    const told = [...expression.matchAll(/event="([^"]*)"/g)].map(([, name = '']) => name);
    expect(told.filter((name) => !(name in events))).toEqual([]);
  }
});

/** Typed, so that each is one that there is. */
const probes: readonly ProbeKind[] = [
  'daemon',
  'backlog',
  'held files',
  'rejected files',
  'rest',
  'response',
  'requests',
  'key',
  'certificate',
  'disk',
];

test('rules go by probes that there are', async () => {
  const asked = (await rules()).flatMap(({ expr }) =>
    [...expr.matchAll(/probe=~?"([^"]*)"/g)].flatMap(([, names = '']) => names.split('|')),
  );
  expect(new Set(asked)).toEqual(new Set(probes));
});

test('panels have a number and a place of their own', async () => {
  const all = await panels();
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(Math.max(...all.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
});

test('every rule has a test', async () => {
  const tested = z
    .object({
      tests: z.array(
        z.object({
          alert_rule_test: z.array(
            z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) }),
          ),
        }),
      ),
    })
    .parse(parse(await readFile(ruleTests, 'utf8')))
    .tests.flatMap((each) => each.alert_rule_test)
    .filter((each) => each.exp_alerts.length > 0)
    .map(({ alertname }) => alertname);
  expect(tested.sort()).toEqual((await rules()).map(({ alert }) => alert).sort());
});

promtoolTest('promtool: each rule fires when it should, and not before', () => {
  expect(runTool(promtool, 'check', 'rules', rulesFile)).toMatch(/SUCCESS: \d+ rules found/);
  expect(runTool(promtool, 'test', 'rules', ruleTests)).toContain('SUCCESS');
});

promtoolTest('promtool: the dashboard asks in PromQL, and the sample of a configuration is one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'enrol-prometheus-'));
  try {
    const recorded = (await shownExpressions()).map((expr, number) => ({
      record: `panel_${number}`,
      expr: expr.replaceAll(/\$__(?:rate_interval|range)/g, '5m'),
    }));
    await writeFile(
      join(folder, 'panels.yaml'),
      stringify({ groups: [{ name: 'panels', rules: recorded }] }),
    );
    expect(runTool(promtool, 'check', 'rules', join(folder, 'panels.yaml'))).toContain(
      `SUCCESS: ${recorded.length} rules found`,
    );
    const token = join(folder, 'token');
    await writeFile(token, 'a token');
    const scrape = (await readFile(pathOf('config/prometheus/scrape.yaml'), 'utf8'))
      .replace('/etc/prometheus/enrol-token', token)
      .replace('alerts.yaml', rulesFile);
    await writeFile(join(folder, 'prometheus.yaml'), scrape);
    expect(runTool(promtool, 'check', 'config', join(folder, 'prometheus.yaml'))).toContain(
      '1 rule files found',
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
