import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { KeysInUse } from '../../../shared/daemon/keys-in-use.ts';
import { openFile } from '../../../shared/daemon/keys.ts';
import { generateOwnKey } from '../../../shared/pgp/generate.ts';
import { importPartnerKey } from '../../../shared/pgp/import-keys.ts';
import { loadKeyRing, type KeyRing } from '../../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { keysFolder, passphraseFile } from '../../../shared/runtime/paths.ts';
import { writeNewSecret } from '../../../shared/runtime/secrets.ts';
import { contentOf, wholeOf } from '../../../shared/spool/received-file.ts';
import { makeKey, ringOf } from '../../support/pgp.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let rt: TestRuntime;
let keys: KeysInUse;
let warehouse: KeyRing;
let folder: string;
const made = new Date('2026-05-01T00:00:00Z');

/** Seals for us as the ring on the disk is now. */
async function partner(): Promise<KeyRing> {
  const ours = await loadKeyRing({ folder, passphrase: await passphraseOf() });
  return ringOf([await makeKey({ date: made })], { cmp: ours.own.map((key) => key.toPublic()) });
}
const passphraseOf = async () => (await readFile(passphraseFile(rt.loaded), 'utf8')).trim();

const publicKey = ({ own: [key] }: KeyRing): string => key?.toPublic().armor(pgpConfig) ?? '';
const take = (ring: KeyRing) =>
  importPartnerKey({
    folder,
    party: 'warehouse',
    armoredOrBinary: publicKey(ring),
    now: rt.clock.now(),
  });

beforeEach(async () => {
  rt = await testRuntime();
  folder = keysFolder(rt.loaded);
  await writeNewSecret(passphraseFile(rt.loaded));
  await generateOwnKey({ folder, passphrase: await passphraseOf(), name: 'Ours', now: made });
  warehouse = await partner();
  await take(warehouse);
  keys = await KeysInUse.open(rt, ['own', 'warehouse']);
});
afterEach(async () => {
  await keys.pgp.close();
  await rt.close();
});

async function open(sender: KeyRing): Promise<string> {
  const sealed = await sealMessage(Buffer.from('text'), sender, { encryptTo: ['cmp'] }, rt.clock.now());
  const policy = rt.loaded.config.inboxes.inboundSalesOrderDispatch;
  const opened = await openFile(rt, { ...contentOf(sealed), name: 'x.pgp' }, policy, keys);
  return Buffer.from(await wholeOf(opened)).toString();
}
const told = () => rt.events.map(({ name }) => name);
const code = (opening: Promise<unknown>) =>
  opening.then(
    () => 'opened',
    (fault: unknown) => (fault as { code: string }).code,
  );

test('P22 a file that comes right behind its key is opened, without a look in between', async () => {
  const next = await partner();
  expect(await code(open(next))).toBe('PGP_UNKNOWN_SIGNER');
  await take(next);
  expect(await Promise.all([open(next), open(warehouse), open(next)])).toEqual(['text', 'text', 'text']);
  expect(told()).toEqual(['keys.changed']);
});

test('P22 while a party has no key, its files wait; what is gone from the disk is not used', async () => {
  await rm(join(folder, 'partners'), { recursive: true });
  rt.pass(2);
  await keys.task.step(new AbortController().signal);
  expect(told()).toEqual(['keys.changed', 'keys.missing']);
  expect(await code(open(warehouse))).toBe('KEYS_IN_DOUBT');
  await take(warehouse);
  expect(await code(open(warehouse))).toBe('opened');
});

test('P22 a key file that cannot be read is told once, by its path; the keys before stay in use', async () => {
  const stranger = await partner();
  const broken = join(folder, 'partners', 'warehouse', 'half.asc');
  await writeFile(broken, publicKey(warehouse).slice(0, 100));
  for (let look = 0; look < 3; look++) {
    rt.pass(2);
    await keys.task.step(new AbortController().signal);
  }
  expect(rt.events).toEqual([
    {
      name: 'keys.refused',
      fields: expect.objectContaining({ code: 'KEY_UNREADABLE', detail: expect.stringContaining(broken) }),
    },
  ]);
  expect(await code(open(warehouse))).toBe('opened');
  expect(await code(open(stranger))).toBe('KEYS_IN_DOUBT');
  await rm(broken);
  expect(await code(open(stranger))).toBe('PGP_UNKNOWN_SIGNER');
});
