import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** How probes stand, and what has changed. */

export type ProbeStanding = Row<'probe_state'>;
export type ProbeChange = Row<'probe_change'>;

/** Takes the round; false when another process has evaluated all probes less than `everySeconds` ago. */
export async function takeRound(trx: Db, everySeconds: number, now: Date): Promise<boolean> {
  const row = await trx.selectFrom('probe_round').select('at').where('id', '=', 1).executeTakeFirst();
  // Also when the clock was set back meanwhile.
  if (row && Math.abs(now.getTime() - Date.parse(row.at)) < everySeconds * 1000) return false;
  const at = now.toISOString();
  await trx
    .insertInto('probe_round')
    .values({ id: 1, at })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ at }))
    .execute();
  return true;
}

/** When all probes were evaluated last. */
export async function lastRound(db: Db): Promise<string | undefined> {
  const row = await db.selectFrom('probe_round').select('at').where('id', '=', 1).executeTakeFirst();
  return row?.at;
}

export function listStandings(db: Db): Promise<ProbeStanding[]> {
  return db.selectFrom('probe_state').selectAll().orderBy('probe').execute();
}

export async function saveStanding(trx: Db, standing: ProbeStanding): Promise<void> {
  await trx
    .insertInto('probe_state')
    .values(standing)
    .onConflict((conflict) => conflict.column('probe').doUpdateSet(standing))
    .execute();
}

export async function forgetStanding(trx: Db, probe: string): Promise<void> {
  await trx.deleteFrom('probe_state').where('probe', '=', probe).execute();
}

export function addChange(trx: Db, change: Omit<ProbeChange, 'id'>): Promise<ProbeChange> {
  return trx.insertInto('probe_change').values(change).returningAll().executeTakeFirstOrThrow();
}

/** Newest first. */
export function listChanges(db: Db, { before, limit }: KeyPage): Promise<ProbeChange[]> {
  let query = db.selectFrom('probe_change').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** From one to another, oldest first, those at most. */
export function changesBetween(db: Db, first: number, last: number, limit: number): Promise<ProbeChange[]> {
  return db
    .selectFrom('probe_change')
    .selectAll()
    .where('id', '>=', first)
    .where('id', '<=', last)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Removes old changes, and notices about them. */
export async function forgetOld(trx: Db, before: Date): Promise<void> {
  const at = before.toISOString();
  await trx.deleteFrom('notice').where('created_at', '<', at).execute();
  await trx.deleteFrom('probe_change').where('at', '<', at).execute();
}
