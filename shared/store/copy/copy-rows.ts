import { sql } from 'kysely';

import { Fault } from '../../runtime/faults.ts';
import { withSavepoint } from '../open-store.ts';
import type { Db } from '../tables.ts';
import { keyOfRow, keyText, pagesOf, type CopiedRow } from './pages.ts';
import type { CopiedTable } from './plan.ts';

/** Is told how many rows of a table are done. */
export type Progress = (table: string, rows: number) => void;

/**
 * Copies all rows of a table, with their ids; what the target numbers by itself from then on has numbers that the source
 * never gave.
 *
 * @param target within its transaction
 * @throws Fault STORE_ROW
 */
export async function copyRows(
  source: Db,
  target: Db,
  table: CopiedTable,
  progress: Progress,
): Promise<void> {
  let rows = 0;
  for await (const page of pagesOf(source, table)) {
    const refused = await withSavepoint(target, () => insert(target, table, page.rows));
    if (refused) throw await blame(target, table, page.rows, refused.thrown);
    progress(table.name, (rows += page.rows.length));
  }
  await numberOn(source, target, table);
  // The check reads by keys, and the processes after it: without figures, the planner might read all for each page.
  await sql`analyze ${sql.table(table.name)}`.execute(target);
}

/** One parameter for each column: the statement is the same for every page, and no row has parameters of its own. */
async function insert(target: Db, { name, columns }: CopiedTable, rows: readonly CopiedRow[]): Promise<void> {
  const lists = columns.map(({ type }, index) => sql`${rows.map((row) => row[index])}::${sql.raw(type)}[]`);
  await sql`
    insert into ${sql.table(name)} (${sql.join(columns.map((column) => sql.ref(column.name)))})
    select * from unnest(${sql.join(lists)})`.execute(target);
}

/** What the server says of rows does not tell which: the first that it refuses by itself, or what it said. */
async function blame(
  target: Db,
  table: CopiedTable,
  rows: readonly CopiedRow[],
  thrown: unknown,
): Promise<unknown> {
  if (thrown instanceof Fault) return thrown; // Of the server itself: its disk is full, it is busy.
  for (const row of rows) {
    const refused = await withSavepoint(target, () => insert(target, table, [row]));
    if (!refused) continue;
    const { message } = refused.thrown as Error;
    const place = `${table.name}, row ${keyText(table, keyOfRow(table, row))}`;
    return new Fault('STORE_ROW', `${place}: ${message}`, { cause: refused.thrown });
  }
  return thrown;
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
