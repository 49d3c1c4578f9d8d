import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/**
 * The product's way to the disk, with a layer in it. The product has no seam for this, and needs none: what it imports
 * from `node:fs/promises` are bindings of the one built-in module, and these are exchanged. That works in a plain Node
 * process only, not within a test runner's virtual machine.
 */

/** A call to the file system, below the watched folder. */
export interface DiskCall {
  /** `link`, `open`, …; of an open file `handle.sync`, `handle.close`, … */
  readonly name: string;
  readonly path: string;
  /** The new name, of `link` and `rename`. */
  readonly to?: string;
  /** Of an open file. */
  readonly fd?: number;
  readonly args: readonly unknown[];
}

/** Stands between the product and the disk: may fail a call, note it, or never come back from it. */
export type Layer = (call: DiskCall, perform: () => Promise<unknown>) => Promise<unknown>;

type AsyncFunction = (...args: unknown[]) => Promise<unknown>;

const ofOnePath = [
  ...['access', 'appendFile', 'chmod', 'chown', 'lstat', 'mkdir', 'open', 'opendir', 'readdir', 'readFile'],
  ...['readlink', 'rm', 'rmdir', 'stat', 'statfs', 'truncate', 'unlink', 'utimes', 'writeFile'],
];
const ofTwoPaths = ['copyFile', 'cp', 'link', 'rename', 'symlink'];
const ofHandles = [
  ...['appendFile', 'close', 'datasync', 'read', 'readFile', 'readv', 'stat', 'sync', 'truncate', 'write'],
  ...['writeFile', 'writev'],
];

/** Files that the product has open. */
const open = new Set<FileHandle>();
let watched = '';
let layer: Layer | undefined;
let exchanged = false;

/** Puts a layer between the product and this folder; without a layer, takes it away again. */
export function watchDisk(folder: string, between: Layer | undefined): void {
  watched = folder;
  layer = between;
  if (!exchanged) exchange();
  exchanged = true;
}

/** What the system does when a process has died. */
export async function closeOpenFiles(): Promise<void> {
  for (const handle of [...open]) await handle.close();
}

const isWatched = (path: string): boolean => path === watched || path.startsWith(`${watched}/`);

function exchange(): void {
  const module = promises as unknown as Record<string, AsyncFunction>;
  for (const name of [...ofOnePath, ...ofTwoPaths]) {
    const real = functionOf(module, name);
    module[name] = (...args) => {
      const path = String(args[0]);
      const to = ofTwoPaths.includes(name) ? String(args[1]) : undefined;
      const between = layer;
      if (between === undefined || !(isWatched(path) || (to !== undefined && isWatched(to)))) {
        return real(...args);
      }
      const call = { name, path, ...(to !== undefined && { to }), args };
      return between(call, () => real(...args)).then((result) => watchedResult(name, path, result));
    };
  }
  syncBuiltinESMExports();
}

function watchedResult(name: string, path: string, result: unknown): unknown {
  if (name === 'open') watchHandle(path, result as FileHandle);
  return result;
}

function watchHandle(path: string, handle: FileHandle): void {
  open.add(handle);
  const methods = handle as unknown as Record<string, AsyncFunction>;
  for (const method of ofHandles) {
    const real = functionOf(methods, method).bind(handle);
    methods[method] = (...args) => {
      const perform = () => {
        if (method === 'close') open.delete(handle);
        return real(...args);
      };
      const call = { name: `handle.${method}`, path, fd: handle.fd, args };
      return layer === undefined ? perform() : layer(call, perform);
    };
  }
}

function functionOf(owner: Record<string, AsyncFunction>, name: string): AsyncFunction {
  const found = owner[name];
  if (found === undefined) throw new Error(`this Node has no ${name}`);
  return found;
}
