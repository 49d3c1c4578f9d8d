import { readFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, jest, test } from '@jest/globals';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import type { Program } from '../support/installation.ts';
import { linesOf, loggedTimes } from '../support/log-lines.ts';
import { noMounts } from '../support/namespace.ts';
import { SmallDisks } from '../support/small-disks.ts';
import { waitFor } from '../support/wait-for.ts';

/** Disks that are really full while real daemons run: intake stops, nothing is lost, work resumes by itself. */

// A machine that lets nobody mount cannot run these; the reporter names what was left out, and under CI it fails.
if (noMounts !== undefined) console.warn(`full disks are left out: ${noMounts}`);
const diskTest = noMounts === undefined ? test : test.skip;

// Every test starts several processes, one after the other.
jest.setTimeout(180_000);

let disks: SmallDisks;
let warehouse: KeyRing;
afterEach(() => disks.close());

type Settings = Parameters<SmallDisks['configure']>[0];

/** Disks of 16 MB each for spool, store and log, and no reserve but what is set. */
async function make(settings: Settings = []): Promise<void> {
  disks = await SmallDisks.make({ spool: 16, store: 16, log: 1 }, [
    [['spool', 'reserveMegabytes'], 0],
    [['store', 'reserveMegabytes'], 0],
    ...settings,
  ]);
  warehouse = await disks.addPartner('warehouse');
}

const order = (n: number, devices = 1): OrderInHand => ({
  id: String(884_200 + n),
  devices: Array.from({ length: devices }, (_, index) => `ZZFULL${n}X${index}`),
});

const inbox = 'inboundSalesOrderDispatch';
const dropGood = async (n: number, devices = 1) =>
  disks.drop(inbox, `good${n}.pgp`, await sealedDispatch(order(n, devices), warehouse));
/** Sealed by the right warehouse, and no document. */
const dropBad = async (name: string) =>
  disks.drop(inbox, name, await sealMessage(Buffer.from('{}'), warehouse, { encryptTo: ['cmp'] }));

async function start(daemon: string): Promise<Program> {
  const program = disks.start([daemon]);
  await program.logged('daemon.ready');
  return program;
}

/** A task has stopped for want of space, has said so, and rested before it tried again; the process lives. */
async function expectRest(program: Program, task: string): Promise<Record<string, unknown>> {
  const stops = () => linesOf(program, 'task.stopped').filter((line) => line.task === task);
  await waitFor(`two rests of ${task}`, () => stops().length >= 2 || undefined);
  const [first = {}, second = {}] = stops();
  for (const line of [first, second])
    expect(line).toMatchObject({ level: 'error', code: 'NO_SPACE', class: 'environment' });
  const rest = Date.parse(String(second.time)) - Date.parse(String(first.time));
  expect(rest).toBeGreaterThanOrEqual(950);
  expect(program.running).toBe(true);
  return first;
}

async function expectResumed(program: Program, task: string): Promise<void> {
  await waitFor(`${task} to resume`, () =>
    linesOf(program, 'task.resumed').some((line) => line.task === task),
  );
}

const names = async (folder: string): Promise<string[]> =>
  (await disks.files(inbox, folder)).map((path) => path.split('/').at(-1) ?? '');

const jsonOf = async <T>(...words: string[]): Promise<T> => (await disks.json(...words)).value as T;

interface Batch {
  readonly id: number;
  readonly type: string;
  readonly stage: string;
  readonly status: string;
  readonly record_count: number;
}
const batchList = () => jsonOf<Batch[]>('batch', 'list');

/** Every good file was loaded once and archived; every bad one lies beside its reason; nothing is left in between. */
async function expectSettled(good: readonly string[], bad: readonly string[]): Promise<void> {
  await waitFor('every file to be settled', async () => {
    const settled = [...(await names('done')), ...(await names('rejected'))];
    return settled.length === good.length + 2 * bad.length || undefined;
  });
  expect(await names('done')).toEqual([...good].sort());
  expect(await names('rejected')).toEqual(bad.flatMap((name) => [name, `${name}.reason.json`]).sort());
  for (const name of bad) {
    const reason = readFileSync(disks.spool(inbox, 'rejected', `${name}.reason.json`), 'utf8');
    expect(JSON.parse(reason)).toMatchObject({ code: expect.any(String), detail: expect.any(String) });
  }
  // A file has its name in done/ a moment before it loses that in work/.
  await waitFor('the other folders to be empty', async () => {
    const left = await Promise.all(['in', 'work', 'tmp', 'hold'].map(names));
    return left.flat().length === 0 || undefined;
  });
  const batches = await batchList();
  expect(batches.map((batch) => batch.record_count)).toEqual(good.map(() => 1));
}

