import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { syncFile, syncFolder, writeNew } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';
import { atHand, wasDone, type Delivery } from '../store/deliveries.ts';
import { workPath } from './claim.ts';
import { linkNew, markOf, removeName } from './files.ts';
import { identityOf } from './identity.ts';
import type { Inbox } from './inbox.ts';
import { uploadName } from './names.ts';
import { OpenedFile } from './received-file.ts';

/**
 * Takes in a file that its sender keeps until he is told that it has come:
 *
 *   draft in tmp/, fsync → link to in/x → remove the draft → fsync → the sender is told
 *
 * A crash before the last step leaves a sender who does not know, and who sends the same bytes again. They are
 * recognised wherever they are by then: in in/, in hand, on hold or processed.
 */

/** A posted file, complete and on the disk, under a name in tmp/. */
export interface Upload {
  readonly path: string;
  /** SHA-256 of the bytes, hex. */
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Writes a file down as it comes. Whoever calls it removes the upload in the end.
 *
 * @throws Fault TOO_LARGE, NO_SPACE, SYNC_FAILED, …, and what the pieces throw: then nothing is left of it
 */
export async function writeUpload(inbox: Inbox, pieces: AsyncIterable<Uint8Array>): Promise<Upload> {
  const path = join(inbox.folders.tmp, uploadName(inbox.worker.id, randomUUID()));
  const limit = inbox.settings.maxFileMegabytes * 1024 * 1024;
  const hash = createHash('sha256');
  let size = 0;
  const counted = async function* () {
    for await (const piece of pieces) {
      size += piece.length;
      if (size > limit) throw new Fault('TOO_LARGE', `more than ${limit} bytes, the limit of this inbox`);
      hash.update(piece);
      yield piece;
    }
  };
  await writeNew(path, counted(), 0o640);
  failPoint('receive.drafted');
  return { path, digest: hash.digest('hex'), size };
}

export type Admission =
  | 'received'
  /** The same bytes came before and are not taken in twice. */
  | 'known'
  /** Another file of the name lies in in/. */
  | 'name taken';

/**
 * Brings an upload into in/, unless it has come before. What this returns is true after a power cut, too.
 *
 * @throws Fault FILE_BUSY while a file of the name is being moved; SYNC_FAILED, SPOOL_…, STORE_…: it may have come
 */
export async function admit(inbox: Inbox, name: string, upload: Upload): Promise<Admission> {
  for (;;) {
    // First in/ and then the ledger: a claim writes its row before it takes the file out of in/.
    const lying = await compareLying(inbox, name, upload);
    if (lying !== undefined) return lying;
    if (await isKnown(inbox, name, upload)) return 'known';
    if (await reveal(inbox, name, upload)) return 'received';
  }
}

/** What a file of the name that lies in in/ means for the upload; undefined when there is none. */
async function compareLying(
  inbox: Inbox,
  name: string,
  upload: Upload,
): Promise<Exclude<Admission, 'received'> | undefined> {
  const path = join(inbox.folders.in, name);
  const mark = await markOf(path);
  if (mark === undefined) return undefined;
  if (mark.size !== upload.size) return 'name taken';
  try {
    if ((await digestOf(path)) !== upload.digest) return 'name taken';
    await syncFile(path); // Its sender may have been another, who did not wait for the disk.
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined; // Taken in this very moment.
    if (errnoOf(error) === 'NOT_REGULAR') return 'name taken';
    throw error;
  }
  await syncFolder(inbox.folders.in);
  return 'known';
}

async function isKnown(inbox: Inbox, name: string, { digest, size }: Upload): Promise<boolean> {
  const { db, settings } = inbox;
  // What is in hand before what is done: on its way from here to there a file is found in one of them.
  for (const row of await atHand(db, inbox.name, name)) {
    if (row.size === size && (await digestAtHand(inbox, row)) === digest) return true;
  }
  const identity = identityOf({ id: 0, name, digest, reload: null }, settings.duplicate);
  return (await wasDone(db, inbox.name, identity)) !== undefined;
}

/** Undefined when somebody has removed it by hand. @throws Fault FILE_BUSY */
async function digestAtHand(inbox: Inbox, row: Delivery): Promise<string | undefined> {
  const path = row.place === null ? workPath(inbox, row) : join(inbox.spool, row.place);
  try {
    return row.digest ?? (await digestOf(path));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    if (row.moved_at !== null) return undefined;
    throw new Fault('FILE_BUSY', `${row.name} is being moved`, { cause: error });
  }
}

async function digestOf(path: string): Promise<string> {
  await using file = await OpenedFile.open(path, Number.MAX_SAFE_INTEGER);
  return (await file.inspect()).digest;
}

/** @returns false when another file has taken the name meanwhile */
async function reveal(inbox: Inbox, name: string, upload: Upload): Promise<boolean> {
  const { in: drop } = inbox.folders;
  const final = join(drop, name);
  const mark = await markOf(upload.path);
  // Its sender gives up after a while, and may have brought it to another host since.
  await inbox.lease.hold();
  try {
    await linkNew(upload.path, final);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
  failPoint('receive.linked');
  await removeName(upload.path);
  try {
    await syncFolder(drop);
  } catch (error) {
    // The name is not relied on: unless it has been claimed by now, it is taken away, and the sender gives it anew.
    if (mark !== undefined && (await markOf(final))?.inode === mark.inode) await removeName(final);
    throw error;
  }
  failPoint('receive.synced');
  return true;
}
