import { chunks } from './chunks.ts';
import type { Delivery } from './deliveries.ts';
import { inTransaction } from './open-store.ts';
import type { Db } from './tables.ts';

/** What retention looks for and lets go. A file's row is never removed: the same file stays a duplicate. */

/** States whose files retention may remove. */
export type ArchivedState = 'done' | 'rejected';

/** Received files that lie in their last folder for good, the longest settled first, behind one of them. */
export function archivedAfter(
  db: Db,
  state: ArchivedState,
  after: Pick<Delivery, 'id' | 'settled_at'> | undefined,
  limit: number,
): Promise<Delivery[]> {
  let query = archived(db, state).selectAll().orderBy('settled_at').orderBy('id').limit(limit);
  if (after !== undefined) {
    query = query.where((where) =>
      where.eb(where.refTuple('settled_at', 'id'), '>', where.tuple(after.settled_at, after.id)),
    );
  }
  return query.execute();
}

/** Bytes of all of them together. */
export async function archivedBytes(db: Db, state: ArchivedState): Promise<number> {
  const { bytes } = await archived(db, state)
    .select((select) => select.fn.sum<number | string | null>('size').as('bytes'))
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0);
}

const archived = (db: Db, state: ArchivedState) =>
  db
    .selectFrom('delivery')
    .where('direction', '=', 'in')
    .where('state', '=', state)
    .where('settled_at', 'is not', null)
    .where('moved_at', 'is not', null)
    .where('removed_at', 'is', null)
    .where('place', 'is not', null);

/** A file that is about to be removed. */
export interface Removal {
  readonly row: Delivery;
  /** Of the file as it lies there. */
  readonly mark: string;
}

/** Notes that the file goes; not when somebody has taken it back since its row was read. */
export async function noteRemoval(
  trx: Db,
  { row, mark }: Removal,
  run: number,
  now: Date,
): Promise<Delivery | undefined> {
  return trx
    .updateTable('delivery')
    .set({ removed_at: now.toISOString(), removed_by: run, removed_mark: mark })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .where('place', '=', row.place)
    .where('moved_at', 'is not', null)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Files that were to go, and of which it is not known that they are gone. */
export function removalsUnderWay(db: Db, limit: number): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('removed_at', 'is not', null)
    .where('place', 'is not', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** The files lie nowhere any more. */
export async function noteGone(db: Db, ids: readonly number[]): Promise<void> {
  for (const chunk of chunks(ids)) {
    await db.updateTable('delivery').set({ place: null }).where('id', 'in', chunk).execute();
  }
}

/** Rows that go when they are older than a time. */
export type OldRows = 'audit' | 'exchanges' | 'jobRuns';

/** Written in place of what was sent, where it is kept no longer. */
const noMessage = '{}';

export async function countOld(db: Db, rows: OldRows, before: Date): Promise<number> {
  const { count } = await oldRows(db, rows, before)
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Lets them go, some at a time, so that nobody waits long for the store. @returns how many there were */
export async function removeOld(db: Db, rows: OldRows, before: Date): Promise<number> {
  for (let removed = 0; ;) {
    const ids = (await oldRows(db, rows, before).select('id').limit(portion).execute()).map(({ id }) => id);
    if (ids.length === 0) return removed;
    await inTransaction(db, (trx) => removeRows(trx, rows, ids));
    removed += ids.length;
  }
}

const portion = 5000;

/** Ids in one table. Of exchanges only the contents go; of runs of jobs, those that had nothing to do. */
function oldRows(db: Db, rows: OldRows, before: Date) {
  const time = before.toISOString();
  if (rows === 'audit') return db.selectFrom('audit as old').where('old.at', '<', time);
  if (rows === 'jobRuns') return idleRuns(db, time);
  return db
    .selectFrom('provider_exchange as old')
    .where('old.ended_at', 'is not', null)
    .where('old.message_json', '<>', noMessage)
    .where('old.request_id', 'in', (where) =>
      where.selectFrom('provider_request').select('provider_request.id').where('finished_at', '<', time),
    );
}

/** Runs that touched no batch, and to which nothing refers; not the last one of a job, which says when it ran. */
const idleRuns = (db: Db, before: string) =>
  db
    .selectFrom('job_run as old')
    .where('old.state', '=', 'complete')
    .where('old.finished_at', '<', before)
    .where('old.id', 'not in', (where) =>
      where
        .selectFrom('job_run')
        .select((select) => select.fn.max('job_run.id').as('id'))
        .groupBy('job'),
    )
    .where((where) =>
      where.and([
        where.not(
          where.exists(where.selectFrom('job_run_batch').select('run_id').whereRef('run_id', '=', 'old.id')),
        ),
        where.not(
          where.exists(where.selectFrom('job_tick').select('run_id').whereRef('run_id', '=', 'old.id')),
        ),
        where.not(
          where.exists(
            where.selectFrom('retention_run').select('job_run_id').whereRef('job_run_id', '=', 'old.id'),
          ),
        ),
      ]),
    );

async function removeRows(trx: Db, rows: OldRows, ids: readonly number[]): Promise<void> {
  for (const chunk of chunks(ids)) {
    if (rows === 'audit') await trx.deleteFrom('audit').where('id', 'in', chunk).execute();
    else if (rows === 'jobRuns') await trx.deleteFrom('job_run').where('id', 'in', chunk).execute();
    else {
      await trx
        .updateTable('provider_exchange')
        .set({ message_json: noMessage, answer: null, answer_encoding: null })
        .where('id', 'in', chunk)
        .execute();
    }
  }
}
