import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { bug, errnoOf, toFault } from '../runtime/faults.ts';
import {
  companionOf,
  findDelivery,
  forgetSeen,
  insertSeen,
  markClaimed,
  reopenMove,
  type Companion,
  type Delivery,
} from '../store/deliveries.ts';
import { inTransaction } from '../store/open-store.ts';
import { withOwner } from './access.ts';
import { isCompanion, noteCompanion } from './companion.ts';
import { moveTo } from './file-calls.ts';
import { exists, isSameFile, linkCount, linkNew, markOf, removeName } from './files.ts';
import { placeOf, type Inbox } from './inbox.ts';
import type { Candidate } from './intake.ts';
import { asideName, idOfWorkName, nameBytes, senderName, workName } from './names.ts';
import { sameMark } from './stability.ts';
import { together } from './together.ts';

/** A file of the drop folder, as far as it identifies itself. */
export type DroppedFile = Pick<Delivery, 'name' | 'dev' | 'inode'> & Partial<Pick<Delivery, 'id'>>;

/** Is told of a file that could not be claimed now. */
export type OnUnclaimed = (file: DroppedFile, thrown: unknown) => void;

/**
 * Takes files out of the drop folder, so that they are ours alone, and their companions with them. Each goes this way:
 *
 *   row `seen` → link in/x work/<id>__x → fsync → move in/x aside → fsync → row `claimed`
 *
 * and a group of them goes it together: one transaction and one fsync for all. in/x is moved aside (to a name that
 * cannot collide) and then removed, instead of being unlinked at once: if the sender has just put a new file under the
 * same name, it is that file which was moved, and it goes back.
 *
 * A process that was stopped on this way, and goes on when others have taken over, finds:
 *   - its row gone, with in/x claimed anew under another number, or in/x another file. Its link into work/ bears the old
 *     number, which is never given again: it is taken away where it is noticed that the lease is lost (`dropLateLink`);
 *   - its row another's. What it would link is linked already, or gone. What it would move aside it leaves alone after
 *     the question whether it still holds the lease; a newer file that it has moved aside all the same, being stopped in
 *     between, goes back, with or without a lease, since nobody else knows of it.
 *
 * @returns those that are ours now: others are another process's, or gone, or `failed` was told of them
 * @throws what concerns all of them
 */
export async function claim(
  inbox: Inbox,
  candidates: readonly Candidate[],
  failed: OnUnclaimed,
): Promise<Delivery[]> {
  const { db, worker, clock, lease } = inbox;
  const noted = await together(candidates, note, ({ name, mark }, thrown) =>
    failed({ name, ...mark }, thrown),
  );
  const files = noted.map(({ candidate, companion }) => ({ ...candidate, inbox: inbox.name, companion }));
  await lease.hold();
  const rows = await insertSeen(db, files, worker, clock.now());
  const byFile = new Map(rows.map((row) => [keyOf(row), row]));
  const found = candidates.flatMap((candidate) => {
    const row = byFile.get(keyOf(candidate.mark));
    // Of two names of one file, the row is of one only.
    return row?.name === candidate.name ? [{ candidate, row }] : [];
  });
  const linked = await together(
    found,
    (each) => linkIntoWork(inbox, each),
    ({ row }, thrown) => failed(row, thrown),
  );
  return finishClaims(inbox, linked, failed);
}

/** Undefined when the companion is not the one that was observed: then both are looked at anew. */
async function note(
  candidate: Candidate,
): Promise<{ candidate: Candidate; companion: Companion | undefined } | undefined> {
  const companion = candidate.companion && (await noteCompanion(candidate.companion));
  return candidate.companion && !companion ? undefined : { candidate, companion };
}

const keyOf = ({ dev, inode }: Pick<DroppedFile, 'dev' | 'inode'>): string => `${dev ?? ''}:${inode ?? ''}`;

interface Found {
  readonly candidate: Candidate;
  readonly row: Delivery;
}

async function linkIntoWork(inbox: Inbox, { candidate, row }: Found): Promise<Delivery | undefined> {
  const { db, folders, lease } = inbox;
  failPoint('claim.recorded');
  const work = workPath(inbox, row);
  await lease.hold();
  try {
    await linkNew(candidate.path, work);
  } catch (error) {
    // With a name in work/ all the same, the row stays: the next round looks at what that is.
    if (await exists(work)) throw error;
    await forgetSeen(db, row);
    if (errnoOf(error) === 'ENOENT' && (await exists(folders.work))) return undefined;
    throw await withOwner(error, candidate.path);
  }
  const mark = await markOf(work);
  if (mark === undefined || !sameMark(mark, candidate.mark)) {
    // Not the file that was observed: it stays where it is and is looked at anew.
    await removeName(work);
    await forgetSeen(db, row);
    return undefined;
  }
  return row;
}

