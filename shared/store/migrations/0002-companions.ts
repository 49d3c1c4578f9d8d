import type { Kysely } from 'kysely';

/**
 * A file may come with a companion (a marker, or a manifest of its size and digest), an operator may have a duplicate
 * loaded all the same, and `enrol spool check` asks which row has its file at a place.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('delivery').addColumn('companion_json', 'text').execute();
  await db.schema.alterTable('delivery').addColumn('reload', 'integer').execute();
  await db.schema.createIndex('delivery_place').on('delivery').column('place').execute();
}
