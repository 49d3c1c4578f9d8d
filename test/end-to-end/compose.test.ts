import { readdirSync } from 'node:fs';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { ConsoleBrowser } from '../support/console-browser.ts';
import { consolePort } from '../support/console-port.ts';
import { Containers } from '../support/containers.ts';
import type { Program } from '../support/installation.ts';
import { noMounts } from '../support/namespace.ts';
import { waitFor } from '../support/wait-for.ts';

/** The processes of compose.yaml, by their own command lines, from what the Dockerfile copies. */

if (noMounts !== undefined) console.warn(`containers are left out: ${noMounts}`);
const containerTest = noMounts === undefined ? test : test.skip;

let containers: Containers;
beforeAll(async () => {
  containers = await Containers.make('sqlite:var/enrol.db', 'of no use to SQLite');
});
afterAll(() => containers.close());

async function up(): Promise<Map<Program, string>> {
  const started = containers.ours
    .filter(([name]) => name !== 'init' && name !== 'enrol')
    .flatMap(([name, { deploy }]) => Array.from({ length: deploy.replicas }, () => name))
    .map((name): [Program, string] => [containers.start(name), name]);
  await Promise.all(started.map(([program]) => program.logged('daemon.ready')));
  return new Map(started);
}

const health = () => containers.checkHealth('loader').exit;

containerTest('an installation is made, with keys, by its commands', async () => {
  expect(await containers.start('init').exit).toMatchObject({ code: 0, stderr: '' });
  const keys = await containers.start('enrol', ['keys', 'generate']).exit;
  expect(keys).toMatchObject({ code: 0, stderr: '' });
  expect(await health()).toMatchObject({ code: exitCodes.alarm.code });
  expect(readdirSync(containers.installation.home).sort()).toEqual(['config', 'spool', 'var']);
  await containers.installation.addPartner('warehouse');
  await containers.installation.configure([[['console', 'address'], '127.0.0.1:0']]);
});

containerTest('each process starts, answers, is found well, and ends with 0 on SIGTERM', async () => {
  const running = await up();
  const twice = ['loader', 'extractor', 'adaptor', 'scheduler'].flatMap((name) => [name, name]);
  expect([...running.values()].sort()).toEqual([...twice, 'console'].sort());
  const [server] = [...running].find(([, name]) => name === 'console') ?? [];
  const port = await waitFor('the port of the console', () => consolePort(server?.stdout ?? ''));
  const page = await new ConsoleBrowser({ origin: `http://127.0.0.1:${port}` }).get('/sign-in');
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Password') });
  expect(await health()).toMatchObject({ code: 0, stderr: '' });
  const status = await containers.start('enrol', ['status']).exit;
  expect(status).toMatchObject({ code: 0, stderr: '' });

  for (const [program, name] of running) {
    const begin = performance.now();
    expect([name, await program.end('SIGTERM')]).toMatchObject([name, { code: 0, stderr: '' }]);
    const grace = Number.parseFloat(containers.service(name).stop_grace_period ?? '0');
    expect((performance.now() - begin) / 1000).toBeLessThan(grace);
  }
  expect((await health()).code).toBe(exitCodes.alarm.code);
});

containerTest('one that was killed is not well, until it has been started again', async () => {
  const loader = containers.start('loader');
  await loader.logged('daemon.ready');
  expect((await health()).code).toBe(0);
  await loader.end('SIGKILL');
  expect(await health()).toMatchObject({
    code: exitCodes.alarm.code,
    stdout: expect.stringMatching(/^loader \d+: dead\n$/),
  });
  const again = containers.start('loader');
  await again.logged('daemon.ready');
  expect((await health()).code).toBe(0);
  expect((await again.end('SIGTERM')).code).toBe(0);
});
