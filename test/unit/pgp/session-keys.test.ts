import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { rejectsImplicitly } from '../../../shared/pgp/implicit-rejection.ts';
import { enums } from '../../../shared/pgp/library.ts';
import { openMessage, type OpenPolicy } from '../../../shared/pgp/open.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import {
  encryptBytes,
  encryptPackets,
  join,
  literal,
  makeKey,
  openBothWays,
  openStreamed,
  packet,
  ringOf,
  splitPackets,
} from '../../support/pgp.ts';

const content = Buffer.from('the content');
const policy: OpenPolicy = { signature: 'optional', signedBy: [], maxPlaintextBytes: 100_000 };

let rsa: PrivateKey;
let curve: PrivateKey;

beforeAll(async () => {
  [rsa, curve] = await Promise.all([makeKey({ type: 'rsa', rsaBits: 2048 }), makeKey()]);
});

describe('a session key with a wrong padding (Bleichenbacher)', () => {
  const modulusBytes = 256;
  /** A block that begins as those of signatures do. */
  const wronglyPadded = (): Buffer => Buffer.concat([Uint8Array.of(0, 1), randomBytes(modulusBytes - 2)]);

  test('this Node gives bytes that depend on what was encrypted, and no error', () => {
    expect(rejectsImplicitly()).toBe(true);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 8 * modulusBytes });
    const open = (bytes: Buffer) =>
      privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, bytes).toString('hex');
    const messages = Array.from({ length: 8 }, () =>
      publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, wronglyPadded()),
    );
    const opened = messages.map(open);
    expect(new Set(opened).size).toBe(messages.length);
    expect(messages.map(open)).toEqual(opened);
  });

  /** A message to our RSA key with a session key as somebody wrote it. */
  async function message(sessionKey: Buffer, padding = constants.RSA_PKCS1_PADDING): Promise<Uint8Array> {
    const [real, data] = splitPackets(await encryptPackets(literal('the content'), rsa));
    const { n, e } = rsa.subkeys[0]?.keyPacket.publicParams as unknown as { n: Uint8Array; e: Uint8Array };
    const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
    const key = createPublicKey({ key: { kty: 'RSA', n: base64url(n), e: base64url(e) }, format: 'jwk' });
    const encrypted = publicEncrypt({ key, padding }, sessionKey);
    const bits = Uint8Array.of((8 * modulusBytes) >> 8, 0);
    // Version, key id and algorithm stay.
    const head = real?.body.subarray(0, 10) ?? content;
    return join(packet(1, join(head, bits, encrypted)), packet(18, data?.body ?? content));
  }

  /** Cipher, key, checksum (RFC 9580, section 5.1.3). */
  function sessionKey(cipher: number, bytes: number): Buffer {
    const key = randomBytes(bytes);
    const checksum = Buffer.alloc(2);
    checksum.writeUInt16BE(key.reduce((sum, byte) => sum + byte, 0) % 65_536);
    return Buffer.concat([Uint8Array.of(cipher), key, checksum]);
  }

  const { aes256, tripledes, cast5, twofish } = enums.symmetric;
  const noCipher = 99;

  test.each<[string, () => Promise<Uint8Array>]>([
    ['a wrong padding', () => message(wronglyPadded(), constants.RSA_NO_PADDING)],
    ['a wrong checksum', () => message(Buffer.concat([sessionKey(aes256, 32), Buffer.alloc(1)]))],
    ['nothing in it', () => message(Buffer.alloc(0))],
    ['a key of another length', () => message(sessionKey(aes256, 16))],
    ['a cipher that does not exist', () => message(sessionKey(noCipher, 32))],
    ['another key than that of the data', () => message(sessionKey(aes256, 32))],
    ['another key, for 3DES', () => message(sessionKey(tripledes, 24))],
    ['another key, for CAST5', () => message(sessionKey(cast5, 16))],
    ['another key, for Twofish', () => message(sessionKey(twofish, 32))],
  ])('P01 is answered as %s is: in the same words', async (_, make) => {
    const bytes = await make();
    const answer = { code: 'PGP_INTEGRITY', detail: 'the encrypted data was altered or cut' };
    await expect(openMessage(bytes, ringOf([rsa]), policy)).rejects.toMatchObject(answer);
    await expect(openStreamed(bytes, ringOf([rsa]), policy)).rejects.toMatchObject(answer);
  });

  test.each([tripledes, cast5])('cipher %s is read from a key of our own kind only', async (cipher) => {
    const openedWith = async (key: PrivateKey) => {
      const { selfCertification } = await key.getPrimaryUser();
      const preferred = selfCertification.preferredSymmetricAlgorithms;
      // The library encrypts so only to a key that says that this is liked.
      selfCertification.preferredSymmetricAlgorithms = [cipher];
      const config = { ...pgpConfig, preferredSymmetricAlgorithm: cipher };
      const weak = await encryptBytes(content, { encryptionKeys: key, config });
      selfCertification.preferredSymmetricAlgorithms = preferred;
      return openMessage(weak, ringOf([key]), policy);
    };
    expect(Buffer.from((await openedWith(curve)).bytes)).toEqual(content);
    await expect(openedWith(rsa)).rejects.toMatchObject({ code: 'PGP_INTEGRITY' });
  });
});

test('a hidden recipient is found among keys of several kinds, whichever is the newest', async () => {
  for (const [to, newest] of [
    [rsa, curve],
    [curve, rsa],
  ] as const) {
    const hidden = await encryptBytes(content, { encryptionKeys: to, wildcard: true });
    const opened = await openBothWays(hidden, ringOf([newest, to]), policy);
    expect(opened.decryptedWith).toBe(to.getKeyID().toHex());
  }
});
