import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { openMessage } from '../../shared/pgp/open.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { makeKey, ringOf } from '../support/pgp.ts';

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
      const opened = await openMessage(sealed, receiver, policy);
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
      const outcome: unknown = await openMessage(harmed, receiver, policy).catch((error: unknown) => error);
      if (outcome instanceof Fault) expect(outcome.class).toBe('permanent');
      else
        expect(outcome).toMatchObject({
          bytes: expect.objectContaining({ length: content.length }) as unknown,
        });
    }),
    { numRuns: 300, seed: 2 },
  );
});
