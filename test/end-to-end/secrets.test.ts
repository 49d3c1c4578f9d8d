import { readdirSync, readFileSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

import { generateOwnKey } from '../../shared/pgp/generate.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { dispatchOf, type OrderInHand } from '../support/dispatches.ts';
import {
  daemons,
  filesUnder,
  install,
  writeInto,
  type Program,
  type TestInstallation,
} from '../support/installation.ts';

/**
 * Canaries are planted where secrets are: in the passphrase, in our private key, in decrypted content. Then everything
 * that the product shows is searched for them, whatever goes right or wrong.
 */

const passphrase = 'canary-passphrase-7d3e91';
const content = 'canary-content-c04f';
const order: OrderInHand = { id: '884210', devices: ['ZZTEST0001'] };

let installation: TestInstallation;
let warehouse: KeyRing;
let canaries: string[];
const programs: Program[] = [];

beforeAll(async () => {
  installation = await install();
  await installation.configure([
    [['log', 'folder'], 'var/log'],
    [['log', 'level'], 'debug'],
  ]);
  const [first = ''] = await filesUnder(join(installation.keys, 'own'));
  await writeFile(join(installation.home, 'var', 'secrets', 'pgp-passphrase'), `${passphrase}\n`);
  const own = join(installation.keys, 'own', first);
  await rename(own, join(installation.home, 'first.asc'));
  const fingerprint = await generateOwnKey({ folder: installation.keys, passphrase, name: 'Test CMP' });
  const secret = await readFile(join(installation.keys, 'own', `${fingerprint}.asc`), 'utf8');
  canaries = [
    passphrase,
    content,
    ...linesOf(secret),
    ...linesOf(await readFile(join(installation.home, 'first.asc'), 'utf8')),
  ];
  warehouse = await installation.addPartner('warehouse');
});
afterAll(() => installation.close());

/** The base64 lines of an armoured key that are long enough to be found. */
const linesOf = (armoured: string): string[] =>
  armoured.split('\n').filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));

/** Every process is looked at while it runs and after its end. */
async function run(...words: string[]): Promise<number | null> {
  const program = installation.start(words);
  programs.push(program);
  return (await program.exit).code;
}

function expectClean(what: string, text: string): void {
  expect([what, ...canaries.filter((canary) => text.includes(canary))]).toEqual([what]);
}

/** A dispatch with canaries in its content, and wrong in one respect. */
const documents: Record<string, (json: string) => string> = {
  'good.pgp': (json) => json,
  'cut-off.pgp': (json) => json.slice(0, -30),
  'bad-token.pgp': (json) => json.replace('"DISPATCHED"', content),
  'bad-status.pgp': (json) => json.replace('"DISPATCHED"', `"${content}"`),
  'bad-count.pgp': (json) => json.replace('"recordCount":1', '"recordCount":2'),
  'bad-interface.pgp': (json) => json.replace('"Sales Order Dispatch"', `"${content}"`),
  'bad-date.pgp': (json) => json.replace('2026-01-13T16:00:00Z', content),
  'repeated.pgp': (json) => json.replace('"recordCount"', `"${content}":1,"${content}":2,"recordCount"`),
  'hostile.pgp': (json) => json.replace('"recordCount"', `"__proto__":{"${content}":1},"recordCount"`),
  'not-json.pgp': () => `${content} ${content}`,
};

