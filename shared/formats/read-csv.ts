import { parse } from 'csv-parse/sync';

import { Fault } from '../runtime/faults.ts';
import { checkCsvStructure, maxRecordBytes } from './csv-structure.ts';
import { refuseControlCharacters, requireUtf8 } from './decode-text.ts';

/** A row: column -> value as it stands in the file. An empty value is an empty text. */
export type CsvRow<Column extends string> = Readonly<Record<Column, string>>;

/**
 * Bytes of a CSV file -> rows. UTF-8 with or without a byte-order mark, commas, double quotes, any line ends. The header
 * has exactly these columns, in any order. Values stay texts as they are: numbers keep their zeros, and what
 * a spreadsheet would take for a formula is not touched. Empty lines are skipped.
 *
 * @throws Fault ENCODING, CONTROL_CHAR, TOO_LARGE (rows), CSV_MALFORMED with every row of another length
 */
export function readCsv<Column extends string>(
  file: Uint8Array,
  columns: readonly Column[],
): CsvRow<Column>[] {
  requireUtf8(file);
  const bytes = withoutMark(file);
  const rowProblems = checkCsvStructure(bytes);
  refuseControlCharacters(bytes.toString());
  return parse(bytes, {
    columns: (header: string[]) => {
      checkHeader(header, columns);
      if (!rowProblems.isEmpty) throw new Fault('CSV_MALFORMED', String(rowProblems));
      return header;
    },
    // Mixed ends would be an error otherwise.
    record_delimiter: ['\r\n', '\n', '\r'],
    max_record_size: maxRecordBytes,
    skip_empty_lines: true,
    cast: false,
  }) as CsvRow<Column>[];
}

/** Taken off here: a second one is part of the first name. */
function withoutMark(file: Uint8Array): Buffer {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  return bytes.subarray(0, 3).equals(mark) ? bytes.subarray(3) : bytes;
}

const mark = Buffer.from('\ufeff');

/** The parser would let the last of two equal names win, and pass over one that nobody knows. */
function checkHeader(header: readonly string[], columns: readonly string[]): void {
  const problems = [
    ...columns.filter((name) => !header.includes(name)).map((name) => `column ${name} is missing`),
    ...header.filter((name) => !columns.includes(name)).map((name) => `column ${shown(name)} is not known`),
    ...header
      .filter((name, index) => header.indexOf(name) !== index)
      .map((name) => `column ${shown(name)} stands twice`),
  ];
  if (problems.length > 0) throw new Fault('CSV_MALFORMED', problems.join('; '));
}

/** A file without a header has data there. */
const shown = (name: string): string => name.slice(0, 60).replaceAll(/\s/g, ' ');
