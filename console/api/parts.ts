import { withQuery } from '../links.ts';

/** Lists are answered part by part, by key: a list may grow while somebody reads it, and no part costs more. Pure. */

type Query = Readonly<Record<string, string | number | undefined>> & { readonly limit: number };

/** What is fetched for a part: one row more than is answered tells whether there are others behind it. */
export const fetched = <Q extends { readonly limit: number }>(query: Q): Q => ({
  ...query,
  limit: query.limit + 1,
});

/** A part of a list, with the path of the next one: the same query behind the last row of this. */
export function partOf<Row, Item>(
  { path, query }: { readonly path: string; readonly query: Query },
  found: readonly Row[],
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => Readonly<Record<string, string | number>>,
): { items: Item[]; next: string | null } {
  const rows = found.slice(0, query.limit);
  const last = rows.at(-1);
  const more = found.length > rows.length && last !== undefined;
  return {
    items: rows.map(toItem),
    next: more ? withQuery(path, { ...query, ...keyOf(last) }) : null,
  };
}
