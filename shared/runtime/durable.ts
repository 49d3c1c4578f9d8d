import { open, unlink, type FileHandle } from 'node:fs/promises';

import { errnoOf, Fault } from './faults.ts';

/** Writing that outlives a power cut: what these functions return from is on the disk. */

/**
 * Writes a file that must not exist yet. After any error no half file stays behind; a failed fsync is never repeated on
 * the same file, since the kernel may have dropped the data. The folder still has to be synced.
 *
 * @throws EEXIST of the system when the name is taken; Fault SYNC_FAILED
 */
export async function writeNew(
  path: string,
  content: Uint8Array | string | AsyncIterable<Uint8Array>,
  mode = 0o600,
): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    try {
      await handle.writeFile(content);
      await sync(handle, path);
    } finally {
      await handle.close(); // May fail for the content, too: some file servers take it only now.
    }
  } catch (error) {
    await unlink(path);
    throw error;
  }
}

/**
 * Puts names that were added to or removed from a folder on the disk. When that fails, they must not be relied on: to
 * ask again proves nothing, only to make the change again does.
 *
 * @throws Fault SYNC_FAILED
 */
export async function syncFolder(folder: string | Buffer): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await sync(handle, String(folder));
  } finally {
    await handle.close();
  }
}

/** Puts the content of a file on the disk that somebody else has written. @throws Fault SYNC_FAILED */
export const syncFile = (path: string): Promise<void> => syncFolder(path);

/** A full disk or quota, which some file systems notice only now, passes as itself: it is cured by room. */
async function sync(handle: FileHandle, path: string): Promise<void> {
  try {
    await handle.sync();
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'ENOSPC' || errno === 'EDQUOT') throw error;
    throw new Fault('SYNC_FAILED', `fsync of ${path}: ${errno}`, { cause: error });
  }
}
