import { ReadableStream } from 'node:stream/web';

import { ArmourRemover, bytesToTellArmour, isArmoured } from './armour.ts';

/** Where the bytes of a message come from; each call begins anew at the first byte. */
export type MessageSource = () => AsyncIterable<Uint8Array>;

/**
 * The message in binary form, whether it comes in armour or not.
 *
 * @throws Fault NOT_ENCRYPTED, PGP_MALFORMED, and what the source throws
 */
export async function* binaryForm(source: MessageSource): AsyncGenerator<Uint8Array, void> {
  let beginning = true;
  let armour: ArmourRemover | undefined;
  for await (const piece of withLongStart(source())) {
    if (beginning && isArmoured(piece)) armour = new ArmourRemover();
    beginning = false;
    yield armour === undefined ? piece : armour.push(piece);
  }
  if (armour !== undefined) yield armour.end();
}

/** The same pieces, the first of them long enough to tell armour. */
async function* withLongStart(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let start: Uint8Array | undefined = new Uint8Array();
  for await (const piece of pieces) {
    if (start === undefined) yield piece;
    else {
      start = Buffer.concat([start, piece]);
      if (start.length < bytesToTellArmour) continue;
      yield start;
      start = undefined;
    }
  }
  if (start !== undefined) yield start;
}

/** One reading of bytes as the library takes them, which can be ended before its end. */
export class Reading {
  readonly #pieces: AsyncGenerator<Uint8Array, void>;
  readonly stream: ReadableStream<Uint8Array>;
  /** What the bytes' source threw, as it was; the library would wrap it. */
  failure: Error | undefined;

  constructor(pieces: AsyncGenerator<Uint8Array, void>) {
    this.#pieces = pieces;
    this.stream = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const piece = await this.#next();
          if (piece === undefined) controller.close();
          else controller.enqueue(piece);
        } catch (error) {
          this.failure = error as Error;
          controller.error(error);
        }
      },
      cancel: () => this.close(),
    });
  }

  /** The next piece that is not empty: the library takes an empty one for the end. */
  async #next(): Promise<Uint8Array | undefined> {
    for (;;) {
      const { done, value } = await this.#pieces.next();
      if (done === true) return undefined;
      if (value.length > 0) return value;
    }
  }

  /** Lets go of the source, wherever the reading stands. */
  async close(): Promise<void> {
    await this.#pieces.return();
  }
}
