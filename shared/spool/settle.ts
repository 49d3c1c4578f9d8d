import { basename, dirname, join } from 'node:path';

import { syncFolder, writeNew } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { faultRow } from '../runtime/fault-codes.ts';
import { errnoOf } from '../runtime/faults.ts';
import { markMoved, type Delivery } from '../store/deliveries.ts';
import { inTransaction } from '../store/open-store.ts';
import { workPath } from './claim.ts';
import { moveCompanion } from './companion.ts';
import { exists, linkCount, linkFirstFree, linkNew, markOf, removeName } from './files.ts';
import { placeOf, type Inbox } from './inbox.ts';
import { archiveFolder } from './layout.ts';
import { archiveNames, reasonSuffix } from './names.ts';
import { together } from './together.ts';

/**
 * What settling needs of an inbox. A command holds no lease: it moves only what nobody holds, within the transaction in
 * which it has made sure of that.
 */
export type SettlingInbox = Pick<Inbox, 'name' | 'folders' | 'spool' | 'db' | 'clock' | 'emit'> &
  Partial<Pick<Inbox, 'lease'>>;

/** Is told of a file that could not be brought to its folder now; it is tried again. */
export type OnUnmoved = (row: Delivery, thrown: unknown) => void;

/** A settled file on its way. */
interface Move {
  readonly row: Delivery;
  /** Last folder. */
  readonly folder: string;
  /** Path where it is; undefined when it is there no more. */
  readonly from: string | undefined;
  /** Path where it belongs; undefined when it is nowhere to be found. */
  readonly target: string | undefined;
}

/** The same for one file. @throws what keeps it from being moved */
export async function finishMove(inbox: SettlingInbox, row: Delivery): Promise<void> {
  await finishMoves(inbox, [row], (_, thrown) => {
    throw thrown;
  });
}

/**
 * Takes settled files to their last folders: done/YYYY/MM/DD/, rejected/ or hold/. Each is linked there, fsync, and then
 * unlinked, fsync; a group of them goes together, with one fsync for all. The rows say where the files belong, so this
 * may be repeated after a crash at any point; nothing is overwritten.
 *
 * A process that was stopped on this way, and goes on when others have brought the file home, finds nothing to link and
 * nothing to remove: names in work/ bear the row's number. But an operator may have sent the file back to work/ since:
 * then each link, and each removal, would concern a file that others work on. So it asks before each whether it still holds
 * the lease.
 *
 * @returns rows of those that have arrived, or are lost
 */
export async function finishMoves(
  inbox: SettlingInbox,
  rows: readonly Delivery[],
  failed: OnUnmoved,
): Promise<Delivery[]> {
  const onFailure = ({ row }: Move, thrown: unknown) => failed(row, thrown);
  const folderOf = lastFolders(inbox);
  const linked = await together(rows, async (row) => linkTarget(inbox, row, await folderOf(row)), failed);
  const kept = await syncTargets(inbox, linked, onFailure);
  const left = await together(kept, (move) => leave(inbox, move), onFailure);
  const gone = await syncLeft(left, onFailure);
  const complete = await together(gone, (move) => bringRest(inbox, move), onFailure);
  complete.forEach(() => failPoint('settle.moved'));
  const placed = complete.map(({ row, target }) => ({
    row,
    place: target === undefined ? null : placeOf(inbox, target),
  }));
  const { done, lost } = await inTransaction(inbox.db, (trx) => markMoved(trx, placed, inbox.clock.now()));
  for (const { row, thrown } of lost) failed(row, thrown);
  const noted = new Set(done.map(({ id }) => id));
  for (const { id, name, place } of done)
    if (place === null) inbox.emit('file.lost', { folder: inbox.name, file: name, delivery: id });
  return complete.map(({ row }) => row).filter(({ id }) => noted.has(id));
}

