import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import { daemons, install, type Program, type TestInstallation } from '../support/installation.ts';
import { linesOf, loggedTimes } from '../support/log-lines.ts';
import { PostgresProxy, type Accident } from '../support/postgres-proxy.ts';
import { PostgresStores } from '../support/temporary-postgres.ts';
import { waitFor } from '../support/wait-for.ts';

/** A store on a server that goes, and a network that does not pass on what it should, while a real daemon works. */

const inbox = 'inboundSalesOrderDispatch';
const statementSeconds = 2;
/** So long, and a little for the machine, a daemon waits for a server that is silent. */
const boundSeconds = statementSeconds + 5;

let stores: PostgresStores;
let proxy: PostgresProxy;
let installation: TestInstallation;
let warehouse: KeyRing;
let url: string;
let loader: Program;
/** Files of all tests: whatever has happened, each is there once. */
let dropped = 0;

beforeAll(async () => {
  stores = await PostgresStores.start();
  proxy = await PostgresProxy.start(stores.server.port);
  url = await stores.create();
  installation = await install(proxy.through(url));
  await installation.configure([
    [['store', 'statementSeconds'], statementSeconds],
    [['store', 'busySeconds'], 1],
  ]);
  warehouse = await installation.addPartner('warehouse');
});
afterEach(() => loader.end('SIGKILL'));
afterAll(async () => {
  await installation.close();
  await proxy.close();
  await stores.close();
});

async function drop(count: number): Promise<void> {
  for (; count > 0; count--, dropped++) {
    const order = { id: String(884_500 + dropped), devices: [`ZZSTORE${dropped}`] };
    await installation.drop(inbox, `${order.id}.pgp`, await sealedDispatch(order, warehouse));
  }
}

const database = () => new URL(url).pathname.slice(1);

async function count(table: string): Promise<number> {
  const [row] = await stores.server.query<{ n: string }>(`select count(*) as n from ${table}`, database());
  return Number(row?.n);
}

/** Every file was loaded, each once, and archived. */
async function expectAllLoaded(seconds = 20): Promise<void> {
  const archived = async () => (await installation.files(inbox, 'done')).length === dropped || undefined;
  await waitFor(`${dropped} archived files`, archived, seconds);
  const settled = async () => (await count(`delivery where moved_at is not null`)) === dropped || undefined;
  await waitFor('their rows', settled);
  expect(await count('batch')).toBe(dropped);
  expect(await count('batch_item')).toBe(dropped);
  for (const folder of ['in', 'work', 'tmp', 'rejected', 'hold'])
    expect([folder, ...(await installation.files(inbox, folder))]).toEqual([folder]);
}

async function start(): Promise<void> {
  loader = installation.start(['loader']);
  await loader.logged('daemon.ready');
}

const codes = (): unknown[] => linesOf(loader, 'task.stopped').map((line) => line.code);

