import { open, unlink } from 'node:fs/promises';

/** Writing that outlives a power cut: what these functions return from is on the disk. */

/**
 * Writes a file that must not exist yet. After any error no half file stays behind; a failed fsync is never repeated on
 * the same file, since the kernel may have dropped the data. The folder still has to be synced.
 *
 * @throws EEXIST of the system when the name is taken
 */
export async function writeNew(path: string, content: Uint8Array | string, mode = 0o600): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await unlink(path);
    throw error;
  } finally {
    await handle.close();
  }
}

/** Puts names that were added to or removed from a folder on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
