import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, open, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder, writeNew } from './durable.ts';
import { Fault } from './faults.ts';

/**
 * SHA-256 of a secret of 256 random bits, hex: what a store keeps of it. For what people choose it would be too quick to
 * try out.
 */
export const secretDigest = (secret: string): string => createHash('sha256').update(secret).digest('hex');

/** Permission bits of the group and of everybody else. */
const groupOrOthers = 0o077;
const others = 0o007;

/**
 * A secret from `$CREDENTIALS_DIRECTORY/<name>` (systemd, systemd.io/CREDENTIALS) or else from a file; one newline at
 * its end does not count.
 *
 * @throws Fault SECRET_EXPOSED, KEY_UNREADABLE
 */
export async function readSecret(
  secret: { readonly name: string; readonly file: string },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const text = (await readCredential(secret.name, environment)) ?? (await readPrivateFile(secret.file));
  return valueOf(secret.name, text);
}

/** The same of a secret that need not be: undefined when there is no credential and no file is named. */
export async function readOptionalSecret(
  { name, file }: { readonly name: string; readonly file: string | undefined },
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  if (file !== undefined) return readSecret({ name, file }, environment);
  const text = await readCredential(name, environment);
  return text === undefined ? undefined : valueOf(name, text);
}

function valueOf(name: string, text: string): string {
  const value = text.replace(/\r?\n$/, '');
  if (value === '') throw new Fault('KEY_UNREADABLE', `the secret ${name} is empty`);
  return value;
}

/**
 * A file that only its owner may read.
 *
 * @throws Fault SECRET_EXPOSED, KEY_UNREADABLE
 */
export async function readPrivateFile(path: string): Promise<string> {
  return readGuarded(path, groupOrOthers);
}

/** Where `readSecret` looks: what changes there may be another secret. */
export function secretPaths(
  { name, file }: { readonly name: string; readonly file: string },
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  const folder = environment.CREDENTIALS_DIRECTORY;
  return folder === undefined || folder === '' ? [file] : [join(folder, name), file];
}

async function readCredential(name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folder = environment.CREDENTIALS_DIRECTORY;
  if (folder === undefined || folder === '') return undefined;
  try {
    // systemd lets the service's user in by an access list, and stat shows the mask of that list as the group's bits.
    return await readGuarded(join(folder, name), others);
  } catch (error) {
    if (error instanceof Fault && errnoOf(error.cause) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Looks at the mode of the very file that is read, not of what has its name a moment earlier. */
async function readGuarded(path: string, forbiddenBits: number): Promise<string> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const mode = (await handle.stat()).mode & 0o777;
    if ((mode & forbiddenBits) !== 0) {
      throw new Fault('SECRET_EXPOSED', `${path} has mode 0${mode.toString(8)}, it must be 0600`);
    }
    return await handle.readFile('utf8').catch((error: unknown) => {
      throw unreadable(path, error);
    });
  } finally {
    await handle.close();
  }
}

/** The fault for a key or passphrase file that the system does not give us. */
export const unreadable = (path: string, cause: unknown): Fault =>
  new Fault('KEY_UNREADABLE', `${path} cannot be read (${errnoOf(cause) ?? 'unknown error'})`, { cause });

/** Makes a folder for the owner alone, if it is missing. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

const errnoOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

/**
 * Makes a random secret of 256 bits in a new file.
 *
 * @throws Fault NOT_ALLOWED if the file exists
 */
export async function writeNewSecret(file: string): Promise<void> {
  await writeNewFile(file, `${randomBytes(32).toString('base64url')}\n`, 0o600);
}

/**
 * A new file that outlives a power cut, in a folder that is made for the owner alone if it is missing. Never replaces.
 *
 * @throws Fault NOT_ALLOWED if the file exists
 */
export const writeNewFile = (path: string, text: string, mode: number): Promise<void> =>
  writeWhole(path, text, mode, async (draft) => {
    await link(draft, path).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
      throw new Fault('NOT_ALLOWED', `${path} exists already and is not replaced`, { cause: error });
    });
    await unlink(draft);
  });

/** The same in the place of a file that may be there. */
export const replaceFile = (path: string, text: string, mode: number): Promise<void> =>
  writeWhole(path, text, mode, (draft) => rename(draft, path));

/** Under its name the file is whole: a process that reads meanwhile, or after a crash, finds no half of it. */
async function writeWhole(
  path: string,
  text: string,
  mode: number,
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  const draft = join(folder, `.${basename(path)}.${randomUUID()}`);
  await writeNew(draft, text, mode);
  try {
    await place(draft);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}
