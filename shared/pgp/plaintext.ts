import type { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web';

import type { Config, PrivateKey, PublicKey, SessionKey } from 'openpgp';

import { Fault } from '../runtime/faults.ts';
import { Envelope } from './envelope.ts';
import { decryptionFault, tooLarge } from './library-errors.ts';
import { readMessage } from './library.ts';
import { binaryForm, Reading, type MessageSource } from './message-source.ts';
import { decryptedPackets, type DataKey } from './modification-code.ts';
import { signaturesIn, type AnyMessage, type SaidSignatures } from './said-signatures.ts';
import { sessionKeysOf } from './session-keys.ts';
import { decryptionConfig, maxSessionKeyPackets, pgpConfig } from './settings.ts';
import type { MessageSignature } from './signatures.ts';

/** With what the data are decrypted: the session key, or our key where the library does all of it. */
export type Unlocking = { readonly dataKey: DataKey } | { readonly ownKey: PrivateKey };

/** How the signatures are verified. */
interface Verification {
  readonly verificationKeys: PublicKey[];
  readonly date: Date;
}

/** What a decryption leaves behind, to be judged. */
interface Signed {
  /** Length of the content, in bytes. */
  readonly bytes: number;
  readonly signatures: readonly MessageSignature[];
  readonly said: SaidSignatures;
}

/**
 * The content of a message, piece by piece. What comes before the end may turn out to be part of a message that is cut,
 * or badly signed.
 *
 * @throws Fault PGP_INTEGRITY, PGP_BOMB, PGP_MALFORMED and others of `decryptionFault`, and what the source throws
 */
export async function* plaintext(
  source: MessageSource,
  unlocking: Unlocking,
  { verificationKeys, date }: Verification,
  maxPlaintextBytes: number,
): AsyncGenerator<Uint8Array, Signed> {
  const config = decryptionConfig(maxPlaintextBytes);
  const reading = new Reading(packetsToRead(source, unlocking));
  let pieces: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    const [content, ...around] = await layers(reading.stream, unlocking, date, config);
    const signatures = await content.verify(verificationKeys, date, config);
    const said = signaturesIn(content);
    pieces = (content.getLiteralData() as unknown as ReadableStream<Uint8Array>).getReader();
    let bytes = 0;
    for (;;) {
      const { done, value } = await pieces.read();
      if (done) break;
      bytes += value.length;
      if (bytes > maxPlaintextBytes) throw tooLarge();
      yield value;
    }
    // From the inside out: once an inner layer has failed, the outer ones never come to their end. The library's own
    // functions wait for these first.
    for (const layer of [content.unwrapCompressed(), content, ...around]) await readBehindData(layer);
    return { bytes, signatures, said };
  } catch (error) {
    throw reading.failure ?? (error instanceof Fault ? error : decryptionFault(error));
  } finally {
    // Not awaited, and its failure is none: what matters is that the source is let go of.
    pieces?.cancel().catch(() => undefined);
    await reading.close();
  }
}

/** What is encrypted in a message whose form was checked before. */
export async function* encryptedData(source: MessageSource): AsyncGenerator<Uint8Array, void> {
  const envelope = new Envelope(maxSessionKeyPackets);
  for await (const piece of binaryForm(source)) yield* envelope.push(piece);
}

const packetsToRead = (source: MessageSource, unlocking: Unlocking): AsyncGenerator<Uint8Array, void> =>
  'dataKey' in unlocking ? decryptedPackets(encryptedData(source), unlocking.dataKey) : binaryForm(source);

/** The content, and around it the encrypted message if it was the library that decrypted. */
async function layers(
  stream: ReadableStream<Uint8Array>,
  unlocking: Unlocking,
  date: Date,
  config: Config,
): Promise<[content: AnyMessage, ...around: AnyMessage[]]> {
  if ('dataKey' in unlocking) return [await readMessage({ binaryMessage: stream, config })];
  const message: AnyMessage = await readMessage({ binaryMessage: stream, config: pgpConfig });
  const sessionKeys = (await sessionKeysOf(message, unlocking.ownKey, date)) as SessionKey[];
  return [await message.decrypt(undefined, undefined, sessionKeys, date, config), message];
}

/** Reads what follows the data: the signatures, and whatever is wrong with the rest. */
async function readBehindData({ packets }: AnyMessage): Promise<void> {
  // The library's own, which its types do not show; null when there is nothing more.
  const { stream } = packets as { stream?: ReadableStream<unknown> | null };
  if (stream) await drain(stream[Symbol.asyncIterator]());
}

/** Reads to the end and keeps nothing. */
export async function drain<R>(pieces: AsyncIterator<unknown, R>): Promise<R> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done === true) return value;
  }
}
