import type { RequestMapping } from '../../../../shared/runtime/configured-format-schema.ts';
import type { OrderValues } from './documents.ts';

export type TableRequest = Extract<RequestMapping, { kind: 'csv' }>;

/** The characters that the settings name. */
export const delimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|' } as const;

/** The rows of a request: one for each device, or for each order. */
export function rowsOf(
  { fields, rows }: TableRequest,
  transactionId: string,
  orders: readonly OrderValues[],
): string[][] {
  const values = orders.flatMap((order) => (rows === 'order' ? [order.values] : order.devices));
  return values.map((row) =>
    fields.map(({ from }, index) => (from === 'transactionId' ? transactionId : (row[index] ?? ''))),
  );
}

/**
 * A table. Only values that need quotes have them, because there are partners who take quotes for a part of the value.
 * What a spreadsheet would take for a formula is not touched: the reader is the partner's program.
 */
export function writeCsv(request: TableRequest, rows: readonly (readonly string[])[]): string {
  const delimiter = delimiters[request.delimiter];
  const end = request.lineEnd === 'lf' ? '\n' : '\r\n';
  const header = request.header ? [request.fields.map(({ name }) => name)] : [];
  return [...header, ...rows].map((row) => `${line(row, delimiter)}${end}`).join('');
}

/** Never empty, which would be no row: the key always stands in it. */
const line = (row: readonly string[], delimiter: string): string =>
  row.map((value) => quoted(value, delimiter)).join(delimiter);

const quoted = (value: string, delimiter: string): string =>
  /["\r\n]/.test(value) || value.includes(delimiter) ? `"${value.replaceAll('"', '""')}"` : value;
