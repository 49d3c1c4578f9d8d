import type { MessagePort } from 'node:worker_threads';

import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault } from '../runtime/faults.ts';

/*
 * Bytes that go from one thread to another, piece by piece, over a port that is used for nothing else. The reader
 * answers each piece that it takes up, and the writer waits for the answers: so few pieces are in memory, however slow
 * the other side is.
 */

/** Pieces at most that were written and not taken up yet. */
const maxUnderWay = 4;

type Message = { readonly piece: Uint8Array } | { readonly end: End };
/** Not the fault itself: it would arrive as any error. */
type End = { readonly code: FaultCode; readonly detail: string } | 'whole';

/** Writes pieces. */
export class PieceWriter {
  readonly #port: MessagePort;
  #underWay = 0;
  #closed = false;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', () => {
      this.#underWay--;
      this.#wake();
    });
    port.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  /**
   * Hands over a piece, which is gone here afterwards.
   *
   * @throws Error when nobody reads any more
   */
  async write(piece: Uint8Array<ArrayBuffer>): Promise<void> {
    while (this.#underWay >= maxUnderWay && !this.#closed) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#closed) throw new Error('nobody reads the pieces any more');
    this.#underWay++;
    this.#port.postMessage({ piece } satisfies Message, [piece.buffer]);
  }

  /** Says that there are no more. @param fault why these were not all of them */
  end(fault?: Fault): void {
    const end = fault === undefined ? 'whole' : { code: fault.code, detail: fault.detail };
    this.#port.postMessage({ end } satisfies Message);
  }
}

/** Reads pieces. */
export class PieceReader {
  readonly #port: MessagePort;
  readonly #arrived: Message[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: Message) => {
      this.#arrived.push(message);
      this.#wake();
    });
  }

  /** Nothing more is to be expected from the writer. @param error is thrown in the place of what is still to be read */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /**
   * The pieces, from where an earlier reading was left.
   *
   * @throws Fault of the writer, and what `fail` was told
   */
  async *pieces(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const message = await this.#next();
      if ('end' in message) {
        if (message.end === 'whole') return;
        throw new Fault(message.end.code, message.end.detail);
      }
      this.#port.postMessage('taken');
      yield message.piece;
    }
  }

  async #next(): Promise<Message> {
    for (;;) {
      if (this.#failure) throw this.#failure;
      const [message] = this.#arrived;
      if (message) {
        // The end remains the end.
        if ('piece' in message) this.#arrived.shift();
        return message;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
