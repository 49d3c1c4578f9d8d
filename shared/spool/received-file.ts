import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { errnoOf, Fault } from '../runtime/faults.ts';
import { cameFurther } from '../runtime/progress.ts';
import type { Delivery, FileMark } from '../store/deliveries.ts';
import { readAtOnce } from './file-calls.ts';
import { markIn } from './file-orders.ts';

/** What is read at once of a file. */
const pieceBytes = 256 * 1024;

/** A file up to this size is kept in memory while it is worked on; of a larger one nothing is. */
const keptBytes = 1024 * 1024;

/** What is taken as one piece, by those who cannot read in pieces. */
const wholeBytes = 256 * 1024 * 1024;

/** The content of a file, before or after it was opened. */
export interface Content {
  /** It is small, and in memory already. */
  readonly inMemory: boolean;
  /** The bytes, piece by piece; each call begins at the first. */
  pieces(): AsyncIterable<Uint8Array>;
}

/** A claimed file, with the very bytes that are processed. */
export interface ReceivedFile extends Content {
  readonly name: string;
  readonly delivery: Delivery;
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/** Content that is in memory. */
export const contentOf = (bytes: Uint8Array): Content => ({
  inMemory: true,
  // eslint-disable-next-line @typescript-eslint/require-await -- the pieces of a file are waited for, these are there
  pieces: async function* () {
    yield bytes;
  },
});

/** All the bytes. @throws Fault TOO_LARGE */
export async function wholeOf(content: Content): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of content.pieces()) {
    length += piece.length;
    if (length > wholeBytes)
      throw new Fault(
        'TOO_LARGE',
        `the content is larger than ${wholeBytes} bytes, which this inbox reads at once`,
      );
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces);
}

/** What a file is found to be. */
export interface Inspected extends Content {
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
  /** After it was read. */
  readonly mark: FileMark;
}

/** A regular file that is small enough to be read as a whole, and closed; undefined when it is to be opened. */
export async function inspectSmall(path: string, maxBytes: number): Promise<Inspected | undefined> {
  const small = await readAtOnce(path, Math.min(maxBytes, keptBytes));
  if (small === undefined) return undefined;
  cameFurther();
  const { bytes, digest, mark } = small;
  return { digest, size: bytes.length, mark, ...contentOf(bytes) };
}

/** A file that is open for reading. */
export class OpenedFile implements Content {
  readonly #handle: FileHandle;
  readonly #maxBytes: number;
  /** When it was opened. */
  #size = 0;
  #kept: Buffer | undefined;
  #digest: string | undefined;

  private constructor(handle: FileHandle, maxBytes: number) {
    this.#handle = handle;
    this.#maxBytes = maxBytes;
  }

  /**
   * Opens a regular file. Links are not followed and pipes do not block.
   *
   * @throws Fault NOT_REGULAR, TOO_LARGE (before anything is read); ENOENT of the system
   */
  static async open(path: string, maxBytes: number): Promise<OpenedFile> {
    const opened = new OpenedFile(await openRegular(path), maxBytes);
    try {
      await opened.#check();
      return opened;
    } catch (error) {
      await opened[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #check(): Promise<void> {
    const stat = await this.#handle.stat({ bigint: true });
    if (!stat.isFile()) throw new Fault('NOT_REGULAR', 'not a regular file');
    if (stat.size > BigInt(this.#maxBytes))
      throw new Fault('TOO_LARGE', `${stat.size} bytes; the limit of this inbox is ${this.#maxBytes}`);
    this.#size = Number(stat.size);
  }

  /**
   * Reads the file once: its digest, and what it is after that.
   *
   * @throws Fault TOO_LARGE when it has grown meanwhile
   */
  async inspect(): Promise<Inspected> {
    const hash = createHash('sha256');
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of this.#readPieces()) {
      hash.update(piece);
      size += piece.length;
      if (size > this.#maxBytes)
        throw new Fault('TOO_LARGE', `it has grown beyond the limit of this inbox, ${this.#maxBytes} bytes`);
      if (size <= keptBytes) pieces.push(piece);
    }
    this.#digest = hash.digest('hex');
    if (size <= keptBytes) this.#kept = Buffer.concat(pieces);
    const mark = markIn(await this.#handle.stat({ bigint: true }));
    return { digest: this.#digest, size, mark, inMemory: this.inMemory, pieces: () => this.pieces() };
  }

  get inMemory(): boolean {
    return this.#kept !== undefined;
  }

  /**
   * The bytes that were inspected.
   *
   * @throws Fault CHANGED_AFTER_CLAIM, behind the last piece, when the file has others by now
   */
  async *pieces(): AsyncGenerator<Uint8Array> {
    if (this.#kept) {
      yield this.#kept;
      return;
    }
    const hash = createHash('sha256');
    for await (const piece of this.#readPieces()) {
      hash.update(piece);
      yield piece;
    }
    if (hash.digest('hex') !== this.#digest)
      throw new Fault('CHANGED_AFTER_CLAIM', 'the bytes changed while the file was worked on');
  }

  async *#readPieces(): AsyncGenerator<Buffer> {
    for (let at = 0; ;) {
      // Most files are small: room for the rest, and for one byte more, which a file that has grown would have.
      const room = at > this.#size ? pieceBytes : Math.min(pieceBytes, this.#size - at + 1);
      const { bytesRead, buffer } = await this.#handle.read(Buffer.allocUnsafe(room), 0, room, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      cameFurther();
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Never fails: what was read is good, and by now in the store, whether or not the file can be closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENXIO') {
      throw new Fault('NOT_REGULAR', 'a link or a pipe', { cause: error });
    }
    throw error;
  }
}
