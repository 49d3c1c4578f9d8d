import { link, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { copyFileTo, sideBySide, type Copied } from './copy-file.ts';
import { bytesOf, keyOf, listFolder, type ListedFile, type Listing } from './listing.ts';
import { parts, type SavedFile } from './manifest.ts';

/** So often the spool is read again for files that have gone on. */
const mostSearches = 10;

export interface SavedSpool {
  readonly saved: readonly SavedFile[];
  /** Files that went away for good meanwhile. */
  readonly gone: readonly string[];
  /** Files that somebody still wrote into. */
  readonly changing: readonly string[];
}

/**
 * Copies the files of a spool under the names that they were listed with. A file that has gone on its way since is found
 * by its inode under its next name; one that is written to is not whole, and is left out: it comes after the moment that
 * the backup shows.
 */
export async function saveSpool(spool: string, draft: string, listing: Listing): Promise<SavedSpool> {
  const target = join(draft, parts.spool);
  for (const folder of listing.folders)
    await mkdir(bytesOf(target, folder), { recursive: true, mode: 0o700 });
  const names = [...Map.groupBy(listing.files, keyOf).values()];
  const copied = new Map<ListedFile, SavedFile>();
  const changing: string[] = [];

  /** @param from the path under which it lies now @returns whether it lay there */
  const copy = async (file: ListedFile, from: string): Promise<boolean> => {
    const to = bytesOf(target, file.path);
    const result = await copyFileTo(bytesOf(spool, from), to, file);
    if (result === 'changed') {
      await rm(to, { force: true });
      changing.push(file.path);
    } else if (result !== 'gone') copied.set(file, savedAs(file, result));
    return result !== 'gone';
  };

  let missing: ListedFile[] = [];
  await sideBySide(names, async ([first]) => {
    if (first !== undefined && !(await copy(first, first.path))) missing.push(first);
  });
  for (let search = 1; missing.length > 0 && search <= mostSearches; search++) {
    const places = new Map(listFolder(spool).files.map((file) => [keyOf(file), file.path]));
    const still: ListedFile[] = [];
    await sideBySide(missing, async (file) => {
      const from = places.get(keyOf(file));
      if (from === undefined || !(await copy(file, from))) still.push(file);
    });
    missing = still;
  }
  return {
    saved: [...copied.values(), ...(await linkOthers(target, names, copied))],
    gone: missing.map(({ path }) => path),
    changing,
  };
}

/** Gives the copies their other names: a file between two steps has two. */
async function linkOthers(
  target: string,
  names: readonly ListedFile[][],
  copied: ReadonlyMap<ListedFile, SavedFile>,
): Promise<SavedFile[]> {
  const linked: SavedFile[] = [];
  for (const [first, ...others] of names) {
    const saved = first && copied.get(first);
    if (first === undefined || saved === undefined) continue;
    for (const { path } of others) {
      await link(bytesOf(target, first.path), bytesOf(target, path));
      linked.push({ ...saved, path: `${parts.spool}/${path}`, sameAs: saved.path });
    }
  }
  return linked;
}

const savedAs = ({ path, mode, inode, mtimeNs }: ListedFile, { sha256, size }: Copied): SavedFile => ({
  path: `${parts.spool}/${path}`,
  size,
  sha256,
  mode,
  inode,
  mtimeNs,
});
