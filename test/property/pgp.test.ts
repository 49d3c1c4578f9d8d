import { deflateRawSync, deflateSync } from 'node:zlib';

import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { openMessage, type Opened } from '../../shared/pgp/open.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import {
  armourOf,
  changePacket,
  encryptPackets,
  encryptPacketsAead,
  encryptPacketsGnupg,
  join,
  makeKey,
  openBothWays,
  openStreamed,
  packet,
  ringOf,
  signPackets,
} from '../support/pgp.ts';

let sender: KeyRing;
let receiver: KeyRing;
const policy = { signature: 'required', signedBy: ['sender'], maxPlaintextBytes: 100_000 } as const;

beforeAll(async () => {
  const [ours, theirs] = await Promise.all([makeKey(), makeKey()]);
  sender = ringOf([ours], { receiver: [theirs.toPublic()] });
  receiver = ringOf([theirs], { sender: [ours.toPublic()] });
});

test('what one seals the other opens, byte for byte', async () => {
  const anyBytes = fc.uint8Array({ maxLength: 20_000, size: 'max' });
  await fc.assert(
    fc.asyncProperty(anyBytes, async (bytes) => {
      const sealed = await sealMessage(bytes, sender, { encryptTo: ['receiver'] });
      const opened = await openBothWays(sealed, receiver, policy);
      expect(Buffer.from(opened.bytes)).toEqual(Buffer.from(bytes));
      expect(opened.signer?.party).toBe('sender');
    }),
    { numRuns: 25, seed: 1 },
  );
});

test('P01 P04 whatever is changed, cut or added: opened unchanged or refused with a permanent fault', async () => {
  const content = Buffer.from('0123456789'.repeat(20));
  const sealed = await sealMessage(content, sender, { encryptTo: ['receiver'] });
  const place = fc.nat(sealed.length - 1);
  const harm = fc.oneof(
    fc.record({ at: place, bits: fc.integer({ min: 1, max: 255 }) }),
    fc.record({ keep: place }),
    fc.record({ add: fc.uint8Array({ minLength: 1, maxLength: 50 }) }),
  );
  await fc.assert(
    fc.asyncProperty(harm, async (what) => {
      let harmed = Buffer.from(sealed);
      if ('at' in what) harmed[what.at] = (harmed[what.at] ?? 0) ^ what.bits;
      else if ('keep' in what) harmed = harmed.subarray(0, what.keep);
      else harmed = Buffer.concat([harmed, what.add]);
      const outcome: unknown = await openBothWays(harmed, receiver, policy).catch((error: unknown) => error);
      if (outcome instanceof Fault) expect(outcome.class).toBe('permanent');
      else
        expect(outcome).toMatchObject({
          bytes: expect.objectContaining({ length: content.length }) as unknown,
        });
    }),
    { numRuns: 300, seed: 2 },
  );
});

describe('as a stream', () => {
  const content = '0123456789'.repeat(100);

  test('the size of the pieces makes no difference', async () => {
    const sealed = await sealMessage(Buffer.from(content), sender, { encryptTo: ['receiver'] });
    for (const form of [sealed, Buffer.from(armourOf(sealed))]) {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: form.length + 1 }), async (pieceBytes) => {
          const opened = await openStreamed(form, receiver, policy, undefined, pieceBytes);
          expect(Buffer.from(opened.bytes).toString()).toBe(content);
        }),
        { numRuns: 20, seed: 3 },
      );
    }
  });

  /** What is encrypted is the sender's, so it may be anything; the library's streams must not wait for each other. */
  test('P11 P16 whatever is wrong inside, it comes to an end, and to the same as in memory', async () => {
    const [ours] = sender.own;
    const [theirs] = receiver.own;
    if (ours === undefined || theirs === undefined) throw new Error('no keys');
    const aead = { ...pgpConfig, aeadProtect: true, aeadChunkSizeByte: 0 };
    const aeadKey = await makeKey({ config: aead });
    const signed = await signPackets(content, [ours, ours]);
    const both = ringOf([theirs, aeadKey], { sender: [ours.toPublic()] });
    const encryptions = [
      (inner: Uint8Array) => encryptPackets(inner, theirs),
      (inner: Uint8Array) => encryptPacketsGnupg(inner, theirs),
      (inner: Uint8Array) => encryptPacketsAead(inner, { encryptionKeys: aeadKey, config: aead }),
    ];
    const compressions = [
      (inner: Uint8Array) => inner,
      (inner: Uint8Array) => packet(8, join(Uint8Array.of(1), deflateRawSync(inner))),
      (inner: Uint8Array) => packet(8, join(Uint8Array.of(2), deflateSync(inner))),
    ];
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const harm = fc.record({
      encrypt: fc.constantFrom(...encryptions),
      compress: fc.constantFrom(...compressions),
      /** Before it is compressed, or after. */
      first: fc.boolean(),
      at: fc.oneof(
        fraction,
        fraction.map((value) => value / 20),
        fraction.map((value) => 1 - value / 5),
      ),
      bits: fc.integer({ min: 0, max: 255 }),
      pieceBytes: fc.constantFrom(50, 100, 5000),
    });
    await fc.assert(
      fc.asyncProperty(harm, async ({ encrypt, compress, first, at, bits, pieceBytes }) => {
        /** Changes a byte, or cuts there. */
        const change = (bytes: Uint8Array): Uint8Array => {
          const place = Math.min(Math.floor(at * bytes.length), bytes.length - 1);
          return bits === 0 ? bytes.slice(0, place) : bytes.with(place, (bytes[place] ?? 0) ^ bits);
        };
        const inner = first ? compress(change(signed)) : changePacket(compress(signed), 8, change);
        const message = await encrypt(inner);
        const outcomes = await Promise.all([
          outcomeOf(openMessage(message, both, policy)),
          outcomeOf(openStreamed(message, both, policy, undefined, pieceBytes)),
        ]);
        // Where several things are wrong, the codes may differ.
        expect(outcomes[1]).toBe(outcomes[0]);
      }),
      { numRuns: 400, seed: 4 },
    );
  });
});

/** The content, or the class of the fault. */
const outcomeOf = (opening: Promise<Opened>): Promise<string> =>
  opening.then(
    ({ bytes }) => Buffer.from(bytes).toString(),
    (error: unknown) => (error instanceof Fault ? error.class : String(error)),
  );
