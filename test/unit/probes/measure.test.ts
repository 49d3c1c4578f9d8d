import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { importPartnerKey } from '../../../shared/pgp/import-keys.ts';
import { readProbes } from '../../../shared/probes/measure.ts';
import type { Reading } from '../../../shared/probes/probe.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import { keysFolder } from '../../../shared/runtime/paths.ts';
import { defer } from '../../../shared/store/deliveries.ts';
import { failRun, startRun, type JobRun } from '../../../shared/store/job-runs.ts';
import { saveRest } from '../../../shared/store/provider-exchanges.ts';
import { moveRequest, requireRequest } from '../../../shared/store/provider-requests.ts';
import { testAuthority } from '../../support/https-server.ts';
import { markClaimed } from '../../support/one-file.ts';
import { makeKey } from '../../support/pgp.ts';
import { addProviderRequest, addSeen } from '../../support/store-examples.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let rt: TestRuntime;
const open = async (config: object = {}) => {
  rt = await testRuntime({ store: { url: 'sqlite:enrol.db' }, ...config });
  await mkdir(join(rt.loaded.home, 'spool'));
};
beforeEach(() => open());
afterEach(() => rt.close());

const reopen = async (config: object) => {
  await rt.close();
  await open(config);
};

/** As it is now, or later; real time where files and keys are looked at. */
const read = (at = rt.clock.now()): Promise<Reading[]> => readProbes(rt.loaded, rt.db, at);
const found = async (probe: string, at?: Date): Promise<Reading> => {
  const reading = (await read(at)).find((each) => each.probe === probe);
  if (!reading) throw new Error(`there is no probe ${probe}`);
  return reading;
};
const ofKind = async (kind: Reading['kind'], at?: Date) =>
  (await read(at)).filter((each) => each.kind === kind);

const day = 86_400_000;
const inDays = (days: number) => new Date(Date.now() + days * day);

test('every link leads to a path of the console', async () => {
  await reopen({
    providers: { apple: { format: 'apple', account: { shipTo: '0000071234', depResellerId: '16FCE4A0' } } },
    probes: { expectDaily: { inboxes: ['provider/apple/inbound'] } },
  });
  const readings = await read();
  expect(readings.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(['daemon', 'backlog', 'daily file', 'response', 'job', 'disk', 'notices']),
  );
  for (const { link } of readings) expect(link).toMatch(/^\/(?![/\\])[\x21-\x7e]*$/);
});

describe('keys of the ring', () => {
  async function addKey(party: string, seconds: number, date = new Date()): Promise<string> {
    const key = await makeKey({ date, ...(seconds > 0 && { keyExpirationTime: seconds }) });
    const armoredOrBinary = key.toPublic().write();
    const [fingerprint = ''] = await importPartnerKey({
      folder: keysFolder(rt.loaded),
      party,
      armoredOrBinary,
    });
    return `key ${party} ${fingerprint.slice(-16).toUpperCase()}`;
  }

  test('that expire soon are amber, then red; expired ones are red and say so', async () => {
    const lasting = await addKey('forever', 0);
    const soon = await addKey('warehouse', 20 * 86_400);
    expect(await found(lasting, new Date())).toMatchObject({ state: 'green', value: 36_500 });
    const amber = await found(soon, new Date());
    expect(amber).toMatchObject({
      state: 'amber',
      unit: 'days left',
      target: 'at least 30 days left, red below 7',
    });
    expect(amber.sentence).toMatch(
      /^The key warehouse [0-9A-F]{16} expires in 19 day\(s\), on \d{4}-\d\d-\d\d\. Ask warehouse for the next one\.$/,
    );
    expect(await found(soon, inDays(14))).toMatchObject({ state: 'red' });
    expect((await found(soon, inDays(21))).sentence).toMatch(/has expired on .*: get a new one/);
  });

  test('that a newer one has replaced are no concern', async () => {
    const old = await addKey('warehouse', 20 * 86_400, new Date(Date.now() - 15 * day));
    expect(await found(old, new Date())).toMatchObject({ state: 'red' });
    await addKey('warehouse', 0);
    expect(await found(old, new Date())).toMatchObject({ state: 'green' });
  });

  test('that cannot be read are unknown', async () => {
    const folder = join(keysFolder(rt.loaded), 'partners', 'x');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'broken.asc'), 'no key');
    const reading = await found('key');
    expect([reading.state, reading.value, reading.link]).toEqual(['unknown', null, '/keys']);
    expect(reading.sentence).toMatch(/^The key ring could not be measured: KEY_UNREADABLE: .*broken\.asc/);
  });
});

