import { sql, type RawBuilder } from 'kysely';

/**
 * A number that a plan does not depend on, for the first column of a join and for `limit`. SQLite's planner looks at what
 * is bound there, and plans such a statement anew each time that another is, at several times the cost of running it;
 * what is cast it does not look at. Not where an index for some rows only is to be found by the value. To `bigint`, as in
 * PostgreSQL an integer has half the bits, and numbers of orders may have more; to SQLite it is the same.
 */
export const unseen = (value: number): RawBuilder<number> => sql<number>`cast(${value} as bigint)`;

/**
 * A column through which no row is looked for, where others say better which rows are meant: for a list of eight or more
 * keys, SQLite's planner would rather go through all rows with one value of a column that has an index.
 */
export const unindexed = (column: string): RawBuilder<string> =>
  sql<string>`coalesce(${sql.ref(column)}, '')`;
