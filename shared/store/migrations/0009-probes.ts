import { sql, type Kysely } from 'kysely';

const states = sql`('green', 'amber', 'red', 'unknown')`;

/** How every probe stands, what has changed, and the notices about it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);

  await create('probe_round')
    .addColumn('id', 'integer', (c) => c.primaryKey().notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addCheckConstraint('probe_round_one', sql`id = 1`)
    .execute();

  await create('probe_state')
    .addColumn('probe', 'text', (c) => c.primaryKey().notNull())
    .addColumn('state', 'text')
    .addColumn('since', 'text')
    .addColumn('next_state', 'text')
    .addColumn('next_since', 'text')
    .addCheckConstraint('probe_state_state', sql`state in ${states}`)
    .addCheckConstraint('probe_state_next', sql`next_state in ${states}`)
    .execute();

  await create('probe_change')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('probe', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('before', 'text')
    .addColumn('after', 'text', (c) => c.notNull())
    .addColumn('value', 'real')
    .addColumn('unit', 'text', (c) => c.notNull())
    .addColumn('sentence', 'text', (c) => c.notNull())
    .addColumn('link', 'text', (c) => c.notNull())
    .addCheckConstraint('probe_change_before', sql`before in ${states}`)
    .addCheckConstraint('probe_change_after', sql`after in ${states}`)
    .execute();
  await db.schema.createIndex('probe_change_at').on('probe_change').column('at').execute();

  await create('notice')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('uid', 'text', (c) => c.notNull().unique())
    .addColumn('channel', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('first_change', 'integer')
    .addColumn('last_change', 'integer')
    .addColumn('attempts', 'integer', (c) => c.notNull())
    .addColumn('next_try_at', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('settled_at', 'text')
    .addColumn('fault_code', 'text')
    .addColumn('detail', 'text')
    .addCheckConstraint('notice_channel', sql`channel in ('mail', 'webhook')`)
    .addCheckConstraint('notice_state', sql`state in ('waiting', 'sent', 'failed')`)
    .execute();
  await db.schema.createIndex('notice_of_state').on('notice').columns(['state', 'next_try_at']).execute();
  await db.schema.createIndex('notice_created').on('notice').column('created_at').execute();
}
