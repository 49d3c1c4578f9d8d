import type { Kysely } from 'kysely';

/** A received document's header is kept with its batch: the records are stored one by one, and do not repeat it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('batch').addColumn('header_json', 'text').execute();
}
