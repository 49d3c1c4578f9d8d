import { randomUUID } from 'node:crypto';

import type { Fault } from '../runtime/faults.ts';
import type { KeyPage } from './key-page.ts';
import type { NoticeChannel } from './states/probe.ts';
import type { Db, Row } from './tables.ts';

/** Notices about changes of probes: rows before they are sent, so that a crash forgets none. */

export type Notice = Row<'notice'>;

/** A notice of these changes that is sent from `sendAt` on. @param changes null: it is a test */
export function addNotice(
  trx: Db,
  channel: NoticeChannel,
  changes: { readonly first: number; readonly last: number } | null,
  { now, sendAt }: { readonly now: Date; readonly sendAt: Date },
): Promise<Notice> {
  return trx
    .insertInto('notice')
    .values({
      uid: randomUUID(),
      channel,
      state: 'waiting',
      first_change: changes?.first ?? null,
      last_change: changes?.last ?? null,
      attempts: 0,
      next_try_at: sendAt.toISOString(),
      created_at: now.toISOString(),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** The notice that has not gone out yet, and takes further changes. */
export function gatheringNotice(trx: Db, channel: NoticeChannel, now: Date): Promise<Notice | undefined> {
  return trx
    .selectFrom('notice')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('channel', '=', channel)
    .where('attempts', '=', 0)
    .where('first_change', 'is not', null)
    .where('next_try_at', '>', now.toISOString())
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export async function extendNotice(trx: Db, id: number, lastChange: number): Promise<void> {
  await trx.updateTable('notice').set({ last_change: lastChange }).where('id', '=', id).execute();
}

/** The notice that has waited longest for its next try. */
export function dueNotice(trx: Db, channel: NoticeChannel, now: Date): Promise<Notice | undefined> {
  return trx
    .selectFrom('notice')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('channel', '=', channel)
    .where('next_try_at', '<=', now.toISOString())
    .orderBy('next_try_at')
    .limit(1)
    .executeTakeFirst();
}

/** Counts an attempt before it begins. Nobody else tries before `nextTry`, not even when this process dies. */
export function beginAttempt(trx: Db, { id, attempts }: Notice, nextTry: Date): Promise<Notice> {
  return trx
    .updateTable('notice')
    .set({ attempts: attempts + 1, next_try_at: nextTry.toISOString() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

export type AttemptEnd =
  /** `remark`: who did not get it. */
  | { readonly to: 'sent'; readonly remark: string | null }
  | { readonly to: 'waiting'; readonly fault: Fault; readonly nextTry: Date }
  | { readonly to: 'failed'; readonly fault: Fault };

export async function endAttempt(db: Db, id: number, end: AttemptEnd, now: Date): Promise<void> {
  await db
    .updateTable('notice')
    .set({
      state: end.to,
      next_try_at: end.to === 'waiting' ? end.nextTry.toISOString() : null,
      settled_at: end.to === 'waiting' ? null : now.toISOString(),
      fault_code: end.to === 'sent' ? null : end.fault.code,
      detail: end.to === 'sent' ? end.remark : end.fault.detail,
    })
    .where('id', '=', id)
    .where('state', '=', 'waiting')
    .execute();
}

/** Newest first. */
export function listNotices(db: Db, { before, limit }: KeyPage): Promise<Notice[]> {
  let query = db.selectFrom('notice').selectAll().orderBy('id', 'desc').limit(limit);
  if (before !== undefined) query = query.where('id', '<', before);
  return query.execute();
}

/** Notices given up since then. */
export async function countFailedNotices(db: Db, since: Date): Promise<number> {
  const { count } = await db
    .selectFrom('notice')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where('state', '=', 'failed')
    .where('settled_at', '>=', since.toISOString())
    .executeTakeFirstOrThrow();
  return Number(count);
}
