import { randomBytes } from 'node:crypto';

import { beforeAll, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { decryptSessionKeys, readMessage } from '../../../shared/pgp/library.ts';
import { decryptedPackets, keyThatFits, type SessionKey } from '../../../shared/pgp/modification-code.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { collect, encryptPackets, inPieces, literal, makeKey, splitPackets } from '../../support/pgp.ts';

let us: PrivateKey;
/** Body of the encrypted data, and what is in it. */
let data: Uint8Array;
const packets = literal('content '.repeat(20));
let right: SessionKey;
const wrong = (): SessionKey => ({ data: randomBytes(32), algorithm: 'aes256' });

beforeAll(async () => {
  us = await makeKey();
  const binaryMessage = await encryptPackets(packets, us);
  data = splitPackets(binaryMessage).at(-1)?.body ?? packets;
  const message = await readMessage({ binaryMessage, config: pgpConfig });
  const [found] = await decryptSessionKeys({ message, decryptionKeys: us, config: pgpConfig });
  right = found as SessionKey;
});

test.each([1, 3, 19, 22, 1000])('the packets come out, whatever the pieces: %d bytes', async (size) => {
  const key = await keyThatFits(inPieces(data, size)(), [right]);
  const out = await collect(decryptedPackets(inPieces(data, size)(), key));
  expect(Buffer.from(out)).toEqual(Buffer.from(packets));
});

test('the key that fits is found among others', async () => {
  const keys: SessionKey[] = [wrong(), { data: randomBytes(16), algorithm: 'aes128' }, right, wrong()];
  expect((await keyThatFits(inPieces(data, 100)(), keys)).data).toBe(right.data);
});

test('P01 no key fits altered data, nor another key', async () => {
  const refused = expect.objectContaining({ code: 'PGP_INTEGRITY' });
  for (let at = 1; at < data.length; at++) {
    const flipped = data.with(at, (data[at] ?? 0) ^ 1);
    await expect(keyThatFits(inPieces(flipped, 100)(), [right])).rejects.toEqual(refused);
  }
  for (const length of [0, 1, 19, 41, data.length - 1]) {
    await expect(keyThatFits(inPieces(data.slice(0, length), 9)(), [right])).rejects.toEqual(refused);
  }
  await expect(keyThatFits(inPieces(data, 100)(), [wrong(), wrong()])).rejects.toEqual(refused);
});

test('P01 data that change after the check end with a fault', async () => {
  const key = await keyThatFits(inPieces(data, 100)(), [right]);
  const other = data.with(-40, (data.at(-40) ?? 0) ^ 1);
  await expect(collect(decryptedPackets(inPieces(other, 100)(), key))).rejects.toMatchObject({
    code: 'PGP_INTEGRITY',
  });
});

test('a cipher that Node does not have is refused by name', async () => {
  const cast5: SessionKey = { data: randomBytes(16), algorithm: 'cast5' };
  await expect(keyThatFits(inPieces(data, 100)(), [cast5])).rejects.toMatchObject({
    code: 'PGP_WEAK_ALGORITHM',
  });
});