const stopped = async (program: Program) => {
  const { code, stderr } = await program.end('SIGTERM');
  return { code, stderr };
};

describe('below its reserve', () => {
  diskTest.each(['spool', 'store'])(
    'R01: the disk of the %s: nothing is taken in until there is room',
    async (folder) => {
      await make([[[folder, 'reserveMegabytes'], 6]]);
      const loader = await start('loader');
      disks.fill(folder, 3 * 1024 + 100);
      await loggedTimes(loader, 'task.stopped', 2); // Both inboxes.
      await dropGood(1);
      await dropGood(2);
      await dropBad('bad.pgp');
      const { detail } = await expectRest(loader, `inbox ${inbox}`);
      // It may have looked while the disk was filling up.
      expect(detail).toMatch(new RegExp(`^/.*/${folder} has [0-5] MB free, 6 MB are kept in reserve$`));
      expect(await names('in')).toEqual(['bad.pgp', 'good1.pgp', 'good2.pgp']);
      expect(await jsonOf('file', 'list')).toEqual([]);
      const { stdout } = await disks.run('status');
      expect(stdout).toMatch(new RegExp(`Disks that are too full[^]*/${folder} +\\d +6\n\nInboxes`));
      disks.makeRoom(folder);
      expect((await disks.run('status')).stdout).not.toContain('too full');
      await expectSettled(['good1.pgp', 'good2.pgp'], ['bad.pgp']);
      await expectResumed(loader, `inbox ${inbox}`);
      expect(await stopped(loader)).toEqual({ code: 0, stderr: '' });
    },
  );
});

describe('the spool is full to its last byte', () => {
  diskTest('R01: a reason that cannot be written is written when there is room; the good go on', async () => {
    await make();
    await dropBad('a-bad.pgp');
    await dropGood(1);
    await dropBad('b-bad.pgp');
    disks.fill('spool');
    const loader = await start('loader');
    await expectRest(loader, `inbox ${inbox}`);
    // Every file is somewhere, and no half file is anywhere.
    const everywhere = (await disks.files(inbox)).map((path) => path.split('/').at(-1));
    expect(everywhere.map((name) => name?.replace(/^\d+__/, '')).sort()).toEqual([
      'a-bad.pgp',
      'b-bad.pgp',
      'good1.pgp',
    ]);
    disks.makeRoom('spool');
    await expectSettled(['good1.pgp'], ['a-bad.pgp', 'b-bad.pgp']);
    await expectResumed(loader, `inbox ${inbox}`);
    expect(await stopped(loader)).toEqual({ code: 0, stderr: '' });
  });

  diskTest('E02: a batch stays until its file can be written, and is then published once', async () => {
    await make([[['spool', 'reserveMegabytes'], 6]]);
    await writeFile(join(disks.home, 'orders.json'), ordersFile([order(1)]));
    // Its processes see the home under another name.
    const orders = join(disks.home.replace(/^\/proc\/\d+\/root/, ''), 'orders.json');
    expect(await disks.run('orders', 'import', orders)).toMatchObject({ code: 0 });
    await dropGood(1);
    for (const words of [
      ['loader', '--once'],
      ['job', 'run', 'salesOrderDispatch'],
      ['job', 'run', 'deviceEnrolmentRequest'],
    ])
      expect(await disks.run(...words)).toMatchObject({ code: 0 });
    const outbound = async () => (await batchList()).find((batch) => batch.type.endsWith('Request'));
    const published = () => disks.files('outboundDeviceEnrolment', 'in');

    disks.fill('spool', 3 * 1024);
    const kept = disks.start(['extractor']);
    await expectRest(kept, 'extract batches');
    expect(await outbound()).toMatchObject({ stage: 'Batch', status: 'Complete' });
    expect(await stopped(kept)).toEqual({ code: 0, stderr: '' });

    await disks.configure([[['spool', 'reserveMegabytes'], 0]]);
    disks.makeRoom('spool');
    disks.fill('spool');
    const extractor = await start('extractor');
    await expectRest(extractor, 'publish generic requests');
    expect(await outbound()).toMatchObject({ stage: 'Extract/Load', status: 'In progress' });
    expect(await published()).toEqual([]);
    disks.makeRoom('spool');
    await extractor.logged('file.published');
    await expectResumed(extractor, 'publish generic requests');
    expect(await outbound()).toMatchObject({ stage: 'Extract/Load', status: 'Complete' });
    expect(await published()).toEqual([expect.stringMatching(/^[^.].*\.pgp$/)]);
    expect(await stopped(extractor)).toEqual({ code: 0, stderr: '' });
  });
});

