import { PostgresAdapter, type Kysely } from 'kysely';

/** What keeps the store: a file that the processes of one host share, or a server for many hosts. */
export type Engine = 'sqlite' | 'postgres';

/** Where the two need other words; whatever can be said in one way is. */
export const engineOf = <Tables>(db: Kysely<Tables>): Engine =>
  db.getExecutor().adapter instanceof PostgresAdapter ? 'postgres' : 'sqlite';
