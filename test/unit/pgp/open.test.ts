import { deflateRawSync } from 'node:zlib';

import { beforeAll, describe, expect, test } from '@jest/globals';
import type { PrivateKey } from 'openpgp';

import { encrypt, createMessage, enums, revokeKey } from '../../../shared/pgp/library.ts';
import type { OpenPolicy } from '../../../shared/pgp/open.ts';
import { pgpConfig } from '../../../shared/pgp/settings.ts';
import {
  armourOf,
  changePacket,
  encryptBytes,
  encryptPackets,
  encryptPacketsAead,
  encryptPacketsGnupg,
  join,
  literal,
  literalBody,
  makeKey,
  openBothWays,
  packet,
  ringOf,
  signPackets,
  splitPackets,
} from '../../support/pgp.ts';

const canary = 'CANARY-356938035643809';
const content = Buffer.from(canary);
const minute = 60_000;
const day = 1440 * minute;
const now = new Date('2026-03-01T12:00:00Z');
const at = (milliseconds: number): Date => new Date(now.getTime() + milliseconds);
const born = at(-100 * day);

let us: PrivateKey;
let usOld: PrivateKey;
let usAead: PrivateKey;
let warehouse: PrivateKey;
let other: PrivateKey;
let stranger: PrivateKey;
let sealed: Uint8Array;

beforeAll(async () => {
  [us, usOld, usAead, warehouse, other, stranger] = await Promise.all([
    makeKey({ date: born }),
    makeKey({ date: at(-900 * day), keyExpirationTime: (600 * day) / 1000 }),
    makeKey({ date: born, config: { ...pgpConfig, aeadProtect: true } }),
    makeKey({ date: born }),
    makeKey({ date: born }),
    makeKey({ date: born }),
  ]);
  sealed = await encryptBytes(content, { encryptionKeys: us, signingKeys: warehouse, date: now });
});

const ring = () =>
  ringOf([us, usAead, usOld], { warehouse: [warehouse.toPublic()], other: [other.toPublic()] });

/** In memory and as a stream; both have to give the same. */
function open(bytes: Uint8Array, policy: Partial<OpenPolicy> = {}, keys = ring(), when = now) {
  const strict: OpenPolicy = { signature: 'required', signedBy: ['warehouse'], maxPlaintextBytes: 100_000 };
  return openBothWays(bytes, keys, { ...strict, ...policy }, when);
}

/** The code of the fault, having seen that the content is not in it. */
async function refusal(...args: Parameters<typeof open>): Promise<string> {
  const fault: unknown = await open(...args).then(
    () => 'opened',
    (error: unknown) => error,
  );
  expect(`${String(fault)} ${JSON.stringify(fault)} ${String((fault as Error).stack)}`).not.toContain(canary);
  return (fault as { code?: string }).code ?? String(fault);
}

/** Signs with the library and encrypts the packets by hand. */
const signed = async (...by: PrivateKey[]) =>
  encryptPackets(await signPackets(canary, by, { date: now }), us);

describe('a good message', () => {
  test('gives its bytes, its signer and the key that opened it', async () => {
    const opened = await open(sealed);
    expect(Buffer.from(opened.bytes)).toEqual(content);
    expect(opened.signer).toEqual({ party: 'warehouse', fingerprint: warehouse.getFingerprint() });
    expect(opened.decryptedWith).toBe(us.getKeyID().toHex());
    expect(opened.retiredKey).toBe(false);
  });

  test('may be armoured', async () => {
    const armoured = armourOf(sealed);
    expect(Buffer.from((await open(Buffer.from(armoured))).bytes)).toEqual(content);
  });

  test('may be encrypted to hidden recipients', async () => {
    const hidden = await encryptBytes(content, {
      encryptionKeys: [stranger, us],
      signingKeys: warehouse,
      wildcard: true,
      date: now,
    });
    expect((await open(hidden)).decryptedWith).toBe(us.getKeyID().toHex());
    const notForUs = await encryptBytes(content, { encryptionKeys: stranger, wildcard: true, date: now });
    expect(await refusal(notForUs)).toBe('PGP_NO_KEY');
  });

  test('may be unsigned where the policy says so', async () => {
    const unsigned = await encryptBytes(content, { encryptionKeys: us, date: now });
    expect((await open(unsigned, { signature: 'optional' })).signer).toBeNull();
    expect((await open(unsigned, { signature: 'forbidden' })).signer).toBeNull();
  });

  test('P07 to a retired key of ours is opened and said to be so', async () => {
    const unsigned = await encryptBytes(content, { encryptionKeys: usOld, date: at(-400 * day) });
    expect(await open(unsigned, { signature: 'optional' })).toMatchObject({
      retiredKey: true,
      decryptedWith: usOld.getKeyID().toHex(),
    });
  });

  test('P18 keeps a file name inside it to itself', async () => {
    const named = await encryptPackets(literal(canary, '../../etc/passwd'), us);
    const opened = await open(named, { signature: 'optional' });
    expect(JSON.stringify(opened)).not.toContain('passwd');
    expect(Buffer.from(opened.bytes)).toEqual(content);
  });
});

