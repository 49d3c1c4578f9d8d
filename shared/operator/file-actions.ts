import { dirname, join } from 'node:path';

import { systemClock } from '../runtime/clock.ts';
import { syncFolder } from '../runtime/durable.ts';
import { Fault } from '../runtime/faults.ts';
import { workPath } from '../spool/claim.ts';
import { moveCompanion } from '../spool/companion.ts';
import { exists, linkNew, removeName } from '../spool/files.ts';
import { placeOf } from '../spool/inbox.ts';
import { inboxFolders } from '../spool/layout.ts';
import { finishMove, removeReason, type SettlingInbox } from '../spool/settle.ts';
import { allowDuplicate, discard, holdByHand, reopen, retryNow } from '../store/deliveries-by-hand.ts';
import { findDelivery, lockDelivery, reopenMove, type Delivery } from '../store/deliveries.ts';
import { unsettledStates } from '../store/delivery-lists.ts';
import { inTransaction } from '../store/open-store.ts';
import type { DeliveryState } from '../store/states/delivery.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** What operators do with files that are rejected, held or deferred. `spool` is the root of the spool. */

/** States that a file may be in when an action is taken. */
export const actionStates = {
  retry: ['rejected', 'deferred'],
  hold: ['rejected', 'deferred'],
  release: ['held'],
  discard: unsettledStates,
} as const satisfies Record<string, readonly DeliveryState[]>;

