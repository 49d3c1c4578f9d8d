import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { afterEach, expect, test } from '@jest/globals';

import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { ordersFile, sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { daemons, emptyHome, install, writeInto, type TestInstallation } from '../support/installation.ts';
import { TestProvider } from '../support/provider.ts';

/** What is left on the disk by an installation and by its processes: who may read it, and what is not in it. */

let installation: TestInstallation;
afterEach(() => installation.close());

const order: OrderInHand = { id: '884210', devices: ['ZZTEST0001'] };
const inbox = 'inboundSalesOrderDispatch';

/** A program that is Node, after the shell has set something. */
async function nodeAfter(setting: string): Promise<string> {
  const script = `#!/bin/sh\n${setting}\nexec '${process.execPath}' "$@"\n`;
  const path = await writeInto(installation, 'elsewhere/node', script);
  await chmod(path, 0o755);
  return path;
}

const octal = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Everything under a folder with its mode, by its path in there. */
function modesUnder(root: string): [path: string, mode: string][] {
  return readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    return [relative(root, path), octal(path)];
  });
}

test('O12: under a umask that forbids nothing, others may read nothing, and secrets are for the owner alone', async () => {
  installation = await emptyHome();
  await mkdir(join(installation.home, 'elsewhere'));
  const node = await nodeAfter('umask 000');
  const run = async (...words: string[]) => (await installation.start(words, { node }).exit).code;

  expect(await run('init')).toBe(0);
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['spool', 'scanSeconds'], 0.2],
    [
      ['providers', 'apple'],
      {
        format: 'apple',
        account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
        inbox: { encryption: 'none', quietSeconds: 0 },
      },
    ],
  ]);
  expect(await run('init')).toBe(0);
  expect(await run('keys', 'generate')).toBe(0);
  const warehouse = await installation.addPartner('warehouse', { known: false });
  const publicKey = await exportPublicKey(join(installation.home, 'var', 'partner-warehouse'), 'own');
  const given = await writeInto(installation, 'elsewhere/warehouse.asc', publicKey);
  expect(await run('keys', 'import', given, '--partner', 'warehouse')).toBe(0);
  const orders = await writeInto(installation, 'elsewhere/orders.json', ordersFile([order]));
  expect(await run('orders', 'import', orders)).toBe(0);
  await installation.drop(inbox, 'good.pgp', await sealedDispatch(order, warehouse));
  const bad = await sealMessage(Buffer.from('{}'), warehouse, { encryptTo: ['cmp'] });
  await installation.drop(inbox, 'bad.pgp', bad);
  expect(await run('loader', '--once')).toBe(exitCodes.refused.code);
  expect(await run('scheduler', '--once')).toBe(0);
  for (const daemon of ['extractor', 'adaptor']) expect(await run(daemon, '--once')).toBe(0);
  const provider = new TestProvider(installation);
  expect((await provider.answerAll()).size).toBe(1);
  expect(await run('adaptor', '--once')).toBe(0);

  // Not made by the product: what lies elsewhere, and what partners have dropped, with the mode that they gave it.
  const foreign = [
    /^(elsewhere|var\/partner-warehouse)(\/|$)/,
    /^spool\/inboundSalesOrderDispatch\/.*\.pgp$/,
    /^spool\/provider\/apple\/inbound\/.*\.json$/,
  ];
  const made = modesUnder(installation.home).filter(([path]) => !foreign.some((one) => one.test(path)));
  expect(made.filter(([, mode]) => (parseInt(mode, 8) & 0o007) !== 0)).toEqual([]);

  const modes = (pattern: RegExp) => Object.fromEntries(made.filter(([path]) => pattern.test(path)));
  const secret = /^var\/(secrets\/.|keys\/own\/.*\.asc$)/;
  expect(Object.values(modes(secret))).toEqual(['600', '600', '600']);
  expect(
    modes(/^(config.*|var\/(secrets|keys|keys\/own|keys\/own\/revocations|log|log\/loader\.log|enrol\.db))$/),
  ).toEqual({
    config: '750',
    'config/enrol.yaml': '640',
    'var/enrol.db': '640',
    'var/keys': '700',
    'var/keys/own': '700',
    'var/keys/own/revocations': '700',
    'var/log': '750',
    'var/log/loader.log': '640',
    'var/secrets': '700',
  });
  expect(Object.values(modes(/\.reason\.json$/))).toEqual(['640']);
  expect(modes(/^spool\/outboundDeviceEnrolment\/done\/.*\.pgp$/)).not.toEqual({});
  for (const name of [inbox, 'inboundDeviceEnrolment', 'outboundDeviceEnrolment', 'provider/apple/inbound']) {
    const folders = ['in', 'work', 'tmp', 'done', 'rejected', 'hold'];
    const found = folders.map((folder) => octal(installation.spool(name, folder)));
    // Whoever shares our group may drop files into in/, whatever our umask.
    expect([name, ...found]).toEqual([name, '770', '700', '700', '750', '750', '750']);
  }
  expect(octal(installation.spool('provider', 'apple', 'outbound'))).toBe('770');
});

/**
 * A process that crashes with this on its heap. What goes into its core is what the kernel's default says (core(5)):
 * processes inherit that from whoever starts them, and a worker that has run a command in itself has `0`.
 */
const crash = `
  require('node:fs').writeFileSync('/proc/self/coredump_filter', '0x33');
  const kept = ["canary", "of", "a", "plain", "process"].join("-");
  process.abort();`;

/** Whether a crash leaves a core in the working folder here. */
async function coresHere(folder: string, node: string): Promise<boolean> {
  spawnSync(node, ['-e', crash], { cwd: folder, stdio: 'ignore' });
  const [core] = readdirSync(folder);
  if (core === undefined) return false;
  // Without it the search of the test would prove nothing.
  expect((await readFile(join(folder, core))).includes('canary-of-a-plain-process')).toBe(true);
  return true;
}

test('O12: the core of a crash has nothing of what the process had in memory', async () => {
  installation = await install();
  for (const folder of ['elsewhere', 'plain', ...daemons]) await mkdir(join(installation.home, folder));
  const node = await nodeAfter('ulimit -c unlimited 2>/dev/null');
  const warehouse = await installation.addPartner('warehouse');
  const running = daemons.map((daemon) =>
    installation.start([daemon], { node, cwd: join(installation.home, daemon) }),
  );
  await Promise.all(running.map((program) => program.logged('daemon.ready')));
  for (const { child } of running)
    expect(readFileSync(`/proc/${child.pid}/coredump_filter`, 'utf8')).toBe('00000000\n');

  const [loader] = running;
  await installation.drop(inbox, 'good.pgp', await sealedDispatch(order, warehouse));
  await loader?.logged('file.done');
  await Promise.all(running.map((program) => program.end('SIGABRT')));
  const secret = (await readFile(join(installation.home, 'var', 'secrets', 'pgp-passphrase'), 'utf8')).trim();
  const some = await coresHere(join(installation.home, 'plain'), node);
  for (const daemon of daemons) {
    const cores = readdirSync(join(installation.home, daemon));
    expect(cores).toHaveLength(some ? 1 : 0);
    for (const name of cores) {
      const core = await readFile(join(installation.home, daemon, name));
      for (const canary of [secret, ...order.devices, 'BEGIN PGP PRIVATE KEY'])
        expect([daemon, canary, core.includes(canary)]).toEqual([daemon, canary, false]);
    }
  }
});
