import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { activateKey, removeKey, revokeKey, rotateKey } from '../../../shared/operator/key-actions.ts';
import { keyStanding } from '../../../shared/operator/key-rules.ts';
import { generateOwnKey } from '../../../shared/pgp/generate.ts';
import { listKeys } from '../../../shared/pgp/list-keys.ts';
import { importPartnerKey } from '../../../shared/pgp/import-keys.ts';
import { loadKeyRing } from '../../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { inboxFolder, inboxNames, keysFolder } from '../../../shared/runtime/paths.ts';
import { listAudit } from '../../../shared/store/audit.ts';
import { inTransaction, openStore } from '../../../shared/store/open-store.ts';
import { makeKey } from '../../support/pgp.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

/** Changes of the key ring by hand that go wrong, or would. With daemons: key-rotation.test.ts. */

const passphrase = 'CANARY-passphrase';
const made = new Date('2026-05-01T00:00:00Z');

let rt: TestRuntime;
let folder: string;
let first: string;

beforeEach(async () => {
  rt = await testRuntime();
  folder = keysFolder(rt.loaded);
  first = await generateOwnKey({ folder, passphrase, name: 'Ours', now: made });
});
afterEach(() => rt.close());

const operator = () => ({ who: 'alice', reason: 'why not', now: rt.clock.now() });
const rotate = () => rotateKey(rt.loaded, rt.db, operator(), passphrase);
const activate = () => activateKey(rt.loaded, rt.db, operator());
const own = (...names: string[]): string => join(folder, 'own', ...names);
const audited = async () => (await listAudit(rt.db, { limit: 50 })).map(({ action }) => action);

/** Place of each key, by fingerprint. */
const places = async () =>
  Object.fromEntries((await listKeys(folder, rt.clock.now())).map((key) => [key.fingerprint, key.place]));

test.each([['our.asc'], ['retired', 'our.asc']])(
  'a key that is activated takes the place of no other file: own/%s',
  async (...taken) => {
    await rename(own(`${first}.asc`), own('our.asc'));
    const next = await rotate();
    const name = taken.length === 1 ? 'our.asc' : 'their.asc';
    await rename(own('coming', `${next}.asc`), own('coming', name));
    if (taken.length === 2) {
      const older = await generateOwnKey({ folder, passphrase, name: 'Ours', place: 'retired', now: made });
      await rename(own('retired', `${older}.asc`), own(...taken));
    }
    const [before, there] = [await places(), await readFile(own(...taken), 'utf8')];
    await expect(activate()).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      detail: expect.stringContaining(own(...taken)),
    });
    expect([await places(), await readFile(own(...taken), 'utf8')]).toEqual([before, there]);
    expect(await audited()).toEqual(['key.rotate']);
  },
);

/** Two retired keys, and a file in done/ that both of them open. */
async function twoRetired(): Promise<[string, string]> {
  const second = await generateOwnKey({ folder, passphrase, name: 'Ours', now: made });
  for (const name of inboxNames(rt.loaded.config)) {
    for (const part of ['in', 'work', 'hold', 'rejected', 'done'])
      await mkdir(join(inboxFolder(rt.loaded, name), part), { recursive: true });
  }
  const ring = await loadKeyRing({ folder, passphrase });
  const sealed = await sealMessage(Buffer.from('x'), ring, { encryptTo: ['own'] }, rt.clock.now());
  await writeFile(join(inboxFolder(rt.loaded, 'inboundSalesOrderDispatch'), 'done', 'x.pgp'), sealed);
  await mkdir(own('retired'), { mode: 0o700 });
  for (const each of [first, second]) await rename(own(`${each}.asc`), own('retired', `${each}.asc`));
  await generateOwnKey({ folder, passphrase, name: 'Ours', now: made });
  return [first, second];
}

const remove = (fingerprint: string, giveUpDone = false) =>
  removeKey(rt.loaded, rt.db, operator(), fingerprint, giveUpDone);
const needed = { code: 'NOT_ALLOWED', detail: expect.stringContaining('1 in done/') };

test('of two keys that open a file one is removed, also by two people at the same time', async () => {
  const both = await twoRetired();
  const outcomes = await Promise.allSettled(both.map((each) => remove(each)));
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await audited()).toEqual(['key.remove']);
  const there = await places();
  const left = both.find((each) => each in there) ?? '';
  await expect(remove(left)).rejects.toMatchObject(needed);
  await remove(left, true);
});

test('files are looked at while others write into the store', async () => {
  const [one, other] = await twoRetired();
  await remove(other);
  const elsewhere = await openStore({ file: join(rt.loaded.home, 'enrol.db'), busySeconds: 5 });
  await inTransaction(elsewhere, () => expect(remove(one)).rejects.toMatchObject(needed));
  await elsewhere.destroy();
});

const revoke = (fingerprint: string) =>
  revokeKey(rt.loaded, rt.db, operator(), fingerprint, { because: 'unused', passphrase });
const standings = async () => {
  const ring = await listKeys(folder, rt.clock.now());
  return ring.map((key) => [key.fingerprint, keyStanding(key, ring, rt.clock.now())]);
};

test('a key that is coming and is revoked makes room for another', async () => {
  const lost = await rotate();
  await revoke(lost);
  expect(Object.fromEntries(await standings())).toEqual({ [first]: 'in use', [lost]: 'revoked' });
  const next = await rotate();
  expect(await activate()).toBe(next);
  expect(Object.fromEntries(await standings())).toEqual({
    [first]: 'retired',
    [lost]: 'revoked',
    [next]: 'in use',
  });
});

test('the last key that can be used is neither revoked nor removed', async () => {
  const date = new Date('2026-05-02T00:00:00Z');
  const keyExpirationTime = 3600;
  const expired = await makeKey({ date, keyExpirationTime, passphrase });
  await writeFile(own('expired.asc'), expired.armor(pgpConfig), { mode: 0o600 });
  await expect(revoke(first)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });

  const good = (await makeKey({ date })).toPublic();
  const old = (await makeKey({ date, keyExpirationTime })).toPublic();
  const content = Buffer.concat([good.write(), old.write()]);
  await importPartnerKey({ folder, party: 'warehouse', armoredOrBinary: content, now: date });
  await expect(remove(good.getFingerprint())).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await remove(old.getFingerprint());
  expect((await standings()).map(([fingerprint]) => fingerprint)).toEqual([
    expired.getFingerprint(),
    first,
    good.getFingerprint(),
  ]);
});
