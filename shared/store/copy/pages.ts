import { sql, type Expression, type RawBuilder, type SqlBool } from 'kysely';

import { Fault } from '../../runtime/faults.ts';
import type { Db } from '../tables.ts';
import { untyped, type CopiedColumn, type CopiedTable } from './plan.ts';

/** Whole numbers as text: JavaScript's own numbers are exact up to 2^53 only. */
export type Value = string | number | null;

/** Values of a row, in the order of the table's columns. */
export type CopiedRow = readonly Value[];

/** Values of a primary key. */
export type Key = readonly Value[];

/** Some rows that stand side by side in the order of the primary key. */
export interface Page {
  /** The last key of the page before; undefined: this is the first. */
  readonly after: Key | undefined;
  readonly rows: readonly CopiedRow[];
  readonly last: Key;
}

/** A page ends with whichever is reached first: rows of a store are of a few bytes, or of many megabytes. */
const most = { rows: 2000, characters: 4_000_000 };

/**
 * All rows of a table by its primary key, in pages of a few megabytes: no table is ever in memory.
 *
 * @throws Fault STORE_ROW when a text cannot be in PostgreSQL
 */
export async function* pagesOf(source: Db, table: CopiedTable): AsyncGenerator<Page> {
  for (let after: Key | undefined; ;) {
    const rows = await readPage(source, table, after);
    const [lastRow] = rows.slice(-1);
    if (!lastRow) return;
    await checkTexts(source, table, rows);
    const last = keyOfRow(table, lastRow);
    yield { after, rows, last };
    after = last;
  }
}

async function readPage(source: Db, table: CopiedTable, after: Key | undefined): Promise<CopiedRow[]> {
  const rows: CopiedRow[] = [];
  let characters = 0;
  for await (const row of select(source, table, after).limit(most.rows).stream()) {
    const values = valuesOf(table, row);
    rows.push(values);
    for (const value of values) characters += typeof value === 'string' ? value.length : 0;
    if (characters >= most.characters) break;
  }
  return rows;
}

/** Rows between two keys, the first not among them, by the primary key. @param limit at most so many */
export async function rowsBetween(
  db: Db,
  table: CopiedTable,
  { after, last }: { readonly after: Key | undefined; readonly last: Key | undefined },
  limit: number,
): Promise<CopiedRow[]> {
  let query = select(db, table, after).limit(limit);
  if (last !== undefined) query = query.where(compare(table, '<=', last));
  return (await query.execute()).map((row) => valuesOf(table, row));
}

export const keyOfRow = (table: CopiedTable, row: CopiedRow): Key =>
  table.key.map((column) => row[table.columns.indexOf(column)] ?? null);

/** For people: `request_id=7, order_id=12`. */
export const keyText = (table: CopiedTable, key: Key): string =>
  table.key.map(({ name }, index) => `${name}=${key[index] ?? 'null'}`).join(', ');

function select(db: Db, table: CopiedTable, after: Key | undefined) {
  let query = untyped(db)
    .selectFrom(table.name)
    .select(table.columns.map((column, index) => read(column).as(alias(index))));
  for (const { name } of table.key) query = query.orderBy(sql.ref(name));
  if (after !== undefined) query = query.where(compare(table, '>', after));
  if (table.counted !== undefined) query = query.where(table.counted, '<>', 0);
  return query;
}

/** No name of a column: it would be sorted by what is read, a text, and not by what is stored. */
const alias = (index: number): string => `v${index}`;

const read = ({ name, type }: CopiedColumn): RawBuilder<Value> =>
  type === 'bigint' ? sql`cast(${sql.ref(name)} as text)` : sql.ref(name);

const valuesOf = ({ columns }: CopiedTable, row: Record<string, unknown>): CopiedRow =>
  columns.map((_, index) => row[alias(index)] as Value);

/** Both engines compare keys of several columns from left to right, and texts by their bytes. */
const compare = ({ key }: CopiedTable, operator: '>' | '<=' | '=', values: Key): Expression<SqlBool> =>
  sql`(${sql.join(key.map(({ name }) => sql.ref(name)))}) ${sql.raw(operator)} (${sql.join(
    key.map(({ type }, index) => sql`cast(${values[index]} as ${sql.raw(type)})`),
  )})`;

/** The character that stands for bytes that are none: the driver puts it there in silence. */
const replacement = '\ufffd';

/** @throws Fault STORE_ROW */
async function checkTexts(source: Db, table: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
  for (const row of rows) {
    for (const [index, { name, type }] of table.columns.entries()) {
      const value = row[index];
      if (type !== 'text' || typeof value !== 'string') continue;
      const refuse = (what: string) =>
        new Fault(
          'STORE_ROW',
          `${table.name}, row ${keyText(table, keyOfRow(table, row))}, ${name}: ${what}`,
        );
      if (value.includes('\0')) throw refuse('a NUL character');
      if (value.includes(replacement) && !(await isStored(source, table, row, name, value)))
        throw refuse('bytes that are no UTF-8');
    }
  }
}

/** Whether the column has these very characters. */
async function isStored(
  source: Db,
  table: CopiedTable,
  row: CopiedRow,
  column: string,
  text: string,
): Promise<boolean> {
  const { bytes } = await untyped(source)
    .selectFrom(table.name)
    .select(sql<Buffer>`cast(${sql.ref(column)} as blob)`.as('bytes'))
    .where(compare(table, '=', keyOfRow(table, row)))
    .executeTakeFirstOrThrow();
  return bytes.equals(Buffer.from(text));
}