test('certificates of ours that expire', async () => {
  const authority = await testAuthority();
  await reopen({
    console: { certificateFile: 'console.pem', keyFile: 'key.pem' },
    loader: { listen: { address: '127.0.0.1:0', certificateFile: 'missing.pem', keyFile: 'key.pem' } },
  });
  const { certificatePem } = await authority.issue({
    name: 'localhost',
    usage: 'server',
    notAfter: inDays(10),
  });
  await writeFile(join(rt.loaded.home, 'console.pem'), certificatePem);
  expect(await found('certificate console', new Date())).toMatchObject({ state: 'amber' });
  expect(await found('certificate console', inDays(4))).toMatchObject({ state: 'red' });
  expect((await found('certificate console', inDays(11))).sentence).toMatch(/has expired on/);
  expect(await found('certificate loader.listen')).toMatchObject({ state: 'unknown', value: null });
});

test('the oldest file in a drop folder, by when it came, not by what its sender says', async () => {
  const folder = join(rt.loaded.home, 'spool', 'inboundDeviceEnrolment', 'in');
  await mkdir(folder, { recursive: true });
  expect(await found('backlog inboundDeviceEnrolment')).toMatchObject({ state: 'green', value: 0 });
  await writeFile(join(folder, 'a.pgp'), 'x');
  await utimes(join(folder, 'a.pgp'), new Date(0), new Date(0));
  const later = (minutes: number) => new Date(Date.now() + minutes * 60_000);
  expect(await found('backlog inboundDeviceEnrolment', later(59))).toMatchObject({ state: 'green' });
  const amber = await found('backlog inboundDeviceEnrolment', later(61));
  expect(amber).toMatchObject({ state: 'amber', link: '/#backlog' });
  expect(amber.sentence).toBe('The oldest file has waited in inboundDeviceEnrolment for 61 minute(s).');
  expect(await found('backlog inboundDeviceEnrolment', later(241))).toMatchObject({ state: 'red' });
  expect(await found('backlog inboundSalesOrderDispatch', later(241))).toMatchObject({ state: 'green' });
});

test('a drop folder that cannot be looked into is unknown, and the other probes go on', async () => {
  const folder = join(rt.loaded.home, 'spool', 'inboundDeviceEnrolment');
  await mkdir(folder, { recursive: true });
  // As root every folder can be read; a file in its place cannot be, by anybody.
  await writeFile(join(folder, 'in'), 'x');
  const reading = await found('backlog inboundDeviceEnrolment');
  expect(reading.state).toBe('unknown');
  expect(await found('backlog inboundSalesOrderDispatch')).toMatchObject({ state: 'green' });
});

test('files that are held, rejected and deferred; old rejections are old news', async () => {
  const { db, worker, clock } = rt;
  const row = await addSeen(db, worker, 'one');
  const claimed = await markClaimed(db, row, 'work/one');
  await defer(db, claimed, 'FILE_BUSY', 'locked', clock.now());
  await db.insertInto('delivery').values(settled('held', 'two')).execute();
  await db.insertInto('delivery').values(settled('rejected', 'three')).execute();
  expect(await found('deferred files')).toMatchObject({ state: 'amber', value: 1 });
  expect(await found('held files')).toMatchObject({ state: 'red', value: 1, link: '/files?state=held' });
  expect(await found('rejected files')).toMatchObject({ state: 'amber', value: 1 });
  rt.pass(86_401);
  expect(await found('rejected files')).toMatchObject({ state: 'green', value: 0 });
  expect(await found('held files')).toMatchObject({ state: 'red', value: 1 });
});

