import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { constants, deflateRawSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { sealMessage } from '../../../shared/pgp/seal.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import { encryptPackets, join, makeKey, packet, ringOf, splitPackets } from '../../support/pgp.ts';
import { openInProcess, type Measured } from '../../support/pgp-process.ts';

/* What messages take of a process of its own, which has 100 MB when it has loaded everything and opened nothing. */

const megabyte = 1_000_000;
let root: string;
let us: PrivateKey;
let partner: PrivateKey;

beforeAll(async () => {
  root = await mkdtemp(path(tmpdir(), 'pgp-memory-'));
  [us, partner] = await Promise.all([makeKey(), makeKey()]);
  await mkdir(path(root, 'own'));
  await mkdir(path(root, 'partners', 'partner'), { recursive: true });
  await writeFile(path(root, 'own', 'us.asc'), us.armor(pgpConfig), { mode: 0o600 });
  await writeFile(path(root, 'partners', 'partner', 'a.asc'), partner.toPublic().armor(pgpConfig));
});
afterAll(() => rm(root, { recursive: true }));

async function open(bytes: Uint8Array, maxMegabytes: number, inMemory = false): Promise<Measured> {
  const file = path(root, 'message');
  await writeFile(file, bytes);
  return openInProcess({ file, keys: root, maxPlaintextBytes: maxMegabytes * megabyte, inMemory });
}

test('60 MB are opened as a stream in less than 250 MB', async () => {
  const line = '{"deviceId":"C02XK0AAJG5H","serialNumber":"C02XK0AAJG5H","imei":"356938035643809"},\n';
  const content = Buffer.alloc(60 * megabyte, line);
  const sealed = await sealMessage(content, ringOf([partner], { us: [us] }), { encryptTo: ['us'] });
  const streamed = await open(sealed, 100);
  expect(streamed.outcome).toBe(60 * megabyte);
  expect(streamed.megabytes).toBeLessThan(250);
});

describe('P16 a bomb', () => {
  /** A piece of a deflated stream that can stand anywhere in it. */
  const deflated = (bytes: Uint8Array): Uint8Array =>
    deflateRawSync(bytes, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  /** A literal packet of 10 GiB, deflated to 10 MiB. It has ten parts of 1 GiB each, and a last one without bytes. */
  function tenGigabytes(): Uint8Array {
    const part = 64;
    const zeros = deflated(Buffer.alloc(2 ** 30 / part));
    const parts = Array.from({ length: 10 }, (_, index) => [
      deflated(index === 0 ? Uint8Array.of(0xcb, 254) : Uint8Array.of(254)),
      ...Array<Uint8Array>(part).fill(zeros),
    ]);
    return join(...parts.flat(), deflateRawSync(Uint8Array.of(0)));
  }
  const compressed = (deflate: Uint8Array): Uint8Array => packet(8, join(Uint8Array.of(1), deflate));

  test('of 10 MiB that would be 10 GiB is stopped at the limit, in bounded memory', async () => {
    const bomb = await encryptPackets(compressed(tenGigabytes()), us);
    expect(bomb.length).toBeGreaterThan(9 * megabyte);
    expect(bomb.length).toBeLessThan(12 * megabyte);
    const streamed = await open(bomb, 500);
    expect(streamed.outcome).toBe('PGP_BOMB');
    expect(streamed.megabytes).toBeLessThan(250);
    const inMemory = await open(bomb, 50, true);
    expect(inMemory.outcome).toBe('PGP_BOMB');
    expect(inMemory.megabytes).toBeLessThan(400);
  });

  test('inside a compressed packet is not even unpacked', async () => {
    const nested = await encryptPackets(compressed(deflateRawSync(compressed(tenGigabytes()))), us);
    expect(nested.length).toBeLessThan(megabyte);
    for (const inMemory of [false, true]) {
      const { outcome, megabytes } = await open(nested, 500, inMemory);
      expect(outcome).toBe('PGP_BOMB');
      expect(megabytes).toBeLessThan(250);
    }
  });
});

test('P17 a password that asks for 1 TiB of Argon2 memory takes none of it', async () => {
  // Version 4, AES-256, Argon2 with salt, 1 pass, 4 lanes, 2^30 KiB; encrypted session key.
  const greedy = packet(3, Uint8Array.of(4, 9, 4, ...Buffer.alloc(16, 7), 1, 4, 30, ...Buffer.alloc(33, 9)));
  const data = splitPackets(await encryptPackets(packet(11, new Uint8Array(10)), us)).at(-1);
  for (const inMemory of [false, true]) {
    const { outcome, megabytes } = await open(join(greedy, packet(18, data?.body ?? greedy)), 1, inMemory);
    expect(outcome).toBe('PGP_NO_KEY');
    expect(megabytes).toBeLessThan(200);
  }
});
