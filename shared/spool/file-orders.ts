import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, linkSync, lstatSync, openSync } from 'node:fs';
import { readSync, renameSync, unlinkSync, type BigIntStats } from 'node:fs';

import type { FileMark } from '../store/deliveries.ts';

/** What the thread of file-calls.ts is to do, and does: calls that nobody else waits for, one after the other. */

export type Path = string | Uint8Array;

export type FileOrder =
  | { readonly call: 'link' | 'rename'; readonly path: Path; readonly to: Path }
  | { readonly call: 'unlink' | 'lstat'; readonly path: Path }
  | { readonly call: 'read'; readonly path: Path; readonly most: number };

/** What a name stands for. */
export interface Seen {
  readonly mark: FileMark;
  /** How many names the file has. */
  readonly names: number;
}

/** A small file, read to its end. */
export interface SmallFile {
  readonly bytes: Uint8Array;
  /** SHA-256, hex. */
  readonly digest: string;
  /** After it was read. */
  readonly mark: FileMark;
}

/** Undefined: it is done; nothing has the name; it is not for the thread to read. */
export type FileResult = Seen | SmallFile | undefined;

/** What an error of the system says: errors lose their own fields on the way from a thread. */
export interface SystemError {
  readonly message: string;
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly syscall?: string | undefined;
}

export const markIn = (stat: Pick<BigIntStats, 'dev' | 'ino' | 'size' | 'mtimeNs'>): FileMark => ({
  dev: String(stat.dev),
  inode: String(stat.ino),
  size: Number(stat.size),
  mtimeNs: String(stat.mtimeNs),
});

export const seenIn = (stat: BigIntStats): Seen => ({ mark: markIn(stat), names: Number(stat.nlink) });

/** @throws errors of the system */
export function carryOut(order: FileOrder): FileResult {
  const path = pathOf(order.path);
  switch (order.call) {
    case 'link':
      linkSync(path, pathOf(order.to));
      return undefined;
    case 'rename':
      renameSync(path, pathOf(order.to));
      return undefined;
    case 'unlink':
      unlinkSync(path);
      return undefined;
    case 'lstat': {
      const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
      return stat && seenIn(stat);
    }
    case 'read':
      return readSmall(path, order.most);
  }
}

/** What came from another thread is no Buffer any more. */
const pathOf = (path: Path): string | Buffer =>
  typeof path === 'string' ? path : Buffer.from(path.buffer, path.byteOffset, path.length);

/** Undefined for what is no regular file, is longer, or cannot be read: whoever asked finds out why by himself. */
function readSmall(path: string | Buffer, most: number): SmallFile | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile() || stat.size > most) return undefined;
    // Room for one byte more, which a file that has grown would have.
    const room = new Uint8Array(stat.size + 1);
    let size = 0;
    for (let read; (read = readSync(file, room, size, room.length - size, size)) > 0;) size += read;
    if (size === room.length) return undefined;
    const bytes = room.subarray(0, size);
    return { bytes, digest: hash('sha256', bytes), mark: markIn(fstatSync(file, { bigint: true })) };
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function packError(thrown: unknown): SystemError {
  const { message, code, errno, syscall } = thrown as NodeJS.ErrnoException;
  return { message, code, errno, syscall };
}

export const unpackError = ({ message, ...fields }: SystemError): Error =>
  Object.assign(new Error(message), fields);
