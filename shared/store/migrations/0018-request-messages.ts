import { sql, type Kysely } from 'kysely';

/**
 * The messages to providers in a table of their own. One may be as large as a file, and SQLite writes a row anew as a
 * whole when any column of it changes, and walks through what stands before a column to read it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('provider_request_message')
    .modifyEnd(sql`strict`)
    .addColumn('request_id', 'integer', (c) => c.primaryKey().notNull().references('provider_request.id'))
    .addColumn('message_json', 'text', (c) => c.notNull())
    .execute();
  await sql`insert into provider_request_message (request_id, message_json)
    select id, message_json from provider_request`.execute(db);
  await db.schema.alterTable('provider_request').dropColumn('message_json').execute();
}
