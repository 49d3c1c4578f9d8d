import { sql, type RawBuilder } from 'kysely';

/**
 * A value that a plan does not depend on, for `column = value` and `limit value`. SQLite's planner looks at values that
 * are bound, and plans such a statement anew each time that one is bound, at several times the cost of running it; what
 * is cast it does not look at. Not where an index for some rows only is to be found by the value.
 */
export const unseenNumber = (value: number): RawBuilder<number> => sql<number>`cast(${value} as integer)`;

/** The same for a text. */
export const unseenText = (value: string): RawBuilder<string> => sql<string>`cast(${value} as text)`;