const settled = (state: 'held' | 'rejected', name: string) => {
  const at = rt.clock.now().toISOString();
  const direction = 'in' as const;
  return {
    direction,
    folder: 'inboundSalesOrderDispatch',
    name,
    state,
    attempts: 1,
    crashes: 0,
    seen_at: at,
    settled_at: at,
  };
};

test('no file today', async () => {
  await reopen({ probes: { expectDaily: { inboxes: ['inboundSalesOrderDispatch'] } } });
  // The clock stands at noon.
  expect(await found('daily file inboundSalesOrderDispatch')).toMatchObject({ state: 'amber', value: 12 });
  await rt.db.insertInto('delivery').values(settled('held', 'one')).execute();
  expect(await found('daily file inboundSalesOrderDispatch')).toMatchObject({ state: 'green', value: 0 });
  rt.pass(86_400 + 6 * 3600);
  const missing = await found('daily file inboundSalesOrderDispatch');
  expect(missing).toMatchObject({ state: 'red', value: 18, target: 'a file before 12:00, red from 18:00' });
});

test('providers that do not answer, and requests that need a look', async () => {
  const id = await addProviderRequest(rt.db, 't-1');
  const sent = { sent_at: rt.clock.now().toISOString(), attempts: 1 };
  await moveRequest(rt.db, await requireRequest(rt.db, id), 'sent', sent);
  rt.pass(3600);
  expect(await found('requests')).toMatchObject({ state: 'red', value: 1 });
  expect(await found('response apple')).toMatchObject({ state: 'green', value: 1 });
  rt.pass(23 * 3600);
  const slow = await found('response apple');
  expect(slow).toMatchObject({ state: 'amber', value: 24 });
  expect(slow.sentence).toBe('The oldest request has waited for apple for 24 hour(s).');
  rt.pass(48 * 3600);
  expect(await found('response apple')).toMatchObject({ state: 'red', value: 72 });
  await moveRequest(rt.db, await requireRequest(rt.db, id), 'finished', {});
  expect(await ofKind('response')).toEqual([]);
});

test('a provider that rests, until a call succeeds', async () => {
  const rest = {
    provider_id: 'apple',
    failures: 3,
    rests_until: null,
    fault_code: 'PROVIDER_DENIES' as const,
    detail: 'x',
    changed_at: rt.clock.now().toISOString(),
  };
  await saveRest(rt.db, { ...rest, rests: 1 });
  const reading = await found('rest apple');
  expect(reading).toMatchObject({ state: 'amber', value: 1 });
  expect(reading.sentence).toBe('The provider apple failed (PROVIDER_DENIES) and is left alone for a while.');
  await saveRest(rt.db, { ...rest, rests: 5 });
  expect(await found('rest apple')).toMatchObject({ state: 'red' });
  await saveRest(rt.db, { ...rest, rests: 0 });
  expect(await ofKind('rest')).toEqual([]);
});

test('the last run of a job', async () => {
  const { db, worker, clock } = rt;
  expect(await found('job salesOrderDispatch')).toMatchObject({ state: 'green', value: 0 });
  const run = await startRun(db, 'salesOrderDispatch', 'operator', worker, clock.now());
  expect(await found('job salesOrderDispatch')).toMatchObject({ state: 'green' });
  await failRun(db, run as JobRun, new Fault('STORE_BUSY', 'x'), clock.now());
  const failed = await found('job salesOrderDispatch');
  expect(failed).toMatchObject({ state: 'red', value: 1, link: '/jobs/salesOrderDispatch' });
  await db.updateTable('job_run').set({ state: 'interrupted' }).execute();
  expect(await found('job salesOrderDispatch')).toMatchObject({ state: 'amber' });
});

test('only processes that have to run here are missed', async () => {
  expect((await ofKind('daemon')).map(({ probe, state }) => [probe, state])).toEqual([
    ['daemon loader', 'red'],
    ['daemon extractor', 'red'],
    ['daemon adaptor', 'red'],
    ['daemon scheduler', 'red'],
  ]);
  await reopen({ probes: { daemons: ['adaptor'] } });
  expect(await ofKind('daemon')).toHaveLength(1);
});