/** Tries a rejected or deferred file again now. @throws Fault NOT_FOUND, NOT_ALLOWED */
export const retryFile = (db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> =>
  tryAgain(db, spool, operator, id, 'file.retry', actionStates.retry);

/** Tries a held file again now. @throws Fault NOT_FOUND, NOT_ALLOWED */
export const releaseFile = (db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> =>
  tryAgain(db, spool, operator, id, 'file.release', actionStates.release);

/**
 * Loads a file that was rejected as a duplicate, all the same: its records are in the store twice then, or again after a
 * restore. @throws Fault NOT_FOUND, NOT_ALLOWED
 */
export function reloadFile(db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> {
  return takingBack(db, spool, id, async (trx) => {
    const row = await requireFile(trx, id, ['rejected']);
    if (row.fault_code !== 'DUPLICATE') {
      const detail = `file ${id} (${row.name}) was rejected with ${row.fault_code ?? 'no code'}, not as a duplicate`;
      throw new Fault('NOT_ALLOWED', `${detail}: enrol file retry tries it again`);
    }
    const allowed = await allowDuplicate(trx, row);
    const changed = await takeBack(trx, settlingInbox(db, spool, row), allowed, operator.now);
    await auditFile(trx, operator, 'file.reload', row, changed);
    return changed;
  });
}

/** Puts a rejected or deferred file into hold/. @throws Fault NOT_FOUND, NOT_ALLOWED */
export async function holdFile(db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> {
  const held = await inTransaction(db, async (trx) => {
    const row = await requireFile(trx, id, actionStates.hold);
    refuseDiscarded(row);
    const changed = await holdByHand(trx, row, `held by ${operator.who}: ${operator.reason}`, operator.now);
    await auditFile(trx, operator, 'file.hold', row, changed);
    return changed;
  });
  return bringHome(db, spool, held);
}

/**
 * Puts a file that nobody wants any more into rejected/, where it needs nobody. Nothing is deleted: a retry takes it
 * back.
 *
 * @throws Fault NOT_FOUND, NOT_ALLOWED
 */
export async function discardFile(db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> {
  const discarded = await inTransaction(db, async (trx) => {
    const row = await requireFile(trx, id, actionStates.discard);
    refuseDiscarded(row);
    const detail = `discarded by ${operator.who}: ${operator.reason}\n${wasBefore(row)}`;
    const changed = await discard(trx, row, detail, operator.now);
    await auditFile(trx, operator, 'file.discard', row, changed);
    return changed;
  });
  return bringHome(db, spool, discarded);
}

/** What was known of the file, which its row and its reason file tell no longer. */
const wasBefore = ({ state, fault_code: code, detail }: Delivery): string =>
  `before: ${[state, code, detail].filter((part) => part !== null).join(', ')}`;

/** @throws Fault NOT_ALLOWED */
function refuseDiscarded({ id, name, fault_code: code }: Delivery): void {
  if (code !== 'DISCARDED') return;
  throw new Fault('NOT_ALLOWED', `file ${id} (${name}) is discarded already; enrol file retry takes it back`);
}

/**
 * Brings a file that was settled by hand to its last folder. Its daemon does the same when it looks first; while the row is
 * locked it cannot begin to.
 */
function bringHome(db: Db, spool: string, settled: Delivery): Promise<Delivery> {
  return inTransaction(db, async (trx) => {
    const row = await lockDelivery(trx, settled.id);
    if (row === undefined || row.worker_id !== null || row.moved_at !== null) return row ?? settled;
    await finishMove(settlingInbox(trx, spool, row), row);
    return (await findDelivery(trx, row.id)) ?? row;
  });
}

function tryAgain(
  db: Db,
  spool: string,
  operator: Operator,
  id: number,
  action: string,
  from: readonly DeliveryState[],
): Promise<Delivery> {
  return takingBack(db, spool, id, async (trx) => {
    const row = await requireFile(trx, id, from);
    const changed =
      row.state === 'deferred'
        ? await retryNow(trx, row, operator.now)
        : await takeBack(trx, settlingInbox(db, spool, row), row, operator.now);
    await auditFile(trx, operator, action, row, changed);
    return changed;
  });
}

/** A transaction in which a file may be taken back. When it comes to nothing, its daemon moves the file out again. */
async function takingBack(
  db: Db,
  spool: string,
  id: number,
  work: (trx: Db) => Promise<Delivery>,
): Promise<Delivery> {
  try {
    return await inTransaction(db, work);
  } catch (thrown) {
    // Without the store, the daemon's next start finds the file.
    await undoTakingBack(db, spool, id).catch(() => undefined);
    throw thrown;
  }
}

async function undoTakingBack(db: Db, spool: string, id: number): Promise<void> {
  const row = await findDelivery(db, id);
  if (row === undefined || row.moved_at === null) return;
  const inbox = settlingInbox(db, spool, row);
  const work = workPath(inbox, row);
  if (await exists(work)) await reopenMove(db, row, placeOf(inbox, work));
}

/**
 * Moves the file from rejected/ or hold/ back to work/, inside the transaction: a crash in between leaves a settled
 * row with its file in work/, which the daemon's next start moves out again. What other transactions could be in the way of
 * is written before the first move, so that this is never done a second time.
 */
async function takeBack(trx: Db, inbox: SettlingInbox, row: Delivery, now: Date): Promise<Delivery> {
  if (row.place === null)
    throw new Fault('NOT_ALLOWED', `file ${row.id} (${row.name}) is lost: nothing to try again`);
  const from = join(inbox.spool, row.place);
  const work = workPath(inbox, row);
  const changed = await reopen(trx, row, placeOf(inbox, work), now);
  await linkNew(from, work);
  await moveCompanion(row, from, work);
  await syncFolder(inbox.folders.work);
  await removeName(from);
  await removeReason(from);
  await syncFolder(dirname(from));
  return changed;
}

/** @throws Fault NOT_FOUND, NOT_ALLOWED */
async function requireFile(trx: Db, id: number, states: readonly DeliveryState[]): Promise<Delivery> {
  const row = await lockDelivery(trx, id);
  if (row?.direction !== 'in') throw new Fault('NOT_FOUND', `there is no received file ${id}`);
  if (row.removed_at !== null) {
    const when = `at ${row.removed_at}, by retention run ${row.removed_by ?? 0}`;
    throw new Fault(
      'NOT_ALLOWED',
      `file ${id} (${row.name}) was removed ${when}: the sender has to send it again`,
    );
  }
  if (!states.includes(row.state)) {
    throw new Fault(
      'NOT_ALLOWED',
      `file ${id} (${row.name}) is ${row.state}; needed: ${states.join(' or ')}`,
    );
  }
  // Its process, or whoever takes it over, is about to link and unlink it: two of us would do it at the same time.
  if (row.state !== 'deferred' && row.moved_at === null) {
    throw new Fault(
      'NOT_ALLOWED',
      `file ${id} (${row.name}) is on its way to ${row.state}: try again in a moment`,
    );
  }
  return row;
}

function settlingInbox(db: Db, spool: string, row: Delivery): SettlingInbox {
  const folders = inboxFolders(join(spool, row.folder));
  return { name: row.folder, folders, spool, db, clock: systemClock, emit: () => undefined };
}

const auditFile = (
  trx: Db,
  operator: Operator,
  action: string,
  before: Delivery,
  after: Delivery,
): Promise<void> =>
  audit(trx, operator, {
    action,
    subject: `file ${before.id}`,
    before: { state: before.state, code: before.fault_code },
    after: { state: after.state, code: after.fault_code },
  });
