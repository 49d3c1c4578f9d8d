import { Fault } from '../runtime/faults.ts';
import { ProblemList } from './problem-list.ts';

/** Longer than any row of ours; what is held of a file whose quote never closes. */
const maxRecordBytes = 64 * 1024;

/** More than any table of ours has. */
const maxColumns = 256;

/** What is held of each row adds up. */
const maxRows = 1_000_000;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const quote = 0x22;
const comma = 0x2c;

/**
 * Looks at the structure of a CSV file, before any of it is cut into values, for what would be told late then, without
 * its line, or not at all. One pass, and no memory but for the problems.
 */
class CsvStructure {
  readonly #bytes: Uint8Array;
  readonly #delimiter: number;
  readonly #problems = new ProblemList();
  #line = 1;
  #recordAt = 0;
  #recordLine = 1;
  #columns = 1;
  /** Columns of the first record. */
  #header: number | undefined;
  #rows = 0;

  constructor(bytes: Uint8Array, delimiter: number) {
    this.#bytes = bytes;
    this.#delimiter = delimiter;
  }

  /** @throws Fault CSV_MALFORMED, TOO_LARGE */
  check(): ProblemList {
    let at = 0;
    while (at < this.#bytes.length) at = this.#step(at);
    this.#endRecord(at, at);
    if (this.#header === undefined) throw malformed(1, 'the header is missing');
    return this.#problems;
  }

  /** Reads what stands at a place outside of quotes. @returns the place behind it */
  #step(at: number): number {
    const byte = this.#bytes[at];
    if (at - this.#recordAt >= maxRecordBytes) throw this.#tooLong();
    if (byte === quote) return this.#quoted(at);
    if (byte === this.#delimiter && ++this.#columns > maxColumns) {
      throw malformed(this.#recordLine, `more than ${maxColumns} columns`);
    }
    if (!this.#endsLine(at)) return at + 1;
    const next = at + this.#endOfLine(at);
    this.#endRecord(at, next);
    return next;
  }

  /** Reads a value in quotes. @returns the place behind it */
  #quoted(opens: number): number {
    const line = this.#line;
    const before = this.#bytes[opens - 1];
    if (opens !== this.#recordAt && before !== this.#delimiter) {
      throw malformed(line, 'a quote stands within a value that is not in quotes');
    }
    for (let at = opens + 1; at < this.#bytes.length; at++) {
      if (at - this.#recordAt >= maxRecordBytes) throw this.#tooLong(line);
      if (this.#bytes[at] === quote) {
        if (this.#bytes[at + 1] !== quote) return this.#behindQuote(at + 1);
        at++;
      } else if (this.#endsLine(at)) at += this.#endOfLine(at) - 1;
    }
    throw malformed(line, 'a quote opens here and is not closed');
  }

  #behindQuote(at: number): number {
    if (at < this.#bytes.length && this.#bytes[at] !== this.#delimiter && !this.#endsLine(at)) {
      const next = this.#delimiter === comma ? 'comma' : 'delimiter';
      throw malformed(this.#line, `something stands between a closing quote and the next ${next}`);
    }
    return at;
  }

  #endsLine(at: number): boolean {
    return this.#bytes[at] === lineFeed || this.#bytes[at] === carriageReturn;
  }

  /** Counts the line that ends here. @returns the bytes of its end */
  #endOfLine(at: number): number {
    this.#line++;
    return this.#bytes[at] === carriageReturn && this.#bytes[at + 1] === lineFeed ? 2 : 1;
  }

  /** An empty line is no record. */
  #endRecord(at: number, next: number): void {
    if (at > this.#recordAt) {
      if (this.#header === undefined) this.#header = this.#columns;
      else this.#checkRow(this.#header);
    }
    this.#recordAt = next;
    this.#recordLine = this.#line;
    this.#columns = 1;
  }

  #checkRow(header: number): void {
    if (++this.#rows > maxRows) throw new Fault('TOO_LARGE', `more than ${maxRows} rows`);
    if (this.#columns === header) return;
    this.#problems.add(`line ${this.#recordLine}: ${this.#columns} columns, where the header has ${header}`);
  }

  #tooLong(quoteLine?: number): Fault {
    return quoteLine === undefined
      ? malformed(this.#recordLine, `a row longer than ${maxRecordBytes} bytes`)
      : malformed(quoteLine, `a quote opens here and is not closed within ${maxRecordBytes} bytes`);
  }
}

const malformed = (line: number, what: string) => new Fault('CSV_MALFORMED', `line ${line}: ${what}`);

/**
 * @param delimiter what stands between two values: one ASCII character
 * @returns every row that is shorter or longer than the header, with its line
 * @throws Fault CSV_MALFORMED for what cannot be read at all, with its line; TOO_LARGE
 */
export const checkCsvStructure = (bytes: Uint8Array, delimiter: string): ProblemList =>
  new CsvStructure(bytes, delimiter.charCodeAt(0)).check();
