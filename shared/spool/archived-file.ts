import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

import { errnoOf } from '../runtime/faults.ts';
import { companionOf, type Delivery } from '../store/deliveries.ts';
import { findCompanion } from './companion.ts';
import { removeName } from './files.ts';
import { removeReason } from './settle.ts';

/** A file in done/ or rejected/, before it is removed for good. */

/** Why a file is not touched. */
export type Doubt =
  | 'it is not there'
  | 'its place is not in done/ or rejected/ of its inbox'
  | 'a link leads to it'
  | 'it is no regular file'
  | 'its bytes are not those that were recorded'
  | 'it was changed, or put there, later';

/** What the file is now, or why it is not to be touched. */
export type Inspection = { readonly mark: string } | { readonly doubt: Doubt };

/**
 * Whether the file of a row lies where the row says, byte for byte as it says. Links are not followed, neither to the
 * file nor to a folder above it; a file that was refused unread has no digest, and has to be the very same file.
 */
export async function inspectArchived(spool: string, row: Delivery): Promise<Inspection> {
  const place = row.place ?? '';
  if (!isArchivePlace(row, place)) return { doubt: 'its place is not in done/ or rejected/ of its inbox' };
  const path = join(spool, place);
  try {
    if ((await realpath(dirname(path))) !== join(await realpath(spool), dirname(place))) {
      return { doubt: 'a link leads to it' };
    }
    if (!(await lstat(path)).isFile()) return { doubt: 'it is no regular file' };
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return await inspectOpen(handle, row);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { doubt: 'it is not there' };
    if (errnoOf(error) === 'ELOOP') return { doubt: 'it is no regular file' };
    throw error;
  }
}

/** `done/2026/05/06/x` or `rejected/x` below the inbox, and nothing that leads elsewhere. */
function isArchivePlace({ folder, state }: Delivery, place: string): boolean {
  if (normalize(place) !== place || !place.startsWith(`${folder}/`)) return false;
  const within = place.slice(folder.length + 1);
  return (state === 'done' ? /^done\/\d{4}\/\d\d\/\d\d\/[^/]+$/ : /^rejected\/[^/]+$/).test(within);
}

async function inspectOpen(handle: FileHandle, row: Delivery): Promise<Inspection> {
  const stat = await handle.stat({ bigint: true });
  if (!stat.isFile()) return { doubt: 'it is no regular file' };
  const same =
    Number(stat.size) === row.size &&
    (row.digest === null
      ? String(stat.ino) === row.inode && String(stat.mtimeNs) === row.mtime_ns
      : (await digestOf(handle)) === row.digest);
  if (!same) return { doubt: 'its bytes are not those that were recorded' };
  return { mark: `${stat.ino} ${stat.ctimeNs}` };
}

async function digestOf(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of handle.createReadStream({ autoClose: false, start: 0 }))
    hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Removes the file with what lies beside it: its marker or manifest, and its reason. The file itself goes last. */
export async function removeArchived(spool: string, row: Delivery): Promise<void> {
  const path = join(spool, row.place ?? '');
  const companion = companionOf(row);
  const beside = companion && (await findCompanion(row, companion, path));
  if (beside !== undefined) await removeName(beside);
  await removeReason(path);
  await removeName(path);
}
