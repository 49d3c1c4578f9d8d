import { codePoint } from '../generic/text.ts';
import { Fault } from '../runtime/faults.ts';

/** Longer than any row of ours; what is held of a file whose quote never closes. */
const maxRecordBytes = 64 * 1024;

/** More than any table of ours has. */
const maxColumns = 256;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const comma = 0x2c;

/** What a byte means in a value. Everything else means itself. */
const [ordinary, ending, quoting, suspect] = [0, 1, 2, 3];

/** What has to be seen of the next byte is not there yet. */
const unfinished = -1;

/** One record of a table, good until the next one. */
export interface CsvRecord {
  /** Its first line in the file, from 1. */
  readonly line: number;
  /** How many values it has. */
  readonly columns: number;
  /** A value, by its place in the record. Equal values of one column that follow each other are the same text. */
  valueAt(column: number): string;
}

/**
 * Cuts a table that comes in pieces into its records; an empty line is none. Of a table of any size no more is held than
 * one piece and one record. One pass looks at structure and control characters and finds the values.
 */
export class CsvRecords implements CsvRecord {
  readonly #delimiter: number;
  readonly #meanings: Uint8Array;
  readonly #onRecord: (record: CsvRecord) => void;
  /** The piece in hand, behind what was left of the one before. */
  #bytes: Buffer = Buffer.alloc(0);
  #room: Buffer = Buffer.alloc(0);
  /** Whether nothing follows what is in hand. */
  #isLast = false;
  /** The line that is being read. */
  #line = 1;
  #control: Fault | undefined;
  #recordAt = 0;
  #recordLine = 1;
  #columns = 0;
  /** Of the values of the record, the places behind them. */
  readonly #ends = new Int32Array(maxColumns);
  readonly #texts: string[] = [];