/** The rest of claims, from the names in work/ on; as far as it was done before, it may be done again. */
async function finishClaims(
  inbox: Inbox,
  rows: readonly Delivery[],
  failed: OnUnclaimed,
): Promise<Delivery[]> {
  if (rows.length === 0) return [];
  const { work, in: drop } = inbox.folders;
  const paired = await together(rows, (row) => withCompanion(inbox, row), failed);
  await orGiveBack(inbox, paired, () => syncFolder(work));
  paired.forEach(() => failPoint('claim.linked'));
  const taken = await together(paired, (row) => takeOut(inbox, row), failed);
  taken.forEach(() => failPoint('claim.taken'));
  await orGiveBack(inbox, taken, () => syncFolder(drop));
  taken.forEach(() => failPoint('claim.synced'));
  const placed = taken.map((row) => ({ row, place: placeOf(inbox, workPath(inbox, row)) }));
  const { done, lost } = await inTransaction(inbox.db, (trx) => markClaimed(trx, placed));
  for (const { row, thrown } of lost) {
    await dropLateLink(inbox, row);
    failed(row, thrown);
  }
  done.forEach(() => failPoint('claim.claimed'));
  return [...done];
}

async function withCompanion(inbox: Inbox, row: Delivery): Promise<Delivery> {
  await orGiveBack(inbox, [row], () => linkCompanion(inbox, row));
  return row;
}

async function takeOut(inbox: Inbox, row: Delivery): Promise<Delivery> {
  try {
    await inbox.lease.hold();
    for (const suffix of suffixesOf(row)) await takeRest(inbox, row, suffix);
  } catch (thrown) {
    if (toFault(thrown).code === 'LEASE_LOST') await dropLateLink(inbox, row);
    throw thrown;
  }
  return row;
}

/**
 * Takes away the names in work/ that were given when others had forgotten the row already, having found no name there:
 * the file has another name, in in/ or wherever the others have brought it. While the row is there, they are theirs.
 */
async function dropLateLink(inbox: Inbox, row: Delivery): Promise<void> {
  if (await findDelivery(inbox.db, row.id)) return;
  for (const suffix of suffixesOf(row)) {
    const work = workPath(inbox, row, suffix);
    if ((await exists(work)) && (await linkCount(work)) > 1) await removeName(work);
  }
}

/** After a failed fsync nothing of the claims is relied on: the files go back, and are claimed anew from there. */
async function orGiveBack(inbox: Inbox, rows: readonly Delivery[], work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    let reason = error;
    const leaveToRecovery = (_: Delivery, thrown: unknown) => (reason = thrown);
    await together(rows, (row) => giveAllBack(inbox, row), leaveToRecovery);
    throw reason;
  }
}

async function giveAllBack(inbox: Inbox, row: Delivery): Promise<void> {
  await inbox.lease.hold();
  for (const suffix of suffixesOf(row)) await giveBack(inbox, row, suffix);
  await forgetSeen(inbox.db, row);
}

/** Path of a claimed file in work/, or with a suffix of its companion. */
export const workPath = (
  inbox: Pick<Inbox, 'folders'>,
  row: Pick<Delivery, 'id' | 'name'>,
  suffix = '',
): string => join(inbox.folders.work, workName(row.id, row.name) + suffix);

/** Path in the drop folder; as bytes, since a name need not be valid UTF-8. */
const dropPath = (inbox: Inbox, row: Delivery, suffix: string): Buffer =>
  Buffer.concat([Buffer.from(`${inbox.folders.in}/`), nameBytes(row.name), Buffer.from(suffix)]);

const asidePath = (inbox: Inbox, row: Delivery, suffix: string): string =>
  join(inbox.folders.tmp, asideName(row.id, suffix !== ''));

async function takeAside(inbox: Inbox, row: Delivery, suffix: string): Promise<void> {
  const aside = asidePath(inbox, row, suffix);
  if (await exists(aside)) throw bug(`${aside} is left from another claim`);
  await inbox.lease.hold();
  try {
    await moveTo(dropPath(inbox, row, suffix), aside);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    if (!(await exists(aside))) return; // Gone from in/, and not by us, whose first answer was lost.
  }
  failPoint('claim.moved-aside');
  await dropAside(inbox, row, suffix);
}

/** The name aside is the claimed file's: remove it. Otherwise it is a newer file of the same name: put it back. */
async function dropAside(inbox: Inbox, row: Delivery, suffix: string): Promise<void> {
  const aside = asidePath(inbox, row, suffix);
  if (await isOurs(inbox, row, suffix, aside)) {
    await inbox.lease.hold(); // The name may stand for a newer file by now, which others have moved aside.
    await removeName(aside);
  } else await putBack(inbox, aside, dropPath(inbox, row, suffix), returnedPath(inbox, row, suffix));
}

