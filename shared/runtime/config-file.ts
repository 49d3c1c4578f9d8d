import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, chmod, chown, lstat, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFile, syncFolder, writeNew } from './durable.ts';
import { failPoint } from './fail-point.ts';
import { errnoOf, Fault } from './faults.ts';

/** The file of the configuration as a program changes it. */
export interface ConfigFile {
  readonly path: string;
  readonly text: string;
  /** Of its bytes: whoever has seen it can tell whether it is still the same. */
  readonly digest: string;
}

/** @throws Fault NOT_ALLOWED when it cannot be read, or is no UTF-8 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw refusal(path, `cannot be read (${errnoOf(error) ?? 'unknown error'})`, error);
  });
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw refusal(path, 'is not valid UTF-8');
  return { path, text, digest: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Puts a new text in the place of the file, whole or not at all: a power cut leaves the old file or the new one. Mode and
 * owner stay. Callers see to it that there is only one at a time.
 *
 * @throws Fault NOT_ALLOWED when the file is a link, read-only or somebody else's, or was changed since it was read;
 *   SYNC_FAILED
 */
export async function replaceConfigFile(known: ConfigFile, text: string): Promise<void> {
  const { path } = known;
  const { mode, uid, gid } = await checkWritable(path);
  const draft = join(dirname(path), `.${basename(path)}.draft`);
  try {
    await rm(draft, { force: true }); // Of a process that was killed.
    await writeNew(draft, text, mode & 0o777);
    const own = await lstat(draft);
    // Asked for only where it changes something: a hardened unit may not change owners at all.
    if (own.uid !== uid || own.gid !== gid) await chown(draft, uid, gid);
    await chmod(draft, mode & 0o777); // The umask took some of it away.
    await syncFile(draft);
    failPoint('config.drafted');
    if ((await readConfigFile(path)).digest !== known.digest) throw changed(path);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw toRefusal(path, error);
  }
  failPoint('config.replaced');
  await syncFolder(dirname(path));
}

/** @throws Fault NOT_ALLOWED */
async function checkWritable(path: string): Promise<{ mode: number; uid: number; gid: number }> {
  const stat = await lstat(path).catch((error: unknown) => {
    throw toRefusal(path, error);
  });
  if (stat.isSymbolicLink()) throw refusal(path, 'is a symbolic link: edit the file that it leads to');
  if (!stat.isFile()) throw refusal(path, 'is no file');
  // Root may write everything, and should not where the owner does not mean it to be written.
  if ((stat.mode & 0o200) === 0) throw refusal(path, 'is read-only');
  await access(path, constants.W_OK).catch((error: unknown) => {
    throw toRefusal(path, error);
  });
  return stat;
}

const refusal = (path: string, why: string, cause?: unknown): Fault =>
  new Fault('NOT_ALLOWED', `${path} ${why}`, { cause });

/** For whoever has seen another text than the one that is there now. */
export const changed = (path: string): Fault =>
  refusal(path, 'was changed by somebody else since it was shown: look at it again, nothing was changed');

const forbidden = ['EACCES', 'EPERM', 'EROFS'];

/** What only the machine's administrator can mend is said plainly; a full or broken disk stays what it is. */
function toRefusal(path: string, error: unknown): unknown {
  const errno = errnoOf(error) ?? '';
  if (error instanceof Fault) return error;
  if (errno === 'ENOENT') return refusal(path, 'does not exist', error);
  return forbidden.includes(errno)
    ? refusal(path, `or its folder cannot be written by us (${errno})`, error)
    : error;
}