test('O12 no canary in anything that commands and daemons show, whatever goes wrong', async () => {
  const [dispatched] = dispatchOf(order).orders;
  const device = { deviceId: 'ZZTEST0001', serialNumber: 'ZZTEST0001', assetTag: content };
  const lines = [{ lineNumber: 1, devices: [device] }];
  const json = JSON.stringify({ ...dispatchOf(order), orders: [{ ...dispatched, lines }] });
  for (const [name, change] of Object.entries(documents)) {
    const sealed = await sealMessage(Buffer.from(change(json)), warehouse, { encryptTo: ['cmp'] });
    await installation.drop('inboundSalesOrderDispatch', name, sealed);
  }
  await installation.drop('inboundSalesOrderDispatch', 'plain.json', Buffer.from(json));
  expect(await run('loader', '--once')).toBe(exitCodes.refused.code);
  expect(await installation.files('inboundSalesOrderDispatch', 'rejected')).toHaveLength(
    2 * Object.keys(documents).length,
  );
  for (const words of [
    ['status'],
    ['file', 'list'],
    ['file', 'show', '2'],
    ['batch', 'list'],
    ['keys', 'list'],
    ['keys', 'export', 'own'],
  ]) {
    expect(await run(...words)).toBe(0);
    expect(await run(...words, '--json')).toBe(0);
  }
  expect(await run('config', 'show')).toBe(0);

  // Failures with a secret at hand: a key of another passphrase, one that is not protected, one that is damaged.
  expect(await run('keys', 'import', join(installation.home, 'first.asc'), '--own')).toBe(
    exitCodes.keys.code,
  );
  expect(await run('keys', 'import', join(installation.home, 'first.asc'), '--partner', 'x')).toBe(
    exitCodes.usage.code,
  );
  const [own = ''] = await filesUnder(join(installation.keys, 'own'));
  const key = join(installation.keys, 'own', own);
  const good = await readFile(key, 'utf8');
  await writeFile(key, good.replace(/\n=.{4}\n/, '\n').slice(0, -80));
  for (const daemon of ['loader', 'extractor', 'adaptor'])
    expect(await run(daemon, '--once')).toBe(exitCodes.keys.code);
  await writeFile(key, good);
  const secrets = join(installation.home, 'var', 'secrets', 'pgp-passphrase');
  await writeFile(secrets, `${passphrase}-wrong`);
  expect(await run('loader', '--once')).toBe(exitCodes.keys.code);
  expect(await run('seal', await writeInto(installation, 'letter.txt', 'x'))).toBe(exitCodes.keys.code);
  await writeFile(secrets, passphrase);
  // A passphrase in the wrong place.
  const wrong = await writeInto(installation, 'wrong.yaml', `keys:\n  passphrase: ${passphrase}\n`);
  expect(await run('config', 'check', '--config', wrong)).toBe(exitCodes.config.code);
  expect(await run('loader', '--once', '--config', wrong)).toBe(exitCodes.config.code);

  for (const program of programs)
    expectClean(program.child.spawnargs.slice(4).join(' '), program.stdout + program.stderr);
}, 180_000);

test('O12 no canary in log files and reason files, nor in any file but the store and the secrets themselves', async () => {
  const logs = (await filesUnder(installation.home)).filter((path) => path.endsWith('.log'));
  expect(logs).toEqual(expect.arrayContaining(['var/log/failures.log', 'var/log/loader.log']));
  const planted =
    /^(var\/enrol\.db|var\/keys\/own\/|var\/secrets\/|first\.asc|wrong\.yaml|spool\/inboundSalesOrderDispatch\/rejected\/plain\.json$)/;
  const others = (await filesUnder(installation.home)).filter((path) => !planted.test(path));
  expect(others.filter((path) => path.endsWith('.reason.json'))).toHaveLength(Object.keys(documents).length);
  for (const path of others)
    expectClean(path, `${path}\n${await readFile(join(installation.home, path), 'latin1')}`);
});

test('O12 no canary in the command line or environment of a running process', async () => {
  const running = daemons.map((daemon) => installation.start([daemon]));
  await Promise.all(running.map((program) => program.logged('daemon.ready')));
  for (const { child } of running) {
    const proc = `/proc/${child.pid}`;
    expect(readFileSync(`${proc}/cmdline`, 'utf8')).toContain('enrol.js');
    expectClean('cmdline', readFileSync(`${proc}/cmdline`, 'latin1'));
    expectClean('environ', readFileSync(`${proc}/environ`, 'latin1'));
    expect(readdirSync(`${proc}/fd`)).not.toEqual([]);
  }
  for (const program of running) expect((await program.end('SIGTERM')).code).toBe(0);
});
