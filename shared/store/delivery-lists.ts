import { sql } from 'kysely';

import type { FaultCode } from '../runtime/fault-codes.ts';
import type { Delivery } from './deliveries.ts';
import type { KeyPage } from './key-page.ts';
import { deliveryStates, type DeliveryState } from './states/delivery.ts';
import type { Db } from './tables.ts';

/** Files as people and checks look at them: in lists, by number, by batch, and counted. */

/** Files by their numbers, newest first. */
export async function deliveriesOf(db: Db, ids: readonly number[]): Promise<Delivery[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('delivery').selectAll().where('id', 'in', ids).orderBy('id', 'desc').execute();
}

/** Received files that were brought to their last folder and should lie there still, by number, after this one. */
export async function settledAfter(db: Db, inbox: string, id: number, limit: number): Promise<Delivery[]> {
  return db
    .selectFrom('delivery')
    .selectAll()
    .where('direction', '=', 'in')
    .where('folder', '=', inbox)
    .where('state', 'in', ['done', 'rejected', 'held'])
    .where('moved_at', 'is not', null)
    .where('place', 'is not', null)
    .where('removed_at', 'is', null)
    .where('id', '>', id)
    .orderBy('id')
    .limit(limit)
    .execute();
}

export interface DeliveryFilter extends KeyPage {
  readonly folder?: string | undefined;
  readonly states?: readonly DeliveryState[] | undefined;
  readonly code?: FaultCode | undefined;
  /** Leaves out what an operator has discarded: there may be much of it. */
  readonly withoutDiscarded?: boolean | undefined;
}

/** States in which a file may wait for somebody. */
export const unsettledStates = ['rejected', 'held', 'deferred'] as const satisfies readonly DeliveryState[];

/** Files that somebody has to look at: rejected, held or deferred, and not discarded. */
export const filesInNeed = (
  db: Db,
  filter: Pick<DeliveryFilter, 'folder' | 'before' | 'limit'>,
): Promise<Delivery[]> => listDeliveries(db, { ...filter, states: unsettledStates, withoutDiscarded: true });

/** Received files that were rejected since a time, without those that were discarded. */
export async function countRejectedSince(db: Db, since: Date): Promise<number> {
  const { count } = await db
    .selectFrom('delivery')
    .select((select) => select.fn.countAll<number | string>().as('count'))
    .where(rejectedAndWanted)
    .where('settled_at', '>=', since.toISOString())
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** As the indexes say it, word for word: else they are not used. */
const rejectedAndWanted = sql<boolean>`state = 'rejected' and fault_code is distinct from 'DISCARDED'`;

/** Newest first. */
export async function listDeliveries(db: Db, filter: DeliveryFilter): Promise<Delivery[]> {
  const { folder, code, limit } = filter;
  const { states = folder === undefined && code === undefined ? undefined : deliveryStates } = filter;
  if (states === undefined) return deliveryPage(db, filter).execute();
  // The index has the files of one state in order; of several states it would have to sort them all.
  const pages = states.map((state) => {
    const wanted = filter.withoutDiscarded === true && state === 'rejected';
    const page = deliveryPage(db, filter);
    return (wanted ? page.where(rejectedAndWanted) : page.where('state', '=', state)).execute();
  });
  return (await Promise.all(pages))
    .flat()
    .sort((a, b) => b.id - a.id)
    .slice(0, limit);
}

function deliveryPage(db: Db, { folder, before, limit, code }: DeliveryFilter) {
  let query = db.selectFrom('delivery').selectAll().orderBy('id', 'desc').limit(limit);
  if (folder !== undefined) query = query.where('folder', '=', folder);
  if (before !== undefined) query = query.where('id', '<', before);
  if (code !== undefined) query = query.where('fault_code', '=', code);
  return query;
}

/** Every file that belongs to one of these batches, oldest first. */
export async function deliveriesOfBatches(db: Db, batches: readonly number[]): Promise<Delivery[]> {
  if (batches.length === 0) return [];
  return db.selectFrom('delivery').selectAll().where('batch_id', 'in', batches).orderBy('id').execute();
}

/** Files of a batch, newest first: one answer of a provider may make a response for each of many orders. */
export function filesOfBatch(db: Db, batchId: number, { before, limit }: KeyPage): Promise<Delivery[]> {
  const query = db
    .selectFrom('delivery')
    .selectAll()
    .where('batch_id', '=', batchId)
    .orderBy('id', 'desc')
    .limit(limit);
  return (before === undefined ? query : query.where('id', '<', before)).execute();
}

/** Number of files per folder and state, of those received (by inbox) or of those produced. */
export async function countFiles(
  db: Db,
  direction: Delivery['direction'] = 'in',
): Promise<{ folder: string; state: DeliveryState; count: number }[]> {
  return db
    .selectFrom('file_count')
    .select(['folder', 'state', 'files as count'])
    .where('direction', '=', direction)
    .where('files', '>', 0)
    .orderBy('folder')
    .orderBy('state')
    .execute();
}
