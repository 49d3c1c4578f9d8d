import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { errnoOf } from '../runtime/faults.ts';
import { keyOf, toListed, type ListedFile } from './listing.ts';

const pieceBytes = 1024 * 1024;

export interface Copied {
  /** SHA-256 of the bytes, hex. */
  readonly sha256: string;
  readonly size: number;
}

/** What keeps a file from being copied: it is not there any more, or was written to since it was listed. */
export type NotCopied = 'gone' | 'changed';

/**
 * Copies a file into a new one that only we may read, and puts its bytes on the disk.
 *
 * @param expected the file that it has to be, from its first byte to the last; undefined: whatever lies there
 */
export async function copyFileTo(
  from: Buffer | string,
  to: Buffer | string,
  expected?: ListedFile,
): Promise<Copied | NotCopied> {
  let source: FileHandle;
  try {
    source = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ELOOP') return 'gone';
    throw error;
  }
  try {
    if (expected !== undefined) {
      const now = await listed(source);
      if (now.inode !== expected.inode || now.dev !== expected.dev) return 'gone';
      if (keyOf(now) !== keyOf(expected)) return 'changed';
    }
    const copied = await pour(source, to);
    return expected === undefined || keyOf(await listed(source)) === keyOf(expected) ? copied : 'changed';
  } finally {
    await source.close();
  }
}

const listed = async (handle: FileHandle): Promise<ListedFile> =>
  toListed('', await handle.stat({ bigint: true }));

async function pour(source: FileHandle, to: Buffer | string): Promise<Copied> {
  const target = await open(to, 'w', 0o600);
  try {
    const copied = await readThrough(source, (piece) => target.appendFile(piece));
    await target.sync();
    return copied;
  } finally {
    await target.close();
  }
}

/** Digest and length of all that is left of a file. */
export async function readThrough(
  source: FileHandle,
  take: (piece: Uint8Array) => Promise<void> | void = () => undefined,
): Promise<Copied> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, (await source.stat()).size + 1));
  let size = 0;
  for (;;) {
    const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return { sha256: hash.digest('hex'), size };
    const piece = buffer.subarray(0, bytesRead);
    hash.update(piece);
    await take(piece);
    size += bytesRead;
  }
}

/** Some at a time: one after the other, each would wait for the disk alone. */
export async function sideBySide<T>(list: readonly T[], work: (each: T) => Promise<void>): Promise<void> {
  const rest = list.values();
  const lane = async () => {
    for (const each of rest) await work(each);
  };
  const ends = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

const lanes = 16;
