import { moveDelivery, type Delivery } from './deliveries.ts';
import type { Db } from './tables.ts';

/** What operators do with files, against or ahead of what the daemons would do. */

/** An operator does not want to wait for the next try. */
export async function retryNow(db: Db, delivery: Delivery, now: Date): Promise<Delivery> {
  return db
    .updateTable('delivery')
    .set({ next_try_at: now.toISOString() })
    .where('id', '=', delivery.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** An operator puts a deferred or rejected file aside. It is nobody's then: whoever takes it brings it to its folder. */
export const holdByHand = (db: Db, delivery: Delivery, detail: string, at: Date): Promise<Delivery> =>
  moveDelivery(db, delivery, 'held', { detail, ...settledByHand(at) });

/** An operator wants nothing more of a rejected, held or deferred file. */
export const discard = (db: Db, delivery: Delivery, detail: string, at: Date): Promise<Delivery> =>
  moveDelivery(db, delivery, 'rejected', { fault_code: 'DISCARDED', detail, ...settledByHand(at) });

const settledByHand = (at: Date) => ({
  settled_at: at.toISOString(),
  next_try_at: null,
  moved_at: null,
  worker_id: null,
});

/** An operator gives a rejected or held file another chance, with a fresh count. That it was discarded is over then. */
export const reopen = (db: Db, delivery: Delivery, place: string, now: Date): Promise<Delivery> =>
  moveDelivery(db, delivery, 'deferred', {
    attempts: 0,
    crashes: 0,
    place,
    settled_at: null,
    moved_at: null,
    next_try_at: now.toISOString(),
    ...(delivery.fault_code === 'DISCARDED' && { fault_code: null, detail: null }),
  });

/** An operator wants a rejected file loaded although the same was loaded before. */
export async function allowDuplicate(db: Db, delivery: Delivery): Promise<Delivery> {
  return db
    .updateTable('delivery')
    .set({ reload: 1 })
    .where('id', '=', delivery.id)
    .returningAll()
    .executeTakeFirstOrThrow();
}
