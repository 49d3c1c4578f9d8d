import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { afterAll, beforeAll, expect, test as always } from '@jest/globals';

import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import { lineOf } from '../support/documented-walk.ts';
import { commandBlocks, pages } from '../support/documents.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { nodeInside, noSystemd, PrivateSystemd, programInside } from '../support/private-systemd.ts';
import { shellCommands } from '../support/shell-words.ts';
import { waitFor } from '../support/wait-for.ts';

/** The units under a real systemd of their own: each test goes on from where the one before has left it. */

const test = noSystemd === undefined ? always : always.skip;
if (noSystemd !== undefined) console.log(`The units are not tried: ${noSystemd}.`);

const inbox = 'inboundSalesOrderDispatch';
const services = ['loader', 'extractor', 'adaptor', 'scheduler', 'console'];
const user = 'daemon';

let installation: TestInstallation;
let partner: KeyRing;
let systemd: PrivateSystemd;
/** Of the installation, as the units know it. */
let home: string;

beforeAll(async () => {
  if (noSystemd !== undefined) return;
  installation = await install();
  partner = await installation.addPartner('warehouse');
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['console', 'address'], 'unix:var/console.socket'],
  ]);
  home = `/srv/${basename(installation.home)}`;
  giveHome();
  systemd = await PrivateSystemd.boot([installation.home]);
});
afterAll(async () => {
  if (noSystemd !== undefined) return;
  await systemd.close();
  await installation.close();
});

/** Everything in it belongs to the user of the units, as it does where he has made it. */
const giveHome = () => spawnSync('chown', ['--recursive', `${user}:${user}`, installation.home]);

const enrol = (...words: string[]) =>
  systemd.must(nodeInside, `${programInside}/bin/enrol.js`, '--home', home, ...words);

/** A command of docs/systemd.md that begins so, for this home and this user. */
function ofPage(beginning: string): string[] {
  const commands = commandBlocks(pages.get('docs/systemd.md') ?? '').flatMap(shellCommands);
  const found = commands.find((command) => lineOf(command).startsWith(beginning));
  if (found === undefined) throw new Error(`docs/systemd.md has no command ${beginning}`);
  const placed = found.words.map((word) => (word === 'enrol' ? user : word.replace('/srv/enrol', home)));
  return found.words[0] === 'enrol'
    ? [nodeInside, `${programInside}/bin/enrol.js`, ...placed.slice(1)]
    : placed;
}

/** The lines that a daemon has logged, of one event. */
function logged(daemon: string, event: string): Record<string, unknown>[] {
  const file = join(installation.home, 'var', 'log', `${daemon}.log`);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  return lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter((line) => line.event === event);
}

const times = (daemon: string, event: string, least: number, seconds?: number) =>
  waitFor(`${event} of the ${daemon}, ${least} time(s)`, () => logged(daemon, event)[least - 1], seconds, 50);

/** Waits until a unit is as it should be. */
const shown = (unit: string, isSo: (properties: Record<string, string>) => boolean) =>
  waitFor(
    `${unit} to be so`,
    () => {
      const found = systemd.show(unit, 'ActiveState', 'StatusText', 'NRestarts', 'ExecMainStatus');
      return isSo(found) ? found : undefined;
    },
    40,
    200,
  );

async function drop(name: string, order: string): Promise<void> {
  const sealed = await sealedDispatch({ id: order, devices: [`ZZ${order}`] }, partner);
  await installation.drop(inbox, name, sealed);
  spawnSync('chown', [`${user}:${user}`, installation.spool(inbox, 'in', name)]);
}

/** Settings of a unit for a test alone. */
function setUnit(unit: string, lines: readonly string[]): void {
  const folder = `/etc/systemd/system/${unit}.d`;
  const text = ['[Service]', ...lines].join('\\n');
  systemd.must('sh', '-c', `mkdir -p '${folder}' && printf '${text}\\n' > '${folder}/90-test.conf'`);
  systemd.must('systemctl', 'daemon-reload');
}

test('enrol service install: the units are written, enabled, in order for systemd, and at 1.5 or less', () => {
  expect(systemd.must(...ofPage('enrol --home /srv/enrol service install'))).toContain(
    'Start them: systemctl start enrol.target',
  );
  expect(enrol('service', 'install', '--user', user)).toContain('The units were so already.');
  const units = services.map((name) => `enrol-${name}.service`);
  for (const unit of ['enrol.target', ...units])
    expect(systemd.run('systemctl', 'is-enabled', unit)).toMatchObject({ stdout: 'enabled\n' });
  const paths = ['enrol.target', ...units].map((unit) => `/etc/systemd/system/${unit}`);
  expect(systemd.run('systemd-analyze', 'verify', ...paths)).toEqual({ code: 0, stdout: '', stderr: '' });
  // Without a drop-in they reach the network, as they do for a store on a server.
  const shipped = units.map((unit) => `${programInside}/config/systemd/${unit}`);
  for (const unit of [...paths.slice(1), ...shipped]) {
    const judged = systemd.run(
      'systemd-analyze',
      'security',
      '--offline=yes',
      '--threshold=15',
      '--no-pager',
      unit,
    );
    expect([unit, judged.code, judged.stderr]).toEqual([unit, 0, '']);
  }
});