describe('the store is full', () => {
  diskTest(
    'R02: what does not fit is rolled back whole, nothing is archived, and nothing is lost',
    async () => {
      await make();
      const loader = await start('loader');
      disks.fill('store', 300);
      await dropGood(1, 20_000); // A megabyte of records.
      await expectRest(loader, `inbox ${inbox}`);
      expect(await batchList()).toEqual([]);
      expect(await names('done')).toEqual([]);
      expect(await names('work')).toEqual(['1__good1.pgp']);
      // Nothing counts against the file, save an attempt that may be under way.
      const [file, ...others] = await jsonOf<{ state: string; attempts: number; crashes: number }[]>(
        'file',
        'list',
      );
      expect([file?.state, file?.crashes, others]).toEqual(['claimed', 0, []]);
      expect(file?.attempts).toBeLessThanOrEqual(1);
      disks.makeRoom('store');
      await expectSettled(['good1.pgp'], []);
      const [batch] = await batchList();
      const { items } = await jsonOf<{ items: { payload_json: string }[] }>(
        'batch',
        'show',
        String(batch?.id),
      );
      expect(items[0]?.payload_json.split('"deviceId"')).toHaveLength(20_001);
      expect(await stopped(loader)).toEqual({ code: 0, stderr: '' });
    },
  );

  diskTest(
    'R02: to its last byte: nothing is taken in, and a daemon stops in order all the same',
    async () => {
      await make();
      const [loader, scheduler] = [await start('loader'), await start('scheduler')];
      disks.fill('store');
      await dropGood(1);
      await dropBad('bad.pgp');
      await expectRest(loader, `inbox ${inbox}`);
      expect(await names('in')).toEqual(['bad.pgp', 'good1.pgp']);
      expect(await stopped(loader)).toEqual({ code: 0, stderr: '' });
      disks.makeRoom('store');
      const again = await start('loader');
      await expectSettled(['good1.pgp'], ['bad.pgp']);
      for (const program of [again, scheduler])
        expect(await stopped(program)).toEqual({ code: 0, stderr: '' });
    },
  );
});

describe('the log is full', () => {
  diskTest('R03: work goes on, stdout has every line, and the files tell how many they miss', async () => {
    await make();
    const loader = await start('loader');
    disks.fill('log');
    // Enough of them for the page that loader.log has begun already.
    const missed = Array.from({ length: 12 }, (_, n) => `bad${n}.pgp`);
    for (const name of missed) await dropBad(name);
    await dropGood(1);
    await expectSettled(['good1.pgp'], missed);
    await waitFor(
      'their lines',
      () => linesOf(loader, 'file.rejected').length === missed.length || undefined,
    );
    disks.makeRoom('log');
    await dropGood(2);
    await dropBad('later.pgp');
    await expectSettled(['good1.pgp', 'good2.pgp'], [...missed, 'later.pgp']);
    const { code, stderr, stdout } = await loader.end('SIGTERM');
    expect(code).toBe(0);
    const complaints = stderr.split('\n').map((line) => line.replace(/write to .*\//, 'write to '));
    expect(complaints.sort()).toEqual([
      '',
      'log: cannot write to failures.log: ENOSPC: no space left on device, write',
      'log: cannot write to loader.log: ENOSPC: no space left on device, write',
    ]);
    expect(readdirSync(join(disks.home, 'log')).sort()).toEqual(['failures.log', 'loader.log']);
    for (const [name, of] of [
      ['loader.log', () => true],
      ['failures.log', (line: string) => /"level":"(warn|error)"/.test(line)],
    ] as const) {
      const written = readFileSync(join(disks.home, 'log', name), 'utf8')
        .trimEnd()
        .split('\n');
      const told = stdout.trimEnd().split('\n').filter(of);
      const whole = written.filter((line) => told.includes(line));
      const lost = written.filter((line) => line.includes('"event":"log.lost"'));
      expect(lost).toHaveLength(1);
      expect(JSON.parse(lost[0] ?? '')).toMatchObject({
        lines: told.length - whole.length,
        daemon: 'loader',
      });
      expect(told.length - whole.length).toBeGreaterThan(0);
      // Nothing else but, at most, the first half of the first line that was lost.
      const halves = written.filter((line) => !whole.includes(line) && !lost.includes(line));
      expect(halves.length).toBeLessThanOrEqual(1);
      for (const half of halves) expect(told.some((line) => line.startsWith(half))).toBe(true);
    }
  });
});
