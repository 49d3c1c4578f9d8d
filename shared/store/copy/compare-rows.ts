import type { Db } from '../tables.ts';
import type { Progress } from './copy-rows.ts';
import { keyOfRow, keyText, pagesOf, rowsBetween, type CopiedRow, type Key } from './pages.ts';
import type { CopiedTable } from './plan.ts';

/** Something that is not the same in both stores. Without the values: they may be nobody's business. */
export interface Difference {
  readonly table: string;
  /** Primary key of the row: `id=12`. */
  readonly row: string;
  readonly what: 'missing' | 'not in the source' | `another ${string}`;
}

export interface Compared {
  readonly table: string;
  /** Rows of the source. */
  readonly rows: number;
  readonly differences: number;
  /** The first of them. */
  readonly first: readonly Difference[];
}

/** Differences that are told one by one; of more than that the number says enough. */
const mostTold = 10;

/** Reads both sides by the primary key, and compares every column of every row. */
export async function compareRows(
  source: Db,
  target: Db,
  table: CopiedTable,
  progress: Progress,
): Promise<Compared> {
  const found = new Found(table);
  let rows = 0;
  let after: Key | undefined;
  for await (const page of pagesOf(source, table)) {
    found.compare(page.rows, await rowsBetween(target, table, page, page.rows.length + mostTold));
    progress(table.name, (rows += page.rows.length));
    after = page.last;
  }
  found.compare([], await rowsBetween(target, table, { after, last: undefined }, mostTold));
  return { table: table.name, rows, differences: found.count, first: found.first };
}

class Found {
  readonly #table: CopiedTable;
  readonly first: Difference[] = [];
  count = 0;

  constructor(table: CopiedTable) {
    this.#table = table;
  }

  compare(source: readonly CopiedRow[], target: readonly CopiedRow[]): void {
    const keyOf = (row: CopiedRow) => JSON.stringify(keyOfRow(this.#table, row));
    const copies = new Map(target.map((row) => [keyOf(row), row]));
    for (const row of source) {
      const copy = copies.get(keyOf(row));
      copies.delete(keyOf(row));
      if (!copy) this.#add(row, 'missing');
      else this.#compareColumns(row, copy);
    }
    for (const row of copies.values()) this.#add(row, 'not in the source');
  }

  #compareColumns(row: CopiedRow, copy: CopiedRow): void {
    for (const [index, { name }] of this.#table.columns.entries()) {
      if (row[index] !== copy[index]) this.#add(row, `another ${name}`);
    }
  }

  #add(row: CopiedRow, what: Difference['what']): void {
    this.count++;
    if (this.first.length === mostTold) return;
    const key = keyText(this.#table, keyOfRow(this.#table, row));
    this.first.push({ table: this.#table.name, row: key, what });
  }
}
