import { engineOf } from './engine.ts';
import type { Db } from './tables.ts';

/**
 * Whether rows can be locked one by one. Whoever chooses in a transaction what to take locks it, and passes by what others
 * have locked (`for update skip locked`): so processes of many hosts share the work, instead of all choosing the same and
 * all but one doing it again. A transaction of SQLite has the whole store to itself from its beginning.
 */
export const hasRowLocks = (db: Db): boolean => engineOf(db) === 'postgres';
