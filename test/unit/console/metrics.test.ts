import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { ConsoleServer } from '../../../console/server.ts';
import { addUser } from '../../../shared/operator/console-users.ts';
import { argon2 } from '../../../shared/operator/passwords.ts';
import { completeRun, startRun, type JobRun } from '../../../shared/store/job-runs.ts';
import { registerWorker } from '../../../shared/store/workers.ts';
import { ConsoleBrowser } from '../../support/console-browser.ts';
import { addProviderRequest, addSeen } from '../../support/store-examples.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

const token = 'CANARY-metrics-token-93';

let rt: TestRuntime;
let server: ConsoleServer | undefined;
const open = async (metricsTokenFile: string) => {
  rt = await testRuntime({
    store: { url: 'sqlite:enrol.db' },
    console: { address: '127.0.0.1:0', metricsTokenFile },
  });
  await mkdir(join(rt.loaded.home, 'spool'));
  await writeFile(join(rt.loaded.home, 'token'), `${token}\n`, { mode: 0o600 });
};
const listen = async () => {
  server = await ConsoleServer.open(rt);
  return new ConsoleBrowser({ origin: `http://127.0.0.1:${server.port}` });
};
beforeEach(() => open('token'));
afterEach(async () => {
  await server?.finish();
  server = undefined;
  expect(JSON.stringify(rt.events)).not.toContain(token);
  await rt.close();
});

const ask = (browser: ConsoleBrowser, authorization?: string) =>
  browser.send('/metrics', { headers: { ...(authorization !== undefined && { authorization }) } });

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Every line of the text format has to be one of those that there are (prometheus.io, exposition formats). */
function parse(text: string): { samples: Sample[]; types: Map<string, string> } {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, kind, about = '', rest = ''] = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line) ?? [];
    if (kind === 'TYPE') types.set(about, rest);
    if (kind !== undefined) continue;
    const [, name = '', labels = '', value = ''] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === '') throw new Error(`no line of the text format: ${line}`);
    const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/g)];
    expect(pairs.map(([pair]) => pair).join('')).toBe(labels);
    samples.push({
      name,
      labels: Object.fromEntries(pairs.map(([, k = '', v = '']) => [k, v])),
      value: Number(value),
    });
  }
  return { samples, types };
}

test('what there is can be read with the token, line by line', async () => {
  const { db, worker, clock } = rt;
  await registerWorker(db, 'loader', clock.now());
  await addSeen(db, worker, 'secret-file-name.pgp');
  const at = clock.now().toISOString();
  const folder = 'inboundSalesOrderDispatch';
  const row = { direction: 'in' as const, folder, name: 'secret-file-name-2.pgp', attempts: 1, crashes: 0 };
  await db
    .insertInto('delivery')
    .values({ ...row, state: 'held', seen_at: at, settled_at: at })
    .execute();
  await addProviderRequest(db, 'secret-transaction');
  const run = await startRun(db, 'salesOrderDispatch', 'operator', worker, clock.now());
  rt.pass(12);
  await completeRun(db, run as JobRun, { batches: 0, records: 0, problems: [] }, clock.now());

  const browser = await listen();
  const answer = await ask(browser, `Bearer ${token}`);
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.text).not.toMatch(/secret-|CANARY/);
  const { samples, types } = parse(answer.text);
  const valueOf = (name: string, labels: Record<string, string> = {}) =>
    samples.find(
      (each) => each.name === name && Object.entries(labels).every(([k, v]) => each.labels[k] === v),
    )?.value;
  for (const { name } of samples) expect([name, types.get(name)]).toEqual([name, 'gauge']);

  expect(valueOf('enrol_daemon_processes', { daemon: 'loader' })).toBe(1);
  expect(valueOf('enrol_daemon_processes', { daemon: 'adaptor' })).toBe(0);
  expect(valueOf('enrol_probe_state', { probe: 'daemon', subject: 'loader' })).toBe(0);
  expect(valueOf('enrol_probe_state', { probe: 'daemon', subject: 'adaptor' })).toBe(2);
  expect(valueOf('enrol_probe_value', { probe: 'held files', unit: 'files' })).toBe(1);
  expect(valueOf('enrol_files', { inbox: folder, state: 'held' })).toBe(1);
  expect(valueOf('enrol_backlog_files', { inbox: folder, age: 'older' })).toBe(0);
  expect(valueOf('enrol_devices', { status: 'Enrolled' })).toBe(0);
  expect(valueOf('enrol_batches_in_error')).toBe(0);
  expect(valueOf('enrol_provider_requests_open', { provider: 'apple', state: 'queued' })).toBe(1);
  expect(valueOf('enrol_job_last_run_timestamp_seconds', { job: 'salesOrderDispatch' })).toBe(
    Date.parse('2026-05-06T12:00:00Z') / 1000,
  );
  expect(valueOf('enrol_job_last_run_duration_seconds', { job: 'salesOrderDispatch' })).toBe(12);
  expect(valueOf('enrol_job_last_run_failed', { job: 'salesOrderDispatch' })).toBe(0);
  // Each scrape is of its own.
  const again = parse((await ask(browser, `Bearer ${token}`)).text).samples;
  expect(again).toHaveLength(samples.length);
});

test('O10 nobody without the very token is let in, an administrator neither', async () => {
  const browser = await listen();
  const operator = { who: 'test', reason: 'a test', now: rt.clock.now() };
  const password = 'correct horse battery';
  await addUser(rt.db, argon2, operator, { name: 'root', role: 'administrator', password, oneTime: false });
  await browser.signIn('root', password);
  for (const wrong of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    token,
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
  ]) {
    const answer = await ask(browser, wrong);
    expect([wrong, answer.status]).toEqual([wrong, 401]);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="metrics"');
    expect(answer.text).not.toContain('enrol_');
  }
  expect((await browser.post('/metrics', {}, { authorization: `Bearer ${token}` })).status).toBe(404);
});

test('O10 without a token file there are no metrics, for nobody', async () => {
  await rt.close();
  await open('');
  const browser = await listen();
  for (const shown of [undefined, 'Bearer ', 'Bearer undefined', `Bearer ${token}`]) {
    expect((await ask(browser, shown)).status).toBe(404);
  }
});

test('O12 a token file that others can read is refused at the start', async () => {
  await rt.close();
  await open('open');
  await writeFile(join(rt.loaded.home, 'open'), token, { mode: 0o644 });
  await expect(listen()).rejects.toMatchObject({ code: 'SECRET_EXPOSED' });
});
