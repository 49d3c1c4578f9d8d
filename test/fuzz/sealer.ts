import type { PartialConfig, PrivateKey } from 'openpgp';

import { createMessage, sign } from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { Random } from './random.ts';
import { fixture } from './scene.ts';
import { withAead, withCode } from './seal.ts';

/** Which of our keys it is sealed to, and by which kind of integrity protection. */
export const sealings = ['curve', 'rsa', 'gcm', 'ocb'] as const;
export type Sealing = (typeof sealings)[number];

/** What a partner, or somebody hostile, does with what is to be sent. */
export interface Sealer {
  /** Signed packets with the content. */
  signed(content: Uint8Array): Promise<Buffer>;
  /** Packets as a message that only we can open; the same each time. */
  sealed(packets: Uint8Array, how: Sealing): Buffer;
}

/** The library otherwise adds random bytes to each signature. */
const deterministic: PartialConfig = { ...pgpConfig, nonDeterministicSignaturesViaNotation: false };
const date = new Date('2026-04-20T12:00:00Z');

const maxChunks = 200;

export async function openSealer(signingKeys: PrivateKey): Promise<Sealer> {
  const [curve, rsa, modern] = await Promise.all(
    ['curve', 'rsa', 'modern'].map((key) => fixture('sessions', `${key}.pgp`)),
  );
  const session = { curve, rsa, gcm: modern, ocb: modern };
  return {
    async signed(content) {
      const message = await createMessage({ binary: content, date });
      const packets: unknown = await sign({
        message,
        signingKeys,
        date,
        config: deterministic,
        format: 'binary',
      });
      return Buffer.from(packets as Uint8Array);
    },
    sealed: (packets, how) =>
      Buffer.concat([session[how] ?? Buffer.alloc(0), protectedBy(how, packets, new Random(packets))]),
  };
}

function protectedBy(how: Sealing, packets: Uint8Array, random: Random): Uint8Array {
  if (how === 'curve' || how === 'rsa') return withCode(packets, random);
  // Of what is long, no more chunks than the time allows.
  const shortest = Math.max(0, Math.ceil(Math.log2(packets.length / 64 / maxChunks)));
  return withAead(packets, random, { kind: how, chunk: shortest + random.below(12) });
}
