import { readdir } from 'node:fs/promises';

import { sql } from 'kysely';

import type { Db } from '../../shared/store/tables.ts';
import type { Home, Settings } from '../scene/home.ts';
import type { Where } from '../scene/ledger.ts';
import type { Waiting } from '../scene/drop.ts';

export type Dropped = readonly [name: string, content: Uint8Array | string];

/** What one kind of daemon does with files, and how it is seen that each of them was done once. */
export interface Stage {
  readonly daemon: string;
  readonly settings: Settings;
  /** Where files are dropped, if any are. */
  readonly inbox: string;
  /** Files that tell that the work is done. */
  readonly ends: Where;
  /** Once: writes into an empty store what the work is about. @returns files that are dropped, with their names */
  prepare(host: Home, count: number): Promise<readonly Dropped[]>;
  /** Lets the daemons have some of it; the first of them is number `from`, counted from 0. */
  release(db: Db, waiting: Waiting, from: number, count: number): Promise<void>;
  outcome(db: Db, home: Home): Promise<Outcome>;
}

export interface Outcome {
  /** Different things of which something has come. */
  readonly things: number;
  /** What has come of them. */
  readonly results: number;
}

/** Published files of a purpose: different ones by a column of the ledger, and those that lie there. */
export async function publishedOutcome(
  db: Db,
  home: Home,
  folder: string,
  purpose: string,
  column: 'batch_id' | 'provider_request_id',
): Promise<Outcome> {
  const { rows } = await sql<{ things: number; noted: number }>`
    select count(distinct ${sql.ref(column)}) as things, count(*) as noted from delivery
    where direction = 'out' and purpose = ${purpose} and state = 'done'`.execute(db);
  const files = (await readdir(home.spool(folder))).filter((name) => !name.startsWith('.'));
  const { things = 0, noted = 0 } = rows[0] ?? {};
  // A file that nobody has noted would be one too many, and a noted one that is not there one too few.
  return { things: Math.min(things, files.length), results: Math.max(noted, files.length) };
}
