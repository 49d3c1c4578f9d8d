import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { revokeOwnKey } from '../../../shared/pgp/change-own.ts';
import { generateOwnKey } from '../../../shared/pgp/generate.ts';
import { importOwnKey, importPartnerKey } from '../../../shared/pgp/import-keys.ts';
import { loadKeyRing, readPublicKeys, requireParties } from '../../../shared/pgp/key-ring.ts';
import { encryptKey, enums, revokeKey } from '../../../shared/pgp/library.ts';
import { exportPublicKey, listKeys } from '../../../shared/pgp/list-keys.ts';
import { openMessage } from '../../../shared/pgp/open.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import type { Fault } from '../../../shared/runtime/faults.ts';
import { makeKey, ringOf } from '../../support/pgp.ts';

const passphrase = 'CANARY-right-passphrase';
const day = 86_400_000;
const now = new Date('2026-03-01T12:00:00Z');
const at = (days: number): Date => new Date(now.getTime() + days * day);

let root: string;
let folder: string;
let partner: PrivateKey;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'keys-'));
  partner = await makeKey({ date: at(-50) });
});
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'ring-'));
});
afterAll(() => rm(root, { recursive: true }));

const generate = (date = at(-10)) =>
  generateOwnKey({ folder, passphrase, name: 'Shop', email: 'it@shop.example', now: date });
const load = (given: string | undefined = passphrase) => loadKeyRing({ folder, passphrase: given });
const importPartner = (armoredOrBinary: Uint8Array | string, party = 'warehouse') =>
  importPartnerKey({ folder, party, armoredOrBinary, now });
const armouredPublic = (key: PrivateKey): string => key.toPublic().armor(pgpConfig);

async function refusal(promise: Promise<unknown>): Promise<{ code: string; detail: string }> {
  const fault = (await promise.catch((error: unknown) => error)) as Error & { code: string; detail: string };
  expect(`${fault.message} ${String(fault.stack)} ${String(fault.cause)}`).not.toContain('CANARY');
  return { code: fault.code, detail: fault.detail };
}

