import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf } from '../runtime/faults.ts';
import { companionOf, type Companion, type Delivery, type FileMark } from '../store/deliveries.ts';
import type { Lease } from '../store/lease.ts';
import { withOwner } from './access.ts';
import { linkFree, markOf, removeName } from './files.ts';
import { checkManifest, checkRecords, parseManifest, type Manifest } from './manifest.ts';
import { freeNames } from './names.ts';
import { sameMark } from './stability.ts';

/**
 * The marker or manifest beside a file. It is noted with the row when the file is claimed, and goes where the file
 * goes: work/, then done/, rejected/ or hold/.
 */

/** No manifest of one file is longer, in bytes. */
const longest = 64 * 1024;

/** A companion that lies beside a file in in/. */
export interface CompanionCandidate {
  readonly path: Buffer;
  readonly suffix: string;
  readonly mark: FileMark;
}

/**
 * What is noted of a companion before its file is claimed. Links are not followed and pipes do not block.
 *
 * @returns undefined when it is gone, or is not the one that was observed: then both are looked at anew
 */
export async function noteCompanion({
  path,
  suffix,
  mark,
}: CompanionCandidate): Promise<Companion | undefined> {
  const content = await textOf(path, mark);
  const now = await markOf(path);
  if (now === undefined || !sameMark(now, mark)) return undefined;
  return { suffix, dev: mark.dev, inode: mark.inode, content };
}

/** Null when there is no text that could be a manifest. */
async function textOf(path: Buffer, mark: FileMark): Promise<string | null> {
  if (mark.size > longest) return null;
  let handle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENXIO'].includes(errnoOf(error) ?? '')) return null; // Gone, a link, a socket.
    throw await withOwner(error, path);
  }
  try {
    if (!(await handle.stat()).isFile()) return null;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mark.size), 0, mark.size, 0);
    return decode(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

function decode(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Whether a file of this name is a companion in an inbox with these settings, and not a file of its own. */
export const isMarkerOf = ({ marker }: { readonly marker: string }, name: string): boolean =>
  marker !== '' && name.endsWith(marker);

/** Whether the file with this mark is the companion that was noted, by whichever host: each numbers file servers itself. */
export const isCompanion = (companion: Companion | undefined, mark: FileMark | undefined): boolean =>
  companion !== undefined && mark?.inode === companion.inode;

/** Where the companion lies whose file lies, or lay, at `path`; undefined when it is not there. */
export async function findCompanion(
  row: Pick<Delivery, 'id'>,
  companion: Companion,
  path: string,
): Promise<string | undefined> {
  const own = basename(path) + companion.suffix;
  for (const name of freeNames(row.id, own)) {
    const candidate = join(dirname(path), name);
    const mark = await markOf(candidate);
    if (isCompanion(companion, mark)) return candidate;
    // The plain name may have been taken then, and be free by now.
    if (mark === undefined && name !== own) return undefined;
  }
  return undefined;
}

/**
 * Takes the companion along when its file goes from `from` to `to`. May be repeated after a crash at any point.
 *
 * @param lease of whoever does so; a command has none
 */
export async function moveCompanion(
  row: Delivery,
  from: string,
  to: string,
  lease?: Pick<Lease, 'hold'>,
): Promise<void> {
  await lease?.hold();
  const companion = companionOf(row);
  const found = companion && (await findCompanion(row, companion, from));
  if (!companion || found === undefined) return;
  const target = await linkFree(found, dirname(to), freeNames(row.id, basename(to) + companion.suffix));
  if (found === target) return;
  failPoint('settle.companion-linked');
  await lease?.hold();
  await removeName(found);
  await syncFolder(dirname(found));
}

/** @throws Fault MANIFEST_MISMATCH when the file is not what its companion says */
export function checkCompanion(
  row: Delivery,
  received: { readonly size: number; readonly digest: string },
): void {
  checkManifest(manifestOf(row), received);
}

/** @throws Fault MANIFEST_MISMATCH when the file holds another number of records than its companion says */
export function checkCompanionRecords(row: Delivery, records: number | undefined): void {
  checkRecords(manifestOf(row), records);
}

function manifestOf(row: Delivery): Manifest {
  const companion = companionOf(row);
  return companion === undefined ? {} : parseManifest(companion.content, row.name);
}
