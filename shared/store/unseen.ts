import { sql, type RawBuilder } from 'kysely';

/**
 * A number that a plan does not depend on, for the first column of a join and for `limit`. SQLite's planner looks at what
 * is bound there, and plans such a statement anew each time that another is, at several times the cost of running it;
 * what is cast it does not look at. Not where an index for some rows only is to be found by the value. To `bigint`, as in
 * PostgreSQL an integer has half the bits, and numbers of orders may have more; to SQLite it is the same.
 */
export const unseen = (value: number): RawBuilder<number> => sql<number>`cast(${value} as bigint)`;