describe('encryption', () => {
  test('P01 one bit flipped anywhere in the encrypted data', async () => {
    for (let at = 1; at < 60; at += 7) {
      const flipped = changePacket(sealed, 18, (body) => body.with(at, (body[at] ?? 0) ^ 4));
      expect(await refusal(flipped)).toBe('PGP_INTEGRITY');
    }
  });

  test.each([enums.aead.eax, enums.aead.ocb, enums.aead.gcm])(
    'P02 AEAD (mode %s): altered, or cut at the end of a chunk although the earlier chunks verify',
    async (preferredAEADAlgorithm) => {
      const big = Buffer.alloc(5000, canary);
      const aead = await encryptBytes(big, {
        encryptionKeys: usAead,
        signingKeys: warehouse,
        date: now,
        config: { ...pgpConfig, preferredAEADAlgorithm, aeadChunkSizeByte: 4 },
      });
      expect((await open(aead)).bytes).toHaveLength(5000);
      const chunk = 1024 + 16;
      for (const kept of [36 + 2 * chunk, 36 + 2 * chunk + 16, -16, -1]) {
        expect(await refusal(changePacket(aead, 18, (body) => body.slice(0, kept)))).toBe('PGP_INTEGRITY');
      }
      expect(await refusal(changePacket(aead, 18, (body) => body.with(3000, (body[3000] ?? 0) ^ 1)))).toBe(
        'PGP_INTEGRITY',
      );
    },
  );

  test('P02 GCM: each of the last 15 bytes cut off, wherever the last chunk ends', async () => {
    const chunkOctet = { aeadChunkSizeByte: 0, preferredAEADAlgorithm: enums.aead.gcm };
    for (let length = 40; length < 56; length++) {
      const aead = await encryptPacketsAead(literal('x'.repeat(length)), {
        encryptionKeys: usAead,
        config: { ...pgpConfig, ...chunkOctet },
      });
      expect((await open(aead, { signature: 'optional' })).bytes).toHaveLength(length);
      for (let cut = 1; cut <= 15; cut++) {
        const short = changePacket(aead, 18, (body) => body.slice(0, -cut));
        expect(await refusal(short, { signature: 'optional' })).toBe('PGP_INTEGRITY');
      }
    }
  });

  test('P02 the same form that GnuPG 2.4 has of its own', async () => {
    const gnupg = await encryptPacketsGnupg(await signPackets(canary, warehouse, { date: now }), us);
    expect(Buffer.from((await open(gnupg)).bytes)).toEqual(content);
    for (const at of [25, -17, -1]) {
      const flipped = changePacket(gnupg, 20, (body) => body.with(at, (body.at(at) ?? 0) ^ 1));
      expect(await refusal(flipped)).toBe('PGP_INTEGRITY');
    }
    expect(await refusal(changePacket(gnupg, 20, (body) => body.slice(0, -16)))).toBe('PGP_INTEGRITY');
  });

  test('P01 to an RSA key, where the library must not tell what went wrong', async () => {
    const rsa = await makeKey({ type: 'rsa', rsaBits: 2048, date: born });
    const toRsa = await encryptBytes(content, { encryptionKeys: rsa, signingKeys: warehouse, date: now });
    const keys = ringOf([rsa], { warehouse: [warehouse.toPublic()] });
    expect(Buffer.from((await open(toRsa, {}, keys)).bytes)).toEqual(content);
    for (const tag of [1, 18]) {
      const flipped = changePacket(toRsa, tag, (body) => body.with(-1, (body.at(-1) ?? 0) ^ 1));
      expect(await refusal(flipped, {}, keys)).toBe('PGP_INTEGRITY');
    }
  });

  test('P02 the file ends early', async () => {
    expect(await refusal(sealed.subarray(0, -1))).toBe('PGP_INTEGRITY');
    expect(await refusal(sealed.subarray(0, 40))).toBe('PGP_MALFORMED');
  });

  test('P03 no integrity protection', async () => {
    const [session, data] = splitPackets(sealed);
    const downgraded = join(
      packet(1, session?.body ?? content),
      packet(9, data?.body.subarray(1) ?? content),
    );
    expect(await refusal(downgraded)).toBe('PGP_NO_INTEGRITY');
  });

  test('P04 damaged armour', async () => {
    const armoured = armourOf(sealed);
    expect(await refusal(Buffer.from(armoured.replace(/\n=.{4}/, '\n=AAAA')))).toBe('PGP_MALFORMED');
  });

  test('P05 plain, or signed without encryption', async () => {
    expect(await refusal(content)).toBe('NOT_ENCRYPTED');
    expect(await refusal(await signPackets(canary, warehouse))).toBe('NOT_ENCRYPTED');
  });

  test('P06 to a key that is not ours: the fault names the key id', async () => {
    const forOther = await encryptBytes(content, { encryptionKeys: other, date: now });
    await expect(open(forOther)).rejects.toMatchObject({
      code: 'PGP_NO_KEY',
      detail: expect.stringContaining(other.getSubkeys()[0]?.getKeyID().toHex() ?? 'none'),
    });
  });

  test('P16 a decompression bomb stops at the cap, whatever it is packed with', async () => {
    const megabyte = literal('0'.repeat(1_000_000));
    for (const compressed of [
      join(Uint8Array.of(1), deflateRawSync(megabyte)),
      join(Uint8Array.of(0), megabyte),
    ]) {
      const bomb = await encryptPackets(packet(8, compressed), us);
      expect(bomb.length).toBeLessThan(1_001_000);
      expect(await refusal(bomb, { signature: 'optional' })).toBe('PGP_BOMB');
      const large = await open(bomb, { signature: 'optional', maxPlaintextBytes: 1_000_100 });
      expect(large.bytes).toHaveLength(1_000_000);
    }
    const plain = await encryptPackets(megabyte, us);
    expect(await refusal(plain, { signature: 'optional' })).toBe('PGP_BOMB');
  });

  test('P16 compressed twice', async () => {
    const once = packet(8, Uint8Array.of(1, ...deflateRawSync(literal(canary))));
    const twice = packet(8, Uint8Array.of(1, ...deflateRawSync(once)));
    expect(await refusal(await encryptPackets(twice, us))).toBe('PGP_BOMB');
  });

  test('P16 a bomb to a hidden recipient is still called a bomb', async () => {
    const bomb = await encryptPackets(literal('0'.repeat(200_000)), us, true);
    expect(await refusal(bomb, { signature: 'optional' })).toBe('PGP_BOMB');
    const nested = packet(8, join(Uint8Array.of(0), packet(8, join(Uint8Array.of(0), literal(canary)))));
    expect(await refusal(await encryptPackets(nested, us, true), { signature: 'optional' })).toBe('PGP_BOMB');
  });

  test('P17 a password that asks for 1 TiB of Argon2 memory is not even tried', async () => {
    // Version 4, AES-256, Argon2 with salt, 1 pass, 4 lanes, 2^30 KiB; encrypted session key.
    const greedy = packet(
      3,
      Uint8Array.of(4, 9, 4, ...Buffer.alloc(16, 7), 1, 4, 30, ...Buffer.alloc(33, 9)),
    );
    const [, data] = splitPackets(sealed);
    expect(await refusal(join(greedy, packet(18, data?.body ?? content)))).toBe('PGP_NO_KEY');
  });

  test('P19 something after the message, or two messages', async () => {
    expect(await refusal(join(sealed, Buffer.from('\n')))).toBe('PGP_MALFORMED');
    expect(await refusal(join(sealed, sealed))).toBe('PGP_MALFORMED');
  });

  test('P19 two contents in one message', async () => {
    const two = await encryptPackets(join(literal(canary), literal(canary)), us);
    expect(await refusal(two, { signature: 'optional' })).toBe('PGP_MALFORMED');
  });

  test('P23 1 000 session keys', async () => {
    const [session, data] = splitPackets(sealed);
    const many = Array.from({ length: 1000 }, () => packet(1, session?.body ?? content));
    expect(await refusal(join(...many, packet(18, data?.body ?? content)))).toBe('PGP_TOO_MANY_RECIPIENTS');
  });
});

