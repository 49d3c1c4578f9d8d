import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { cast, type CastMember } from '../../demo/cast.ts';
import { dispatchOf, storyOf, type Story } from '../../demo/scenario.ts';
import { startHttpsProvider } from '../../demo/start-provider.ts';
import { salesOrderDispatch } from '../../shared/generic/sales-order-dispatch.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { devicesById } from '../../shared/store/devices.ts';
import type { Db } from '../../shared/store/tables.ts';
import { filesUnder, install, type Program, type TestInstallation } from '../support/installation.ts';
import { hostPreload, isStopped } from '../support/host-process.ts';
import { waitFor } from '../support/wait-for.ts';

/** Providers over HTTPS, with real processes on both sides: one that misbehaves, and one that has to be served. */

const memberOf = (id: string): CastMember => {
  const member = cast.find((each) => each.id === id);
  if (!member) throw new Error(`no ${id} in the cast`);
  return member;
};
const apple = storyOf(memberOf('apple'), 'https');
const google = storyOf(memberOf('google-zero-touch'), 'https');

let installation: TestInstallation;
let warehouse: KeyRing;
let db: Db;

beforeEach(async () => {
  installation = await install();
  warehouse = await installation.addPartner('warehouse');
  db = await installation.store();
}, 60_000);
afterEach(() => installation.close());

/** Starts the providers' servers, and has the devices of the stories dispatched and requested. */
async function request(stories: readonly { story: Story; rules?: object; https?: object }[]): Promise<void> {
  const settings = [];
  for (const { story, rules = {}, https = {} } of stories) {
    const own = await startHttpsProvider(installation, story.member, rules);
    settings.push([story.member.id, { ...own, https: { ...own.https, ...https } }] as const);
  }
  await installation.configure([
    [['providers'], Object.fromEntries(settings)],
    [['jobs', 'deviceEnrolmentRequest', 'schedule'], ''],
  ]);
  await installation.enrol('init');
  const file = join(installation.home, 'orders.json');
  await writeFile(file, JSON.stringify(stories.flatMap(({ story }) => story.orders)));
  await installation.enrol('orders', 'import', file);
  for (const { story } of stories) {
    for (const order of new Set(story.devices.map((device) => device.order))) {
      const bytes = Buffer.from(writeDocument(salesOrderDispatch, dispatchOf(order, story.devices)));
      const sealed = await sealMessage(bytes, warehouse, { encryptTo: ['cmp'] });
      await installation.drop('inboundSalesOrderDispatch', `${order}.pgp`, sealed);
    }
  }
  await installation.enrol('loader', '--once');
  await installation.enrol('job', 'run', 'salesOrderDispatch');
  await installation.enrol('job', 'run', 'deviceEnrolmentRequest');
  await installation.enrol('extractor', '--once');
}

async function statusesOf(story: Story): Promise<string[]> {
  const found = await Promise.all(story.devices.map(({ device }) => devicesById(db, device.deviceId)));
  return found.flat().map((device) => device.status);
}

const allAre = async (story: Story, status: string) =>
  (await statusesOf(story)).every((each) => each === status) || undefined;

const callsOf = (provider: string) =>
  db.selectFrom('provider_exchange').selectAll().where('provider_id', '=', provider).orderBy('id').execute();

const start = async (...words: string[]): Promise<Program> => {
  const program = installation.start(words);
  await program.logged('daemon.ready');
  return program;
};

