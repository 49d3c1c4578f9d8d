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

export function auditOf(db: Db, subject: string): Promise<Row<'audit'>[]> {
  return db.selectFrom('audit').selectAll().where('subject', '=', subject).orderBy('id').execute();
}

export interface AuditFilter extends KeyPage {
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  readonly subject?: string | undefined;
}

/** Newest first. */
export async function listAudit(db: Db, filter: AuditFilter): Promise<Row<'audit'>[]> {
  let query = db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(filter.limit);
  for (const field of ['who', 'action', 'subject'] as const) {
    const wanted = filter[field];
    if (wanted !== undefined) query = query.where(field, '=', wanted);
  }
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return query.execute();
}
