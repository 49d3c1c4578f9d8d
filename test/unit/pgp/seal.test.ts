import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { decrypt, readMessage, revokeKey } from '../../../shared/pgp/library.ts';
import { sealMessage } from '../../../shared/pgp/seal.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { makeKey, ringOf, splitPackets } from '../../support/pgp.ts';

const day = 86_400_000;
const now = new Date('2026-03-01T12:00:00Z');
const at = (days: number): Date => new Date(now.getTime() + days * day);
const content = Buffer.from('CANARY');

let us: PrivateKey;
let usNewer: PrivateKey;
let partner: PrivateKey;
let expired: PrivateKey;
let revoked: PrivateKey;

beforeAll(async () => {
  [us, usNewer, partner, expired, revoked] = await Promise.all([
    makeKey({ date: at(-20) }),
    makeKey({ date: at(-10) }),
    makeKey({ date: at(-20) }),
    makeKey({ date: at(-9), keyExpirationTime: 3600 }),
    makeKey({ date: at(-9) }),
  ]);
  revoked = (await revokeKey({ key: revoked, date: at(-1), format: 'object', config: pgpConfig })).privateKey;
});

const recipientsOf = async (bytes: Uint8Array): Promise<string[]> => {
  const message = await readMessage({ binaryMessage: bytes, config: pgpConfig });
  return message.getEncryptionKeyIDs().map((id) => id.toHex());
};
const encryptionIds = (...keys: PrivateKey[]): (string | undefined)[] =>
  keys.map((key) => key.getSubkeys()[0]?.getKeyID().toHex());

describe('sealing', () => {
  test('signs with our newest key and encrypts to every valid key of every party', async () => {
    const ring = ringOf([usNewer, us], { partner: [expired, partner, revoked] });
    const sealed = await sealMessage(content, ring, { encryptTo: ['partner', 'own'] }, now);
    expect(await recipientsOf(sealed)).toEqual(encryptionIds(partner, usNewer, us));
    const message = await readMessage({ binaryMessage: sealed, config: pgpConfig });
    const opened = await decrypt({
      message,
      decryptionKeys: partner,
      verificationKeys: usNewer,
      format: 'binary',
      date: now,
      config: pgpConfig,
    });
    await expect(opened.signatures[0]?.verified).resolves.toBe(true);
    expect(Buffer.from(opened.data as Uint8Array)).toEqual(content);
  });

  test('P18 writes binary, with integrity protection of version 1, and no file name', async () => {
    const sealed = await sealMessage(content, ringOf([us]), { encryptTo: ['own'] }, now);
    expect(splitPackets(sealed).map(({ tag }) => tag)).toEqual([1, 18]);
    expect(splitPackets(sealed)[1]?.body[0]).toBe(1);
    const message = await readMessage({ binaryMessage: sealed, config: pgpConfig });
    const opened = await decrypt({ message, decryptionKeys: us, format: 'binary', config: pgpConfig });
    expect(opened.filename).toBeNull();
  });

  test('passes over keys of ours that cannot sign any more', async () => {
    const sealed = await sealMessage(
      content,
      ringOf([revoked, expired, us], { partner: [partner] }),
      { encryptTo: ['partner'] },
      now,
    );
    const message = await readMessage({ binaryMessage: sealed, config: pgpConfig });
    const opened = await decrypt({
      message,
      decryptionKeys: partner,
      date: now,
      format: 'binary',
      config: pgpConfig,
    });
    expect(opened.signatures.map(({ keyID }) => keyID.toHex())).toEqual([us.getKeyID().toHex()]);
  });

  test.each([
    [
      'P20 an expired recipient',
      'PGP_KEY_EXPIRED',
      () => ringOf([us], { partner: [expired] }),
      ['own', 'partner'],
    ],
    ['P20 a revoked recipient', 'PGP_KEY_REVOKED', () => ringOf([us], { partner: [revoked] }), ['partner']],
    [
      'P20 an expired key of ours',
      'PGP_KEY_EXPIRED',
      () => ringOf([expired], { partner: [partner] }),
      ['partner'],
    ],
    [
      'P20 a revoked key of ours',
      'PGP_KEY_REVOKED',
      () => ringOf([revoked], { partner: [partner] }),
      ['partner'],
    ],
    ['an unknown party', 'KEY_MISSING', () => ringOf([us]), ['own', 'partner']],
    ['no party', 'KEY_MISSING', () => ringOf([us]), []],
  ])('%s is refused', async (_, code, ring, encryptTo) => {
    await expect(sealMessage(content, ring(), { encryptTo }, now)).rejects.toMatchObject({ code });
  });

  test('P20 a recipient that is too weak, or only signs, is refused', async () => {
    const weakConfig = { ...pgpConfig, minRSABits: 1024 };
    const weak = await makeKey({ type: 'rsa', rsaBits: 1024, date: at(-9), config: weakConfig });
    const signOnly = await makeKey({ date: at(-9), subkeys: [] });
    const sealTo = (key: PrivateKey) =>
      sealMessage(content, ringOf([us], { partner: [key] }), { encryptTo: ['partner'] }, now);
    await expect(sealTo(weak)).rejects.toMatchObject({ code: 'PGP_WEAK_ALGORITHM' });
    await expect(sealTo(signOnly)).rejects.toMatchObject({ code: 'KEY_MISSING' });
  });

  test('uses AEAD only for a recipient whose key asks for it', async () => {
    const modern = await makeKey({ date: at(-9), config: { ...pgpConfig, aeadProtect: true } });
    const ring = ringOf([us], { modern: [modern] });
    const version = async (...encryptTo: string[]) =>
      splitPackets(await sealMessage(content, ring, { encryptTo }, now)).find(({ tag }) => tag === 18)
        ?.body[0];
    expect(await version('modern')).toBe(2);
    expect(await version('modern', 'own')).toBe(1);
  });
});
