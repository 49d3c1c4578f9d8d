import { lstatSync, readdirSync, type BigIntStats } from 'node:fs';

import { errnoOf } from '../runtime/faults.ts';

/**
 * What lies in a spool at one moment. Paths are relative to it and have each byte as one character: senders' names need
 * not be valid UTF-8.
 */

export interface ListedFile {
  readonly path: string;
  readonly dev: string;
  readonly inode: string;
  readonly size: number;
  readonly mtimeNs: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface Listing {
  readonly files: ListedFile[];
  /** Every folder that was looked into. */
  readonly folders: string[];
  /** Links, pipes, sockets and devices. */
  readonly others: string[];
  /** Folders that were left for later. */
  readonly later: string[];
}

/**
 * A file goes this way, and has its next name before it loses the last one: where the folders are read in this order it
 * is met at least once.
 */
const way = ['in', 'tmp', 'work', 'hold', 'rejected', 'done'];

/** What a path is to the file system. */
export const bytesOf = (root: string, path: string): Buffer =>
  Buffer.concat([Buffer.from(root), Buffer.from(path === '' ? '' : `/${path}`, 'latin1')]);

/** @param isLater folders that are not looked into now */
export function listFolder(
  root: string,
  folder = '',
  isLater: (folder: string) => boolean = () => false,
): Listing {
  const listing: Listing = { files: [], folders: [], others: [], later: [] };
  walk(folder);
  return listing;

  function walk(path: string): void {
    if (isLater(path)) {
      listing.later.push(path);
      return;
    }
    const entries = readFolder(root, path);
    if (entries === undefined) return;
    listing.folders.push(path);
    const paths = entries.map(({ name }) => (path === '' ? name : `${path}/${name}`));
    const folders: string[] = [];
    entries.forEach((entry, index) => {
      const each = paths[index] ?? '';
      if (entry.isDirectory()) folders.push(each);
      else note(each);
    });
    const rank = (each: string) => way.indexOf(each.slice(each.lastIndexOf('/') + 1));
    for (const each of folders.sort((one, other) => rank(one) - rank(other))) walk(each);
  }

  function note(path: string): void {
    const stat = statOf(root, path);
    if (stat === undefined) return;
    if (stat.isFile()) listing.files.push(toListed(path, stat));
    else listing.others.push(path);
  }
}

/**
 * The same with a second look: a name that is given while its folder is read, as another one is taken away, may be
 * missed at first.
 */
export function listTwice(root: string, isLater: (folder: string) => boolean): Listing {
  const first = listFolder(root, '', isLater);
  const known = new Set(first.files.map(keyOf));
  const second = listFolder(root, '', isLater);
  const late = second.files.filter((file) => !known.has(keyOf(file)));
  return {
    ...first,
    files: [...first.files, ...late],
    folders: [...new Set([...first.folders, ...second.folders])],
  };
}

/** Which file it is, whatever its names are. */
export const keyOf = ({ dev, inode, size, mtimeNs }: Omit<ListedFile, 'path' | 'mode'>): string =>
  `${dev}:${inode}:${size}:${mtimeNs}`;

export const toListed = (path: string, stat: BigIntStats): ListedFile => ({
  path,
  dev: String(stat.dev),
  inode: String(stat.ino),
  size: Number(stat.size),
  mtimeNs: String(stat.mtimeNs),
  mode: Number(stat.mode & 0o7777n),
});

/** Undefined when it is gone. */
function readFolder(root: string, path: string) {
  try {
    return readdirSync(bytesOf(root, path), { withFileTypes: true, encoding: 'latin1' });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function statOf(root: string, path: string): BigIntStats | undefined {
  return lstatSync(bytesOf(root, path), { bigint: true, throwIfNoEntry: false });
}
