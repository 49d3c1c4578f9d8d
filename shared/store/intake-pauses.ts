import type { Db, Row } from './tables.ts';

/** What takes in nothing new until somebody resumes it: inboxes, and the extractor. */

export type IntakePause = Row<'intake_pause'>;

export function findPause(db: Db, intake: string): Promise<IntakePause | undefined> {
  return db.selectFrom('intake_pause').selectAll().where('intake', '=', intake).executeTakeFirst();
}

/** By name. */
export function listPauses(db: Db): Promise<IntakePause[]> {
  return db.selectFrom('intake_pause').selectAll().orderBy('intake').execute();
}

export async function insertPause(db: Db, pause: IntakePause): Promise<void> {
  await db.insertInto('intake_pause').values(pause).execute();
}

export async function deletePause(db: Db, intake: string): Promise<void> {
  await db.deleteFrom('intake_pause').where('intake', '=', intake).execute();
}
