import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';

import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf } from '../runtime/faults.ts';
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
  const secret = new Set(leftOut.map(({ place }) => place));
  const add = (from: string, path: string) => {
    if (!secret.has(from)) named.set(from, path);
  };
  if (isBelow(configFolder, file)) {
    for (const name of await filesBelow(configFolder))
      add(join(configFolder, name), `${parts.config}/${name}`);
  } else add(file, configPath(loaded));
  for (const name of await filesBelow(keys)) add(join(keys, name), `${parts.keys}/${name}`);
  const files = [...named].map(async ([from, path]) => ({
    from,
    path,
    mode: (await stat(from)).mode & 0o7777,
  }));
  return { files: await Promise.all(files), leftOut };
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

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}
