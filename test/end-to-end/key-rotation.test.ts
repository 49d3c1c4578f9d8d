import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { recipientsOf } from '../../shared/pgp/open-stream.ts';
import { exitCodes } from '../../shared/runtime/exit-codes.ts';
import { listAudit } from '../../shared/store/audit.ts';
import { batchItems, listBatches } from '../../shared/store/batches.ts';
import { dispatchBytes, ordersFile, type OrderInHand } from '../support/dispatches.ts';
import { hostPreload } from '../support/host-process.ts';
import { install, writeInto, type Program, type TestInstallation } from '../support/installation.ts';
import { waitFor } from '../support/wait-for.ts';

/** Our keys and a partner's are rotated and revoked while daemons run and files come; nothing is lost, nothing restarted. */

const has = (tool: string): boolean => spawnSync(tool, ['--version']).error === undefined;
// A machine without the other program cannot run these; the reporter names what was left out, and under CI it fails.
const gpgTest = has('gpg') ? test : test.skip;

const inbox = 'inboundSalesOrderDispatch';
const patience = 60;
const why = ['--reason', 'the yearly rotation'];

let installation: TestInstallation;
/** Short, because GnuPG's agent listens on a socket in its folder and the names of sockets are short. */
let folder: string;

beforeEach(async () => {
  installation = await install();
  folder = mkdtempSync(join(tmpdir(), 'kr-'));
});
afterEach(async () => {
  if (has('gpgconf')) spawnSync('gpgconf', ['--homedir', folder, '--kill', 'all']);
  rmSync(folder, { recursive: true });
  await installation.close();
});

