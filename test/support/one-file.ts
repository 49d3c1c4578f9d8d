import { claim as claimAll } from '../../shared/spool/claim.ts';
import type { Inbox } from '../../shared/spool/inbox.ts';
import type { Candidate } from '../../shared/spool/intake.ts';
import {
  insertSeen as insertAllSeen,
  type Delivery,
  type NewDelivery,
} from '../../shared/store/deliveries.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Worker } from '../../shared/store/workers.ts';

/** What the product does with groups of files, for tests that are about a single one. */

/** @throws what keeps it from being claimed */
export async function claim(inbox: Inbox, candidate: Candidate): Promise<Delivery | undefined> {
  const [row] = await claimAll(inbox, [candidate], (_, thrown) => {
    throw thrown;
  });
  return row;
}

export async function insertSeen(
  db: Db,
  file: NewDelivery,
  worker: Worker,
  now: Date,
): Promise<Delivery | undefined> {
  const [row] = await insertAllSeen(db, [file], worker, now);
  return row;
}
