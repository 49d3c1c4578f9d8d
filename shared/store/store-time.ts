import { sql, type RawBuilder } from 'kysely';

/**
 * The time by which leases are judged: that of the store, never that of a host, so that it does not matter whether the
 * clocks of the hosts agree. SQLite has none of its own; its processes are those of one host.
 *
 * @param now by the clock of this process
 * @param seconds so many later
 * @returns as SQL, ISO 8601 in UTC with milliseconds
 */
export const storeTime = (now: Date, seconds = 0): RawBuilder<string> =>
  sql<string>`${new Date(now.getTime() + seconds * 1000).toISOString()}`;
