import { readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';

import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { ConsoleBrowser } from '../support/console-browser.ts';
import { consolePort } from '../support/console-port.ts';
import { Containers, type Container } from '../support/containers.ts';
import { noMounts } from '../support/namespace.ts';
import { PostgresServer } from '../support/postgres-server.ts';
import { waitFor } from '../support/wait-for.ts';

/** The processes of compose.yaml, by their own command lines, from what the Dockerfile copies, on a real PostgreSQL. */

// A machine that lets nobody mount cannot run these; the reporter names what was left out, and under CI it fails.
if (noMounts !== undefined) console.warn(`containers are left out: ${noMounts}`);
const containerTest = noMounts === undefined ? test : test.skip;

// Many processes are started, one after the other.
jest.setTimeout(180_000);

let server: PostgresServer;
let containers: Containers;

beforeAll(async () => {
  server = await PostgresServer.start();
  const password = 'only for this test';
  await demandPassword(password);
  containers = await Containers.make({ port: server.port, password });
});
afterAll(() => containers.close());
afterAll(() => server.close());

/** What the image of PostgreSQL makes of its environment: a database, and a user who needs a password. */
async function demandPassword(password: string): Promise<void> {
  await server.query('create database enrol');
  await server.query(`alter user enrol password '${password}'`);
  const [{ file } = { file: '' }] = await server.query<{ file: string }>(
    "select setting as file from pg_settings where name = 'hba_file'",
  );
  await writeFile(file, 'host all all all scram-sha-256\n');
  await server.query('select pg_reload_conf()');
}

/** Service by service: a small machine would take long over all of them at once. */
async function up(): Promise<Container[]> {
  const started: Container[] = [];
  for (const [name, { deploy }] of containers.daemons) {
    const alike = Array.from({ length: deploy.replicas }, () => containers.start(name));
    await Promise.all(alike.map(({ program }) => program.logged('daemon.ready')));
    started.push(...alike);
  }
  return started;
}

const health = async (container: Container) => (await containers.checkHealth(container)).code;

/** What `enrol status` says of processes: name and host of those that run. */
async function running(): Promise<string[]> {
  const { code, stdout, stderr } = await containers.enrol('status', '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { daemons } = JSON.parse(stdout) as {
    daemons: { name: string; host: string; running: boolean }[];
  };
  return daemons.filter((each) => each.running).map(({ name, host }) => `${name} on ${host}`);
}

containerTest('an installation is made, with keys, by its commands; again and again', async () => {
  for (let time = 0; time < 2; time++)
    expect(await containers.start('init').program.exit).toMatchObject({ code: 0, stderr: '' });
  expect(await containers.enrol('keys', 'generate')).toMatchObject({ code: 0, stderr: '' });
  expect(readdirSync(containers.installation.home).sort()).toEqual(['config', 'spool', 'var']);
  await containers.installation.addPartner('warehouse');
  await containers.installation.configure([[['console', 'address'], '127.0.0.1:0']]);
});

containerTest('each process starts, answers, is found well, and ends with 0 on SIGTERM', async () => {
  const started = await up();
  expect(await running()).toHaveLength(started.length);
  expect((await running()).sort()).toEqual(
    started.map(({ service, host }) => `${service} on ${host}`).sort(),
  );
  expect(await Promise.all(started.map(health))).toEqual(started.map(() => 0));

  const log = () => started.find(({ service }) => service === 'console')?.program.stdout ?? '';
  const port = await waitFor('the port of the console', () => consolePort(log()));
  const page = await new ConsoleBrowser({ origin: `http://127.0.0.1:${port}` }).get('/sign-in');
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Password') });

  for (const { service, program } of started) {
    const begin = performance.now();
    expect([service, await program.end('SIGTERM')]).toMatchObject([service, { code: 0, stderr: '' }]);
    const grace = Number.parseFloat(containers.service(service).stop_grace_period ?? '0');
    expect((performance.now() - begin) / 1000).toBeLessThan(grace);
  }
  expect(await running()).toEqual([]);
  const alarm = exitCodes.alarm.code;
  expect(await Promise.all(started.map(health))).toEqual(started.map(() => alarm));
});

containerTest('one that was killed is not well, until it has been started again; its twin is', async () => {
  const [loader, twin] = [containers.start('loader'), containers.start('loader')];
  await Promise.all([loader, twin].map(({ program }) => program.logged('daemon.ready')));
  await loader.program.end('SIGKILL');
  expect(await containers.checkHealth(loader)).toMatchObject({
    code: exitCodes.alarm.code,
    stdout: expect.stringMatching(/^loader \d+: dead\n$/),
  });
  expect(await health(twin)).toBe(0);
  const again = containers.start('loader', loader.host);
  await again.program.logged('daemon.ready');
  expect(await health(again)).toBe(0);
  for (const { program } of [again, twin]) expect((await program.end('SIGTERM')).code).toBe(0);
});
