import { sql, type Kysely } from 'kysely';

/**
 * Every move of a file is written into each index that holds what it changes, so that an index nobody asks costs the
 * most. Counts have come from tables of their own since 0012; and while their indexes stood, the files whose way is not
 * finished were sought in one of them, among all files that the inbox ever had. Indexes of what most files in motion lack
 * hold only those that have it.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const name of ['delivery_count', 'delivery_settled']) await db.schema.dropIndex(name).execute();
  await partly(db, 'delivery_place', 'place');
  await partly(db, 'delivery_batch', 'batch_id');
  await partly(db, 'delivery_request', 'provider_request_id');
  // Only what we publish has a purpose. With the folder first, nothing but the list of folders is sought here: queued
  // documents are few, and those that were ever published with their purpose many.
  await db.schema
    .createIndex('delivery_published')
    .on('delivery')
    .columns(['folder', 'purpose', 'direction'])
    .where(sql<boolean>`purpose is not null`)
    .execute();
}

/** Makes an index of one column anew, without the rows that have nothing there. */
async function partly(db: Kysely<unknown>, name: string, column: string): Promise<void> {
  await db.schema.dropIndex(name).execute();
  await db.schema
    .createIndex(name)
    .on('delivery')
    .column(column)
    .where(sql<boolean>`${sql.ref(column)} is not null`)
    .execute();
}
