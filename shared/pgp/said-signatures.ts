import type { Message, OnePassSignaturePacket, SignaturePacket } from 'openpgp';

import { enums, OnePassSignaturePacket as onePassPackets } from './library.ts';

/** A message, in memory or as a stream. */
export type AnyMessage = Awaited<ReturnType<Message<Uint8Array>['decrypt']>>;

/** The signatures that a message says to have, before its data. */
export interface SaidSignatures {
  /** The one-pass packets, in the order of the signatures behind the data that they announce. */
  readonly announced: readonly OnePassSignaturePacket[];
  /** Signatures in the old place, before the data. */
  readonly before: number;
  /** Signatures around compressed data instead of in them: the library does not look at these. */
  readonly outside: number;
}

/**
 * Notes, when the message is decrypted, which signatures it says to have. The library gives out no packets, and passes
 * over signatures that it does not verify, so that such a message would look unsigned.
 *
 * @returns gives what was noted
 */
export function noteSignatures(message: AnyMessage): () => SaidSignatures {
  let said: SaidSignatures = { announced: [], before: 0, outside: 0 };
  const decrypt = message.decrypt.bind(message);
  message.decrypt = async (...args) => {
    const content = await decrypt(...args);
    said = signaturesIn(content);
    return content;
  };
  return () => said;
}

/** The same for a message that is decrypted already. */
export function signaturesIn(content: AnyMessage): SaidSignatures {
  const { onePassSignature, signature } = enums.packet;
  const { packets } = content.unwrapCompressed();
  return {
    announced: (packets.filterByTag(onePassSignature) as unknown as OnePassSignaturePacket[]).reverse(),
    before: packets.filterByTag(signature).length,
    outside:
      packets === content.packets ? 0 : content.packets.filterByTag(onePassSignature, signature).length,
  };
}

/** The library's own, which its types do not show. */
const { fromSignaturePacket } = onePassPackets as unknown as {
  fromSignaturePacket: (signature: SignaturePacket, isLast: boolean) => OnePassSignaturePacket;
};

/** Whether the signature is the one that the one-pass packet before the data announced. */
export function isAsAnnounced(
  signature: SignaturePacket | undefined,
  onePass: OnePassSignaturePacket,
): boolean {
  if (signature?.issuerKeyID === undefined) return false;
  const [said, is] = [onePass, fromSignaturePacket(signature, true)].map((packet) =>
    // The last byte says whether another signature follows, which is nothing about this one.
    Buffer.from(packet.write()).subarray(0, -1),
  );
  return said !== undefined && is !== undefined && said.equals(is);
}
