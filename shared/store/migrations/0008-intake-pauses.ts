import { sql, type Kysely } from 'kysely';

/**
 * Intake that people have paused, and requests that people want settled by what they saw at the provider. Beside them,
 * indexes for the lists without what was discarded, which grows and needs nobody.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const create = (name: string) => db.schema.createTable(name).modifyEnd(sql`strict`);

  await create('intake_pause')
    .addColumn('intake', 'text', (c) => c.primaryKey().notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('since', 'text', (c) => c.notNull())
    .execute();

  await create('settlement_wish')
    .addColumn('request_id', 'integer', (c) => c.primaryKey().notNull().references('provider_request.id'))
    .addColumn('done', 'integer', (c) => c.notNull())
    .addColumn('who', 'text', (c) => c.notNull())
    .addColumn('reason', 'text', (c) => c.notNull())
    .addColumn('wished_at', 'text', (c) => c.notNull())
    .addCheckConstraint('settlement_wish_done', sql`done in (0, 1)`)
    .execute();

  const refused = sql<boolean>`state = 'rejected' and fault_code is distinct from 'DISCARDED'`;
  await db.schema
    .createIndex('delivery_refused')
    .on('delivery')
    .columns(['state', 'id'])
    .where(refused)
    .execute();
  await db.schema
    .createIndex('delivery_refused_at')
    .on('delivery')
    .columns(['state', 'settled_at'])
    .where(refused)
    .execute();
  await db.schema
    .createIndex('delivery_of_code')
    .on('delivery')
    .columns(['fault_code', 'state', 'id'])
    .where(sql<boolean>`fault_code is not null`)
    .execute();
}
