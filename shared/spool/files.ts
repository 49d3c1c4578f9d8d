import { constants } from 'node:fs';
import { link, lstat, open, unlink, type FileHandle } from 'node:fs/promises';

import { errnoOf, Fault } from '../runtime/faults.ts';
import type { FileMark } from '../store/deliveries.ts';

/**
 * File operations that survive a crash. Nothing is ever overwritten: `link` fails where `rename` would replace, and
 * what was done is on the disk (fsync of file and folder) before the next step relies on it.
 */

type Path = string | Buffer;

/** Whether something has that name (not followed when it is a link). */
export async function exists(path: Path): Promise<boolean> {
  return (await markOf(path)) !== undefined;
}

/** How many names the file has. */
export const linkCount = async (path: Path): Promise<number> => (await lstat(path)).nlink;

/** What identifies the file now; undefined when there is none. */
export async function markOf(path: Path): Promise<FileMark | undefined> {
  try {
    const stat = await lstat(path, { bigint: true });
    return toMark(stat);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const toMark = (stat: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint }): FileMark => ({
  dev: String(stat.dev),
  inode: String(stat.ino),
  size: Number(stat.size),
  mtimeNs: String(stat.mtimeNs),
});

export async function isSameFile(a: Path, b: Path): Promise<boolean> {
  const [one, other] = [await markOf(a), await markOf(b)];
  return one !== undefined && other !== undefined && one.inode === other.inode && one.dev === other.dev;
}

/**
 * Gives the file a second name. An existing name is an error, unless it is this very file: then an earlier attempt got
 * so far, or the reply was lost.
 */
export async function linkNew(from: Path, to: Path): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (await isSameFile(from, to)) return;
    throw error;
  }
}

/** Removes a name; that it is gone already is fine. */
export async function removeName(path: Path): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

export interface WholeFile {
  readonly bytes: Buffer;
  /** The file after it was read. */
  readonly mark: FileMark;
}

/**
 * Reads a regular file whole. Links are not followed and pipes do not block.
 *
 * @throws Fault NOT_REGULAR, TOO_LARGE (before anything is read)
 */
export async function readWhole(path: string, maxBytes: number): Promise<WholeFile> {
  const handle = await openRegular(path);
  try {
    const before = await handle.stat({ bigint: true });
    if (!before.isFile()) throw new Fault('NOT_REGULAR', 'not a regular file');
    if (before.size > BigInt(maxBytes)) {
      throw new Fault('TOO_LARGE', `${before.size} bytes; the limit of this inbox is ${maxBytes}`);
    }
    const bytes = await handle.readFile();
    return { bytes, mark: toMark(await handle.stat({ bigint: true })) };
  } finally {
    await handle.close();
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENXIO') {
      throw new Fault('NOT_REGULAR', 'a link or a pipe', { cause: error });
    }
    throw error;
  }
}
