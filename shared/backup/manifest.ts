import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { z } from 'zod';

import { writeNew } from '../runtime/durable.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';

/**
 * What a backup says of itself: `backup.json`, and `files.jsonl` with a line for each file. It is written last, so that a
 * folder without it is no backup.
 */

const manifestFile = 'backup.json';
const linesFile = 'files.jsonl';

/** Files that are not listed in themselves. */
export const manifestFiles: readonly string[] = [manifestFile, linesFile];

/** The first folder of a path in a backup. */
export const parts = {
  store: 'store',
  spool: 'spool',
  config: 'config',
  keys: 'keys',
  files: 'files',
} as const;

/** The embedded store in a backup. */
export const storePath = `${parts.store}/enrol.db`;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const number = z.string().regex(/^\d+$/);

/** Nothing that leads elsewhere. */
const below = z
  .string()
  .refine((text) => text.split('/').every((name) => !['', '.', '..'].includes(name)) && !text.includes('\0'));

/** Below one of our folders. */
const path = below.refine((text) => Object.values(parts).some((part) => text.startsWith(`${part}/`)));

const savedFile = z.strictObject({
  /** In the backup; each byte is one character. */
  path,
  size: z.number().int().min(0),
  sha256,
  /** Permission bits that it had. */
  mode: z.number().int().min(0).max(0o7777),
  /** By which the ledger knew it. */
  inode: number,
  mtimeNs: number,
  /** Another name in the backup of this very file. */
  sameAs: path.optional(),
});
export type SavedFile = z.infer<typeof savedFile>;

const manifest = z.strictObject({
  format: z.literal(1),
  program: z.string(),
  /** The last migration that the store has had. */
  schema: z.string(),
  host: z.string(),
  home: z.string(),
  /** The moment that it shows. */
  at: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  /** The configuration, in the backup. */
  config: path,
  store: z.discriminatedUnion('engine', [
    z.strictObject({ engine: z.literal('sqlite'), rows: z.record(z.string(), z.number()) }),
    /** It is on a server, and not in here. */
    z.strictObject({ engine: z.literal('postgres'), url: z.string() }),
  ]),
  files: z.strictObject({ count: z.number(), bytes: z.number(), sha256 }),
  /** Folders of the spool. */
  folders: z.array(below),
  /** Whether keys of certificates, passphrases and tokens are in here. */
  secrets: z.boolean(),
  /** What is not in here, and why. */
  leftOut: z.array(z.strictObject({ place: z.string(), why: z.string() })),
});
export type Manifest = z.infer<typeof manifest>;

export interface Backup {
  /** Absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly files: readonly SavedFile[];
}

/** Writes what a backup says of itself; the folder still has to be synced. */
export async function writeManifest(
  folder: string,
  about: Omit<Manifest, 'files'>,
  files: readonly SavedFile[],
): Promise<Manifest> {
  const hash = createHash('sha256');
  // eslint-disable-next-line @typescript-eslint/require-await -- a file takes its pieces from an asynchronous source
  async function* lines() {
    for (const file of files) {
      const line = Buffer.from(`${JSON.stringify(file)}\n`);
      hash.update(line);
      yield line;
    }
  }
  await writeNew(join(folder, linesFile), lines());
  const bytes = files.reduce((sum, { size, sameAs }) => sum + (sameAs === undefined ? size : 0), 0);
  const whole = { ...about, files: { count: files.length, bytes, sha256: hash.digest('hex') } };
  await writeNew(join(folder, manifestFile), `${JSON.stringify(whole, null, 2)}\n`);
  return whole;
}

/** @throws Fault BACKUP_DAMAGED when it is no whole backup, or its list was changed; NOT_FOUND */
export async function readBackup(folder: string): Promise<Backup> {
  const said = manifest.safeParse(parse(folder, await read(folder, manifestFile)));
  if (!said.success) throw damaged(folder, manifestFile, z.prettifyError(said.error));
  const files: SavedFile[] = [];
  const hash = createHash('sha256');
  for await (const line of linesOf(folder, hash)) {
    const file = savedFile.safeParse(parse(folder, line));
    if (!file.success) throw damaged(folder, linesFile, `line ${files.length + 1} is not one of ours`);
    files.push(file.data);
  }
  if (hash.digest('hex') !== said.data.files.sha256)
    throw damaged(folder, linesFile, `is not the one that ${manifestFile} was written with`);
  return { folder, manifest: said.data, files };
}

async function* linesOf(folder: string, hash: ReturnType<typeof createHash>): AsyncGenerator<string> {
  const stream = createReadStream(join(folder, linesFile));
  stream.on('data', (piece) => hash.update(piece));
  try {
    yield* createInterface({ input: stream, crlfDelay: Infinity });
  } catch (error) {
    throw damaged(folder, linesFile, `cannot be read (${errnoOf(error) ?? 'unknown error'})`, error);
  }
}

async function read(folder: string, name: string): Promise<string> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw damaged(folder, name, 'is not there: the backup was never finished, or this is none', error);
    throw damaged(folder, name, `cannot be read (${errnoOf(error) ?? 'unknown error'})`, error);
  }
}

function parse(folder: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw damaged(folder, 'its manifest', 'is no JSON', error);
  }
}

const damaged = (folder: string, name: string, what: string, cause?: unknown): Fault =>
  new Fault('BACKUP_DAMAGED', `${folder}: ${name} ${what}`, { cause });
