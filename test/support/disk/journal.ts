import {
  appendFileSync,
  existsSync,
  fstatSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import type { DiskCall, Layer } from './calls.ts';

export type Inode = string;

/** What was done to the disk, and what was made to stay: all that power-cut.ts needs to tell what a cut leaves. */
export type Entry =
  /** On the disk from the beginning, or from elsewhere: a sender's file. */
  | { readonly did: 'found'; readonly path: string; readonly inode: Inode; readonly folder: boolean }
  | { readonly did: 'add'; readonly path: string; readonly inode: Inode; readonly folder: boolean }
  | { readonly did: 'remove'; readonly path: string }
  | { readonly did: 'rename'; readonly path: string; readonly to: string; readonly inode: Inode }
  | { readonly did: 'write'; readonly inode: Inode }
  /** With `failed`, what was waiting for it is lost: no later sync brings it back. */
  | { readonly did: 'sync'; readonly path: string; readonly inode: Inode; readonly failed: boolean };

export interface JournalOptions {
  /** The folder that is watched. */
  readonly root: string;
  /** Of this journal alone: the entries, and removed files under their inode numbers. Beside `root`, on its device. */
  readonly folder: string;
  /** The n-th sync does nothing, and says that it succeeded. */
  readonly swallow?: number | undefined;
}

/**
 * Writes down what is done to the disk. An entry is on its way to the disk (as far as a killed process is concerned: in
 * the kernel) before the next call begins, and a file whose last name goes keeps a hidden one, so that its inode
 * outlives the process too.
 */
export class Journal {
  readonly #folder: string;
  readonly #swallow: number | undefined;
  #syncs = 0;

  constructor({ root, folder, swallow }: JournalOptions) {
    this.#folder = folder;
    this.#swallow = swallow;
    mkdirSync(keptFolder(folder), { recursive: true });
    if (!existsSync(journalFile(folder))) this.#find(root);
  }

  /** A sender has put this here, and it stays. */
  found(path: string): void {
    this.#note({ did: 'found', ...nameOf(path) });
  }

  #find(folder: string): void {
    this.found(folder);
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      if (lstatSync(path).isDirectory()) this.#find(path);
      else this.found(path);
    }
  }

  #note(entry: Entry): void {
    appendFileSync(journalFile(this.#folder), `${JSON.stringify(entry)}\n`);
  }

  readonly layer: Layer = async (call, perform) => {
    switch (call.name) {
      case 'open':
      case 'link':
        return this.#make([call.to ?? call.path], perform);
      case 'mkdir':
        return this.#make(missingFolders(call.path), perform);
      case 'unlink':
      case 'rmdir':
        return this.#remove(call.path, perform);
      case 'rename':
        return this.#rename(call.path, call.to ?? '', perform);
      case 'lstat':
      case 'stat':
      case 'handle.stat':
        return this.#withoutKept(await perform());
      case 'handle.write':
      case 'handle.writeFile':
        this.#note({ did: 'write', inode: inodeOfOpen(call) });
        return perform();
      case 'handle.sync':
      case 'handle.datasync':
        return this.#sync(call, perform);
      case 'opendir':
      case 'readdir':
      case 'readFile':
      case 'access':
      case 'statfs':
      case 'handle.read':
      case 'handle.readFile':
      case 'handle.close':
        return perform();
      default:
        throw new Error(`the power-cut model does not know ${call.name}: test/support/disk/journal.ts`);
    }
  };

  // What was done is told by the disk, not by the answer: an error may be reported after success.

  async #make(paths: readonly string[], perform: () => Promise<unknown>): Promise<unknown> {
    const missing = paths.filter((path) => !there(path));
    try {
      return await perform();
    } finally {
      for (const path of missing.filter(there)) this.#note({ did: 'add', ...nameOf(path) });
    }
  }

  async #remove(path: string, perform: () => Promise<unknown>): Promise<unknown> {
    if (!there(path)) return perform();
    this.#keep(path);
    try {
      return await perform();
    } finally {
      if (!there(path)) this.#note({ did: 'remove', path });
    }
  }

  async #rename(path: string, to: string, perform: () => Promise<unknown>): Promise<unknown> {
    if (there(to)) throw new Error(`${to} would be overwritten`);
    if (!there(path)) return perform();
    this.#keep(path);
    try {
      return await perform();
    } finally {
      if (!there(path)) this.#note({ did: 'rename', path, to, inode: inodeOf(to) });
    }
  }

  async #sync(call: DiskCall, perform: () => Promise<unknown>): Promise<unknown> {
    const { path } = call;
    const inode = inodeOfOpen(call);
    if (++this.#syncs === this.#swallow) return undefined;
    let failed = true;
    try {
      const result = await perform();
      failed = false;
      return result;
    } finally {
      this.#note({ did: 'sync', path, inode, failed });
    }
  }

  /** Gives the file a hidden name, under which it outlives the loss of its last other one. */
  #keep(path: string): void {
    const kept = keptName(this.#folder, inodeOf(path));
    if (lstatSync(path).isDirectory()) return;
    if (!existsSync(kept)) linkSync(path, kept);
  }

  /** The product counts a file's names: the hidden one is not among them. */
  #withoutKept(result: unknown): unknown {
    const stat = result as { ino: number | bigint; nlink: number | bigint };
    if (existsSync(keptName(this.#folder, String(stat.ino)))) stat.nlink--;
    return stat;
  }
}

const there = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;
const inodeOf = (path: string): Inode => String(lstatSync(path).ino);
const inodeOfOpen = ({ fd = -1 }: DiskCall): Inode => String(fstatSync(fd).ino);

function nameOf(path: string): { path: string; inode: Inode; folder: boolean } {
  return { path, inode: inodeOf(path), folder: lstatSync(path).isDirectory() };
}

function missingFolders(path: string): string[] {
  return there(path) ? [] : [...missingFolders(dirname(path)), path];
}

const journalFile = (folder: string): string => join(folder, 'journal');
export const keptFolder = (folder: string): string => join(folder, 'kept');
export const keptName = (folder: string, inode: Inode): string => join(keptFolder(folder), inode);

export const readJournal = (folder: string): Entry[] =>
  readFileSync(journalFile(folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
