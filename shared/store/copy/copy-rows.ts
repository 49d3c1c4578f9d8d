import { sql } from 'kysely';

import type { Db } from '../tables.ts';
import { pagesOf, type Page } from './pages.ts';
import type { CopiedTable } from './plan.ts';

/** Is told how many rows of a table are done. */
export type Progress = (table: string, rows: number) => void;

/**
 * Copies all rows of a table, with their ids; what the target numbers by itself from then on has numbers that the source
 * never gave.
 *
 * @throws Fault STORE_TEXT
 */
export async function copyRows(
  source: Db,
  target: Db,
  table: CopiedTable,
  progress: Progress,
): Promise<void> {
  let rows = 0;
  for await (const page of pagesOf(source, table)) {
    await insert(target, table, page);
    progress(table.name, (rows += page.rows.length));
  }
  await numberOn(source, target, table);
  // The check reads by keys, and the processes after it: without figures, the planner might read all for each page.
  await sql`analyze ${sql.table(table.name)}`.execute(target);
}

/** One parameter for each column: the statement is the same for every page, and no row has parameters of its own. */
async function insert(target: Db, { name, columns }: CopiedTable, { rows }: Page): Promise<void> {
  const lists = columns.map(({ type }, index) => sql`${rows.map((row) => row[index])}::${sql.raw(type)}[]`);
  await sql`
    insert into ${sql.table(name)} (${sql.join(columns.map((column) => sql.ref(column.name)))})
    select * from unnest(${sql.join(lists)})`.execute(target);
}

/** SQLite keeps the highest number that was ever given, also when its row is gone: names of files may bear it. */
async function numberOn(source: Db, target: Db, { name, numbered }: CopiedTable): Promise<void> {
  if (numbered === undefined) return;
  const { rows } = await sql<{ next: string }>`
    select cast(seq + 1 as text) as next from sqlite_sequence where name = ${name}`.execute(source);
  const next = rows[0]?.next;
  if (next === undefined) return;
  // In place of setval(), which no rollback undoes.
  await sql`alter table ${sql.table(name)} alter column ${sql.ref(numbered)} restart with ${sql.raw(BigInt(next).toString())}`.execute(
    target,
  );
}
