import { sql, type Kysely } from 'kysely';

/** Files that retention has removed keep their row, which says so; and every run of it, with what it announced or did. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('retention_run')
    .modifyEnd(sql`strict`)
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job_run_id', 'integer', (c) => c.notNull().references('job_run.id'))
    .addColumn('kind', 'text', (c) => c.notNull())
    .addColumn('by_hand', 'integer', (c) => c.notNull())
    .addColumn('settings_json', 'text', (c) => c.notNull())
    .addColumn('started_at', 'text', (c) => c.notNull())
    .addColumn('finished_at', 'text')
    .addColumn('files', 'integer', (c) => c.notNull())
    .addColumn('bytes', 'integer', (c) => c.notNull())
    .addColumn('report_json', 'text')
    .addCheckConstraint('retention_run_kind', sql`kind in ('dry run', 'run')`)
    .execute();
  await db.schema
    .createIndex('retention_run_kind_list')
    .on('retention_run')
    .columns(['kind', 'id'])
    .execute();

  await db.schema.alterTable('delivery').addColumn('removed_at', 'text').execute();
  await db.schema
    .alterTable('delivery')
    .addColumn('removed_by', 'integer', (c) => c.references('retention_run.id'))
    .execute();
  await db.schema.alterTable('delivery').addColumn('removed_mark', 'text').execute();
  await db.schema
    .createIndex('delivery_kept')
    .on('delivery')
    .columns(['direction', 'state', 'settled_at', 'id'])
    .where(sql<boolean>`removed_at is null and moved_at is not null`)
    .execute();
  await db.schema
    .createIndex('delivery_being_removed')
    .on('delivery')
    .column('id')
    .where(sql<boolean>`removed_at is not null and place is not null`)
    .execute();
}