test('enrol doctor knows the units, and which of them does not start with the machine', () => {
  const look = () => {
    const words = ['--home', home, 'doctor', '--offline', '--json'];
    const { stdout } = systemd.run(nodeInside, `${programInside}/bin/enrol.js`, ...words);
    const checks = JSON.parse(stdout) as { group: string; verdict: string; found: string }[];
    return checks
      .filter(({ group }) => group === 'Services')
      .map(({ verdict, found }) => `${verdict}: ${found}`);
  };
  expect(look()).toEqual([expect.stringMatching(/^ok: /), 'ok: 6 are enabled.']);
  systemd.must('systemctl', 'disable', 'enrol-adaptor.service');
  expect(look()[1]).toBe('warning: Not enabled: enrol-adaptor.service.');
  systemd.must('systemctl', 'enable', 'enrol-adaptor.service');
});

test('the target starts them all; they are ready, and none takes another for dead', async () => {
  systemd.must(...ofPage('systemctl start enrol.target'));
  for (const name of services) await times(name, 'daemon.ready', 1);
  for (const name of services) {
    const unit = `enrol-${name}.service`;
    await shown(unit, ({ ActiveState }) => ActiveState === 'active');
    expect([name, systemd.show(unit, 'StatusText', 'NRestarts')]).toEqual([
      name,
      { StatusText: 'At work', NRestarts: '0' },
    ]);
    expect(logged(name, 'daemon.notify-failed')).toEqual([]);
  }
  await drop('a.pgp', '884210');
  await times('loader', 'file.done', 1);
  const { value } = await installation.json('health');
  expect(value).toHaveLength(services.length);
});

test('reload: the same process goes on with the new configuration', async () => {
  const pid = systemd.mainPid('enrol-loader.service');
  await installation.configure([[['retry', 'maxAttempts'], 30]]);
  giveHome();
  systemd.must('systemctl', 'reload', 'enrol-loader.service');
  expect(await times('loader', 'config.reloaded', 1)).toMatchObject({ needRestart: [] });
  expect(systemd.mainPid('enrol-loader.service')).toBe(pid);
});

test('O02 reload with an error: the old configuration stays, and systemctl status tells what is wrong where', async () => {
  const file = join(installation.home, 'config', 'enrol.yaml');
  const good = await readFile(file, 'utf8');
  await writeFile(file, good.replace('maxAttempts: 30', 'maxAttempts: often'));
  systemd.must('systemctl', 'reload', 'enrol-loader.service');
  await times('loader', 'config.refused', 1);
  const told = await shown(
    'enrol-loader.service',
    ({ StatusText = '', ActiveState }) => StatusText.includes('before') && ActiveState === 'active',
  );
  expect(told.StatusText).toMatch(/CONFIG_INVALID: \S+enrol\.yaml:\d+:\d+ retry\.maxAttempts: /);
  await drop('b.pgp', '884211');
  await times('loader', 'file.done', 2);

  // Who starts with it, ends with 3, and is not started again and again.
  systemd.must('systemctl', 'stop', 'enrol-extractor.service');
  expect(systemd.run('systemctl', 'start', 'enrol-extractor.service').code).toBe(1);
  expect(systemd.show('enrol-extractor.service', 'ActiveState', 'ExecMainStatus', 'NRestarts')).toEqual({
    ActiveState: 'failed',
    ExecMainStatus: String(exitCodes.config.code),
    NRestarts: '0',
  });
  await writeFile(file, good);
});

test('K09 stop while it works: what is in hand is finished, nothing is left half done', async () => {
  for (let n = 0; n < 20; n++) await drop(`many-${n}.pgp`, String(884300 + n));
  await times('loader', 'file.claimed', 3);
  systemd.must('systemctl', 'stop', 'enrol-loader.service');
  expect(systemd.show('enrol-loader.service', 'Result', 'ExecMainStatus')).toEqual({
    Result: 'success',
    ExecMainStatus: '0',
  });
  expect(await installation.files(inbox, 'work')).toEqual([]);
  const done = (await installation.files(inbox, 'done')).length;
  expect(done + (await installation.files(inbox, 'in')).length).toBe(22);
});

