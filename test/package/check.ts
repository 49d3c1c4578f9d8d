import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

import { buildPackages } from '../../package/build.ts';
import { generateOwnKey } from '../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { loadKeyRing, type KeyRing } from '../../shared/pgp/key-ring.ts';
import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { sealedDispatch } from '../support/dispatches.ts';
import { PackageRoot } from '../support/package-root.ts';
import type { PrivateSystemd } from '../support/private-systemd.ts';
import { waitFor } from '../support/wait-for.ts';

/**
 * The Debian package in a clean Debian with a systemd of its own, from its installation to its end; prints what is done
 * and what is answered. Needs root, debootstrap and Debian's packages. Exits with 1 when anything is not as it should be.
 *
 *   npm run package:check
 *   npm run package:check -- --base DIR   keeps the clean Debian there, or takes the one that is
 */

const { values: options } = parseArgs({ options: { base: { type: 'string' } } });
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const nextVersion = version.replace(/\d+$/, (patch) => String(Number(patch) + 1));
const home = '/var/lib/device-enrolment';
const inbox = `${home}/spool/inboundSalesOrderDispatch`;
const daemons = ['loader', 'extractor', 'adaptor', 'scheduler', 'console'];
const warehousePassphrase = 'only for this check';
/** Other people use this machine, too. */
const patienceSeconds = 180;

const work = await mkdtemp(join(tmpdir(), 'enrol-package-check-'));
const root = await PackageRoot.make(await cleanDebian());
let systemd: PrivateSystemd | undefined;
try {
  await check();
  say('\nEverything is as it should be.');
} catch (error) {
  if (systemd !== undefined) shell('journalctl --no-pager --lines=60 --unit="enrol*"');
  throw error;
} finally {
  await systemd?.close();
  await root.close();
  await rm(work, { recursive: true, force: true });
}

async function check(): Promise<void> {
  title('Two versions of the package');
  const [older, newer] = [await build(version), await build(nextVersion)];

  title('A clean Debian is started');
  systemd = await root.boot();
  shell('cat /etc/debian_version; systemctl --version | head -1; systemctl is-system-running || true');
  const before = files();

  title('It is installed: nothing runs before there are keys');
  shell(`dpkg --install /mnt/${older}`);
  demand(shell('systemctl list-units --plain --no-legend "enrol*"') === '', 'something runs already');

  title('Keys and partners, and the units are started');
  shell('enrol keys generate');
  let warehouse = await makeWarehouse(
    shell('enrol keys export own > /mnt/own.asc && cat /mnt/own.asc', true),
  );
  shell(
    'install --mode=0644 /mnt/warehouse.asc /tmp/ && enrol keys import /tmp/warehouse.asc --partner warehouse',
  );
  shell('enrol config check');
  shell('enrol service install --user device-enrolment');
  shell('systemctl start enrol.target && systemctl list-units --plain --no-legend "enrol*"');
  await allActive();

  title('A file is dropped, and done');
  await drop(warehouse, ['884210']);
  await done(1);
  shell('enrol file list');

  title('Our key is rotated, and the warehouse takes the new one');
  shell('enrol keys rotate --reason "once a year"');
  shell('enrol keys rotate --activate --reason "the warehouse has it"');
  shell('enrol keys list');
  warehouse = await tellWarehouse(shell('enrol keys export own > /mnt/own.asc && cat /mnt/own.asc', true));
  await drop(warehouse, ['884211']);
  await done(2);

  title('The power goes while it works: everything is killed');
  await drop(
    warehouse,
    Array.from({ length: 40 }, (_, n) => String(884300 + n)),
  );
  await waitFor('a claimed file', () => inside(`find ${inbox}/work -type f`) !== '' || undefined, 60);
  await systemd.close();
  systemd = undefined;
  say('# killed, systemd with all that it had started');

  title('The machine starts again, and with it the units; what was in hand is finished');
  systemd = await root.boot();
  await done(42);
  shell('enrol spool check');

  title('An upgrade: what ran is stopped, the store is brought to the version, and what ran is started');
  const pids = inside('systemctl show --property=MainPID --value enrol-loader.service');
  shell('systemctl stop enrol-extractor.service');
  shell(`dpkg --install /mnt/${newer}`);
  demand(
    inside('systemctl is-active enrol-extractor.service || true') === 'inactive\n',
    'what somebody has stopped was started',
  );
  shell('systemctl start enrol-extractor.service');
  demand(shell('enrol --version').trim() === nextVersion, 'the version is not the newer one');
  await allActive();
  demand(
    inside('systemctl show --property=MainPID --value enrol-loader.service') !== pids,
    'it was not restarted',
  );
  await drop(warehouse, ['884500']);
  await done(43);

  title('It is purged: what remains is the store, files and keys, and the user whose they are');
  shell('dpkg --purge device-enrolment');
  const left = files().filter((file) => !before.includes(file));
  say(left.filter((file) => !file.includes('/done/')).join('\n'));
  const known = [
    /^\/var\/lib\/device-enrolment\/(spool|var)\//,
    /^\/var\/(log|cache|lib\/(systemd|dpkg))\//,
    /^\/etc\/[a-z]+-$/,
  ];
  const unknown = left.filter((file) => !known.some((pattern) => pattern.test(file)));
  demand(unknown.length === 0, `left behind: ${unknown.join(', ')}`);
  demand(shell('systemctl list-units --all --plain --no-legend "enrol*"') === '', 'units are left');
}