describe('a provider that misbehaves does not delay another', () => {
  test.each([
    ['stalls', { stall: true }, { answerSeconds: 600 }],
    ['fails', { status: 500 }, {}],
    ['floods', { flood: 80 }, { maxAnswerMegabytes: 60 }],
  ])(
    'one that %s',
    async (_what, misbehaviour, https) => {
      await request([{ story: apple, rules: { transport: [misbehaviour] }, https }, { story: google }]);
      const daemons = [await start('adaptor'), await start('loader'), await start('scheduler')];
      await waitFor('the devices of the other', () => allAre(google, 'Enrolled'), 60);
      expect(await statusesOf(apple)).toEqual(apple.devices.map(() => 'Enrol Requested'));
      const calls = await callsOf('apple');
      expect(calls[0]).toMatchObject({ question: 'request' });
      if ('stall' in misbehaviour) expect(calls).toMatchObject([{ ended_at: null }]);
      else expect(calls[0]?.fault_code).toMatch(/PROVIDER_BUSY|ANSWER_TOO_LARGE/);
      // A call that stalls is not waited for: a second signal ends the process at once.
      for (const daemon of daemons) await daemon.end('SIGKILL');
    },
    150_000,
  );
});

const killAt = fileURLToPath(new URL('../chaos/kill-at.ts', import.meta.url));
const appleSaw = async () => readFile(join(installation.home, 'var', 'log', 'provider-apple.out'), 'utf8');
const sentTo = async (what: string) =>
  (await appleSaw()).split('\n').filter((line) => line.includes(what) && line.endsWith(' 200')).length;

describe('the adaptor is stopped, on a host of its own, until its lease has ended', () => {
  test.each(['call.recorded', 'call.answered'])(
    'at %s: another settles the call as lost, and asks; the first changes nothing, and calls nobody',
    async (point) => {
      await request([{ story: apple, rules: { pendingQuestions: 0 } }]);
      await installation.configure([[['store', 'leaseSeconds'], 5]]);
      const victim = installation.start(['adaptor'], {
        env: {
          NODE_OPTIONS: `--import=${hostPreload} --import=${killAt}`,
          PRETENDED_HOST: 'elsewhere',
          KILL_AT: `${point}:1`,
          KILL_SIGNAL: 'SIGSTOP',
        },
      });
      await waitFor('the stop', () => isStopped(victim.child.pid ?? 0));
      const daemons = [await start('adaptor'), await start('loader'), await start('scheduler')];
      await waitFor('every device to be enrolled', () => allAre(apple, 'Enrolled'), 90);
      for (const daemon of daemons) expect((await daemon.end('SIGTERM')).code).toBe(0);
      const [calls, saw] = [await callsOf('apple'), await appleSaw()];
      expect(calls.map((call) => call.fault_code)).toContain('ANSWER_LOST');

      victim.child.kill('SIGCONT');
      const { code, stdout } = await victim.exit;
      expect([code, stdout.includes('LEASE_LOST')]).toEqual([10, true]);
      expect(victim.events).toContain('provider.call-taken-over');
      expect(await callsOf('apple')).toEqual(calls);
      expect(await appleSaw()).toBe(saw);
      expect(await sentTo('bulk-enroll-devices')).toBe(1);
      expect(await statusesOf(apple)).toEqual(apple.devices.map(() => 'Enrolled'));
    },
    150_000,
  );
});

describe('the adaptor is killed', () => {
  test.each(['call.recorded', 'call.answered', 'call.settled'])(
    'K03 at %s: the request is done once, and every device is settled',
    async (point) => {
      await request([{ story: apple, rules: { pendingQuestions: 0 } }]);
      const env = { NODE_OPTIONS: `--import=${killAt}`, KILL_AT: `${point}:1` };
      const victim = installation.start(['adaptor'], { env });
      expect((await victim.exit).code).toBeNull();
      const daemons = [await start('adaptor'), await start('loader'), await start('scheduler')];
      await waitFor('every device to be enrolled', () => allAre(apple, 'Enrolled'), 90);
      expect(await sentTo('bulk-enroll-devices')).toBe(1);
      const calls = await callsOf('apple');
      const lost = calls.filter((call) => call.fault_code === 'ANSWER_LOST');
      expect(lost).toHaveLength(point === 'call.settled' ? 0 : 1);
      expect(calls.some((call) => call.question === 'reconciliation')).toBe(point !== 'call.settled');
      for (const daemon of daemons) expect((await daemon.end('SIGTERM')).code).toBe(0);
    },
    150_000,
  );
});