/** Makes the folder of a day once for all files of a group. */
function lastFolders(inbox: SettlingInbox): (row: Delivery) => Promise<string> {
  const archives = new Map<string, Promise<string>>();
  return async (row) => {
    if (row.state === 'held') return inbox.folders.hold;
    if (row.state === 'rejected') return inbox.folders.rejected;
    const at = new Date(row.settled_at ?? row.seen_at);
    const day = at.toISOString().slice(0, 10);
    const archive = archives.get(day) ?? archiveFolder(inbox.folders.done, at);
    archives.set(day, archive);
    return archive;
  };
}

async function linkTarget(inbox: SettlingInbox, row: Delivery, folder: string): Promise<Move> {
  const from = row.place === null ? undefined : join(inbox.spool, row.place);
  if (from === undefined) return { row, folder, from, target: undefined };
  await inbox.lease?.hold();
  try {
    return { row, folder, from, target: await linkFirstFree(from, folder, archiveNames(row.id, row.name)) };
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT' || (await exists(from))) throw error;
    return { row, folder, from: undefined, target: await findMoved(row, folder) };
  }
}

/** Puts the new names on the disk. After a failed fsync they are not relied on, but taken away again. */
async function syncTargets(
  inbox: SettlingInbox,
  moves: readonly Move[],
  failed: (move: Move, thrown: unknown) => void,
): Promise<Move[]> {
  const synced = await syncEach(moves, ({ from, folder }) => (from === undefined ? undefined : folder));
  await together(
    synced.failed,
    async ({ move, thrown }) => {
      await inbox.lease?.hold();
      if (move.target !== undefined && move.target !== move.from) await removeName(move.target);
      throw thrown;
    },
    ({ move }, thrown) => failed(move, thrown),
  );
  return synced.done;
}

async function leave(inbox: SettlingInbox, move: Move): Promise<Move> {
  const { row, from, target } = move;
  if (from === undefined || target === undefined) return move;
  failPoint('settle.linked');
  const otherNames = (await linkCount(target)) - new Set([from, target]).size;
  if (otherNames > 0) {
    inbox.emit('file.linked', { folder: inbox.name, file: row.name, delivery: row.id, otherNames });
  }
  await inbox.lease?.hold();
  if (from !== target) await removeName(from);
  if (dirname(from) !== inbox.folders.work) await removeReason(from); // In work/ nothing has one.
  failPoint('settle.unlinked');
  return move;
}

async function syncLeft(
  moves: readonly Move[],
  failed: (move: Move, thrown: unknown) => void,
): Promise<Move[]> {
  const synced = await syncEach(moves, ({ from }) => from && dirname(from));
  for (const { move, thrown } of synced.failed) failed(move, thrown);
  return synced.done;
}

interface Synced {
  readonly done: Move[];
  readonly failed: { readonly move: Move; readonly thrown: unknown }[];
}

/** One fsync for each folder that the moves have changed. */
async function syncEach(
  moves: readonly Move[],
  changed: (move: Move) => string | undefined,
): Promise<Synced> {
  const synced: Synced = { done: moves.filter((move) => changed(move) === undefined), failed: [] };
  for (const [folder, group] of Map.groupBy(moves, changed)) {
    if (folder === undefined) continue;
    try {
      await syncFolder(folder);
      synced.done.push(...group);
    } catch (thrown) {
      synced.failed.push(...group.map((move) => ({ move, thrown })));
    }
  }
  return synced;
}

/** What belongs to the file: its companion, and for one that was refused its reason. */
async function bringRest(inbox: SettlingInbox, move: Move): Promise<Move> {
  const { row, folder, target } = move;
  const place = row.place === null ? workPath(inbox, row) : join(inbox.spool, row.place);
  // An operator's retry that was cut off may have left it in work/ alone.
  for (const beside of new Set([place, workPath(inbox, row)])) {
    await moveCompanion(row, beside, target ?? join(folder, basename(beside)), inbox.lease);
  }
  if (target !== undefined && row.state !== 'done') await writeReason(inbox, row, target);
  return move;
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
  await inbox.lease?.hold();
  await removeName(draft);
  await writeNew(draft, Buffer.from(`${JSON.stringify(reason, null, 2)}\n`), 0o640);
  failPoint('settle.reason-drafted');
  await inbox.lease?.hold();
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
