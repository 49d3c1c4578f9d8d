import { moveDelivery, type Delivery } from './deliveries.ts';
import type { Db, DeliveryPurpose } from './tables.ts';
import type { Worker } from './workers.ts';

/** Documents on their way out: queued with the decision, sealed once, published once. */

export interface Publication {
  /** Folder published into, relative to the spool. */
  readonly folder: string;
  readonly name: string;
  readonly purpose: DeliveryPurpose;
  readonly content: string;
  readonly batchId: number | null;
  readonly providerRequestId: number | null;
}

/** Queues a document to be published: part of the transaction that decides on it. */
export async function queuePublication(db: Db, publication: Publication, now: Date): Promise<void> {
  await db
    .insertInto('delivery')
    .values({
      direction: 'out',
      folder: publication.folder,
      name: publication.name,
      state: 'seen',
      attempts: 0,
      crashes: 0,
      purpose: publication.purpose,
      content: publication.content,
      batch_id: publication.batchId,
      provider_request_id: publication.providerRequestId,
      seen_at: now.toISOString(),
    })
    .execute();
}

/** Queued documents of these purposes, oldest first. */
export async function unpublished(
  db: Db,
  purposes: readonly DeliveryPurpose[],
  limit: number,
): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'out')
    .where('purpose', 'in', purposes)
    .where('state', 'in', ['seen', 'claimed'])
    .where('moved_at', 'is', null)
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Folders into which documents of these purposes were or will be published. */
export async function publishedFolders(db: Db, purposes: readonly DeliveryPurpose[]): Promise<string[]> {
  const rows = await db
    .selectFrom('delivery')
    .select('folder')
    .distinct()
    .where('direction', '=', 'out')
    .where('purpose', 'in', purposes)
    .execute();
  return rows.map((row) => row.folder);
}

/** Takes a queued document from whoever held it when the row was read; undefined when another was faster. */
export async function takePublication(
  db: Db,
  delivery: Delivery,
  worker: Worker,
): Promise<Delivery | undefined> {
  return db
    .updateTable('delivery')
    .set({ worker_id: worker.id, attempts: delivery.attempts + 1 })
    .where('id', '=', delivery.id)
    .where('state', 'in', ['seen', 'claimed'])
    .where('worker_id', 'is not distinct from', delivery.worker_id)
    .returningAll()
    .executeTakeFirst();
}

/** The sealed bytes are on disk under a temporary name; from here on exactly these bytes are published. */
export const markSealed = (
  db: Db,
  delivery: Delivery,
  sealed: { readonly digest: string; readonly size: number },
): Promise<Delivery> => moveDelivery(db, delivery, 'claimed', sealed);

export const markPublished = (db: Db, delivery: Delivery, place: string, at: Date): Promise<Delivery> =>
  moveDelivery(db, delivery, 'done', {
    content: null,
    place,
    settled_at: at.toISOString(),
    moved_at: at.toISOString(),
  });
