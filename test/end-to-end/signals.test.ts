import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { addUser } from '../../shared/operator/console-users.ts';
import { argon2 } from '../../shared/operator/passwords.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { consolePort } from '../support/console-port.ts';
import { ConsoleBrowser } from '../support/console-browser.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import {
  daemons,
  filesUnder,
  install,
  type Program,
  type TestInstallation,
} from '../support/installation.ts';
import { linesOf } from '../support/log-lines.ts';
import { waitFor } from '../support/wait-for.ts';

let installation: TestInstallation;
const ups: Program[] = [];

beforeEach(async () => {
  installation = await install();
  await installation.addPartner('warehouse');
});
afterEach(async () => {
  // Daemons of an `enrol up` that has failed to stop them; first, since they hold its output open.
  for (const up of ups.splice(0)) {
    for (const pid of pidsOf(up).values()) if (!isGone(pid)) process.kill(pid, 'SIGKILL');
  }
  await installation.close();
});

const startAll = async (): Promise<Program[]> => {
  const programs = daemons.map((daemon) => installation.start([daemon]));
  await Promise.all(programs.map((program) => program.logged('daemon.ready')));
  return programs;
};

/** Ended, and reaped: a zombie has no command line any more. */
const isGone = (pid: number): boolean =>
  !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/cmdline`, 'utf8') === '';

/** Pids that the daemons of `enrol up` have told. */
const pidsOf = (up: Program): Map<string, number> =>
  new Map(
    [...up.stdout.matchAll(/"daemon":"(\w+)","event":"daemon.started","pid":(\d+)/g)].map(([, name, pid]) => [
      name ?? '',
      Number(pid),
    ]),
  );

function enrolUp(): Program {
  const up = installation.start(['up']);
  ups.push(up);
  return up;
}

async function startUp(processes = 4): Promise<{ up: Program; pids: Map<string, number> }> {
  const up = enrolUp();
  await waitFor(
    `${processes} processes`,
    () => up.events.filter((event) => event === 'daemon.ready').length === processes || undefined,
  );
  return { up, pids: pidsOf(up) };
}

const allGone = (pids: ReadonlyMap<string, number>) =>
  waitFor('the end of every daemon', () => [...pids.values()].every(isGone) || undefined, 10);

describe('a daemon', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    'K09 %s: each ends with 0 within five seconds',
    async (signal) => {
      const programs = await startAll();
      const begin = performance.now();
      const ended = await Promise.all(programs.map((program) => program.end(signal)));
      expect(performance.now() - begin).toBeLessThan(5000);
      for (const { code, stderr, stdout } of ended) {
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(stdout).toContain(`"event":"daemon.stopping","reason":"${signal}"`);
        expect(stdout.trim().split('\n').at(-1)).toContain('"event":"daemon.stopped","exitCode":0');
      }
      const status = (await installation.json('status')).value as { daemons: { running: boolean }[] };
      expect(status.daemons.map(({ running }) => running)).toEqual([false, false, false, false]);
    },
  );

  test('K10 a second signal more than a second later forces the end, with 8; one that comes at once does not', async () => {
    await writeManyKeys(12_000);
    const loader = installation.start(['loader']);
    await loader.logged('daemon.started');
    const begin = performance.now();
    // Busy with its key ring; asked again and again, as an impatient person does.
    const ended = await waitFor('the end', () => {
      loader.child.kill('SIGTERM');
      return loader.running ? undefined : loader.exit;
    });
    expect(performance.now() - begin).toBeGreaterThan(1000);
    expect(ended.code).toBe(exitCodes.forced.code);
    expect(loader.events).not.toContain('daemon.ready');
    expect(ended.stdout).toContain('"event":"daemon.stopping","reason":"second SIGTERM: forced"');
  });

  test('O06 health knows a process that is stopped, and that it goes on', async () => {
    await installation.configure([[['store', 'leaseSeconds'], 5]]);
    const loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    const health = async () => {
      const { code, value } = await installation.json('health');
      return { code, found: value };
    };
    const well = { name: 'loader', pid: loader.child.pid, alive: true, hangs: false };
    expect(await health()).toMatchObject({ code: exitCodes.ok.code, found: [well] });

    loader.child.kill('SIGSTOP');
    // As if that was three minutes ago.
    const heartbeat_at = new Date(Date.now() - 180_000).toISOString();
    await (await installation.store()).updateTable('worker').set({ heartbeat_at }).execute();
    expect(await health()).toMatchObject({ code: exitCodes.alarm.code, found: [{ ...well, hangs: true }] });
    expect((await installation.run('health')).stdout).toMatch(
      /^loader \d+: hangs, not heard of since \S+ \S+ UTC$/m,
    );

    loader.child.kill('SIGCONT');
    await waitFor('its next renewal', async () => (await health()).code === exitCodes.ok.code || undefined);
  });

  test('O04 stdout is closed: it stops gracefully, and says so once', async () => {
    const partner = await installation.addPartner('warehouse');
    const loader = installation.start(['loader']);
    await loader.logged('daemon.ready');
    loader.child.stdout?.destroy();
    // It notices at its next line.
    const order = { id: '884210', devices: ['ZZTEST0001'] };
    await installation.drop('inboundSalesOrderDispatch', 'a.pgp', await sealedDispatch(order, partner));
    expect(await loader.exit).toMatchObject({
      code: 0,
      stderr: 'log: cannot write to stdout: write EPIPE\n',
    });
    expect(await installation.files('inboundSalesOrderDispatch', 'done')).toEqual([
      expect.stringMatching(/a\.pgp$/),
    ]);
  });
});

describe('O05: an error that nobody has waited for', () => {
  const preload = fileURLToPath(new URL('../support/stray-preload.ts', import.meta.url));

  test.each(['exception', 'rejection', 'storm'])(
    '%s: it is logged with its stack, the process ends with 1, and the file has one attempt more',
    async (stray) => {
      const partner = await installation.addPartner('warehouse');
      await installation.configure([[['log', 'folder'], 'var/log']]);
      const order = { id: '884210', devices: ['ZZTEST0001'] };
      await installation.drop('inboundSalesOrderDispatch', 'a.pgp', await sealedDispatch(order, partner));
      const loader = installation.start(['loader'], {
        env: { NODE_OPTIONS: `--import=${preload}`, STRAY: stray },
      });
      expect((await loader.exit).code).toBe(exitCodes.failed.code);
      const [told, ...more] = linesOf(loader, 'daemon.failed');
      expect(more).toEqual([]);
      expect(told).toMatchObject({
        level: 'error',
        code: 'BUG',
        detail: `a stray ${stray}`,
        stack: expect.stringMatching(/^TypeError: a stray .*\n +at .*stray-preload\.ts:\d+/),
      });
      const kept = await readFile(join(installation.home, 'var', 'log', 'failures.log'), 'utf8');
      expect(kept).toContain(JSON.stringify(told));

      const files = async () => (await installation.json('file', 'list')).value;
      expect(await files()).toMatchObject([{ name: 'a.pgp', attempts: 1 }]);
      // As the service manager does.
      expect((await installation.run('loader', '--once')).code).toBe(0);
      expect(await files()).toMatchObject([{ name: 'a.pgp', state: 'done' }]);
      expect((await installation.json('batch', 'list')).value).toHaveLength(1);
    },
  );
});

/** So many copies of the warehouse's key that the loader needs seconds to read them. */
async function writeManyKeys(count: number): Promise<void> {
  const folder = join(installation.keys, 'partners', 'warehouse');
  const [name = ''] = await filesUnder(folder);
  const key = await readFile(join(folder, name));
  await mkdir(join(installation.keys, 'partners', 'many'));
  for (let n = 0; n < count; n++)
    await writeFile(join(installation.keys, 'partners', 'many', `${n}.asc`), key);
}

const withoutConsole =
  'The console is not started: nobody may use it yet. enrol user add NAME --role administrator adds a user.\n';

describe('enrol up', () => {
  test('SIGHUP has them all read the configuration again, SIGINT stops them all; 0; no process is left', async () => {
    const { up, pids } = await startUp();
    expect([...pids.keys()].sort()).toEqual([...daemons].sort());
    up.child.kill('SIGHUP');
    await waitFor('four reloads', () => linesOf(up, 'config.reloaded').length === 4 || undefined);
    expect(await up.end('SIGINT')).toMatchObject({ code: 0, stderr: withoutConsole });
    expect([...pids.values()].filter((pid) => !isGone(pid))).toEqual([]);
    expect(up.events.filter((event) => event === 'daemon.stopped')).toHaveLength(4);
  });

  test('with a user, the console is one of them; without one, it says how to add one', async () => {
    const db = await installation.store();
    const operator = { who: 'test', reason: 'a test', now: new Date() };
    const user = {
      name: 'alice',
      role: 'viewer',
      password: 'correct horse battery',
      oneTime: false,
    } as const;
    await addUser(db, argon2, operator, user);
    await installation.configure([[['console', 'address'], '127.0.0.1:0']]);
    const { up, pids } = await startUp(5);
    expect([...pids.keys()].sort()).toEqual([...daemons, 'console'].sort());
    const port = consolePort(up.stdout) ?? '';
    const browser = new ConsoleBrowser({ origin: `http://127.0.0.1:${port}` });
    expect((await browser.signIn('alice', user.password)).status).toBe(303);
    expect(await up.end('SIGINT')).toMatchObject({ code: 0, stderr: '' });
    expect([...pids.values()].filter((pid) => !isGone(pid))).toEqual([]);
    // Whoever is disabled cannot use it.
    await db.updateTable('console_user').set({ disabled_at: new Date().toISOString() }).execute();
    const alone = await startUp();
    expect([...alone.pids.keys()].sort()).toEqual([...daemons].sort());
    expect(await alone.up.end('SIGINT')).toMatchObject({ code: 0, stderr: withoutConsole });
  });

  test('a daemon that is killed ends them all, with 1', async () => {
    const { up, pids } = await startUp();
    process.kill(pids.get('extractor') ?? 0, 'SIGKILL');
    expect(await up.exit).toMatchObject({ code: exitCodes.failed.code });
    await allGone(pids);
    expect(up.events.filter((event) => event === 'daemon.stopped')).toHaveLength(3);
  });

  test('a daemon that cannot start ends them all, with 1', async () => {
    await installation.configure([[['inboxes', 'inboundSalesOrderDispatch', 'signedBy'], ['nobody']]]);
    const up = enrolUp();
    expect(await up.exit).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('KEY_MISSING: no key of nobody'),
    });
    await allGone(pidsOf(up));
  });

  test('O04 its stdout is closed: it stops them all', async () => {
    const partner = await installation.addPartner('warehouse');
    const { up, pids } = await startUp();
    up.child.stdout?.destroy();
    const order = { id: '884210', devices: ['ZZTEST0001'] };
    await installation.drop('inboundSalesOrderDispatch', 'a.pgp', await sealedDispatch(order, partner));
    expect(await up.exit).toMatchObject({ code: 0, stderr: withoutConsole });
    await allGone(pids);
  });
});
