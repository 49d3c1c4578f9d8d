import { sql, type Kysely } from 'kysely';

import { bug } from '../../runtime/faults.ts';
import type { Db } from '../tables.ts';

/** A table or view as a copy sees it: whatever has rows, by their names. */
export type AnyTables = Record<string, Record<string, unknown>>;

/** The same store, without the types of its tables. */
export const untyped = (db: Db): Kysely<AnyTables> => db as unknown as Kysely<AnyTables>;

export interface CopiedColumn {
  readonly name: string;
  /** As PostgreSQL calls it. */
  readonly type: 'bigint' | 'double precision' | 'text';
}

export interface CopiedTable {
  readonly name: string;
  readonly columns: readonly CopiedColumn[];
  /** Columns of the primary key, in its order. */
  readonly key: readonly CopiedColumn[];
  /** The column that the store numbers by itself. */
  readonly numbered?: string;
  /** The first column that counts something: only rows that come to more than nothing are compared. */
  readonly counted?: string;
}

export interface CopyPlan {
  /** Every table, those that others refer to before these. */
  readonly tables: readonly CopiedTable[];
  /** What triggers keep on both sides: it is not copied, and has to be the same afterwards. */
  readonly counts: readonly CopiedTable[];
}

const types: Readonly<Record<string, CopiedColumn['type']>> = {
  integer: 'bigint',
  real: 'double precision',
  text: 'text',
};

/**
 * What is to be copied, as the schemas of the two stores have it, so that no table and no column can be forgotten.
 *
 * @param source on SQLite
 * @param target on PostgreSQL, of the same version
 */
export async function copyPlan(source: Db, target: Db): Promise<CopyPlan> {
  const views = await viewsOf(target);
  const tables: (CopiedTable & { readonly parents: readonly string[] })[] = [];
  const counts: CopiedTable[] = [];
  for (const { name, columns } of await source.introspection.getTables()) {
    const copied = columns.map((column): CopiedColumn => {
      const type = types[column.dataType.toLowerCase()];
      if (type === undefined) throw bug(`${name}.${column.name} is ${column.dataType}: nobody copies that`);
      return { name: column.name, type };
    });
    const key = await keyOf(source, name, copied);
    const numbered = columns.find((column) => column.isAutoIncrementing)?.name;
    const counted = copied[key.length]?.name;
    if (views.has(name))
      counts.push({ name, columns: copied, key, ...(counted !== undefined && { counted }) });
    else {
      const parents = await parentsOf(source, name);
      tables.push({ name, columns: copied, key, parents, ...(numbered !== undefined && { numbered }) });
    }
  }
  return { tables: parentsFirst(tables), counts };
}

/** Counts are views on PostgreSQL (`postgres/counts.ts`). */
async function viewsOf(target: Db): Promise<Set<string>> {
  const { rows } = await sql<{ name: string }>`
    select viewname as name from pg_views where schemaname = current_schema()`.execute(target);
  return new Set(rows.map(({ name }) => name));
}

async function keyOf(
  source: Db,
  table: string,
  columns: readonly CopiedColumn[],
): Promise<readonly CopiedColumn[]> {
  const { rows } = await sql<{ name: string }>`
    select name from pragma_table_info(${table}) where pk > 0 order by pk`.execute(source);
  const key = rows.flatMap(({ name }) => columns.find((column) => column.name === name) ?? []);
  if (key.length === 0) throw bug(`${table} has no primary key: its rows cannot be compared`);
  return key;
}

/** Tables that this one refers to; itself apart: in the order of their keys, rows refer to earlier ones. */
async function parentsOf(source: Db, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select distinct "table" as name from pragma_foreign_key_list(${table})`.execute(source);
  return rows.map(({ name }) => name).filter((name) => name !== table);
}

function parentsFirst<T extends { readonly name: string; readonly parents: readonly string[] }>(
  tables: readonly T[],
): T[] {
  const sorted: T[] = [];
  let rest = [...tables];
  while (rest.length > 0) {
    const waiting = new Set(rest.map(({ name }) => name));
    const ready = rest.filter(({ parents }) => !parents.some((parent) => waiting.has(parent)));
    if (ready.length === 0) throw bug(`tables refer to each other in a circle: ${[...waiting].join(', ')}`);
    sorted.push(...ready);
    rest = rest.filter((table) => !ready.includes(table));
  }
  return sorted;
}