async function place(path: string, text: string, mode = 0o600): Promise<string> {
  const file = join(folder, path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

describe('loading', () => {
  test('unlocks our keys, newest first, and reads the partners', async () => {
    const older = await generate(at(-20));
    const newer = await generate(at(-10));
    await importPartner(armouredPublic(partner));
    await mkdir(join(folder, 'partners', 'empty'));
    await place('partners/warehouse/readme.txt', 'not a key');
    const ring = await load();
    expect(ring.own.map((key) => key.getFingerprint())).toEqual([newer, older]);
    expect(ring.own.every((key) => key.isDecrypted())).toBe(true);
    expect(ring.partners.get('warehouse')?.map((key) => key.getFingerprint())).toEqual([
      partner.getFingerprint(),
    ]);
    expect(ring.partners.get('empty')).toEqual([]);
  });

  test('P22 a ring stays as it was loaded when files change', async () => {
    await generate();
    await importPartner(armouredPublic(partner));
    const ring = await load();
    const sealed = await sealMessage(Buffer.from('x'), ring, { encryptTo: ['own'] }, now);
    await rm(join(folder, 'own'), { recursive: true });
    const newest = await generate(at(-1));
    const policy = { signature: 'required', signedBy: ['own'], maxPlaintextBytes: 1000 } as const;
    expect((await openMessage(sealed, ring, policy, now)).signer?.party).toBe('own');
    expect((await load()).own[0]?.getFingerprint()).toBe(newest);
  });

  test('P22 a key that is moved on meanwhile is met, whenever that is', async () => {
    const fingerprint = await generate();
    const [coming, inUse] = ['own/coming/x.asc', 'own/x.asc'].map((path) => join(folder, path)) as [
      string,
      string,
    ];
    await mkdir(join(folder, 'own', 'coming'), { mode: 0o700 });
    await rename(join(folder, 'own', `${fingerprint}.asc`), coming);
    const moveOn = async (turns: number) => {
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      await rename(coming, inUse);
    };
    const met = new Set<string>();
    for (let n = 0; n < 400; n++) {
      // One that is moved after its folder was read is told by a fault, upon which the ring is read again.
      const reading = readPublicKeys(folder).catch((error: unknown) => [{ place: (error as Fault).code }]);
      const [ring] = await Promise.all([reading, moveOn(n % 20)]);
      met.add(ring.map(({ place }) => place).join());
      await rename(inUse, coming);
    }
    expect(met).not.toContain('');
    expect(met.size).toBeGreaterThan(1);
  });

  test.each([0o644, 0o640, 0o604])('P21 a private key with mode %i is refused, and named', async (mode) => {
    const fingerprint = await generate();
    const file = join(folder, 'own', `${fingerprint}.asc`);
    await chmod(file, mode);
    expect(await refusal(load())).toEqual({
      code: 'SECRET_EXPOSED',
      detail: expect.stringContaining(file),
    });
  });

  test('P21 a wrong passphrase is refused and not told', async () => {
    await generate();
    expect((await refusal(load('CANARY-wrong'))).code).toBe('KEY_WRONG_PASSPHRASE');
    expect((await refusal(loadKeyRing({ folder, passphrase: undefined }))).code).toBe('KEY_WRONG_PASSPHRASE');
  });

  test('an unprotected key is taken only if there is no passphrase', async () => {
    await place('own/plain.asc', partner.armor(pgpConfig));
    expect((await refusal(load())).code).toBe('KEY_UNREADABLE');
    expect((await loadKeyRing({ folder, passphrase: undefined })).own).toHaveLength(1);
  });

  test('no key of our own', async () => {
    expect((await refusal(load())).code).toBe('KEY_MISSING');
  });

  test.each([
    ['not a key', 'own/a.asc', () => 'hello'],
    ['a cut key', 'own/a.asc', () => partner.armor(pgpConfig).slice(0, 300)],
    ['a public key of ours', 'own/a.asc', () => armouredPublic(partner)],
    ['not a key of a partner', 'partners/warehouse/a.asc', () => 'hello'],
    ['a private key of a partner', 'partners/warehouse/a.asc', () => partner.armor(pgpConfig)],
    ['a folder that is no party', 'partners/Ware House/a.asc', () => armouredPublic(partner)],
    ['a partner with our name', 'partners/own/a.asc', () => armouredPublic(partner)],
  ])('refuses %s, and names it', async (_, path, text) => {
    await generate();
    await place(path, text());
    const { code, detail } = await refusal(load());
    expect(code).toBe('KEY_UNREADABLE');
    expect(detail).toContain(join(folder, path.replace(/\/a\.asc$/, '')));
  });
});

test('requireParties names every party without a key', async () => {
  const ring = ringOf([await makeKey()], { warehouse: [partner], empty: [] });
  expect(() => requireParties(ring, ['own', 'warehouse'])).not.toThrow();
  expect(() => requireParties(ring, ['empty', 'nobody', 'own', 'nobody'])).toThrow('no key of empty, nobody');
});

describe('our own keys', () => {
  test('a new one is for its owner alone, never replaces another, and can do both', async () => {
    const fingerprint = await generate();
    expect((await stat(join(folder, 'own', `${fingerprint}.asc`))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'own'))).mode & 0o777).toBe(0o700);
    expect(await listKeys(folder, now)).toEqual([
      {
        party: 'own',
        place: 'in use',
        fingerprint,
        userIds: ['Shop <it@shop.example>'],
        algorithm: 'ed25519Legacy',
        created: at(-10),
        expires: null,
        revoked: false,
        canSign: true,
        canEncrypt: true,
      },
    ]);
  });

  test('are imported if our passphrase unlocks them', async () => {
    const good = await encryptKey({ privateKey: await makeKey(), passphrase, config: pgpConfig });
    const armoredOrBinary = good.armor(pgpConfig);
    expect(await importOwnKey({ folder, passphrase, armoredOrBinary })).toEqual([
      { fingerprint: good.getFingerprint(), place: 'in use' },
    ]);
    expect((await load()).own).toHaveLength(1);
    expect((await refusal(importOwnKey({ folder, passphrase, armoredOrBinary }))).code).toBe('NOT_ALLOWED');
  });

  test('are coming when they are newer than what is in use, and retired when they are older', async () => {
    const current = await generate(at(-10));
    const lock = async (days: number) => {
      const privateKey = await makeKey({ date: at(days) });
      return (await encryptKey({ privateKey, passphrase, config: pgpConfig })).armor(pgpConfig);
    };
    const [older, newer] = [await lock(-20), await lock(-1)];
    const [retired] = await importOwnKey({ folder, passphrase, armoredOrBinary: older });
    const [coming] = await importOwnKey({ folder, passphrase, armoredOrBinary: newer });
    expect([retired?.place, coming?.place]).toEqual(['retired', 'coming']);
    const ring = await load();
    const fingerprints = (keys: readonly PrivateKey[]) => keys.map((key) => key.getFingerprint());
    expect(fingerprints(ring.own)).toEqual([current]);
    expect(fingerprints([...ring.coming, ...ring.retired])).toEqual([
      coming?.fingerprint,
      retired?.fingerprint,
    ]);
    // All three open; what is new is made with the one in use, and partners are told of two.
    const policy = { signature: 'required', signedBy: ['own'], maxPlaintextBytes: 1000 } as const;
    for (const key of [...ring.own, ...ring.coming, ...ring.retired]) {
      const sealed = await sealMessage(Buffer.from('x'), ringOf([key]), { encryptTo: ['own'] }, now);
      const opened = await openMessage(sealed, ring, policy, now);
      expect([opened.signer?.party, opened.retiredKey]).toEqual(['own', ring.retired.includes(key)]);
    }
    const exported = await exportPublicKey(folder, 'own', now);
    expect(await importPartner(exported, 'shop')).toEqual([current, coming?.fingerprint]);
  });

  test('that could take no place of another are retired, also when they are newer', async () => {
    await generate(at(-10));
    const date = at(-2);
    const expired = await makeKey({ date, keyExpirationTime: 3600, passphrase });
    const made = await makeKey({ date });
    const { publicKey } = await revokeKey({ key: made, date, format: 'object', config: pgpConfig });
    const revoked = await made.update(publicKey, date, pgpConfig);
    const locked = await encryptKey({ privateKey: revoked, passphrase, config: pgpConfig });
    const armoredOrBinary = Buffer.concat([expired.write(), locked.write()]);
    const imported = await importOwnKey({ folder, passphrase, armoredOrBinary, now });
    expect(imported.map(({ place: where }) => where)).toEqual(['retired', 'retired']);
  });

  test('that are lost can be revoked by the certificate that was made with them', async () => {
    const fingerprint = await generate();
    const exported = await exportPublicKey(folder, 'own', now);
    await importPartner(exported, 'shop');
    const certificate = await readFile(join(folder, 'own', 'revocations', `${fingerprint}.asc`), 'utf8');
    expect(await importPartner(certificate, 'shop')).toEqual([fingerprint]);
    expect((await listKeys(folder, now))[1]).toMatchObject({ party: 'shop', revoked: true, canSign: false });
    expect((await refusal(importPartner(certificate, 'another'))).code).toBe('BAD_INPUT');
  });

  test('are revoked in their file, which our passphrase still unlocks', async () => {
    const fingerprint = await generate();
    const path = join(folder, 'own', `${fingerprint}.asc`);
    await revokeOwnKey({ path, passphrase, because: 'compromised', now });
    expect((await load()).own).toHaveLength(1);
    expect(await listKeys(folder, now)).toMatchObject([{ revoked: true, canSign: false, canEncrypt: false }]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const wrong = { path, passphrase: 'CANARY-wrong', because: 'unused', now } as const;
    expect((await refusal(revokeOwnKey(wrong))).code).toBe('KEY_WRONG_PASSPHRASE');
  });

  test('are refused otherwise, and nothing is written', async () => {
    const foreign = await encryptKey({
      privateKey: await makeKey(),
      passphrase: 'CANARY-2',
      config: pgpConfig,
    });
    const importing = (armoredOrBinary: Uint8Array | string) =>
      refusal(importOwnKey({ folder, passphrase, armoredOrBinary }));
    expect((await importing(foreign.write())).code).toBe('KEY_WRONG_PASSPHRASE');
    expect((await importing(partner.write())).code).toBe('KEY_UNREADABLE');
    expect((await importing(armouredPublic(partner))).code).toBe('BAD_INPUT');
    expect((await importing('hello')).code).toBe('BAD_INPUT');
    expect(await listKeys(folder)).toEqual([]);
  });
});

describe("a partner's key", () => {
  test('may be armoured or binary, one or several', async () => {
    const second = await makeKey({ date: at(-40) });
    const fingerprints = [partner, second].map((key) => key.getFingerprint());
    const both = armouredPublic(partner) + armouredPublic(second);
    expect(await importPartner(both, 'two-blocks')).toEqual(fingerprints);
    expect(await importPartner(Buffer.from(both), 'bytes')).toEqual(fingerprints);
    expect(
      await importPartner(Buffer.concat([partner.toPublic().write(), second.toPublic().write()]), 'binary'),
    ).toEqual(fingerprints);
    const listed = await listKeys(folder, now);
    expect(listed.map((key) => key.party)).toEqual([
      'binary',
      'binary',
      'bytes',
      'bytes',
      'two-blocks',
      'two-blocks',
    ]);
  });

  test('that is private is refused', async () => {
    expect((await refusal(importPartner(partner.armor(pgpConfig)))).code).toBe('BAD_INPUT');
    expect((await refusal(importPartner(partner.write()))).code).toBe('BAD_INPUT');
  });

  test.each(['own', 'Ware', '../x', '', 'a'.repeat(33)])('for the party %j is refused', async (party) => {
    expect((await refusal(importPartner(armouredPublic(partner), party))).code).toBe('BAD_INPUT');
  });

  test('P13 that has expired, is revoked or too weak is refused', async () => {
    const weakConfig = { ...pgpConfig, minRSABits: 1024 };
    const expired = await makeKey({ date: at(-50), keyExpirationTime: 3600 });
    const revoked = await revokeKey({ key: partner, date: at(-1), format: 'object', config: pgpConfig });
    const weak = await makeKey({ type: 'rsa', rsaBits: 1024, date: at(-50), config: weakConfig });
    expect((await refusal(importPartner(armouredPublic(expired)))).code).toBe('PGP_KEY_EXPIRED');
    expect((await refusal(importPartner(revoked.publicKey.armor(pgpConfig)))).code).toBe('PGP_KEY_REVOKED');
    expect((await refusal(importPartner(armouredPublic(weak)))).code).toBe('PGP_WEAK_ALGORITHM');
    expect((await refusal(importPartner('hello'))).code).toBe('BAD_INPUT');
    expect(await listKeys(folder)).toEqual([]);
  });

  test('P13 that we have takes in its revocation', async () => {
    await importPartner(armouredPublic(partner));
    const reasonForRevocation = { flag: enums.reasonForRevocation.keyCompromised };
    const revoked = await revokeKey({
      key: partner,
      reasonForRevocation,
      date: at(-1),
      format: 'object',
      config: pgpConfig,
    });
    await importPartner(revoked.publicKey.armor(pgpConfig));
    const expected = { party: 'warehouse', revoked: true, canSign: false, canEncrypt: false };
    expect(await listKeys(folder, now)).toEqual([expect.objectContaining(expected)]);
    // An old copy cannot undo it.
    await importPartner(armouredPublic(partner));
    expect(await listKeys(folder, now)).toEqual([expect.objectContaining(expected)]);
  });

  test('P13 that is revoked stays so, whatever copies of it lie beside it', async () => {
    await generate();
    await place('partners/warehouse/0.asc', armouredPublic(partner));
    const revoked = await revokeKey({ key: partner, date: at(-1), format: 'object', config: pgpConfig });
    await importPartner(revoked.publicKey.armor(pgpConfig));
    await place('partners/warehouse/z.asc', armouredPublic(partner));
    expect((await listKeys(folder, now)).slice(1).map((key) => key.revoked)).toEqual([true, true, true]);
    const ring = await load();
    const forUs = ringOf([partner], { us: ring.own.map((key) => key.toPublic()) });
    const sealed = await sealMessage(Buffer.from('x'), forUs, { encryptTo: ['us'] }, now);
    const policy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 1000 } as const;
    expect((await refusal(openMessage(sealed, ring, policy, now))).code).toBe('PGP_KEY_REVOKED');
    const toThem = sealMessage(Buffer.from('x'), ring, { encryptTo: ['warehouse'] }, now);
    expect((await refusal(toThem)).code).toBe('PGP_KEY_REVOKED');
  });
});

