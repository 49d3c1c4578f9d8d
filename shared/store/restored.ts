import { sql } from 'kysely';

import { companionOf } from './deliveries.ts';
import type { Db } from './tables.ts';

/** An embedded store as it was at the time of a backup, before anybody goes on with it. */

/** What goes on by itself when the processes are started. */
export interface Pending {
  /** Devices for which the next request job asks the provider. */
  readonly devices: number;
  /** Batches and documents that are published next. */
  readonly documents: number;
  /** Requests to providers by their state. */
  readonly requests: Readonly<Record<'queued' | 'sent' | 'accepted' | 'pending', number>>;
}

export async function pending(db: Db): Promise<Pending> {
  const count = async (query: { executeTakeFirstOrThrow(): Promise<{ count: number | string }> }) =>
    Number((await query.executeTakeFirstOrThrow()).count);
  const requests = (state: keyof Pending['requests']) =>
    count(
      db
        .selectFrom('provider_request')
        .select((select) => select.fn.countAll<number | string>().as('count'))
        .where('state', '=', state),
    );
  return {
    devices: await count(
      db
        .selectFrom('device')
        .select((select) => select.fn.countAll<number | string>().as('count'))
        .where('status', 'in', ['Enrol Pending', 'Unenrol Pending'])
        .where('provider_id', 'is not', null),
    ),
    documents: await count(
      db
        .selectFrom('delivery')
        .select((select) => select.fn.countAll<number | string>().as('count'))
        .where('direction', '=', 'out')
        .where('state', '<>', 'done'),
    ),
    requests: {
      queued: await requests('queued'),
      sent: await requests('sent'),
      accepted: await requests('accepted'),
      pending: await requests('pending'),
    },
  };
}

/** A received file that is not in its last folder yet. */
export interface InHand {
  readonly id: number;
  readonly folder: string;
  readonly name: string;
  readonly place: string | null;
  readonly inode: string | null;
}

/** Of a file that is only `seen`, nothing is promised: its sender may have taken it away. */
export const receivedInHand = (db: Db): Promise<InHand[]> =>
  db
    .selectFrom('delivery')
    .select(['id', 'folder', 'name', 'place', 'inode'])
    .where('direction', '=', 'in')
    .where('moved_at', 'is', null)
    .where('state', '<>', 'seen')
    .orderBy('id')
    .execute();

/** What a file is on the disk to which it was restored. */
export interface NewMark {
  readonly dev: string;
  readonly inode: string;
  readonly mtimeNs: string;
}

/** The numbers of a restored store go on from the next multiple of this. */
const gap = 1_000_000;

/**
 * Makes a restored store fit for its place, before any process has it:
 *
 * - all processes of that time are dead, whatever runs under their numbers now;
 * - files are known by their inodes, which are others where files were restored;
 * - numbers of batches, files and requests that were given since the backup are not given a second time: they stand in
 *   the names of files, and in histories.
 *
 * @param marks `inbox:inode` of then -> what the file is now
 */
export async function settleIn(trx: Db, marks: ReadonlyMap<string, NewMark>, now: Date): Promise<void> {
  await trx
    .updateTable('worker')
    .set({ stopped_at: now.toISOString() })
    .where('stopped_at', 'is', null)
    .execute();
  if (marks.size > 0) await markAnew(trx, marks);
  await sql`insert into sqlite_sequence (name, seq) select name, 0 from sqlite_schema
    where sql like '%autoincrement%' and name not in (select name from sqlite_sequence)`.execute(trx);
  const number = sql.lit(gap); // As a value of the statement it would be no whole number.
  await sql`update sqlite_sequence set seq = (seq / ${number} + 1) * ${number}`.execute(trx);
}

/** Rows that somebody may still go by the inode of. */
async function markAnew(trx: Db, marks: ReadonlyMap<string, NewMark>): Promise<void> {
  const rows = await trx
    .selectFrom('delivery')
    .select(['id', 'folder', 'inode', 'companion_json'])
    .where('direction', '=', 'in')
    .where((where) =>
      where.or([
        where('state', '<>', 'done'),
        where('moved_at', 'is', null),
        where('companion_json', 'is not', null),
      ]),
    )
    .execute();
  // First none has any: a new inode may be the old one of another.
  await trx
    .updateTable('delivery')
    .set({ inode: null })
    .where('direction', '=', 'in')
    .where('state', 'in', ['seen', 'claimed', 'deferred'])
    .execute();
  for (const row of rows) {
    const mark = marks.get(`${row.folder}:${row.inode ?? ''}`);
    const companion = companionOf(row);
    const beside = companion && marks.get(`${row.folder}:${companion.inode}`);
    if (mark === undefined && beside === undefined) continue;
    await trx
      .updateTable('delivery')
      .set({
        ...(mark && { dev: mark.dev, inode: mark.inode, mtime_ns: mark.mtimeNs }),
        ...(companion &&
          beside && {
            companion_json: JSON.stringify({ ...companion, dev: beside.dev, inode: beside.inode }),
          }),
      })
      .where('id', '=', row.id)
      .execute();
  }
}
