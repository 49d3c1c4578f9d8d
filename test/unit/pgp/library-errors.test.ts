import { deflateRawSync } from 'node:zlib';

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { decryptionReason, keyReason, signatureReason } from '../../../shared/pgp/library-errors.ts';
import { decrypt, encryptSessionKey, enums, readMessage, revokeKey } from '../../../shared/pgp/library.ts';
import { decryptionConfig, pgpConfig } from '../../../shared/pgp/settings.ts';
import {
  changePacket,
  encryptBytes,
  encryptPackets,
  join,
  literal,
  literalBody,
  makeKey,
  packet,
  signPackets,
  splitPackets,
} from '../../support/pgp.ts';

/** Every row of the table against an error that this version of the library throws, so that an update cannot change one unnoticed. */

/** A little later than anything that is made while the tests run. */
const now = new Date(Date.now() + 60_000);
const content = Buffer.from('content');
const aead = { ...pgpConfig, aeadProtect: true };
let us: PrivateKey;
let usAead: PrivateKey;
let signer: PrivateKey;

beforeAll(async () => {
  [us, usAead, signer] = await Promise.all([makeKey(), makeKey({ config: aead }), makeKey()]);
});

const thrown = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('nothing was thrown'),
    (error: unknown) => error as Error,
  );

async function decrypted(binaryMessage: Uint8Array, decryptionKeys = us) {
  const message = await readMessage({ binaryMessage, config: pgpConfig });
  const config = decryptionConfig(100_000);
  return decrypt({ message, decryptionKeys, verificationKeys: signer, format: 'binary', date: now, config });
}

const flip = (bytes: Uint8Array, tag: number, at: number) =>
  changePacket(bytes, tag, (body) => body.with(at, (body.at(at) ?? 0) ^ 1));

describe('decryption', () => {
  const expectReason = async (bytes: Uint8Array, message: RegExp, code: string, key = us): Promise<void> => {
    const error = await thrown(decrypted(bytes, key));
    expect(error.message).toMatch(message);
    expect(decryptionReason(error).code).toBe(code);
  };

  test('altered data', async () => {
    const bytes = await encryptBytes(content, { encryptionKeys: us });
    await expectReason(flip(bytes, 18, -1), /Modification detected/, 'PGP_INTEGRITY');
  });

  test.each([
    [enums.aead.eax, /Authentication tag mismatch/, /Invalid EAX ciphertext/],
    [enums.aead.ocb, /Authentication tag mismatch/, /Invalid OCB ciphertext/],
    [enums.aead.gcm, /unable to authenticate data/, /Invalid authentication tag length/],
  ])('altered or cut AEAD data, mode %s', async (preferredAEADAlgorithm, altered, cut) => {
    const config = { ...pgpConfig, preferredAEADAlgorithm };
    const bytes = await encryptBytes(content, { encryptionKeys: usAead, config });
    await expectReason(flip(bytes, 18, -1), altered, 'PGP_INTEGRITY', usAead);
    const short = changePacket(bytes, 18, (body) => body.slice(0, 40));
    await expectReason(short, cut, 'PGP_INTEGRITY', usAead);
  });

  test('altered session key', async () => {
    const bytes = await encryptBytes(content, { encryptionKeys: us });
    await expectReason(flip(bytes, 1, -1), /Key Data Integrity failed/, 'PGP_INTEGRITY');
  });

  test('key that is not for encryption', async () => {
    const bytes = await encryptBytes(content, { encryptionKeys: us });
    const toPrimary = changePacket(bytes, 1, (body) => {
      const changed = body.slice();
      changed.set(Buffer.from(us.getKeyID().toHex(), 'hex'), 1);
      return changed;
    });
    await expectReason(toPrimary, /No decryption key packets found/, 'PGP_NO_KEY');
  });

  test('too much unpacked data', async () => {
    const deflated = deflateRawSync(literal('0'.repeat(200_000)));
    const zip = await encryptPackets(packet(8, join(Uint8Array.of(1), deflated)), us);
    await expectReason(zip, /Maximum decompressed message size exceeded/, 'PGP_BOMB');
    // 2 MB of zeros, packed with bzip2 -9.
    const bzip2 = Buffer.from(
      'QlpoOTFBWSZTWSnyPTkAPU3pROAAAAHAABAABQAACAAIoABQgGmmgTVSGhjOG8XtbKkhnpSBFr7WvCpIb4LuSKcKEgU+R6cg',
      'base64',
    );
    const packed = await encryptPackets(packet(8, join(Uint8Array.of(3), bzip2)), us);
    await expectReason(packed, /Maximum decompressed size exceeded/, 'PGP_BOMB');
  });

  test('compressed twice', async () => {
    const once = packet(8, join(Uint8Array.of(1), deflateRawSync(literal('x'))));
    const twice = packet(8, join(Uint8Array.of(1), deflateRawSync(once)));
    await expectReason(
      await encryptPackets(twice, us),
      /not allowed in this context: compressedData/,
      'PGP_BOMB',
    );
  });

  test('cipher that our key does not offer', async () => {
    const session = await encryptSessionKey({
      data: new Uint8Array(16),
      algorithm: 'blowfish',
      encryptionKeys: us,
      format: 'binary',
      config: pgpConfig,
    });
    const data = splitPackets(await encryptBytes(content, { encryptionKeys: us }))[1]?.body ?? content;
    await expectReason(
      join(session, packet(18, data)),
      /non-preferred symmetric algorithm/,
      'PGP_WEAK_ALGORITHM',
    );
  });

  test('signature of an unknown kind', async () => {
    const signed = await signPackets('x', signer);
    const withByte = (tag: number, at: number, value: number) =>
      encryptPackets(
        changePacket(signed, tag, (body) => body.with(at, value)),
        us,
      );
    await expectReason(await withByte(2, 0, 3), /Version 3 of the signature packet/, 'PGP_BAD_SIGNATURE');
    await expectReason(
      await withByte(4, 0, 9),
      /Version 9 of the one-pass signature packet/,
      'PGP_BAD_SIGNATURE',
    );
    await expectReason(await withByte(2, 2, 99), /Unknown signature algorithm/, 'PGP_BAD_SIGNATURE');
  });

  test('anything else is malformed', async () => {
    await expectReason(
      await encryptPackets(literal('x').slice(0, -1), us),
      /Unexpected end of packet/,
      'PGP_MALFORMED',
    );
    await expectReason(
      await encryptPackets(join(literal('x'), literal('y')), us),
      /Unexpected packet/,
      'PGP_MALFORMED',
    );
    expect(decryptionReason('not even an error').code).toBe('PGP_MALFORMED');
  });
});