describe('without the passphrase', () => {
  test('keys are listed with what they can do', async () => {
    const short = await makeKey({ date: at(-5), keyExpirationTime: (10 * day) / 1000, subkeys: [] });
    const rsa = await makeKey({ type: 'rsa', rsaBits: 2048, date: at(-5) });
    await importPartner(armouredPublic(short), 'signs-only');
    await importPartner(armouredPublic(rsa), 'rsa');
    expect(await listKeys(folder, now)).toMatchObject([
      { party: 'rsa', algorithm: 'rsa2048', canSign: true, canEncrypt: true, expires: null },
      { party: 'signs-only', canSign: true, canEncrypt: false, expires: at(5) },
    ]);
    expect(await listKeys(folder, at(6))).toMatchObject([{}, { party: 'signs-only', canSign: false }]);
  });

  test('a subkey that expires counts, until another takes its place', async () => {
    const subkeys = [{ keyExpirationTime: (30 * day) / 1000 }];
    const key = await makeKey({ date: at(-5), keyExpirationTime: (100 * day) / 1000, subkeys });
    await importPartner(armouredPublic(key));
    expect(await listKeys(folder, now)).toMatchObject([{ expires: at(25), canEncrypt: true }]);
    expect(await listKeys(folder, at(26))).toMatchObject([
      { expires: at(25), canEncrypt: false, canSign: true },
    ]);
    const renewed = await key.addSubkey({ date: at(-1), config: pgpConfig });
    await importPartner(armouredPublic(renewed));
    expect(await listKeys(folder, now)).toMatchObject([{ expires: at(95) }]);
  });

  test('public keys are exported, and a partner can import them', async () => {
    const older = await generate(at(-20));
    const newer = await generate(at(-10));
    const text = await exportPublicKey(folder, 'own');
    expect(text).toContain('BEGIN PGP PUBLIC KEY BLOCK');
    expect(text).not.toContain('PRIVATE');
    expect(await importPartner(text, 'shop')).toEqual([newer, older]);
    expect((await refusal(exportPublicKey(folder, 'nobody'))).code).toBe('KEY_MISSING');
  });
});
