import { JsonStructure } from './json-structure.ts';
import { DocumentProblem } from './problem.ts';

/** One record is parsed at once, and so is all that stands around the records. */
const maxPartBytes = 16 * 1024 * 1024;

/** The bytes of a record as they stand in the document. */
export interface CutRecord {
  readonly bytes: Uint8Array;
  /** Where it begins in the document, in bytes. */
  readonly at: number;
}

/**
 * Cuts the records out of one JSON document that comes in pieces, so that it is never held whole. What remains, with
 * a null in the place of each record, is a small document of its own: its commas and brackets are those between the
 * records. A null and no number: `-0` and `0.0` would hide what stands beside a record.
 */
export class RecordCutter {
  readonly #structure: JsonStructure;
  readonly #frame = new Growing();
  /** The record that is being read; undefined between records. */
  #record: Growing | undefined;
  /** Bytes before the present piece. */
  #before = 0;
  #begun = 0;

  /** @param property of the document: a list whose elements are the records, or an object that is the only one */
  constructor(property: string) {
    this.#structure = new JsonStructure(property);
  }

  /**
   * The records that end in the next piece.
   *
   * @throws DocumentProblem JSON_TOO_DEEP, FORBIDDEN_KEY, JSON_MALFORMED, RECORD_TOO_LARGE
   */
  *push(piece: Uint8Array): Generator<CutRecord> {
    let from = 0;
    for (const { kind, at } of this.#structure.scan(piece)) {
      const part = piece.subarray(from, at);
      from = at;
      if (kind === 'begins') {
        this.#frame.append(part);
        this.#frame.append(placeholder);
        this.#record = new Growing();
        this.#begun = this.#before + at;
      } else if (this.#record) {
        this.#record.append(part);
        yield { bytes: this.#record.bytes, at: this.#begun };
        this.#record = undefined;
      }
    }
    (this.#record ?? this.#frame).append(piece.subarray(from));
    this.#before += piece.length;
  }

  /** What stands around the records; after the last piece. */
  get frame(): Uint8Array {
    return this.#frame.bytes;
  }
}

const placeholder = new TextEncoder().encode('null');

/** Bytes that come in parts. */
class Growing {
  #space = new Uint8Array(256);
  #length = 0;

  /** @throws DocumentProblem RECORD_TOO_LARGE */
  append(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > maxPartBytes) {
      throw new DocumentProblem('RECORD_TOO_LARGE', `the limit is ${maxPartBytes} bytes`);
    }
    if (length > this.#space.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#space.length));
      larger.set(this.bytes);
      this.#space = larger;
    }
    this.#space.set(part, this.#length);
    this.#length = length;
  }

  get bytes(): Uint8Array {
    return this.#space.subarray(0, this.#length);
  }
}