test('O06 a process that is stopped, and a round that hangs: the watchdog ends them, and they are started again', async () => {
  const unit = 'enrol-extractor.service';
  const mark = join(installation.home, 'hang');
  setUnit(unit, [
    'WatchdogSec=2s',
    'RestartSec=100ms',
    `Environment=NODE_OPTIONS=--import=${programInside}/test/support/hang-preload.ts HANG_WHILE=${home}/hang`,
  ]);
  const begun = logged('extractor', 'daemon.ready').length;
  systemd.must('systemctl', 'start', unit);
  process.kill(systemd.mainPid(unit), 'SIGSTOP');
  await times('extractor', 'daemon.ready', begun + 2, 40);
  expect(logged('extractor', 'daemon.hangs')).toEqual([]);

  await writeFile(mark, '');
  // Every task of the daemon asks for room before a round; which of them is the first to hang is chance.
  const { task } = await times('extractor', 'daemon.hangs', 1, 40);
  expect(['keys', 'extract batches', 'publish generic requests']).toContain(task);
  await shown(unit, ({ NRestarts }) => Number(NRestarts) >= 2);
});

test('K10 a second signal forces the end of a process that hangs, with 8', async () => {
  const unit = 'enrol-extractor.service';
  systemd.must('systemctl', 'stop', unit);
  setUnit(unit, [
    `Environment=NODE_OPTIONS=--import=${programInside}/test/support/hang-preload.ts HANG_WHILE=${home}/hang`,
  ]);
  systemd.must('systemctl', 'start', unit);
  const before = logged('extractor', 'daemon.stopping').length;
  systemd.must('systemctl', 'stop', '--no-block', unit);
  await times('extractor', 'daemon.stopping', before + 1);
  await shown(unit, ({ ActiveState }) => {
    systemd.run('systemctl', 'kill', '--kill-whom=main', '--signal=SIGTERM', unit);
    return ActiveState === 'failed';
  });
  expect(systemd.show(unit, 'ExecMainStatus')).toEqual({ ExecMainStatus: String(exitCodes.forced.code) });
  await rm(join(installation.home, 'hang'));
});

test('O07 a process that cannot start is tried again, though not for ever', async () => {
  const unit = 'enrol-extractor.service';
  systemd.must('mv', `${home}/var/enrol.db`, `${home}/var/away.db`);
  setUnit(unit, ['RestartSec=100ms', '[Unit]', 'StartLimitBurst=2']);
  systemd.must('systemctl', 'reset-failed', unit);
  expect(systemd.run('systemctl', 'start', unit).code).toBe(1);
  expect(await shown(unit, ({ ActiveState }) => ActiveState === 'failed')).toMatchObject({
    NRestarts: '2',
    ExecMainStatus: String(exitCodes.store.code),
  });
  systemd.must('mv', `${home}/var/away.db`, `${home}/var/enrol.db`);
});

test('O12 the passphrase as an encrypted credential, and no file of it in the home', async () => {
  const [tool = '', verb = '', ...rest] = ofPage('systemd-creds encrypt');
  // A machine of its own has a TPM, or chooses this key by itself.
  systemd.must(tool, verb, '--with-key=host', ...rest);
  systemd.must(...ofPage('rm '));
  expect(existsSync(join(installation.home, 'var', 'secrets', 'pgp-passphrase'))).toBe(false);
  systemd.must('systemctl', 'start', 'enrol-loader.service');
  await times('loader', 'file.done', 22);
});

test('one of several instances, from templates; uninstall takes away what is its own', async () => {
  const instance = basename(home);
  systemd.must('systemctl', 'stop', 'enrol.target');
  enrol('service', 'uninstall');
  expect(systemd.run('ls', '/etc/systemd/system').stdout).not.toContain('enrol.target');
  expect(enrol('service', 'install', '--user', user, '--instance')).toContain(`enrol@${instance}.target`);
  const templates = services.map((name) => `/etc/systemd/system/enrol-${name}@.service`);
  expect(systemd.run('systemd-analyze', 'verify', ...templates)).toMatchObject({ code: 0, stderr: '' });
  systemd.must(
    'mv',
    '/etc/credstore.encrypted/enrol.pgp-passphrase',
    `/etc/credstore.encrypted/enrol@${instance}.pgp-passphrase`,
  );
  const before = logged('loader', 'daemon.ready').length;
  systemd.must('systemctl', 'start', `enrol-loader@${instance}.service`);
  await times('loader', 'daemon.ready', before + 1);
  enrol('service', 'uninstall', '--instance');
  expect(systemd.run('systemctl', 'is-active', `enrol-loader@${instance}.service`).stdout).toBe('inactive\n');
});