/**
 * Whether what has this name is what lies in work/: of the file, the row knows it, and work/ was compared with the row.
 * By the inode alone: another host may have written the row, which has another number for the same file server. That
 * in/, tmp/ and work/ are on one file system is looked at before each scan, and no link or move leads from one to another.
 */
async function isOurs(inbox: Inbox, row: Delivery, suffix: string, path: string | Buffer): Promise<boolean> {
  if (suffix !== '') return isSameFile(path, workPath(inbox, row, suffix));
  return (await markOf(path))?.inode === row.inode;
}

/** What the names of the file and of its companion, if it has one, have behind the name of the file. */
function suffixesOf(row: Delivery): string[] {
  const companion = companionOf(row);
  return companion === undefined ? [''] : ['', companion.suffix];
}

/** Takes away what a crash, or nobody yet, has left in in/ of a name whose file is linked into work/. */
async function takeRest(inbox: Inbox, row: Delivery, suffix: string): Promise<void> {
  if (await exists(asidePath(inbox, row, suffix))) await dropAside(inbox, row, suffix);
  if (await isOurs(inbox, row, suffix, dropPath(inbox, row, suffix))) await takeAside(inbox, row, suffix);
}

/**
 * Gives the companion a name in work/ beside its file's. A sender who has removed it, or put another in its place, since
 * it was noted may do so: what it said then is in the row.
 */
async function linkCompanion(inbox: Inbox, row: Delivery): Promise<void> {
  const companion = companionOf(row);
  if (companion === undefined) return;
  const drop = dropPath(inbox, row, companion.suffix);
  const work = workPath(inbox, row, companion.suffix);
  if (!isCompanion(companion, await markOf(drop))) return;
  try {
    await linkNew(drop, work);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw await withOwner(error, drop);
  }
  if (!isCompanion(companion, await markOf(work))) await removeName(work); // Replaced in this very moment.
}

/** Path in the drop folder of a file that goes back there when the sender has used its name again. */
const returnedPath = (inbox: Inbox, row: Delivery, suffix: string): string =>
  join(inbox.folders.in, `${row.id}.returned${suffix}`);

/** Takes away the name under which the file was about to go back when a crash, or the disk, prevented it. */
async function takeReturned(inbox: Inbox, row: Delivery, suffix: string): Promise<void> {
  const returned = returnedPath(inbox, row, suffix);
  if (!(await isSameFile(returned, workPath(inbox, row, suffix)))) return;
  await inbox.lease.hold();
  await removeName(returned);
}

async function giveBack(inbox: Inbox, row: Delivery, suffix: string): Promise<void> {
  const work = workPath(inbox, row, suffix);
  if (!(await exists(work))) return;
  if (await exists(asidePath(inbox, row, suffix))) await dropAside(inbox, row, suffix);
  await putBack(inbox, work, dropPath(inbox, row, suffix), returnedPath(inbox, row, suffix));
}

/** Puts a file into in/; under the other name when the sender has used the first again meanwhile. */
async function putBack(inbox: Inbox, from: string, original: string | Buffer, other: string): Promise<void> {
  try {
    await linkNew(from, original);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await linkNew(from, other);
  }
  await syncFolder(inbox.folders.in);
  await removeName(from);
  await syncFolder(dirname(from));
}

/**
 * Finishes or undoes a claim that a crash interrupted.
 *
 * @returns the claimed row, or undefined when the file is still in in/ and will be found there
 */
export async function resumeClaim(inbox: Inbox, row: Delivery): Promise<Delivery | undefined> {
  const work = workPath(inbox, row);
  const mark = await markOf(work);
  // A name that a dead process has removed from tmp/ must not come back when the row is gone on.
  await syncFolder(inbox.folders.tmp);
  if (mark !== undefined && mark.inode === row.inode) {
    for (const suffix of suffixesOf(row)) await takeReturned(inbox, row, suffix);
    const [claimed] = await finishClaims(inbox, [row], (_, thrown) => {
      throw thrown;
    });
    return claimed;
  }
  // Not the file that was observed, and the crash came before this was noticed; or its claim was being undone.
  await giveAllBack(inbox, row);
  return undefined;
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
      await reopenMove(inbox.db, row, placeOf(inbox, path));
      continue;
    }
    if (row?.folder === inbox.name && isCompanion(companionOf(row), mark)) {
      await reopenMove(inbox.db, row, row.place);
      continue;
    }
    const { in: drop } = inbox.folders;
    await putBack(inbox, path, join(drop, senderName(name)), join(drop, `${name}.returned`));
    inbox.emit('file.recovered', {
      folder: inbox.name,
      file: name,
      delivery: id ?? 0,
      to: 'in/, since the ledger does not know it',
    });
  }
}