test('an operator settles what no answer can settle, and has a lost request sent again', async () => {
  await request([{ story: apple, rules: { transport: [{ hangUpBefore: true }] } }]);
  await installation.run('adaptor', '--once');
  const [row] = await db.selectFrom('provider_request').selectAll().execute();
  const id = row?.transaction_id ?? '';
  expect(row?.state).toBe('sent');
  const show = await installation.enrol('request', 'show', id);
  expect(show).toContain('ANSWER_LOST');
  expect(await installation.enrol('request', 'resend', id, '--reason', 'not in the portal')).toContain(
    'is sent again',
  );
  await installation.run('adaptor', '--once');
  expect(await callsOf('apple')).toMatchObject([{ question: 'request' }, { question: 'request' }]);
  expect(
    await installation.enrol('request', 'settle', id, '--done', '--reason', 'seen in the portal'),
  ).toContain('is settled as done at the next look');
  await installation.enrol('adaptor', '--once');
  await installation.enrol('loader', '--once');
  await installation.enrol('job', 'run', 'deviceEnrolmentResponse');
  expect(await statusesOf(apple)).toEqual(apple.devices.map(() => 'Enrolled'));
  expect(await installation.json('request', 'settle', id, '--reason', 'again')).toMatchObject({
    value: { error: { code: 'NOT_ALLOWED' } },
  });
  expect(await installation.json('request', 'list', '--open')).toMatchObject({ value: [] });
}, 120_000);

test('O12 no key, secret or token is in the store, the spool, a log or the output, whatever goes wrong', async () => {
  const stories = ['apple', 'google-zero-touch', 'samsung-knox', 'distributor'].map((id) =>
    storyOf(memberOf(id), 'https'),
  );
  // Let in at last, after servers that answer with what they got, hang up, or do not let us in.
  const transport = [
    { times: 1, status: 401, body: { code: 'no' } },
    { times: 1, hangUpAfter: true },
    { times: 1, status: 500, notJson: true },
  ];
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['log', 'level'], 'debug'],
  ]);
  await request(stories.map((story) => ({ story, rules: { transport }, https: { restSeconds: 0.1 } })));
  const programs = [];
  for (let round = 0; round < 4; round++) {
    const program = installation.start(['adaptor', '--once']);
    await program.exit;
    programs.push(program);
  }
  programs.push(installation.start(['config', 'show']), installation.start(['request', 'list', '--json']));
  const shown = await Promise.all(
    programs.map(async (program) => {
      const { stdout, stderr } = await program.exit;
      return stdout + stderr;
    }),
  );
  expect(shown.join('')).toContain('PROVIDER_DENIES');
  const canaries = await credentialsIn(stories);
  expect(canaries.length).toBeGreaterThan(50);
  const places = (await filesUnder(installation.home)).filter((name) => !name.startsWith('var/provider-'));
  const texts = [
    ...shown,
    ...(await Promise.all(places.map((name) => readFile(join(installation.home, name), 'latin1')))),
  ];
  expect(places.filter((name) => name.startsWith('var/log/'))).not.toEqual([]);
  for (const [index, text] of texts.entries()) {
    const found = canaries.filter((canary) => text.includes(canary));
    expect([places[index - shown.length], found]).toEqual([places[index - shown.length], []]);
  }
}, 120_000);

/** Everything secret that the providers were given: whole files of one line, and the long lines of keys. */
async function credentialsIn(stories: readonly Story[]): Promise<string[]> {
  const files = stories.flatMap(({ member }) =>
    ['client.key', 'token', 'client-secret', 'service-account.json'].map((name) =>
      join(installation.home, 'var', `provider-${member.id}`, 'caller', name),
    ),
  );
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const lines = texts.flatMap((text) => text.split(/\n|\\n|"/));
  return lines.filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
}
