import { sql, type Kysely } from 'kysely';

/**
 * A process notes with which configuration it was started. The audit is read by time, by who and by action, newest
 * first, and the history of a subject too: by time in place of the number, as the others.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('worker').addColumn('config_digest', 'text').execute();
  await db.schema
    .createIndex('worker_running')
    .on('worker')
    .column('id')
    .where(sql<boolean>`stopped_at is null`)
    .execute();

  const index = (name: string, columns: string[]) =>
    db.schema.createIndex(name).on('audit').columns(columns).execute();
  await index('audit_at', ['at', 'id']);
  await index('audit_who', ['who', 'at', 'id']);
  await index('audit_action', ['action', 'at', 'id']);
  await index('audit_subject_at', ['subject', 'at', 'id']);
}
