import { linkSync, lstatSync, mkdirSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { keptFolder, keptName, readJournal, type Entry, type Inode } from './journal.ts';

/**
 * What a disk may show after a power cut. A change of names is sure to be there when its folder was synced afterwards
 * (a rename: either of its folders; it is done whole or not at all). Any other change may be there or not, in whatever
 * order they were made. The content of a file is sure from its own sync on.
 */

/** What has come to the disk of that which no sync has made sure. */
export interface Chance {
  /** Whether a change has, after which so many others were made. */
  readonly survives: (later: number) => boolean;
  /** How many bytes of a file have, of so many. */
  readonly bytes: (size: number) => number;
}

/** The worst, as people think of it: nothing is left of what was not synced. */
export const nothingSurvives: Chance = { survives: () => false, bytes: () => 0 };

/** The worst for what relies on the order of changes. */
export const newestSurvives: Chance = { survives: (later) => later === 0, bytes: () => 0 };

/** Some of it is there, and some is not. */
export const someSurvives = (random: (limit: number) => number): Chance => ({
  survives: () => random(2) === 1,
  bytes: (size) => random(size + 1),
});

interface Name {
  readonly inode: Inode;
  readonly folder: boolean;
}
/** Folder -> its names. */
type Names = Map<string, Map<string, Name>>;

/** What one call did to names: all of it is on the disk, or nothing. */
interface Change {
  readonly set: readonly { readonly path: string; readonly name: Name | undefined }[];
  /** A sync that was to make it sure has failed. */
  lost: boolean;
}

/** What is sure to be on the disk, and what is not. */
class Disk {
  readonly names: Names = new Map();
  /** Oldest first. */
  #pending: Change[] = [];
  /** Files with content that no sync has made sure. */
  readonly #unsure = new Set<Inode>();
  readonly #lostContent = new Set<Inode>();

  /** Files whose content is not sure. */
  get unsure(): Inode[] {
    return [...this.#unsure, ...this.#lostContent];
  }

  /** How many changes of names are not sure. */
  get pending(): readonly Change[] {
    return this.#pending;
  }

  apply(entry: Entry): void {
    switch (entry.did) {
      case 'found':
        this.#set({ path: entry.path, name: entry });
        break;
      case 'add':
        this.#change({ path: entry.path, name: entry });
        break;
      case 'remove':
        this.#change({ path: entry.path, name: undefined });
        break;
      case 'rename':
        this.#change(
          { path: entry.path, name: undefined },
          { path: entry.to, name: { inode: entry.inode, folder: false } },
        );
        break;
      case 'write':
        this.#unsure.add(entry.inode);
        break;
      case 'sync':
        this.#sync(entry);
    }
  }

  #change(...set: Change['set']): void {
    this.#pending.push({ set, lost: false });
  }

  #set({ path, name }: Change['set'][number]): void {
    const folder = this.names.get(dirname(path)) ?? new Map<string, Name>();
    this.names.set(dirname(path), folder);
    if (name === undefined) folder.delete(basename(path));
    else folder.set(basename(path), name);
  }

  #sync({ path, inode, failed }: Extract<Entry, { did: 'sync' }>): void {
    if (this.#unsure.delete(inode) && failed) this.#lostContent.add(inode);
    const waiting = this.#pending.filter((change) => !change.lost && touches(change, path));
    for (const change of waiting) {
      if (failed) change.lost = true;
      else this.#makeSure(change);
    }
  }

  /** The change is on the disk; what was done to the same names before it no longer matters. */
  #makeSure(change: Change): void {
    const paths = change.set.map(({ path }) => path);
    const before = this.#pending.slice(0, this.#pending.indexOf(change));
    const overtaken = before.filter(({ set }) => set.every(({ path }) => paths.includes(path)));
    this.#pending = this.#pending.filter((other) => other !== change && !overtaken.includes(other));
    change.set.forEach((one) => this.#set(one));
  }

  /** The disk is without power: what is not sure is there or not, as it happens. */
  cut({ survives }: Chance): void {
    const newest = this.#pending.length - 1;
    const surviving = this.#pending.filter((_, index) => survives(newest - index));
    for (const { set } of surviving) set.forEach((one) => this.#set(one));
    this.#pending = [];
  }
}

const touches = ({ set }: Change, folder: string): boolean =>
  set.some(({ path }) => dirname(path) === folder);

export interface Cut {
  readonly root: string;
  /** Of the journal. */
  readonly folder: string;
  readonly chance: Chance;
}

/**
 * Cuts the power: makes of the real folder what the disk would show. Files keep their inode numbers. No process may be
 * at work on it.
 *
 * @returns number of changes that were not sure
 */
export function cutPower({ root, folder, chance }: Cut): number {
  const disk = new Disk();
  for (const entry of readJournal(folder)) disk.apply(entry);
  const unsure = disk.pending.length + disk.unsure.length;
  disk.cut(chance);
  keepAll(root, folder);
  rebuild(disk.names, root, folder);
  for (const inode of disk.unsure) {
    const path = keptName(folder, inode);
    const size = lstatSync(path, { throwIfNoEntry: false })?.size;
    if (size !== undefined) truncateSync(path, chance.bytes(size));
  }
  rmSync(folder, { recursive: true });
  return unsure;
}

/** A hidden name for every file, so that none is gone while names are taken and given. */
function keepAll(root: string, folder: string): void {
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const path = join(root, entry.name);
    if (entry.isDirectory()) keepAll(path, folder);
    else if (!keptInodes(folder).has(inode(path))) linkSync(path, keptName(folder, inode(path)));
  }
}

const inode = (path: string): Inode => String(lstatSync(path).ino);
const keptInodes = (folder: string): Set<string> => new Set(readdirSync(keptFolder(folder)));

function rebuild(names: Names, at: string, folder: string): void {
  const wanted = names.get(at) ?? new Map<string, Name>();
  for (const entry of readdirSync(at)) {
    const path = join(at, entry);
    const name = wanted.get(entry);
    if (name !== undefined && (name.folder || name.inode === inode(path))) continue;
    rmSync(path, { recursive: true });
  }
  for (const [entry, name] of wanted) {
    const path = join(at, entry);
    if (name.folder) {
      mkdirSync(path, { recursive: true });
      rebuild(names, path, folder);
    } else if (lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      linkSync(keptName(folder, name.inode), path);
    }
  }
}
