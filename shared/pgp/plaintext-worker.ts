import { workerData } from 'node:worker_threads';

import { Fault } from '../runtime/faults.ts';
import { PieceReader, PieceWriter } from './piece-channel.ts';
import type { PlaintextPorts, PlaintextTask } from './plaintext-thread.ts';
import { drain, plaintext } from './plaintext.ts';

/** A thread that decrypts one message: see plaintext-thread.ts. */

/** What is handed over at once: the library gives out pieces of a few kilobytes. */
const portionBytes = 256 * 1024;

const { message, content, dataKey, date, maxPlaintextBytes } = workerData as PlaintextTask & PlaintextPorts;
const writer = new PieceWriter(content);
const reader = new PieceReader(message);
const source = () => reader.pieces();
// It was verified before; to read it needs nobody's key.
const verification = { verificationKeys: [], date };
try {
  const pieces = plaintext(source, { dataKey }, verification, maxPlaintextBytes);
  for await (const portion of portions(pieces)) await writer.write(portion);
  writer.end();
} catch (error) {
  if (!(error instanceof Fault)) throw error;
  // Where these are other bytes than were verified, their source knows it behind the last one, and is heard first.
  await drain(source());
  writer.end(error);
}

/** The same bytes in larger pieces. */
async function* portions(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let portion = new Uint8Array(portionBytes);
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + portionBytes - length);
      portion.set(part, length);
      length += part.length;
      at += part.length;
      if (length < portionBytes) continue;
      yield portion;
      portion = new Uint8Array(portionBytes);
      length = 0;
    }
  }
  if (length > 0) yield portion.slice(0, length);
}