/** The warehouse's own program, with its keys and what it knows of ours. */
const gpg = (...words: string[]): Buffer =>
  execFileSync(
    'gpg',
    [
      ...['--homedir', folder, '--batch', '--yes', '--quiet', '--pinentry-mode', 'loopback'],
      ...['--passphrase', '', '--trust-model', 'always', ...words],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );

/** A new key of the warehouse. @returns its fingerprint, and the file with its public part */
function newKey(address: string): { fingerprint: string; file: string } {
  gpg('--quick-generate-key', address, 'future-default', 'default', '1y');
  const listed = gpg('--with-colons', '--list-keys', address).toString();
  const file = join(folder, `${address}.asc`);
  writeFileSync(file, gpg('--armor', '--export', address));
  return { fingerprint: /^fpr:+([0-9A-F]+):/m.exec(listed)?.[1] ?? '', file };
}

/** Our keys as partners get them. */
async function takeOurs(): Promise<void> {
  writeFileSync(join(folder, 'cmp.asc'), await installation.enrol('keys', 'export', 'own'));
  gpg('--import', join(folder, 'cmp.asc'));
}

const orders: OrderInHand[] = Array.from({ length: 16 }, (_, n) => ({
  id: String(885_000 + n),
  devices: [`ZZKEYS${100 + n}`],
}));
let last = 0;

/** The next order's dispatch, sealed for one key of ours. */
function seal(signer: string, recipient: string): { id: string; name: string; bytes: Buffer } {
  const order = orders[last++];
  if (!order) throw new Error('there are not enough orders');
  const plain = join(folder, order.id);
  writeFileSync(plain, dispatchBytes(order));
  // The exclamation mark: this key, and no other that gpg might like better.
  const bytes = gpg(
    ...['--sign', '--encrypt', '--local-user', `${signer}!`, '--recipient', recipient],
    ...['--output', '-', plain],
  );
  return { id: order.id, name: `wh.${order.id}.json.pgp`, bytes };
}

const drop = async (signer: string, recipient: string): Promise<string> => {
  const { name, bytes } = seal(signer, recipient);
  await installation.drop(inbox, name, bytes);
  return name;
};

const ended = (to: string, name: string, where = inbox) =>
  waitFor(
    `${name} in ${to}`,
    async () => (await installation.files(where, to)).some((path) => path.endsWith(name)) || undefined,
    patience,
  );

const told = (programs: readonly Program[], text: string) =>
  waitFor(
    `${text} in the log`,
    () => programs.some(({ stdout }) => stdout.includes(text)) || undefined,
    patience,
  );

/** Waits until each has said so of the keys that it uses. */
const noticed = (programs: readonly Program[], what: 'signing' | 'changed' | 'removed', key: string) => {
  const text = new RegExp(`"${what}":\\[?"${key}"`, 'i');
  return waitFor(
    `${what} ${key} in every log`,
    () => programs.every(({ stdout }) => text.test(stdout)) || undefined,
    patience,
  );
};

interface ListedKey {
  readonly party: string;
  readonly fingerprint: string;
  readonly standing: string;
}
const keys = async (): Promise<Record<string, string>> => {
  const { value } = await installation.json('keys', 'list');
  return Object.fromEntries(
    (value as ListedKey[]).map(({ fingerprint, standing }) => [fingerprint.toUpperCase(), standing]),
  );
};

const fingerprintIn = (printed: string): string =>
  (/own: ([0-9a-f]{40})/.exec(printed)?.[1] ?? '').toUpperCase();

/** Makes a batch, which the extractor seals for the adaptor, and waits for its file in that folder. */
async function enrol(to: string): Promise<void> {
  const before = (await installation.files('outboundDeviceEnrolment', to)).length;
  for (const job of ['salesOrderDispatch', 'deviceEnrolmentRequest'])
    await installation.enrol('job', 'run', job);
  await waitFor(
    `a generic request in ${to}`,
    async () => (await installation.files('outboundDeviceEnrolment', to)).length > before || undefined,
    patience,
  );
}

/** Ids of the keys that the generic requests in done/ are sealed for, oldest first. */
async function sealedFor(): Promise<string[]> {
  const paths = (await installation.files('outboundDeviceEnrolment', 'done')).map((path) =>
    installation.spool('outboundDeviceEnrolment', 'done', path),
  );
  const ids = await Promise.all(paths.map((path) => recipientsOf(() => createReadStream(path))));
  return ids.flat().map((id) => id ?? 'hidden');
}

gpgTest(
  'P22 P07 P13 rotated and revoked keys count in running daemons, and no file is lost on the way',
  async () => {
    last = 0;
    const key1 = Object.keys(await keys())[0] ?? '';
    await takeOurs();
    const old = newKey('old@wh.example');
    await installation.enrol('keys', 'import', old.file, '--partner', 'warehouse');
    await installation.enrol(
      ...['orders', 'import', await writeInto(installation, 'orders.json', ordersFile(orders))],
    );
    const elsewhere = { NODE_OPTIONS: `--import=${hostPreload}`, PRETENDED_HOST: 'elsewhere' };
    const loaders = [{}, elsewhere].map((env) => installation.start(['loader'], { env }));
    const others = ['extractor', 'adaptor'].map((name) => installation.start([name]));
    const programs = [...loaders, ...others];
    for (const program of programs) await program.logged('daemon.ready');
    await ended('done', await drop(old.fingerprint, key1));

    // Our next key opens at once, with whichever loader gets the file first; we sign with the one before.
    const key2 = fingerprintIn(await installation.enrol('keys', 'rotate', ...why));
    await takeOurs();
    expect(gpg('--list-keys', key2).toString()).toContain('Test CMP');
    const toComing = await drop(old.fingerprint, key2);
    const toCurrent = await drop(old.fingerprint, key1);
    // So does the partner's next one, beside the one before.
    const next = newKey('next@wh.example');
    await installation.enrol('keys', 'import', next.file, '--partner', 'warehouse');
    const byNext = [await drop(next.fingerprint, key2), await drop(old.fingerprint, key1)];
    for (const name of [toComing, toCurrent, ...byNext]) await ended('done', name);
    expect(await keys()).toMatchObject({ [key1]: 'in use', [key2]: 'coming', [old.fingerprint]: 'in use' });
    expect(loaders.some(({ events }) => events.includes('key.retired-used'))).toBe(false);

    // Between extractor and adaptor one file is under way, signed and sealed with the key that is retired meanwhile.
    await installation.enrol('intake', 'pause', 'outboundDeviceEnrolment', ...why);
    await enrol('in');
    await installation.enrol('keys', 'rotate', '--activate', ...why);
    await noticed(programs, 'signing', key2);
    await installation.enrol('intake', 'resume', 'outboundDeviceEnrolment', ...why);
    await waitFor(
      'the file that was under way',
      async () => (await installation.files('outboundDeviceEnrolment', 'done')).length === 1 || undefined,
      patience,
    );
    const late = await drop(next.fingerprint, key1);
    await ended('done', late);
    await told(loaders, '"key.retired-used"');
    await enrol('done');
    const ids = [key1, key2].map((fingerprint) => subkeyOf(fingerprint));
    expect(await sealedFor()).toEqual(expect.arrayContaining(ids));
    expect(await keys()).toMatchObject({ [key1]: 'retired', [key2]: 'in use' });

    // A key file that is half written: nothing is refused because of keys, and what needs none of it goes on.
    const third = newKey('third@wh.example');
    const target = join(installation.keys, 'partners', 'warehouse', 'third.asc');
    const text = readFileSync(third.file, 'utf8');
    await writeFile(target, text.slice(0, 200));
    await told(loaders, '"keys.refused"');
    const waiting = await drop(third.fingerprint, key2);
    await ended('done', await drop(next.fingerprint, key2));
    await told(loaders, '"KEYS_IN_DOUBT"');
    await writeFile(target, text);
    await ended('done', waiting);

    // The partner's old key is revoked, by the certificate that its program made with it; the next one goes on.
    const certificate = readFileSync(join(folder, 'openpgp-revocs.d', `${old.fingerprint}.rev`), 'utf8');
    const revocation = await writeInto(installation, 'old.rev', certificate.replace(/^:(?=-----)/m, ''));
    await installation.enrol('keys', 'import', revocation, '--partner', 'warehouse', '--reason', 'stolen');
    await noticed(loaders, 'changed', old.fingerprint);
    const stolen = await drop(old.fingerprint, key2);
    await ended('rejected', stolen);
    await told(loaders, '"PGP_KEY_REVOKED"');
    await ended('done', await drop(next.fingerprint, key2));

    // Ours as well: it opens on, and partners cannot seal for it any more. It is destroyed when no file needs it.
    const last1 = seal(next.fingerprint, key1);
    const [stranded, kept] = [seal(next.fingerprint, key1), seal(next.fingerprint, key2)];
    expect((await installation.json('keys', 'revoke', key2, ...why)).code).toBe(exitCodes.failed.code);
    await installation.enrol('keys', 'revoke', key1, ...why);
    await takeOurs();
    expect(() => gpg('--encrypt', '--recipient', key1, '--output', '-', third.file)).toThrow(/nusable/);
    await installation.drop(inbox, last1.name, last1.bytes);
    await ended('done', last1.name);
    const refused = await installation.json('keys', 'remove', key1.slice(-16), ...why);
    expect(refused).toMatchObject({ code: exitCodes.failed.code });
    expect(refused.value).toMatchObject({ error: { detail: expect.stringMatching(/\d+ in done\//) } });
    expect(await keys()).toMatchObject({ [key1]: 'revoked', [old.fingerprint]: 'revoked' });
    await installation.enrol('keys', 'remove', key1, '--give-up-done', ...why);
    await noticed(loaders, 'removed', key1);
    await installation.drop(inbox, stranded.name, stranded.bytes);
    await installation.drop(inbox, kept.name, kept.bytes);
    await ended('done', kept.name);
    await ended('rejected', stranded.name);

    const db = await installation.store();
    const batches = await listBatches(db, { direction: 'inbound', limit: 50, order: 'oldest' });
    const items = (await Promise.all(batches.map((batch) => batchItems(db, batch.id)))).flat();
    expect(items).toHaveLength(last - 2);
    expect((await installation.files(inbox, 'rejected')).filter((name) => name.endsWith('.pgp'))).toEqual(
      [stolen, stranded.name].sort(),
    );
    const actions = (await listAudit(db, { limit: 50 })).filter(({ action }) => action.startsWith('key.'));
    expect(actions.map(({ action, subject }) => `${action} ${subject}`).reverse()).toEqual([
      `key.import key warehouse ${old.fingerprint.toLowerCase()}`,
      `key.rotate key own ${key2.toLowerCase()}`,
      `key.import key warehouse ${next.fingerprint.toLowerCase()}`,
      expect.stringMatching(/^key.activate key own/),
      expect.stringMatching(/^key.activate key own/),
      `key.import key warehouse ${old.fingerprint.toLowerCase()}`,
      `key.revoke key own ${key1.toLowerCase()}`,
      `key.remove key own ${key1.toLowerCase()}`,
    ]);
    for (const program of programs) {
      const { code, stderr } = await program.end('SIGTERM');
      expect([code, stderr]).toEqual([0, '']);
    }
  },
  180_000,
);

/** The id of the subkey that files for this key of ours are sealed to, as GnuPG knows it. */
const subkeyOf = (fingerprint: string): string =>
  (
    /^sub:[^:]*:[^:]*:[^:]*:([0-9A-F]{16})/m.exec(
      gpg('--with-colons', '--list-keys', fingerprint).toString(),
    )?.[1] ?? ''
  ).toLowerCase();
