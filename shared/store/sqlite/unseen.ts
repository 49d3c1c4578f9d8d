import { sql, type RawBuilder } from 'kysely';

/**
 * A value that a plan does not depend on, for `column = value`. SQLite's planner looks at values that are bound, and
 * plans such a statement anew each time that one is bound, at several times the cost of running it. `likely()` hands
 * the value on as it is (sqlite.org/lang_corefunc.html#likely), and keeps it from being looked at. Not where an index
 * for some rows only is to be found by the value.
 */
export const unseen = <Value extends string | number>(value: Value): RawBuilder<Value> =>
  sql<Value>`likely(${value})`;
