import { Fault } from '../runtime/faults.ts';
import { CsvRecords, type CsvRecord } from './csv-records.ts';
import { Utf8Check } from './decode-text.ts';
import { ProblemList } from './problem-list.ts';

/** What is held of each row adds up. */
const maxRows = 1_000_000;

/** A row: column -> value as it stands in the file. An empty value is an empty text. */
export type CsvRow<Column extends string> = Readonly<Record<Column, string>>;

export interface CsvOptions {
  /** One ASCII character; a comma by default. */
  readonly delimiter?: string;
  /**
   * For files of partners, who add columns and retype headers: columns that nobody asked for are passed over, and blanks
   * around names, and their letter case, do not count.
   */
  readonly tolerant?: boolean;
}

/**
 * Bytes of a CSV file -> rows. UTF-8 with or without a byte-order mark, double quotes, any line ends. The header
 * has exactly these columns, in any order. Values stay texts as they are: numbers keep their zeros, and what
 * a spreadsheet would take for a formula is not touched. Empty lines are skipped.
 *
 * @throws Fault ENCODING, CONTROL_CHAR, TOO_LARGE (rows), CSV_MALFORMED with every row of another length
 */
export function readCsv<Column extends string>(
  file: Uint8Array,
  columns: readonly Column[],
  options: CsvOptions = {},
): CsvRow<Column>[] {
  const rows: CsvRow<Column>[] = [];
  const reader = new CsvReader(columns, options, (values) => {
    rows.push(Object.fromEntries(columns.map((name, index) => [name, values[index]])) as CsvRow<Column>);
  });
  reader.push(file);
  reader.end();
  return rows;
}

/** The same for a table that comes in pieces, of which no row is held. */
export class CsvReader {
  readonly #columns: readonly string[];
  readonly #options: Required<CsvOptions>;
  readonly #onRow: (values: readonly string[]) => void;
  readonly #encoding = new Utf8Check();
  readonly #records: CsvRecords;
  readonly #rowProblems = new ProblemList();
  /** The first bytes, up to the length of a mark. */
  #begin: Buffer | undefined = Buffer.alloc(0);
  /** Of each column that is asked for, where it stands in the file; undefined before the header. */
  #places: readonly number[] | undefined;
  #written = 0;
  #rows = 0;
  /** Why it cannot be cut into records, at some place; the bytes behind it are looked at all the same. */
  #broken: Fault | undefined;
  #badHeader: Fault | undefined;

  /**
   * @param onRow is given the values of each row, in the order of the columns that are asked for. That the file can be
   *   read, and has no wrong row, is known only at its end
   */
  constructor(
    columns: readonly string[],
    { delimiter = ',', tolerant = false }: CsvOptions,
    onRow: (values: readonly string[]) => void,
  ) {
    this.#columns = columns;
    this.#options = { delimiter, tolerant };
    this.#onRow = onRow;
    this.#records = new CsvRecords(delimiter, (record) => {
      this.#take(record);
    });
  }

  /** @throws Fault ENCODING */
  push(piece: Uint8Array): void {
    this.#encoding.push(piece);
    const bytes =
      this.#begin === undefined || this.#begin.length === 0 ? piece : Buffer.concat([this.#begin, piece]);
    const isBegin = this.#begin !== undefined;
    if (isBegin && bytes.length < mark.length) this.#begin = Buffer.from(bytes);
    else {
      this.#begin = undefined;
      this.#cut(() => this.#records.push(isBegin ? withoutMark(bytes) : bytes));
    }
  }

  /** After the last piece. @throws Fault as `readCsv`, and all of them at once */
  end(): void {
    this.#encoding.end();
    this.#cut(() => {
      if (this.#begin) this.#records.push(this.#begin);
      this.#records.end();
    });
    if (this.#broken) throw this.#broken;
    if (!this.#places) throw new Fault('CSV_MALFORMED', 'line 1: the header is missing');
    if (this.#records.controlCharacter) throw this.#records.controlCharacter;
    if (this.#badHeader) throw this.#badHeader;
    if (!this.#rowProblems.isEmpty) throw new Fault('CSV_MALFORMED', String(this.#rowProblems));
  }

  #cut(cut: () => void): void {
    if (this.#broken) return;
    try {
      cut();
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.#broken = thrown;
    }
  }

  #take(record: CsvRecord): void {
    if (!this.#places) {
      this.#places = this.#header(record);
      return;
    }
    if (++this.#rows > maxRows) throw new Fault('TOO_LARGE', `more than ${maxRows} rows`);
    const { line, columns } = record;
    if (columns !== this.#written) {
      this.#rowProblems.add(`line ${line}: ${columns} columns, where the header has ${this.#written}`);
    } else if (!this.#badHeader) this.#onRow(this.#places.map((place) => record.valueAt(place)));
  }

  #header(record: CsvRecord): number[] {
    this.#written = record.columns;
    const written = Array.from({ length: record.columns }, (_, column) => record.valueAt(column));
    const header = this.#options.tolerant ? written.map((name) => askedFor(name, this.#columns)) : written;
    try {
      checkHeader(
        header.filter((name) => name !== undefined),
        this.#columns,
        this.#options.delimiter,
      );
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.#badHeader = thrown;
    }
    return this.#columns.map((name) => header.indexOf(name));
  }
}

/** The column that a partner means; undefined: one that nobody asked for. The very name comes before a similar one. */
function askedFor<Column extends string>(written: string, columns: readonly Column[]): Column | undefined {
  const plain = (name: string) => name.trim().toLowerCase();
  return columns.find((name) => name === written) ?? columns.find((name) => plain(name) === plain(written));
}

/** Taken off here: a second one is part of the first name. */
const withoutMark = (bytes: Uint8Array): Uint8Array =>
  mark.equals(bytes.subarray(0, mark.length)) ? bytes.subarray(mark.length) : bytes;

const mark = Buffer.from('\ufeff');

/** The parser would let the last of two equal names win, and pass over one that nobody knows. */
function checkHeader(header: readonly string[], columns: readonly string[], delimiter: string): void {
  if (!header.some((name) => columns.includes(name))) {
    // Data stands there, and data is not told to anybody.
    const line = columns.join(delimiter).replaceAll('\t', ' ');
    throw new Fault('CSV_MALFORMED', `line 1: the header is missing; it is ${line}`);
  }
  const problems = [
    ...columns.filter((name) => !header.includes(name)).map((name) => `column ${name} is missing`),
    ...header.filter((name) => !columns.includes(name)).map((name) => `column ${shown(name)} is not known`),
    ...header
      .filter((name, index) => header.indexOf(name) !== index)
      .map((name) => `column ${shown(name)} stands twice`),
  ];
  if (problems.length === 0) return;
  const rest = problems.length - maxShown;
  const said = [...problems.slice(0, maxShown), ...(rest > 0 ? [`and ${rest} more`] : [])];
  throw new Fault('CSV_MALFORMED', said.join('; '));
}

/** Problems of a header that are told; there may be a thousand columns. */
const maxShown = 30;

/** What was cut out of a file may have put data there. */
const shown = (name: string): string => name.slice(0, 60).replaceAll(/\s/g, ' ');
