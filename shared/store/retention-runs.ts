import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** Runs of retention, dry ones and real ones. */

export type RetentionRun = Row<'retention_run'>;

export const openRetentionRun = (
  db: Db,
  run: Pick<RetentionRun, 'job_run_id' | 'kind' | 'by_hand' | 'settings_json'>,
  now: Date,
): Promise<RetentionRun> =>
  db
    .insertInto('retention_run')
    .values({ ...run, started_at: now.toISOString(), files: 0, bytes: 0 })
    .returningAll()
    .executeTakeFirstOrThrow();

/** What the run has removed so far, or would remove. */
export async function addToRetentionRun(db: Db, id: number, files: number, bytes: number): Promise<void> {
  await db
    .updateTable('retention_run')
    .set((run) => ({ files: run('files', '+', files), bytes: run('bytes', '+', bytes) }))
    .where('id', '=', id)
    .execute();
}

export const finishRetentionRun = (db: Db, id: number, report: unknown, now: Date): Promise<RetentionRun> =>
  db
    .updateTable('retention_run')
    .set({ finished_at: now.toISOString(), report_json: JSON.stringify(report) })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();

/** The newest dry run that somebody asked for, and that went to its end. */
export const lastDryRunByHand = (db: Db): Promise<RetentionRun | undefined> =>
  db
    .selectFrom('retention_run')
    .selectAll()
    .where('kind', '=', 'dry run')
    .where('by_hand', '=', 1)
    .where('finished_at', 'is not', null)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();

/** Newest first. */
export function listRetentionRuns(db: Db, { before, limit }: KeyPage): Promise<RetentionRun[]> {
  const query = db.selectFrom('retention_run').selectAll().orderBy('id', 'desc').limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}