/** Nothing that happened was taken for a mistake of ours, and the daemon ends in order. */
async function expectOrderlyEnd(): Promise<void> {
  expect(await loader.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  expect(linesOf(loader, 'daemon.failed')).toEqual([]);
}

describe('D01 the server', () => {
  afterEach(() => stores.server.restart('fast'));

  test('D01 is down at start: every daemon and command ends with 4 and says so', async () => {
    await stores.server.end('fast');
    loader = installation.start(['loader']);
    for (const words of [...daemons.map((daemon) => [daemon]), ['status'], ['migrate']]) {
      const { code, stderr } = await installation.run(...words);
      expect([words, code, stderr]).toEqual([
        words,
        exitCodes.store.code,
        expect.stringMatching(/^enrol: STORE_UNREACHABLE: .*\nWhat to do: Check the server/),
      ]);
    }
    const { value } = await installation.json('status');
    expect(value).toMatchObject({ error: { code: 'STORE_UNREACHABLE' } });
  });

  test.each(['fast', 'immediate', 'killed'] as const)(
    'D01 ends under load (%s) and is down for a while: the daemon rests, and all files are loaded once',
    async (how) => {
      await start();
      const before = await count('batch');
      await drop(60);
      await waitFor('the first files', async () => (await count('batch')) > before || undefined);
      await stores.server.end(how);
      await drop(10);
      await loggedTimes(loader, 'task.stopped', 2);
      await stores.server.run();
      await expectAllLoaded(60);
      for (const code of codes())
        expect(['STORE_UNREACHABLE', 'STORE_OUTCOME_UNKNOWN', 'STORE_FAILED']).toContain(code);
      await expectOrderlyEnd();
    },
  );
});

describe('D02 the connection is lost during COMMIT', () => {
  const accidents: readonly Accident[] = ['cut before', 'cut after', 'silent after'];
  // Of one file: it is claimed, its records are written, it has arrived in its folder.
  const cases = accidents.flatMap((accident) => [0, 1, 2].map((skip) => [accident, skip] as const));

  test.each(cases)(
    'D02 %s, the one behind %i others: the file is loaded once, and its daemon goes on',
    async (accident, skip) => {
      await start();
      const met = proxy.atCommit(accident, skip);
      await drop(1);
      await met;
      await drop(1);
      await expectAllLoaded(boundSeconds + 20);
      expect(codes()).toEqual(['STORE_OUTCOME_UNKNOWN']);
      await expectOrderlyEnd();
    },
  );

  test.each([0, 1, 2])(
    'D02 the server gets it when the daemon has given it up, the one behind %i others: it is refused there',
    async (skip) => {
      await start();
      const met = proxy.atCommit('held', skip);
      await drop(1);
      const link = await met;
      await loggedTimes(loader, 'task.stopped', 1);
      link.release();
      await expectAllLoaded();
      expect(codes()).toEqual(['STORE_OUTCOME_UNKNOWN']);
      await expectOrderlyEnd();
    },
  );

  /** A standby that every COMMIT waits for; undefined: none does. */
  async function waitForStandby(name: string | undefined): Promise<void> {
    const change =
      name === undefined ? 'reset synchronous_standby_names' : `set synchronous_standby_names = '${name}'`;
    await stores.server.query(`alter system ${change}`);
    await stores.server.query('select pg_reload_conf()');
  }

  test('D02 the server waits for a standby that is gone: what was given up is done later, and only once', async () => {
    await start();
    await waitForStandby('gone');
    await drop(3);
    // By then the daemon looks at rows that transactions hold of which it does not know the outcome.
    await loggedTimes(loader, 'task.stopped', 3).finally(() => waitForStandby(undefined));
    await expectAllLoaded(60);
    for (const code of codes()) expect(code).toMatch(/^STORE_(UNREACHABLE|OUTCOME_UNKNOWN|BUSY)$/);
    await expectOrderlyEnd();
  });

  test('D02 the sessions of a daemon at work are terminated again and again: all files are loaded once', async () => {
    await start();
    await drop(80);
    const others = `application_name = 'enrol' and pid <> pg_backend_pid()`;
    const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where ${others}`;
    for (let times = 0; times < 10; times++) {
      await stores.server.query(terminate, database());
      await pause(100 * Math.random());
    }
    await expectAllLoaded(60);
    for (const code of codes()) expect(code).toMatch(/^STORE_(UNREACHABLE|OUTCOME_UNKNOWN)$/);
    await expectOrderlyEnd();
  });
});

describe('D10 connections that lead nowhere', () => {
  /** Until the daemon has found that out: in a COMMIT, it cannot know what became of that. */
  const noticed = () => loggedTimes(loader, 'task.stopped', 1, boundSeconds + 3);
  const expectSilence = () => {
    for (const code of codes()) expect(code).toMatch(/^STORE_(UNREACHABLE|OUTCOME_UNKNOWN)$/);
  };

  test('D10 those that exist, used or idle: found once for all of them, and new ones are made', async () => {
    await start();
    await drop(40);
    const before = await count('batch');
    await waitFor('the first files', async () => (await count('batch')) > before || undefined);
    proxy.silence();
    await noticed();
    await expectAllLoaded(boundSeconds + 10);
    expectSilence();
    await expectOrderlyEnd();
  });

  test('D10 all of them for a while, new ones as well: found, and gone on with when they lead somewhere', async () => {
    await start();
    proxy.silence();
    proxy.silentFromNow = true;
    await drop(3);
    await noticed();
    const { code, stderr } = await installation.run('status');
    expect([code, stderr]).toEqual([
      exitCodes.store.code,
      expect.stringMatching(/^enrol: STORE_UNREACHABLE: .*time-?out/i),
    ]);
    proxy.silentFromNow = false;
    await expectAllLoaded(60);
    expectSilence();
    await expectOrderlyEnd();
  });

  test('D10 a daemon that is stopped while its connections lead nowhere ends', async () => {
    await start();
    proxy.silence();
    const ended = loader.end('SIGTERM');
    await waitFor('the end', () => !loader.running || undefined, boundSeconds + 5);
    expect((await ended).code).toBe(0);
  });
});

describe('a daemon that hangs within a transaction', () => {
  test('D10 the server ends its transaction; it finds that when it wakes, and goes on', async () => {
    await start();
    const held = proxy.atCommit('held', 1);
    await drop(1);
    const link = await held;
    loader.child.kill('SIGSTOP');
    const waiting = `pid <> pg_backend_pid() and state like 'idle in transaction%'`;
    const locked = () => count(`pg_stat_activity where datname = current_database() and ${waiting}`);
    expect(await locked()).toBe(1);
    await waitFor(
      'the end of the transaction',
      async () => (await locked()) === 0 || undefined,
      statementSeconds + 3,
    );
    link.cut();
    loader.child.kill('SIGCONT');
    await expectAllLoaded();
    expect(codes()).toEqual(['STORE_OUTCOME_UNKNOWN']);
    await expectOrderlyEnd();
  });
});
