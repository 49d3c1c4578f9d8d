import { join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { errnoOf } from '../runtime/faults.ts';
import type { FileMark } from '../store/deliveries.ts';
import { lookAt, makeLink, removeLink } from './file-calls.ts';

/**
 * File operations that survive a crash. Nothing is ever overwritten: `link` fails where `rename` would replace, and
 * what was done is on the disk (fsync of file and folder) before the next step relies on it.
 */

type Path = string | Buffer;

/** Whether something has that name (not followed when it is a link). */
export async function exists(path: Path): Promise<boolean> {
  return (await markOf(path)) !== undefined;
}

/** How many names the file has. @throws ENOENT */
export async function linkCount(path: Path): Promise<number> {
  const seen = await lookAt(path);
  if (seen !== undefined) return seen.names;
  throw Object.assign(new Error(`ENOENT: ${String(path)} is gone`), { code: 'ENOENT' });
}

/** What identifies the file now; undefined when there is none. */
export const markOf = async (path: Path): Promise<FileMark | undefined> => (await lookAt(path))?.mark;

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
    await makeLink(from, to);
  } catch (error) {
    if (await isSameFile(from, to)) return;
    throw error;
  }
}

/** Gives the file the first of these names in the folder that is free, or that is its own already. */
export async function linkFirstFree(
  from: string,
  folder: string,
  names: Generator<string, never>,
): Promise<string> {
  for (;;) {
    const path = join(folder, names.next().value);
    try {
      await linkNew(from, path);
      return path;
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error;
    }
  }
}

/**
 * The same, and puts the name on the disk. After a failed fsync the name is not relied on, but taken away again.
 */
export async function linkFree(
  from: string,
  folder: string,
  names: Generator<string, never>,
): Promise<string> {
  const path = await linkFirstFree(from, folder, names);
  try {
    await syncFolder(folder);
  } catch (error) {
    if (path !== from) await removeName(path);
    throw error;
  }
  return path;
}

/** Removes a name; that it is gone already is fine. */
export async function removeName(path: Path): Promise<void> {
  try {
    await removeLink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
