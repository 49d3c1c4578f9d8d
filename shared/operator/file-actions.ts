import { dirname, join } from 'node:path';

import { systemClock } from '../runtime/clock.ts';
import { syncFolder } from '../runtime/durable.ts';
import { Fault } from '../runtime/faults.ts';
import { workPath } from '../spool/claim.ts';
import { moveCompanion } from '../spool/companion.ts';
import { linkNew, removeName } from '../spool/files.ts';
import { placeOf } from '../spool/inbox.ts';
import { inboxFolders } from '../spool/layout.ts';
import { finishMove, removeReason, type SettlingInbox } from '../spool/settle.ts';
import {
  allowDuplicate,
  findDelivery,
  holdByHand,
  reopen,
  retryNow,
  type Delivery,
} from '../store/deliveries.ts';
import { inTransaction } from '../store/open-store.ts';
import type { DeliveryState } from '../store/states/delivery.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/** What operators do with files that are rejected, held or deferred. `spool` is the root of the spool. */

/** Tries a rejected or deferred file again now. @throws Fault NOT_FOUND, NOT_ALLOWED */
export const retryFile = (db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> =>
  tryAgain(db, spool, operator, id, 'file.retry', ['rejected', 'deferred']);

/** Tries a held file again now. @throws Fault NOT_FOUND, NOT_ALLOWED */
export const releaseFile = (db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> =>
  tryAgain(db, spool, operator, id, 'file.release', ['held']);

/**
 * Loads a file that was rejected as a duplicate, all the same: its records are in the store twice then, or again after a
 * restore. @throws Fault NOT_FOUND, NOT_ALLOWED
 */
export function reloadFile(db: Db, spool: string, operator: Operator, id: number): Promise<Delivery> {
  return inTransaction(db, async (trx) => {
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
    const row = await requireFile(trx, id, ['rejected', 'deferred']);
    const changed = await holdByHand(trx, row, `held by ${operator.who}: ${operator.reason}`, operator.now);
    await auditFile(trx, operator, 'file.hold', row, changed);
    return changed;
  });
  await finishMove(settlingInbox(db, spool, held), held);
  return (await findDelivery(db, id)) ?? held;
}

function tryAgain(
  db: Db,
  spool: string,
  operator: Operator,
  id: number,
  action: string,
  from: readonly DeliveryState[],
): Promise<Delivery> {
  return inTransaction(db, async (trx) => {
    const row = await requireFile(trx, id, from);
    const changed =
      row.state === 'deferred'
        ? await retryNow(trx, row, operator.now)
        : await takeBack(trx, settlingInbox(db, spool, row), row, operator.now);
    await auditFile(trx, operator, action, row, changed);
    return changed;
  });
}

/**
 * Moves the file from rejected/ or hold/ back to work/, inside the transaction: a crash in between leaves a settled
 * row with its file in work/, which the daemon's next start moves out again.
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
  const row = await findDelivery(trx, id);
  if (row?.direction !== 'in') throw new Fault('NOT_FOUND', `there is no received file ${id}`);
  if (!states.includes(row.state)) {
    throw new Fault(
      'NOT_ALLOWED',
      `file ${id} (${row.name}) is ${row.state}; needed: ${states.join(' or ')}`,
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
    after: { state: after.state },
  });
