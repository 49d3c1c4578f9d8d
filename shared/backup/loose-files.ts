import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf, Fault } from '../runtime/faults.ts';
import { keysFolder } from '../runtime/paths.ts';
import { parts } from './manifest.ts';

/**
 * What a backup has beside store and spool: the configuration, the key ring, and files that the configuration names. Our
 * private OpenPGP keys are in the key ring, locked by their passphrase; the passphrase is a secret and is not there.
 */

export interface LooseFile {
  /** Absolute. */
  readonly from: string;
  /** In the backup. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface LooseFiles {
  readonly files: readonly LooseFile[];
  readonly leftOut: readonly { readonly place: string; readonly why: string }[];
}

/** Settings whose files everybody may see. */
const isPublic = (setting: string): boolean => /^(certificate|ca|clientCa)File$/.test(setting);

/** Where the configuration is in a backup. */
export function configPath({ home, file }: LoadedConfig): string {
  const folder = join(home, 'config');
  return `${parts.config}/${isBelow(folder, file) ? relative(folder, file) : 'enrol.yaml'}`;
}

export async function looseFiles(loaded: LoadedConfig, withSecrets: boolean): Promise<LooseFiles> {
  const { home, config, file } = loaded;
  const [configFolder, keys] = [join(home, 'config'), keysFolder(loaded)];
  const leftOut: { place: string; why: string }[] = [];
  const named = new Map<string, string>();
  for (const [setting, value] of namedFiles(config)) {
    const from = resolve(home, value);
    const why = await reasonAgainst(home, from, isPublic(setting), withSecrets);
    if (why === undefined) named.set(from, `${parts.files}/${relative(home, from)}`);
    else leftOut.push({ place: from, why });
  }
  // By what they are: a link may lead to a secret that is not to be saved.
  const secret = new Set(await Promise.all(leftOut.map(({ place }) => targetOf(place))));
  const add = async (from: string, path: string) => {
    if (!secret.has(await targetOf(from))) named.set(from, path);
  };
  if (isBelow(configFolder, file)) {
    for (const name of await filesBelow(configFolder))
      await add(join(configFolder, name), `${parts.config}/${name}`);
  } else await add(file, configPath(loaded));
  for (const name of await filesBelow(keys)) await add(join(keys, name), `${parts.keys}/${name}`);
  const files = [...named].map(async ([from, path]) => ({
    from,
    path,
    mode: (await stat(from)).mode & 0o7777,
  }));
  return { files: await Promise.all(files), leftOut };
}

/** What the path leads to; the path itself where that is nothing. */
async function targetOf(path: string): Promise<string> {
  return realpath(path).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return path;
    throw error;
  });
}

async function reasonAgainst(
  home: string,
  from: string,
  isOpen: boolean,
  withSecrets: boolean,
): Promise<string | undefined> {
  if (!isBelow(home, from)) return 'it lies outside of the home';
  const text = await readFile(from, 'latin1').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return 'it is not there';
  // A certificate may have its private key in the same file.
  return withSecrets || (isOpen && !text.includes('PRIVATE KEY-----')) ? undefined : 'a secret';
}

/** Settings that name a file, by their last key; secrets in the credential store of a service manager have none. */
function* namedFiles(group: object): Generator<[setting: string, file: string]> {
  for (const [key, value] of Object.entries(group)) {
    if (typeof value === 'object' && value !== null) yield* namedFiles(value as object);
    else if (key.endsWith('File') && typeof value === 'string' && value !== '') yield [key, value];
  }
}

const isBelow = (folder: string, path: string): boolean => path.startsWith(`${folder}/`);

/** So often files that are moved meanwhile are listed anew. */
const mostLooks = 10;

/** A key that is moved from one folder to another during a look may be missed by it: two looks have to agree. */
async function filesBelow(folder: string): Promise<string[]> {
  let before = await lookBelow(folder);
  for (let looks = 2; looks <= mostLooks; looks++) {
    const now = await lookBelow(folder);
    if (isDeepStrictEqual(now, before)) return now;
    before = now;
  }
  throw new Fault('IO_ERROR', `${folder} changes all the time: try again when nobody is at work in it`);
}

/** Files, and links that lead to one: a configuration is often a link, into a folder that is replaced as a whole. */
async function lookBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  const names: string[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() || (entry.isSymbolicLink() && (await leadsToFile(path))))
      names.push(relative(folder, path));
  }
  return names.sort();
}

async function leadsToFile(link: string): Promise<boolean> {
  try {
    return (await stat(link)).isFile();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}
