import { basename, dirname, join } from 'node:path';

import { syncFolder, writeNew } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { faultRow } from '../runtime/fault-codes.ts';
import { markMoved, type Delivery } from '../store/deliveries.ts';
import { workPath } from './claim.ts';
import { moveCompanion } from './companion.ts';
import { exists, linkCount, linkFree, linkNew, markOf, removeName } from './files.ts';
import { placeOf, type Inbox } from './inbox.ts';
import { archiveFolder } from './layout.ts';
import { archiveNames, reasonSuffix } from './names.ts';

/** What settling needs of an inbox; a command has no worker of its own. */
export type SettlingInbox = Pick<Inbox, 'name' | 'folders' | 'spool' | 'db' | 'clock' | 'emit'>;

/**
 * Takes a settled file to its last folder: done/YYYY/MM/DD/, rejected/ or hold/. The row says where it belongs, so this
 * may be repeated after a crash at any point; nothing is overwritten.
 */
export async function finishMove(inbox: SettlingInbox, row: Delivery): Promise<void> {
  const from = row.place === null ? undefined : join(inbox.spool, row.place);
  const folder = await lastFolder(inbox, row);
  const found = from === undefined ? undefined : await placeFile(inbox, row, from, folder);
  // An operator's retry that was cut off may have left it in work/ alone.
  for (const beside of new Set([from ?? workPath(inbox, row), workPath(inbox, row)])) {
    await moveCompanion(row, beside, found ?? join(folder, basename(beside)));
  }
  if (found !== undefined && row.state !== 'done') await writeReason(inbox, row, found);
  failPoint('settle.moved');
  await markMoved(inbox.db, row.id, found === undefined ? null : placeOf(inbox, found), inbox.clock.now());
  if (found === undefined) {
    inbox.emit('file.lost', { folder: inbox.name, file: row.name, delivery: row.id });
  }
}

async function lastFolder(inbox: SettlingInbox, row: Delivery): Promise<string> {
  if (row.state === 'held') return inbox.folders.hold;
  if (row.state === 'rejected') return inbox.folders.rejected;
  return archiveFolder(inbox.folders.done, new Date(row.settled_at ?? row.seen_at));
}

/** Where the file lies now; undefined when it is nowhere to be found. */
async function placeFile(
  inbox: SettlingInbox,
  row: Delivery,
  from: string,
  folder: string,
): Promise<string | undefined> {
  if (!(await exists(from))) return findMoved(row, folder);
  const target = await linkFree(from, folder, archiveNames(row.id, row.name));
  failPoint('settle.linked');
  const otherNames = (await linkCount(target)) - new Set([from, target]).size;
  if (otherNames > 0) {
    inbox.emit('file.linked', { folder: inbox.name, file: row.name, delivery: row.id, otherNames });
  }
  if (from !== target) await removeName(from);
  if (dirname(from) !== inbox.folders.work) await removeReason(from); // In work/ nothing has one.
  failPoint('settle.unlinked');
  await syncFolder(dirname(from));
  return target;
}

/** Where an earlier attempt has put the file. */
async function findMoved(row: Delivery, folder: string): Promise<string | undefined> {
  const names = archiveNames(row.id, row.name);
  for (;;) {
    const name = names.next().value;
    const mark = await markOf(join(folder, name));
    if (mark?.inode === row.inode) return join(folder, name);
    // The sender's own name may have been taken then, and be free by now.
    if (mark === undefined && name !== row.name) return undefined;
  }
}

const reasonPath = (path: string): string => path + reasonSuffix;

/** The reason file beside a refused file: for the operator, and for the partner who is asked to send again. */
async function writeReason(inbox: SettlingInbox, row: Delivery, path: string): Promise<void> {
  const code = row.fault_code;
  const reason = {
    code,
    stage: `inbox ${inbox.name}`,
    what: code === null ? null : faultRow(code).what,
    detail: row.detail,
    action: code === null ? null : faultRow(code).action,
    digest: row.digest,
    time: row.settled_at,
    delivery: row.id,
  };
  const target = reasonPath(path);
  const draft = join(inbox.folders.tmp, `${row.id}.reason`);
  await removeName(draft);
  await writeNew(draft, Buffer.from(`${JSON.stringify(reason, null, 2)}\n`), 0o640);
  failPoint('settle.reason-drafted');
  await removeName(target); // A reason of an earlier refusal of this same file.
  await linkNew(draft, target);
  failPoint('settle.reason-written');
  await removeName(draft);
  await syncFolder(dirname(target));
}

/** Removes the reason beside a file that leaves rejected/ or hold/. */
export async function removeReason(path: string): Promise<void> {
  await removeName(reasonPath(path));
}
