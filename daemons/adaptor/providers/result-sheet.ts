import { readCsv } from '../../../shared/formats/read-csv.ts';
import type { ProviderError } from './provider-format.ts';

/**
 * Sheets for a provider's portal. A portal shows the outcome on a page and gives no file for it. So that the outcome has
 * a way back, whoever uploaded the sheet drops it into the provider's inbox under its own name, with two more columns:
 * `Result` and `Error`. Both are our own convention, the same for every portal.
 */

/** What a row of a result sheet says of its device. */
export type Verdict =
  | { readonly kind: 'succeeded' }
  /** The message is empty where nobody wrote one: the catalogue of the format has words for it then. */
  | { readonly kind: 'failed'; readonly error: ProviderError }
  /** Not settled yet. */
  | { readonly kind: 'open' };

const resultColumn = 'Result';
const errorColumn = 'Error';

const open: Verdict = { kind: 'open' };

/**
 * The verdict of every row, by its key. `Result` is `OK` in any letter case, or empty while nothing is settled; anything
 * else is a failure with that word as its code and `Error` as its text. Two rows of one key that contradict each other
 * settle nothing.
 *
 * @param columns of the sheet that was uploaded; the two of the result come besides
 * @param keyOf what tells a row from the others, of the columns of the uploaded sheet
 * @throws Fault ENCODING, CONTROL_CHAR, TOO_LARGE (rows), CSV_MALFORMED
 */
export function readResultSheet(
  bytes: Uint8Array,
  columns: readonly string[],
  keyOf: (row: Readonly<Record<string, string>>) => string,
): ReadonlyMap<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  for (const row of readCsv(bytes, [...columns, resultColumn, errorColumn])) {
    const key = keyOf(row);
    const verdict = verdictOf(row[resultColumn] ?? '', row[errorColumn] ?? '');
    const earlier = verdicts.get(key) ?? verdict;
    verdicts.set(key, earlier.kind === verdict.kind ? earlier : open);
  }
  return verdicts;
}

function verdictOf(result: string, error: string): Verdict {
  const code = result.trim();
  if (code === '') return open;
  if (code.toUpperCase() === 'OK') return { kind: 'succeeded' };
  return { kind: 'failed', error: { code, message: error.trim() } };
}

/**
 * A sheet as RFC 4180 has it: lines end with CR LF, and only values that need quotes have them, because there are portals
 * that take quotes for a part of the value. Nothing is altered, not even what a spreadsheet would take for a formula: the
 * reader is the portal.
 */
export const writeSheet = <Column extends string>(
  columns: readonly Column[],
  rows: readonly Readonly<Record<Column, string>>[],
): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((values) => `${values.map(quoted).join(',')}\r\n`)
    .join('');

const quoted = (value: string): string =>
  /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
