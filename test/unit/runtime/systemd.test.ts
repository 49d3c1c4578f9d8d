import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { serviceManager } from '../../../shared/runtime/systemd.ts';
import { waitFor } from '../../support/wait-for.ts';

/** What is told to systemd; whether it understands that, end-to-end/systemd.test.ts shows with the real one. */

let folder: string;
let failures: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'enrol-'));
  failures = [];
});
afterEach(() => rm(folder, { recursive: true }));

/** A program in the place of systemd-notify: it writes down what it is given. */
async function listener(exitCode = 0): Promise<NodeJS.ProcessEnv> {
  const program = join(folder, 'systemd-notify');
  await writeFile(program, `#!/bin/sh\nprintf '%s|' "$@" >> '${folder}/told'; exit ${exitCode}\n`);
  await chmod(program, 0o755);
  return { NOTIFY_SOCKET: '/run/none', PATH: `${folder}:${process.env.PATH ?? ''}` };
}

const told = async (): Promise<string[]> =>
  (await readFile(join(folder, 'told'), 'utf8').catch(() => '')).split('|').slice(0, -1);

const managerIn = (environment: NodeJS.ProcessEnv) =>
  serviceManager((detail) => failures.push(detail), environment);

test('everything is told in order; no text of others begins another assignment', async () => {
  const manager = managerIn(await listener());
  manager.ready('At work');
  manager.reloading();
  manager.ready('one\nREADY=0');
  manager.stopping('Stopping: SIGTERM');
  await manager.end();
  expect(await told()).toEqual([
    'READY=1',
    'STATUS=At work',
    'RELOADING=1',
    expect.stringMatching(/^MONOTONIC_USEC=\d+$/),
    'STATUS=Reading the configuration again',
    'READY=1',
    'STATUS=one READY=0',
    'STOPPING=1',
    'STATUS=Stopping: SIGTERM',
  ]);
  expect(failures).toEqual([]);
});

test('O06 the watchdog is told nothing of a round that hangs; that is told once', async () => {
  const manager = managerIn({
    ...(await listener()),
    WATCHDOG_USEC: '30000',
    WATCHDOG_PID: String(process.pid),
  });
  let milliseconds = 149;
  let looks = 0;
  const hanging: string[] = [];
  manager.watch(
    () => {
      looks++;
      return { task: 'a task', milliseconds };
    },
    ({ task }) => hanging.push(task),
  );
  await waitFor('two pings', async () => (await told()).length >= 2 || undefined);
  expect(hanging).toEqual([]);
  milliseconds = 151;
  await waitFor('the end of the pings', () => hanging.length > 0 || undefined);
  const before = looks;
  await waitFor('more looks', () => looks > before + 3 || undefined);
  await manager.end();
  expect(hanging).toEqual(['a task']);
  expect(new Set(await told())).toEqual(new Set(['WATCHDOG=1']));
});

test('a watchdog of another process, or none, is told nothing', async () => {
  const pace = { WATCHDOG_USEC: '3000' };
  let looks = 0;
  const others = [{}, { ...pace, WATCHDOG_PID: '1' }].map((own) =>
    managerIn({ NOTIFY_SOCKET: '/none', ...own }),
  );
  for (const manager of others) {
    manager.watch(
      () => {
        looks++;
        return undefined;
      },
      () => undefined,
    );
  }
  const manager = managerIn({ ...(await listener()), ...pace });
  manager.watch(
    () => undefined,
    () => undefined,
  );
  await waitFor('pings', async () => (await told()).length >= 3 || undefined);
  for (const each of [manager, ...others]) await each.end();
  expect(looks).toBe(0);
});

test('without systemd nothing is told; where it cannot be told, that is said once, and the work goes on', async () => {
  const environment = await listener(1);
  const alone = managerIn({ PATH: environment.PATH });
  alone.ready('At work');
  await alone.end();
  expect(await told()).toEqual([]);
  for (const PATH of [environment.PATH, '/nowhere']) {
    const manager = managerIn({ ...environment, PATH });
    manager.ready('At work');
    manager.stopping('Stopping');
    await manager.end();
  }
  expect(failures).toEqual(['systemd-notify ended with 1', 'spawn systemd-notify ENOENT']);
});
