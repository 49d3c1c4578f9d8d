import { sql, type Insertable } from 'kysely';

import { bug, Fault } from '../runtime/faults.ts';
import { chunks } from './chunks.ts';
import { compiled } from './compiled.ts';
import { asKnown, isStillAsKnown, staleFault, type Delivery, type PlacedTogether } from './deliveries.ts';
import { hasRowLocks } from './row-locks.ts';
import { deliveryMoves } from './states/delivery.ts';
import { checkMove } from './states/state-machine.ts';
import type { Db, DeliveryPurpose, Tables } from './tables.ts';
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
export const queuePublication = (db: Db, publication: Publication, now: Date): Promise<void> =>
  queuePublications(db, [publication], now);

/** Queues documents, of which the first is published first. */
export async function queuePublications(
  db: Db,
  publications: readonly Publication[],
  now: Date,
): Promise<void> {
  const rows = publications.map((publication) => ({
    direction: 'out' as const,
    folder: publication.folder,
    name: publication.name,
    state: 'seen' as const,
    attempts: 0,
    crashes: 0,
    purpose: publication.purpose,
    content: publication.content,
    batch_id: publication.batchId,
    provider_request_id: publication.providerRequestId,
    seen_at: now.toISOString(),
  }));
  for (const chunk of chunks(rows)) await insertQueued(db, { rows: chunk });
}

interface Queued {
  readonly rows: readonly Insertable<Tables['delivery']>[];
}

const insertQueued = compiled<Queued, never>((db, { rows }) => db.insertInto('delivery').values(rows));

/** A queued document, without its content: that of many is not to be held in memory. */
export interface Waiting {
  readonly id: number;
  readonly folder: string;
  /** Who has taken it, and may have died since. */
  readonly worker_id: number | null;
  /** Length of its content. */
  readonly bytes: number;
}

/** Queued documents of these purposes, oldest first. */
export async function unpublished(
  db: Db,
  purposes: readonly DeliveryPurpose[],
  limit: number,
): Promise<Waiting[]> {
  return db
    .selectFrom('delivery')
    .select((select) => [
      'id',
      'folder',
      'worker_id',
      select.fn<number>('octet_length', [select.fn.coalesce('content', select.val(''))]).as('bytes'),
    ])
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
    .orderBy('folder')
    .execute();
  return rows.map((row) => row.folder);
}

/**
 * Takes queued documents that nobody has, or this worker itself, or one of those who do not live any more.
 *
 * @returns those that were still to be had, with their content, oldest first
 */
export async function takePublications(
  db: Db,
  waiting: readonly Pick<Waiting, 'id'>[],
  deadHolders: readonly number[],
  worker: Worker,
): Promise<Delivery[]> {
  const taken = await db
    .updateTable('delivery')
    .set((set) => ({ worker_id: worker.id, attempts: set('attempts', '+', 1) }))
    .where('id', 'in', (build) =>
      build
        .selectFrom('delivery')
        .select('id')
        .where(
          'id',
          'in',
          waiting.map(({ id }) => id),
        )
        .where('state', 'in', ['seen', 'claimed'])
        .where((where) =>
          where.or([where('worker_id', 'is', null), where('worker_id', 'in', [worker.id, ...deadHolders])]),
        )
        .$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
    )
    .returningAll()
    .execute();
  return taken.sort((one, other) => one.id - other.id);
}

/** A document whose sealed bytes are on the disk, under a temporary name. */
export interface SealedDelivery {
  readonly row: Delivery;
  readonly sealed: { readonly digest: string; readonly size: number; readonly place: string };
}

/**
 * The sealed bytes are on disk at these places; from here on exactly these bytes are published. The same process holds all.
 *
 * @throws Fault BUG when one has left the state that the caller knows
 */
export async function markSealed(db: Db, deliveries: readonly SealedDelivery[]): Promise<PlacedTogether> {
  for (const { row } of deliveries) checkMove('delivery', deliveryMoves, row.state, 'claimed');
  const ids = new Set<number>();
  for (const chunk of chunks(deliveries)) {
    const sealed = chunk.map(({ row: { id, state, worker_id }, sealed }) => ({
      id,
      state,
      worker_id,
      ...sealed,
    }));
    for (const { id } of await noteSealed(db, { sealed })) ids.add(id);
  }
  const done: Delivery[] = [];
  const lost: { row: Delivery; thrown: Fault }[] = [];
  for (const { row, sealed } of deliveries) {
    if (ids.has(row.id)) done.push({ ...row, ...sealed, state: 'claimed' });
    else lost.push({ row, thrown: await staleFault(db, row) });
  }
  return { done, lost };
}

type SealedRow = Pick<Delivery, 'id' | 'state' | 'worker_id'> & SealedDelivery['sealed'];

const noteSealed = compiled<{ readonly sealed: readonly SealedRow[] }, { id: number }>((db, { sealed }) => {
  const values = sealed.map(
    ({ digest, size, place, ...row }) =>
      sql`(${asKnown(row)}, cast(${digest} as text), cast(${size} as bigint), cast(${place} as text))`,
  );
  return db
    .updateTable('delivery')
    .from(sql`(values ${sql.join(values)})`.as('sealed'))
    .set({
      state: 'claimed',
      digest: sql.ref('sealed.column4'),
      size: sql.ref('sealed.column5'),
      place: sql.ref('sealed.column6'),
    })
    .where(isStillAsKnown('sealed'))
    .returning('delivery.id');
});

/**
 * The files lie in the folders that they were queued for, under their names. All of them or none are noted; the same process holds all.
 *
 * @throws Fault LEASE_LOST when another has taken one of them; BUG when one was not sealed, or has left the state that
 *   the caller knows
 */
export async function markPublished(db: Db, deliveries: readonly Delivery[], at: Date): Promise<void> {
  for (const { state } of deliveries) checkMove('delivery', deliveryMoves, state, 'done');
  const ids = deliveries.map(({ id }) => id);
  const holder = deliveries[0]?.worker_id ?? null;
  const { numUpdatedRows } = await db
    .updateTable('delivery')
    .set({
      state: 'done',
      content: null,
      place: sql<string>`folder || '/' || name`,
      settled_at: at.toISOString(),
      moved_at: at.toISOString(),
    })
    .where('id', 'in', ids)
    .where('state', '=', 'claimed')
    .where('worker_id', 'is not distinct from', holder)
    .executeTakeFirstOrThrow();
  if (Number(numUpdatedRows) === deliveries.length) return;
  if (await areHeld(db, ids, holder)) throw bug('a delivery is no longer claimed');
  throw new Fault('LEASE_LOST', `another has one of the deliveries ${ids.join(', ')} by now`);
}

async function areHeld(db: Db, ids: readonly number[], holder: number | null): Promise<boolean> {
  const others = await db
    .selectFrom('delivery')
    .select('id')
    .where('id', 'in', ids)
    .where('worker_id', 'is distinct from', holder)
    .execute();
  return others.length === 0;
}
