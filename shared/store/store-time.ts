import { sql, type RawBuilder } from 'kysely';

import { engineOf } from './engine.ts';
import type { Db } from './tables.ts';

/**
 * The time by which leases are judged: that of the store at the moment of the statement, never that of a host, so that it
 * does not matter whether the clocks of the hosts agree. SQLite has no clock of its own; its processes are those of one
 * host.
 *
 * @param now by the clock of this process
 * @param seconds so many later
 * @returns as SQL, ISO 8601 in UTC with milliseconds
 */
export const storeTime = (db: Db, now: Date, seconds = 0): RawBuilder<string> =>
  engineOf(db) === 'sqlite'
    ? sql<string>`${new Date(now.getTime() + seconds * 1000).toISOString()}`
    : sql<string>`to_char(
        (clock_timestamp() + make_interval(secs => ${seconds}::double precision)) at time zone 'UTC',
        'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