describe('signature', () => {
  const verificationError = async (signedPackets: Uint8Array): Promise<Error> => {
    const { signatures } = await decrypted(await encryptPackets(signedPackets, us));
    return thrown(Promise.all(signatures.map(({ verified }) => verified)));
  };

  test('dated ahead', async () => {
    const error = await verificationError(
      await signPackets('x', signer, { date: new Date(now.getTime() + 60_000) }),
    );
    expect(error.message).toBe('Signature creation time is in the future');
    expect(signatureReason(error).code).toBe('PGP_SIGNED_IN_FUTURE');
  });

  test('over other data, or older than its key', async () => {
    const other = changePacket(await signPackets('x', signer), 11, () => literalBody('y'));
    const altered = await verificationError(other);
    expect(altered.message).toBe('Signed digest did not match');
    expect(signatureReason(altered).code).toBe('PGP_BAD_SIGNATURE');
  });

  test('weak hash', async () => {
    const message = await readMessage({ binaryMessage: await signPackets('x', signer), config: pgpConfig });
    const rejecting = { ...pgpConfig, rejectMessageHashAlgorithms: new Set([enums.hash.sha512]) };
    const [signature] = await message.verify([signer], now, rejecting);
    const error = await thrown(Promise.resolve(signature?.verified));
    expect(error.message).toBe('Insecure message hash algorithm: SHA512');
    expect(signatureReason(error).code).toBe('PGP_WEAK_ALGORITHM');
  });
});

describe('key', () => {
  const signingError = (key: PrivateKey, config = pgpConfig, at = now): Promise<Error> =>
    thrown(key.getSigningKey(undefined, at, undefined, config));

  test('revoked or expired', async () => {
    const { privateKey } = await revokeKey({ key: signer, format: 'object', config: pgpConfig });
    const revoked = await signingError(privateKey);
    expect(revoked.message).toBe('Primary key is revoked');
    expect(keyReason(revoked)?.code).toBe('PGP_KEY_REVOKED');
    expect(signatureReason(revoked).code).toBe('PGP_KEY_REVOKED');
    const short = await makeKey({ date: new Date(now.getTime() - 60_000), keyExpirationTime: 1 });
    const expired = await signingError(short);
    expect(expired.message).toBe('Primary key is expired');
    expect(keyReason(expired)?.code).toBe('PGP_KEY_EXPIRED');
    expect(signatureReason(expired).code).toBe('PGP_KEY_EXPIRED');
  });

  test('too weak', async () => {
    const rsa = await makeKey({ type: 'rsa', rsaBits: 2048 });
    const errors = await Promise.all([
      signingError(rsa, { ...pgpConfig, minRSABits: 4096 }),
      signingError(rsa, {
        ...pgpConfig,
        rejectPublicKeyAlgorithms: new Set([enums.publicKey.rsaEncryptSign]),
      }),
      signingError(signer, { ...pgpConfig, rejectCurves: new Set([enums.curve.ed25519Legacy]) }),
      signingError(await makeKey(), { ...pgpConfig, rejectHashAlgorithms: new Set([enums.hash.sha512]) }),
    ]);
    expect(errors.map((error) => error.message)).toEqual([
      expect.stringContaining('RSA keys shorter than 4096 bits are considered too weak'),
      expect.stringContaining('rsaEncryptSign keys are considered too weak'),
      expect.stringContaining('keys using curve ed25519Legacy is disabled'),
      expect.stringContaining('Insecure hash algorithm: SHA512'),
    ]);
    expect(errors.map((error) => keyReason(error)?.code)).toEqual(Array(4).fill('PGP_WEAK_ALGORITHM'));
  });

  test('not made for it', async () => {
    const signOnly = await makeKey({ subkeys: [] });
    const error = await thrown(signOnly.getEncryptionKey(undefined, now, undefined, pgpConfig));
    expect(error.message).toContain('Could not find valid encryption key packet');
    expect(keyReason(error)).toBeUndefined();
  });
});
