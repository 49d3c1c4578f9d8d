import { open, stat, type FileHandle } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

import { errnoOf } from '../runtime/faults.ts';

/** A place in a log file, at the beginning of a line. */
export interface LogPlace {
  /** Inode: a log that was put aside goes on in another file of the same name. */
  readonly file: string;
  /** Bytes. */
  readonly offset: number;
}

export interface LogPart {
  /** Whole lines, in the order of time. */
  readonly lines: readonly string[];
  /** Behind them. */
  readonly next: LogPlace;
  /** Lines before these were left out: there are too many for somebody who looks on. */
  readonly skipped: boolean;
}

/** As much of a log as is shown at first. */
const tailBytes = 256 * 1024;
/** As much as is read at once; a longer line is cut. */
const partBytes = 64 * 1024;
/** Whoever is further behind than this goes on with the newest lines. */
const behindBytes = 1024 * 1024;
/** Milliseconds between two looks at a file that has nothing new. */
const pauseMilliseconds = 300;

export const placeText = ({ file, offset }: LogPlace): string => `${file}-${offset}`;

/** The place of a text, undefined where it is none. */
export function placeOf(text: string): LogPlace | undefined {
  const [, file, offset] = /^(\d{1,20})-(\d{1,15})$/.exec(text) ?? [];
  return file === undefined || offset === undefined ? undefined : { file, offset: Number(offset) };
}

/** The whole lines among the last so many bytes of a log file; undefined when there is no such file. */
export async function tailOf(file: string, bytes = tailBytes): Promise<LogPart | undefined> {
  const handle = await openIfThere(file);
  if (handle === undefined) return undefined;
  try {
    const { ino, size } = await handle.stat({ bigint: true });
    return await readLast(handle, String(ino), Number(size), bytes);
  } finally {
    await handle.close();
  }
}

/**
 * The lines of a log from a place on, for ever: also when it is put aside, cut off, or not there yet. Half a line waits
 * for its rest. Nothing is kept, so that it costs nothing when somebody takes the lines slowly.
 *
 * @param from undefined: from the beginning of the file, which was not there so far
 */
export async function* followLog(
  file: string,
  from: LogPlace | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogPart> {
  let place = from;
  while (!signal.aborted) {
    const handle = await openIfThere(file);
    if (handle !== undefined) {
      try {
        yield* readOn(file, handle, place, signal);
      } finally {
        await handle.close();
      }
      // The next file begins at its beginning, also if it should be given the number of this one.
      place = undefined;
    }
    await pauseUnless(signal);
  }
}

/** The lines of one file, until another has its name. */
async function* readOn(
  file: string,
  handle: FileHandle,
  from: LogPlace | undefined,
  signal: AbortSignal,
): AsyncGenerator<LogPart> {
  const { ino } = await handle.stat({ bigint: true });
  const name = String(ino);
  let offset = from?.file === name ? from.offset : 0;
  while (!signal.aborted) {
    const size = Number((await handle.stat({ bigint: true })).size);
    // It was cut off, and begins anew.
    if (size < offset) offset = 0;
    // Asked before it is read: what was written until then is read below.
    const replaced = !(await hasName(file, ino));
    const behind = size - offset > behindBytes;
    const part = behind
      ? { ...(await readLast(handle, name, size, partBytes)), skipped: true }
      : await readPart(handle, name, offset, replaced);
    offset = part.next.offset;
    if (part.lines.length > 0) yield part;
    else if (replaced) return;
    else await pauseUnless(signal);
  }
}

/** @param last whether nobody goes on with the last line */
async function readPart(handle: FileHandle, file: string, offset: number, last: boolean): Promise<LogPart> {
  const bytes = await readBytes(handle, offset, partBytes);
  const end = bytes.lastIndexOf('\n') + 1;
  const cut = end === 0 && (last || bytes.length === partBytes) ? bytes.length : end;
  return {
    lines: linesOf(bytes.subarray(0, cut)),
    next: { file, offset: offset + cut },
    skipped: false,
  };
}

async function readLast(handle: FileHandle, file: string, size: number, most: number): Promise<LogPart> {
  const start = Math.max(0, size - most);
  const bytes = await readBytes(handle, start, size - start);
  const first = start === 0 ? 0 : bytes.indexOf('\n') + 1;
  const end = Math.max(first, bytes.lastIndexOf('\n') + 1);
  return {
    lines: linesOf(bytes.subarray(first, end)),
    next: { file, offset: start + end },
    skipped: start > 0,
  };
}

async function readBytes(handle: FileHandle, offset: number, most: number): Promise<Buffer> {
  const buffer = Buffer.alloc(most);
  const { bytesRead } = await handle.read(buffer, 0, most, offset);
  return buffer.subarray(0, bytesRead);
}

const linesOf = (bytes: Buffer): string[] =>
  bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');

async function openIfThere(file: string): Promise<FileHandle | undefined> {
  try {
    return await open(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function hasName(file: string, ino: bigint): Promise<boolean> {
  try {
    return (await stat(file, { bigint: true })).ino === ino;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

const pauseUnless = (signal: AbortSignal): Promise<void> =>
  pause(pauseMilliseconds, undefined, { signal }).catch(() => undefined);
