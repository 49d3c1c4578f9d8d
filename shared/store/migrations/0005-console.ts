import { sql, type Kysely } from 'kysely';

/** Users of the Administration Console, their sessions, and attempts to sign in that failed. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);

  await create('console_user')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('password_hash', 'text', (c) => c.notNull())
    .addColumn('one_time', 'integer', (c) => c.notNull())
    .addColumn('disabled_at', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addColumn('signed_in_at', 'text')
    .addCheckConstraint('console_user_role', sql`role in ('viewer', 'operator', 'administrator')`)
    .execute();

  await create('console_session')
    .addColumn('digest', 'text', (c) => c.primaryKey().notNull())
    .addColumn('user_id', 'integer', (c) => c.notNull().references('console_user.id'))
    .addColumn('csrf', 'text', (c) => c.notNull())
    .addColumn('notice', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('console_session_user').on('console_session').column('user_id').execute();

  await create('sign_in_failure')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('user_id', 'integer', (c) => c.notNull().references('console_user.id'))
    .addColumn('at', 'text', (c) => c.notNull())
    .execute();
  await db.schema
    .createIndex('sign_in_failure_user')
    .on('sign_in_failure')
    .columns(['user_id', 'at'])
    .execute();
}