/** A Debian of its own, with no more than systemd. */
async function cleanDebian(): Promise<string> {
  const folder = options.base ?? join(work, 'debian');
  if (existsSync(join(folder, 'etc'))) return folder;
  await mkdir(folder, { recursive: true });
  execFileSync('debootstrap', [
    '--variant=minbase',
    '--include=systemd,systemd-sysv,dbus,adduser,logrotate',
    'stable',
    folder,
  ]);
  return folder;
}

async function build(asVersion: string): Promise<string> {
  const { files: built } = await buildPackages({
    output: root.exchange,
    version: asVersion,
    uncompressed: true,
  });
  const found = built.map(({ path }) => path).find((path) => path.endsWith('.deb')) ?? '';
  say(basename(found));
  return basename(found);
}

/** A partner of the installation whose public key is given. Its own is put where the installation can take it from. */
async function makeWarehouse(ours: string): Promise<KeyRing> {
  const folder = join(work, 'warehouse');
  await generateOwnKey({ folder, passphrase: warehousePassphrase, name: 'warehouse' });
  await writeFile(join(root.exchange, 'warehouse.asc'), await exportPublicKey(folder, 'own'));
  return tellWarehouse(ours);
}

async function tellWarehouse(ours: string): Promise<KeyRing> {
  const folder = join(work, 'warehouse');
  await importPartnerKey({ folder, party: 'cmp', armoredOrBinary: ours });
  return loadKeyRing({ folder, passphrase: warehousePassphrase });
}

/** As careful senders do: written under a name that is ignored, then renamed. */
async function drop(warehouse: KeyRing, orders: readonly string[]): Promise<void> {
  for (const order of orders)
    await writeFile(
      join(root.exchange, `${order}.pgp`),
      await sealedDispatch({ id: order, devices: [`ZZ${order}`] }, warehouse),
    );
  const put = 'install --owner=device-enrolment --group=device-enrolment --mode=0640';
  inside(
    `for order in ${orders.join(' ')}; do ${put} /mnt/$order.pgp ${inbox}/in/.$order.part && mv ${inbox}/in/.$order.part ${inbox}/in/$order.pgp; done`,
  );
  say(`# dropped: ${orders.length} file(s)`);
}

async function done(count: number): Promise<void> {
  await waitFor(
    `${count} files in done/`,
    () =>
      inside(`find ${inbox}/done -name '*.pgp'`).split('\n').filter(Boolean).length === count || undefined,
    patienceSeconds,
  );
  say(`# in done/: ${count}`);
}

async function allActive(): Promise<void> {
  const units = daemons.map((name) => `enrol-${name}.service`).join(' ');
  const states = () => new Set(inside(`systemctl is-active ${units} || true`).trim().split('\n'));
  const active = () => [...states()].join() === 'active' || undefined;
  await waitFor('every unit to be active', active, patienceSeconds);
  say('# every unit is active');
}

/** Every file of the system, but for what only lies in memory. */
function files(): string[] {
  return inside('find / -xdev ! -type d ! -path "/mnt/*"').trim().split('\n').sort();
}

function inside(command: string): string {
  if (systemd === undefined) throw new Error('it is not started');
  return systemd.must('sh', '-c', command);
}

/** Runs a command inside, and shows it with its answer. */
function shell(command: string, quiet = false): string {
  say(`$ ${command}`);
  const answer = inside(`{ ${command}; } 2>&1`);
  if (!quiet) say(answer.trimEnd());
  return answer;
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function title(text: string): void {
  say(`\n== ${text}`);
}

function say(text: string): void {
  if (text !== '') console.log(text);
}
