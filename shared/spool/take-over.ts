import type { Delivery } from '../store/deliveries.ts';
import type { Db } from '../store/tables.ts';
import type { Worker } from '../store/workers.ts';

/**
 * Takes an unfinished file from whoever held it when the row was read; undefined when another process was faster. Two
 * processes that start after a crash find the same rows.
 */
export async function takeOver(db: Db, row: Delivery, worker: Worker): Promise<Delivery | undefined> {
  return db
    .updateTable('delivery')
    .set({ worker_id: worker.id })
    .where('id', '=', row.id)
    .where('state', '=', row.state)
    .where('moved_at', 'is', null)
    .where('worker_id', 'is not distinct from', row.worker_id)
    .returningAll()
    .executeTakeFirst();
}
