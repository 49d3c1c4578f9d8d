import { parse } from 'csv-parse/sync';
import { z } from 'zod';

/** The sheets of the simulated distributor: enrolments in, acknowledgements and results out. */

export const columns = [
  'Transaction',
  'Action',
  'Order',
  'Customer',
  'Delivery',
  'Shipped',
  'Device',
  'AssetTag',
] as const;

const text = z.string().min(1).max(64);
const common = {
  Transaction: text,
  Order: text,
  Customer: text,
  Device: text.regex(/^[0-9A-Za-z-]+$/),
  AssetTag: z.string().max(128),
};
/** What is returned need not say how it was delivered. */
const row = z.discriminatedUnion('Action', [
  z.strictObject({ ...common, Action: z.literal('ENROL'), Delivery: text, Shipped: z.iso.datetime() }),
  z.strictObject({
    ...common,
    Action: z.literal('RETURN'),
    Delivery: z.string().max(64),
    Shipped: z.union([z.literal(''), z.iso.datetime()]),
  }),
]);
export type SheetRow = z.infer<typeof row>;

/** Rows of a sheet of one transaction; or what is wrong with it, in one line. */
export function readSheet(sheet: string): readonly SheetRow[] | string {
  let rows: unknown;
  try {
    rows = parse(sheet, { columns: checkHeader, relax_column_count: false });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const read = z.array(row).min(1).safeParse(rows);
  if (!read.success) {
    const issue = read.error.issues[0];
    return `row ${String(issue?.path[0] ?? '')}, ${String(issue?.path[1] ?? '')}: ${issue?.message ?? ''}`;
  }
  const [first] = read.data;
  return read.data.every(({ Transaction }) => Transaction === first?.Transaction)
    ? read.data
    : 'a sheet holds one transaction';
}

function checkHeader(header: string[]): string[] {
  if (header.join() !== columns.join()) throw new Error(`the columns must be ${columns.join()}`);
  return header;
}

export function writeSheet(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (value: string) => (/[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);
  return [header, ...rows].map((line) => `${line.map(cell).join()}\r\n`).join('');
}
