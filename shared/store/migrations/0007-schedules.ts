import { sql, type Kysely } from 'kysely';

/**
 * Settings of jobs that are changed while the system runs, the times at which their schedules were due and what came of
 * each, how far a run has come, and the batches that it made or worked off.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);

  await create('job_setting')
    .addColumn('job', 'text', (c) => c.primaryKey().notNull())
    .addColumn('enabled', 'integer')
    .addColumn('priority', 'integer')
    .addColumn('schedule_json', 'text')
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addColumn('updated_by', 'text', (c) => c.notNull())
    .execute();

  await create('job_clock')
    .addColumn('job', 'text', (c) => c.primaryKey().notNull())
    .addColumn('schedule_json', 'text', (c) => c.notNull())
    .addColumn('considered_until', 'text', (c) => c.notNull())
    .execute();

  await create('job_tick')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('job', 'text', (c) => c.notNull())
    .addColumn('due_at', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('late', 'integer', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('run_id', 'integer', (c) => c.references('job_run.id'))
    .addColumn('recorded_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('job_tick_once', ['job', 'due_at'])
    .addCheckConstraint('job_tick_state', sql`state in ('due', 'run', 'missed')`)
    .execute();
  await db.schema.createIndex('job_tick_of_job').on('job_tick').columns(['job', 'id']).execute();
  await db.schema
    .createIndex('job_tick_one_due')
    .unique()
    .on('job_tick')
    .column('job')
    .where(sql<boolean>`state = 'due'`)
    .execute();

  for (const [column, type] of [
    ['progress_done', 'integer'],
    ['progress_total', 'integer'],
    ['progress_at', 'text'],
  ] as const) {
    await db.schema.alterTable('job_run').addColumn(column, type).execute();
  }

  await create('job_run_batch')
    .addColumn('run_id', 'integer', (c) => c.notNull().references('job_run.id'))
    .addColumn('batch_id', 'integer', (c) => c.notNull().references('batch.id'))
    .addColumn('what', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('job_run_batch_key', ['run_id', 'batch_id'])
    .addCheckConstraint('job_run_batch_what', sql`what in ('made', 'worked off', 'set back')`)
    .execute();
  await db.schema.createIndex('job_run_batch_batch').on('job_run_batch').column('batch_id').execute();
}
