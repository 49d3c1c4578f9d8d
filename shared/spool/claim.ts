import { link, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { bug, errnoOf } from '../runtime/faults.ts';
import {
  findDelivery,
  forgetSeen,
  insertSeen,
  markClaimed,
  reopenMove,
  type Delivery,
} from '../store/deliveries.ts';
import { exists, isSameFile, linkNew, markOf, removeName } from './files.ts';
import { placeOf, type Inbox } from './inbox.ts';
import type { Candidate } from './intake.ts';
import { idOfWorkName, nameBytes, workName } from './names.ts';
import { sameMark } from './stability.ts';

/**
 * Takes a file out of the drop folder, so that it is ours alone:
 *
 *   row `seen` → link in/x work/<id>__x → move in/x aside → fsync → row `claimed`
 *
 * in/x is moved aside (to a name that cannot collide) and then removed, instead of being unlinked at once: if the
 * sender has just put a new file under the same name, it is that file which was moved, and it goes back.
 *
 * @returns undefined when the file is another process's, or gone
 */
export async function claim(inbox: Inbox, candidate: Candidate): Promise<Delivery | undefined> {
  const { db, worker, clock, folders } = inbox;
  const row = await insertSeen(
    db,
    { inbox: inbox.name, name: candidate.name, mark: candidate.mark },
    worker,
    clock.now(),
  );
  if (row === undefined) return undefined;
  failPoint('claim.recorded');
  const work = workPath(inbox, row);
  try {
    await link(candidate.path, work);
  } catch (error) {
    await forgetSeen(db, row.id);
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const mark = await markOf(work);
  if (mark === undefined || !sameMark(mark, candidate.mark)) {
    // Not the file that was observed: it stays where it is and is looked at anew.
    await removeName(work);
    await forgetSeen(db, row.id);
    return undefined;
  }
  failPoint('claim.linked');
  await takeAside(inbox, row, work);
  failPoint('claim.taken');
  await syncFolder(folders.work);
  await syncFolder(folders.in);
  failPoint('claim.synced');
  const claimed = await markClaimed(db, row, placeOf(inbox, work));
  failPoint('claim.claimed');
  return claimed;
}

export const workPath = (inbox: Pick<Inbox, 'folders'>, row: Pick<Delivery, 'id' | 'name'>): string =>
  join(inbox.folders.work, workName(row.id, row.name));

/** Path in the drop folder; as bytes, since a name need not be valid UTF-8. */
const dropPath = (inbox: Inbox, row: Delivery): Buffer =>
  Buffer.concat([Buffer.from(`${inbox.folders.in}/`), nameBytes(row.name)]);

const asidePath = (inbox: Inbox, row: Delivery): string => join(inbox.folders.tmp, String(row.id));

async function takeAside(inbox: Inbox, row: Delivery, work: string): Promise<void> {
  const aside = asidePath(inbox, row);
  if (await exists(aside)) throw bug(`${aside} is left from another claim`);
  try {
    await rename(dropPath(inbox, row), aside);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // Gone from in/: nothing to take away.
    return;
  }
  failPoint('claim.moved-aside');
  await dropAside(inbox, row, work);
}

/** The name aside is the claimed file's: remove it. Otherwise it is a newer file of the same name: put it back. */
async function dropAside(inbox: Inbox, row: Delivery, work: string): Promise<void> {
  const aside = asidePath(inbox, row);
  if (await isSameFile(aside, work)) await removeName(aside);
  else await putBack(inbox, aside, dropPath(inbox, row), `${row.id}.returned`);
}

/** Puts a file into in/; under the other name when the sender has used the first again meanwhile. */
async function putBack(inbox: Inbox, from: string, original: string | Buffer, other: string): Promise<void> {
  try {
    await linkNew(from, original);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await linkNew(from, join(inbox.folders.in, other));
  }
  await removeName(from);
}

/**
 * Finishes or undoes a claim that a crash interrupted.
 *
 * @returns the claimed row, or undefined when the file is still in in/ and will be found there
 */
export async function resumeClaim(inbox: Inbox, row: Delivery): Promise<Delivery | undefined> {
  const work = workPath(inbox, row);
  const mark = await markOf(work);
  if (mark === undefined) {
    await forgetSeen(inbox.db, row.id);
    return undefined;
  }
  if (mark.inode !== row.inode || mark.dev !== row.dev) {
    // Not the file that was observed: the crash came before this was noticed.
    await putBack(inbox, work, dropPath(inbox, row), `${row.id}.returned`);
    await forgetSeen(inbox.db, row.id);
    return undefined;
  }
  if (await exists(asidePath(inbox, row))) await dropAside(inbox, row, work);
  if (await isSameFile(dropPath(inbox, row), work)) await takeAside(inbox, row, work);
  await syncFolder(inbox.folders.work);
  await syncFolder(inbox.folders.in);
  return markClaimed(inbox.db, row, placeOf(inbox, work));
}

/**
 * Files in work/ that no unfinished row accounts for, once at start: a store that was restored, or an operator's retry
 * that was cut off. What the ledger has settled is moved on by recovery; what it does not know goes back to in/.
 */
export async function sweepWork(inbox: Inbox): Promise<void> {
  for (const entry of await readdir(inbox.folders.work, { withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const { name } = entry;
    const path = join(inbox.folders.work, name);
    const id = idOfWorkName(name);
    const row = id === undefined ? undefined : await findDelivery(inbox.db, id);
    if (row?.folder === inbox.name && row.moved_at === null) continue;
    const mark = await markOf(path);
    if (mark === undefined) continue; // Another process has finished with it meanwhile.
    if (row?.folder === inbox.name && row.inode === mark.inode) {
      await reopenMove(inbox.db, row.id, placeOf(inbox, path));
      continue;
    }
    await putBack(inbox, path, join(inbox.folders.in, name), `${name}.returned`);
    inbox.emit('file.recovered', {
      folder: inbox.name,
      file: name,
      delivery: id ?? 0,
      to: 'in/, since the ledger does not know it',
    });
  }
}
