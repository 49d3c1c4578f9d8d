import { sql } from 'kysely';

import type { KeyPage } from './key-page.ts';
import type { Db, Row } from './tables.ts';

/** Who did what by hand, why, and what it changed. */
export interface AuditEntry {
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly reason: string | null;
  readonly before: unknown;
  readonly after: unknown;
}

/** Part of the transaction that makes the change. */
export async function recordAudit(db: Db, entry: AuditEntry, now: Date): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      at: now.toISOString(),
      who: entry.who,
      action: entry.action,
      subject: entry.subject,
      reason: entry.reason,
      before_json: entry.before === null ? null : JSON.stringify(entry.before),
      after_json: entry.after === null ? null : JSON.stringify(entry.after),
    })
    .execute();
}

export interface AuditFilter extends KeyPage {
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
  /** The first moment, and the first one after the last. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
}

/** Newest first; by time, so that a range of days is found by the same indexes as who, action and subject. */
export async function listAudit(db: Db, filter: AuditFilter): Promise<Row<'audit'>[]> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit);
  for (const field of ['who', 'action', 'subject'] as const) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(field, '=', wanted);
  }
  if (filter.since !== undefined) query = query.where('at', '>=', filter.since.toISOString());
  if (filter.until !== undefined) query = query.where('at', '<', filter.until.toISOString());
  const { before } = filter;
  if (before === undefined) return query.execute();
  const edge = await db.selectFrom('audit').select('at').where('id', '=', before).executeTakeFirst();
  if (!edge) return query.where('id', '<', before).execute();
  return query
    .where('at', '<=', edge.at)
    .where((eb) => eb.or([eb('at', '<', edge.at), eb('id', '<', before)]))
    .execute();
}

/** Who has acted, or what was done: each word once. */
export async function auditWords(db: Db, column: 'who' | 'action'): Promise<string[]> {
  const field = sql.ref(column);
  // From word to word by the index: there are few of them in many rows.
  const { rows } = await sql<{ word: string }>`
    with recursive found(word) as (
      select min(${field}) from audit
      union all
      select (select min(${field}) from audit where ${field} > word) from found where word is not null
    )
    select word from found where word is not null`.execute(db);
  return rows.map(({ word }) => word);
}
