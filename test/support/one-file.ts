import { claim as claimAll } from '../../shared/spool/claim.ts';
import type { Inbox } from '../../shared/spool/inbox.ts';
import type { Candidate } from '../../shared/spool/intake.ts';
import {
  insertSeen as insertAllSeen,
  markClaimed as markAllClaimed,
  markMoved as markAllMoved,
  type Delivery,
  type NewDelivery,
  type PlacedTogether,
} from '../../shared/store/deliveries.ts';
import { markSealed as markAllSealed, type SealedDelivery } from '../../shared/store/publications.ts';
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

/** @throws Fault LEASE_LOST, BUG */
export const markClaimed = async (db: Db, row: Delivery, place: string): Promise<Delivery> =>
  onlyOne(await markAllClaimed(db, [{ row, place }]));

/** @throws Fault LEASE_LOST */
export const markMoved = async (db: Db, row: Delivery, place: string | null, now: Date): Promise<Delivery> =>
  onlyOne(await markAllMoved(db, [{ row, place }], now));

/** @throws Fault LEASE_LOST, BUG */
export const markSealed = async (
  db: Db,
  row: Delivery,
  sealed: SealedDelivery['sealed'],
): Promise<Delivery> => onlyOne(await markAllSealed(db, [{ row, sealed }]));

function onlyOne({ done: [done], lost: [lost] }: PlacedTogether): Delivery {
  if (!done) throw lost?.thrown ?? new Error('neither done nor lost');
  return done;
}
