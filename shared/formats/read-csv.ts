import { Fault } from '../runtime/faults.ts';
import { checkCsvStructure } from './csv-structure.ts';
import { cutCsv } from './cut-csv.ts';
import { refuseControlCharactersIn, requireUtf8 } from './decode-text.ts';

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
  return Array.from(
    readCsvRows(file, columns, options),
    (values) => Object.fromEntries(columns.map((name, index) => [name, values[index]])) as CsvRow<Column>,
  );
}

/**
 * The same, for tables of which not all rows are to be held at once. The whole file is checked before the first row.
 *
 * @returns the values of each row, in the order of the columns that are asked for
 * @throws Fault as `readCsv`, and all of them at once
 */
export function readCsvRows(
  file: Uint8Array,
  columns: readonly string[],
  { delimiter = ',', tolerant = false }: CsvOptions = {},
): Iterable<readonly string[]> {
  requireUtf8(file);
  const bytes = withoutMark(file);
  const rowProblems = checkCsvStructure(bytes, delimiter);
  refuseControlCharactersIn(bytes);
  const [written = []] = cutCsv(bytes, delimiter);
  const header = tolerant ? written.map((name) => askedFor(name, columns)) : written;
  checkHeader(
    header.filter((name) => name !== undefined),
    columns,
    delimiter,
  );
  if (!rowProblems.isEmpty) throw new Fault('CSV_MALFORMED', String(rowProblems));
  const places = header.map((name) => (name === undefined ? -1 : columns.indexOf(name)));
  return {
    [Symbol.iterator]: () => {
      const records = cutCsv(bytes, delimiter, places);
      records.next(); // The header.
      return records;
    },
  };
}

/** The column that a partner means; undefined: one that nobody asked for. The very name comes before a similar one. */
function askedFor<Column extends string>(written: string, columns: readonly Column[]): Column | undefined {
  const plain = (name: string) => name.trim().toLowerCase();
  return columns.find((name) => name === written) ?? columns.find((name) => plain(name) === plain(written));
}

/** Taken off here: a second one is part of the first name. */
function withoutMark(file: Uint8Array): Buffer {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  return bytes.subarray(0, 3).equals(mark) ? bytes.subarray(3) : bytes;
}

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