describe('signature', () => {
  test('P08 required and none there', async () => {
    expect(await refusal(await encryptBytes(content, { encryptionKeys: us, date: now }))).toBe(
      'PGP_UNSIGNED',
    );
  });

  test('forbidden and there', async () => {
    expect(await refusal(sealed, { signature: 'forbidden' })).toBe('PGP_SIGNATURE_FORBIDDEN');
  });

  test.each(['required', 'optional'] as const)(
    'P09 by a partner that is not allowed here (%s)',
    async (signature) => {
      const byOther = await encryptBytes(content, { encryptionKeys: us, signingKeys: other, date: now });
      await expect(open(byOther, { signature })).rejects.toMatchObject({
        code: 'PGP_WRONG_SIGNER',
        detail: expect.stringContaining('signed by other'),
      });
      expect(await refusal(byOther, { signature, signedBy: [] })).toBe('PGP_WRONG_SIGNER');
      expect((await open(byOther, { signature, signedBy: ['warehouse', 'other'] })).signer?.party).toBe(
        'other',
      );
    },
  );

  test('P09 by ourselves counts only where we are allowed', async () => {
    const byUs = await encryptBytes(content, { encryptionKeys: us, signingKeys: us, date: now });
    expect(await refusal(byUs)).toBe('PGP_WRONG_SIGNER');
    expect((await open(byUs, { signedBy: ['own'] })).signer?.party).toBe('own');
  });

  test.each(['required', 'optional'] as const)(
    'P10 by an unknown key: the fault names it (%s)',
    async (signature) => {
      const byStranger = await encryptBytes(content, {
        encryptionKeys: us,
        signingKeys: stranger,
        date: now,
      });
      await expect(open(byStranger, { signature })).rejects.toMatchObject({
        code: 'PGP_UNKNOWN_SIGNER',
        detail: expect.stringContaining(stranger.getKeyID().toHex()),
      });
    },
  );

  test.each(['required', 'optional'] as const)('P11 over other data than these (%s)', async (signature) => {
    const packets = await signPackets('something else', warehouse, { date: now });
    const repacked = await encryptPackets(
      changePacket(packets, 11, () => literalBody(canary)),
      us,
    );
    expect(await refusal(repacked, { signature })).toBe('PGP_BAD_SIGNATURE');
  });

  test('P11 over other data, in the name of a partner that is not allowed: says nothing about that partner', async () => {
    const packets = await signPackets('something else', other, { date: now });
    const repacked = changePacket(packets, 11, () => literalBody(canary));
    expect(await refusal(await encryptPackets(repacked, us))).toBe('PGP_BAD_SIGNATURE');
  });

  test('P09 a key that two parties have counts for the one that is allowed', async () => {
    const shared = warehouse.toPublic();
    const keys = ringOf([us], { other: [shared], warehouse: [shared] });
    expect((await open(sealed, {}, keys)).signer?.party).toBe('warehouse');
  });

  test('P11 a signed message with unsigned content put before or after it (CVE-2025-47934)', async () => {
    const packets = await signPackets('signed', warehouse, { date: now });
    const compressed = packet(8, Uint8Array.of(1, ...deflateRawSync(packets)));
    for (const inner of [
      join(literal(canary), packets),
      join(compressed, literal(canary)),
      join(compressed, packets),
    ]) {
      expect(await refusal(await encryptPackets(inner, us))).toBe('PGP_MALFORMED');
    }
  });

  test('P11 of a kind that cannot be verified is not passed over', async () => {
    const packets = await signPackets(canary, warehouse, { date: now });
    const version3 = changePacket(packets, 2, (body) => body.with(0, 3));
    expect(await refusal(await encryptPackets(version3, us), { signature: 'optional' })).toBe(
      'PGP_BAD_SIGNATURE',
    );
  });

  describe('in other places than our own programs put it', () => {
    const encrypted = (...packets: Uint8Array[]) => encryptPackets(join(...packets), us);
    /** One-pass packets, data, signatures: what `signPackets` makes. */
    const partsSigned = async (by: PrivateKey, text = canary) =>
      splitPackets(await signPackets(text, by, { date: now })).map(({ tag, body }) => packet(tag, body));
    const refusedBoth = async (bytes: Uint8Array): Promise<string[]> => [
      await refusal(bytes),
      await refusal(bytes, { signature: 'optional' }),
    ];

    test('P11 before the data: judged like any other', async () => {
      const [, data = content, signature = content] = await partsSigned(warehouse);
      const opened = await open(await encrypted(signature, data));
      expect(opened.signer?.party).toBe('warehouse');
      expect(Buffer.from(opened.bytes)).toEqual(content);
      const [, , byOther = content] = await partsSigned(other);
      expect(await refusal(await encrypted(byOther, data))).toBe('PGP_WRONG_SIGNER');
      expect(await refusal(await encrypted(signature, byOther, data))).toBe('PGP_WRONG_SIGNER');
      expect(await refusal(await encrypted(signature, literal('other data')))).toBe('PGP_BAD_SIGNATURE');
    });

    test('P12 a good one before the data does not vouch for the one after them', async () => {
      const [announced = content, data = content, signature = content] = await partsSigned(warehouse);
      const [, , bad = content] = await partsSigned(warehouse, 'other data');
      for (const last of [signature, bad]) {
        const both = await encrypted(signature, announced, data, last);
        expect(await refusedBoth(both)).toEqual(['PGP_BAD_SIGNATURE', 'PGP_BAD_SIGNATURE']);
      }
    });

    test('P11 around compressed data: does not look unsigned', async () => {
      const [announced = content, data = content, signature = content] = await partsSigned(warehouse);
      const compressed = packet(8, join(Uint8Array.of(1), deflateRawSync(data)));
      for (const around of [
        [announced, compressed, signature],
        [signature, compressed],
      ]) {
        expect(await refusedBoth(await encrypted(...around))).toEqual([
          'PGP_BAD_SIGNATURE',
          'PGP_BAD_SIGNATURE',
        ]);
      }
    });

    test.each([
      ['another hash', 2],
      ['another key', 4],
    ])('P11 announced as one with %s', async (_, at) => {
      const packets = await signPackets(canary, warehouse, { date: now });
      const announcing = changePacket(packets, 4, (body) => body.with(at, (body[at] ?? 0) ^ 2));
      expect(await refusedBoth(await encrypted(announcing))).toEqual([
        'PGP_BAD_SIGNATURE',
        'PGP_BAD_SIGNATURE',
      ]);
    });

    test('P11 of a type that says nothing about data: does not look unsigned', async () => {
      const packets = await signPackets(canary, warehouse, { date: now });
      const standalone = (tag: number, at: number) => (bytes: Uint8Array) =>
        changePacket(bytes, tag, (body) => body.with(at, enums.signature.standalone));
      const both = standalone(2, 1)(standalone(4, 1)(packets));
      expect(await refusedBoth(await encrypted(both))).toEqual(['PGP_BAD_SIGNATURE', 'PGP_BAD_SIGNATURE']);
    });
  });

  test('P12 two: both have to be good and allowed', async () => {
    expect(
      (await open(await signed(warehouse, other), { signedBy: ['warehouse', 'other'] })).signer,
    ).not.toBeNull();
    expect(await refusal(await signed(warehouse, other))).toBe('PGP_WRONG_SIGNER');
    expect(await refusal(await signed(warehouse, stranger))).toBe('PGP_UNKNOWN_SIGNER');
    const packets = splitPackets(await signPackets(canary, [warehouse, other], { date: now }));
    const last = packets.at(-1)?.body ?? content;
    const oneBad = join(
      ...packets.slice(0, -1).map(({ tag, body }) => packet(tag, body)),
      packet(2, last.with(-1, (last.at(-1) ?? 0) ^ 1)),
    );
    const policy = { signedBy: ['warehouse', 'other'] };
    expect(await refusal(await encryptPackets(oneBad, us), policy)).toBe('PGP_BAD_SIGNATURE');
  });

  test('P13 by a key that has expired, even if it was valid at the date that the signature claims', async () => {
    const expiring = await makeKey({ date: at(-10 * day), keyExpirationTime: (9 * day) / 1000 });
    const keys = ringOf([us], { warehouse: [expiring.toPublic()] });
    const claimed = await encryptBytes(content, {
      encryptionKeys: us,
      signingKeys: expiring,
      date: at(-5 * day),
    });
    expect((await open(claimed, {}, keys, at(-4 * day))).signer?.party).toBe('warehouse');
    expect(await refusal(claimed, {}, keys)).toBe('PGP_KEY_EXPIRED');
    const bySubkey = await makeKey({
      date: at(-10 * day),
      subkeys: [{ sign: true, keyExpirationTime: (9 * day) / 1000 }, {}],
    });
    const withSubkey = await encryptBytes(content, {
      encryptionKeys: us,
      signingKeys: bySubkey,
      date: at(-5 * day),
    });
    const subkeyRing = ringOf([us], { warehouse: [bySubkey.toPublic()] });
    expect(await refusal(withSubkey, {}, subkeyRing)).toBe('PGP_KEY_EXPIRED');
  });

  test.each([enums.reasonForRevocation.keyCompromised, enums.reasonForRevocation.keySuperseded])(
    'P13 by a key that is revoked (reason %s), or its subkey',
    async (flag) => {
      const revoked = await revokeKey({
        key: warehouse,
        reasonForRevocation: { flag },
        date: at(-minute),
        format: 'object',
        config: pgpConfig,
      });
      const old = await encryptBytes(content, { encryptionKeys: us, signingKeys: warehouse, date: at(-day) });
      expect(await refusal(old, {}, ringOf([us], { warehouse: [revoked.publicKey] }))).toBe(
        'PGP_KEY_REVOKED',
      );
      const bySubkey = await makeKey({ date: born, subkeys: [{ sign: true }, {}] });
      const withSubkey = await encryptBytes(content, {
        encryptionKeys: us,
        signingKeys: bySubkey,
        date: at(-day),
      });
      const primary = bySubkey.keyPacket as Parameters<
        NonNullable<(typeof bySubkey.subkeys)[0]>['revoke']
      >[0];
      bySubkey.subkeys = await Promise.all(
        bySubkey.subkeys.map((subkey) => subkey.revoke(primary, { flag }, at(-minute), pgpConfig)),
      );
      expect(await refusal(withSubkey, {}, ringOf([us], { warehouse: [bySubkey.toPublic()] }))).toBe(
        'PGP_KEY_REVOKED',
      );
    },
  );

  test('P14 dated 2 minutes ahead waits for its time; 2 days ahead is refused', async () => {
    const ahead = await encryptBytes(content, {
      encryptionKeys: us,
      signingKeys: warehouse,
      date: at(2 * minute),
    });
    expect(await refusal(ahead)).toBe('PGP_SIGNED_IN_FUTURE');
    expect((await open(ahead, {}, ring(), at(2 * minute))).signer?.party).toBe('warehouse');
    const far = await encryptBytes(content, {
      encryptionKeys: us,
      signingKeys: warehouse,
      date: at(2 * day),
    });
    expect(await refusal(far)).toBe('PGP_SIGNED_FAR_AHEAD');
  });

  test('P15 by RSA-1024, or with SHA-1 or MD5', async () => {
    const weakConfig = { ...pgpConfig, minRSABits: 1024 };
    const weak = await makeKey({ type: 'rsa', rsaBits: 1024, date: born, config: weakConfig });
    const byWeak = await signPackets(canary, weak, { date: now, config: weakConfig });
    const weakRing = ringOf([us], { warehouse: [weak.toPublic()] });
    expect(await refusal(await encryptPackets(byWeak, us), {}, weakRing)).toBe('PGP_WEAK_ALGORITHM');
    const rsa = await makeKey({ type: 'rsa', rsaBits: 2048, date: born });
    const publicRsa = rsa.toPublic();
    const { selfCertification } = await rsa.getPrimaryUser(now, undefined, pgpConfig);
    for (const hash of [enums.hash.sha1, enums.hash.md5]) {
      // The library signs with such a hash only if the signer's key says that it is liked.
      selfCertification.preferredHashAlgorithms = [hash];
      const bySha1 = await signPackets(canary, rsa, {
        date: now,
        config: { ...pgpConfig, preferredHashAlgorithm: hash, nonDeterministicSignaturesViaNotation: false },
      });
      expect(splitPackets(bySha1).at(-1)?.body[3]).toBe(hash);
      const rsaRing = ringOf([us], { warehouse: [publicRsa] });
      expect(await refusal(await encryptPackets(bySha1, us), {}, rsaRing)).toBe('PGP_WEAK_ALGORITHM');
    }
  });
});

test('P22 a ring in use does not change: work in flight ends with the keys it began with', async () => {
  const keys = ring();
  const opening = open(sealed, {}, keys);
  await expect(open(sealed, {}, ringOf([other]))).rejects.toMatchObject({ code: 'PGP_NO_KEY' });
  expect((await opening).signer?.party).toBe('warehouse');
});

test('the library keeps the content as it is, also when it says to be text', async () => {
  const message = await createMessage({ text: 'a\nb', date: now });
  const sealedText: unknown = await encrypt({
    message,
    encryptionKeys: us,
    format: 'binary',
    date: now,
    config: pgpConfig,
  });
  const opened = await open(sealedText as Uint8Array, { signature: 'optional' });
  expect(Buffer.from(opened.bytes).toString()).toBe('a\r\nb');
});