  /** @param delimiter what stands between two values: one ASCII character */
  constructor(delimiter: string, onRecord: (record: CsvRecord) => void) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#meanings = meaningsWith(this.#delimiter);
    this.#onRecord = onRecord;
  }

  /** The first control character, with its line; undefined: none so far. */
  get controlCharacter(): Fault | undefined {
    return this.#control;
  }

  /** @throws Fault CSV_MALFORMED for what cannot be read at all, with its line; what `onRecord` throws */
  push(piece: Uint8Array): void {
    this.#bytes = this.#behindRest(piece);
    const rest = this.#bytes.subarray(this.#read());
    // A copy: the piece is not to be held for the sake of its last line.
    this.#bytes = Buffer.from(rest);
  }

  /** Reads what has no end of a line. @throws as `push` */
  end(): void {
    this.#isLast = true;
    this.#read();
  }

  /** What is left of the piece before, and the next one. The room for both is used again and again. */
  #behindRest({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
    const piece = Buffer.from(buffer, byteOffset, byteLength);
    const rest = this.#bytes;
    const length = rest.length + byteLength;
    if (rest.length === 0) return piece;
    if (length > this.#room.length) this.#room = Buffer.allocUnsafe(length + maxRecordBytes);
    rest.copy(this.#room);
    piece.copy(this.#room, rest.length);
    return this.#room.subarray(0, length);
  }

  get line(): number {
    return this.#recordLine;
  }

  get columns(): number {
    return this.#columns;
  }

  valueAt(column: number): string {
    const start = column === 0 ? this.#recordAt : (this.#ends[column - 1] ?? 0) + 1;
    const end = this.#ends[column] ?? 0;
    if (start === end) return '';
    const bytes = this.#bytes;
    if (bytes[start] === quote) return bytes.toString('utf8', start + 1, end - 1).replaceAll('""', '"');
    // Most columns say for many rows on end what they said of the row before: a status, the id of a batch.
    const earlier = this.#texts[column];
    if (earlier !== undefined && isWrittenAt(bytes, start, end, earlier)) return earlier;
    return (this.#texts[column] = bytes.toString('utf8', start, end));
  }

  /** @returns the place behind the last record that is complete */
  #read(): number {
    const bytes = this.#bytes;
    let at = 0;
    while (at < bytes.length) {
      const line = this.#line;
      const end = this.#isAtLineEnd(at) ? at : this.#recordEnd(at);
      const next = end === unfinished ? unfinished : this.#lineEnd(end);
      if (next === unfinished) {
        this.#line = line;
        return at;
      }
      if (end > at) this.#onRecord(this);
      at = next;
    }
    return at;
  }

  /** Finds the values of the record that begins here. @returns the place behind it */
  #recordEnd(start: number): number {
    this.#recordAt = start;
    this.#recordLine = this.#line;
    this.#columns = 0;
    for (let at = start; ; at++) {
      const end = this.#bytes[at] === quote ? this.#quotedEnd(at) : this.#bareEnd(at);
      if (end === unfinished) return unfinished;
      this.#ends[this.#columns++] = end;
      if (end === this.#bytes.length || this.#bytes[end] !== this.#delimiter) return end;
      if (this.#columns === maxColumns) throw malformed(this.#recordLine, `more than ${maxColumns} columns`);
      at = end;
    }
  }

  #bareEnd(start: number): number {
    const bytes = this.#bytes;
    const meanings = this.#meanings;
    const stop = Math.min(bytes.length, this.#recordAt + maxRecordBytes);
    for (let at = start; ; at++) {
      while (at < stop && meanings[bytes[at] ?? 0] === ordinary) at++;
      if (at === bytes.length) return this.#isLast ? at : unfinished;
      this.#refuseLongRow(at);
      const meaning = meanings[bytes[at] ?? 0];
      if (meaning === ending) return at;
      if (meaning === quoting) {
        throw malformed(this.#line, 'a quote stands within a value that is not in quotes');
      }
      this.#lookAt(at);
    }
  }

  #refuseLongRow(at: number): void {
    if (at - this.#recordAt < maxRecordBytes) return;
    throw malformed(this.#recordLine, `a row longer than ${maxRecordBytes} bytes`);
  }

  #quotedEnd(opens: number): number {
    this.#refuseLongRow(opens);
    const line = this.#line;
    const bytes = this.#bytes;
    const limit = this.#recordAt + maxRecordBytes;
    for (let at = opens + 1; at < bytes.length; at++) {
      if (at >= limit) {
        throw malformed(line, `a quote opens here and is not closed within ${maxRecordBytes} bytes`);
      }
      const meaning = this.#meanings[bytes[at] ?? 0];
      if (meaning === ordinary) continue;
      if (meaning === quoting) {
        // Of two, the first stands for nothing but the second.
        if (bytes[at + 1] !== quote) return this.#behindQuote(at + 1);
        at++;
      } else if (this.#isAtLineEnd(at)) {
        const next = this.#lineEnd(at);
        if (next === unfinished) return unfinished;
        at = next - 1;
      } else if (meaning === suspect) this.#lookAt(at);
    }
    if (this.#isLast) throw malformed(line, 'a quote opens here and is not closed');
    return unfinished;
  }

  #behindQuote(at: number): number {
    if (at === this.#bytes.length) return this.#isLast ? at : unfinished;
    if (this.#meanings[this.#bytes[at] ?? 0] !== ending) {
      const next = this.#delimiter === comma ? 'comma' : 'delimiter';
      throw malformed(this.#line, `something stands between a closing quote and the next ${next}`);
    }
    this.#refuseLongRow(at);
    return at;
  }

  #isAtLineEnd(at: number): boolean {
    return this.#bytes[at] === lineFeed || this.#bytes[at] === carriageReturn;
  }

  /** Counts the line that ends here. @returns the place behind its end */
  #lineEnd(at: number): number {
    const { length } = this.#bytes;
    if (at === length) return at;
    const isReturn = this.#bytes[at] === carriageReturn;
    if (isReturn && at + 1 === length && !this.#isLast) return unfinished;
    this.#line++;
    return isReturn && this.#bytes[at + 1] === lineFeed ? at + 2 : at + 1;
  }

  /** U+0080 to U+009F are two bytes, C2 and a second one; nothing else that begins with C2 is meant. */
  #lookAt(at: number): void {
    if (this.#control) return;
    const byte = this.#bytes[at] ?? 0;
    const second = byte === 0xc2 ? (this.#bytes[at + 1] ?? 0xff) : 0;
    if (second > 0x9f) return;
    const char = String.fromCharCode(byte === 0xc2 ? second : byte);
    this.#control = new Fault('CONTROL_CHAR', `line ${this.#line}: ${codePoint(char)}`);
  }
}

const malformed = (line: number, what: string) => new Fault('CSV_MALFORMED', `line ${line}: ${what}`);

function meaningsWith(delimiter: number): Uint8Array {
  const meanings = new Uint8Array(256).fill(ordinary);
  meanings.fill(suspect, 0, 0x20);
  meanings[0x7f] = meanings[0xc2] = suspect;
  meanings[0x09] = ordinary;
  meanings[quote] = quoting;
  meanings[delimiter] = meanings[lineFeed] = meanings[carriageReturn] = ending;
  return meanings;
}

/** Whether these bytes are the text; it may also say no of a text that is not in ASCII. */
function isWrittenAt(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  // The last byte is the likeliest to differ: of numbers that are counted up.
  for (let at = end - 1; at >= start; at--) {
    const byte = bytes[at] ?? 0;
    if (byte >= 0x80 || byte !== text.charCodeAt(at - start)) return false;
  }
  return true;
}
