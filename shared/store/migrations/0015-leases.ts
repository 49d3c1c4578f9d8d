import { sql, type Kysely } from 'kysely';

/**
 * Processes of several hosts at one store: a lease tells which of them live. Hosts number one and the same file server
 * differently, so that a file is known by its inode alone; and a draft bears the number of the process that wrote it, so
 * that its row says where it lies.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('worker').addColumn('leased_until', 'text').execute();
  await claimByInode(db);
  await sql`update delivery set place = folder || '/.tmp-' || id || '-' || name
    where direction = 'out' and state = 'claimed' and place is null`.execute(db);
}

/**
 * Of two unfinished files with one inode, as a drop folder has that was moved to another disk, only one still lies there.
 * The older ones forget what they were: whoever works on them next looks anew.
 */
async function claimByInode(db: Kysely<unknown>): Promise<void> {
  const open = sql`direction = 'in' and state in ('seen', 'claimed', 'deferred')`;
  await sql`update delivery set inode = null where ${open} and exists (
    select 1 from delivery as newer where newer.direction = 'in' and newer.state in ('seen', 'claimed', 'deferred')
    and newer.folder = delivery.folder and newer.inode = delivery.inode and newer.id > delivery.id)`.execute(
    db,
  );
  await db.schema.dropIndex('delivery_claim').execute();
  await db.schema
    .createIndex('delivery_claim')
    .unique()
    .on('delivery')
    .columns(['folder', 'inode'])
    .where(sql<boolean>`direction = 'in' and state in ('seen', 'claimed', 'deferred')`)
    .execute();
}
