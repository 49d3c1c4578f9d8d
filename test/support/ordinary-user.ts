import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Somebody who owns nothing on this machine: `nobody`. */
const nobody = 65_534;

/**
 * Does `work` as somebody whom permission bits stop, who owns the folder and all that is in it. Root is stopped by
 * nothing, so as root this process becomes `nobody` for that long.
 */
export async function asOrdinaryUser<T>(folder: string, work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  await giveTo(nobody, folder);
  process.setegid?.(nobody);
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Links are given themselves, and nothing that they lead to. */
async function giveTo(user: number, path: string): Promise<void> {
  const stat = await lstat(path);
  if (stat.isSymbolicLink()) return;
  await chown(path, user, user);
  if (stat.isDirectory()) for (const name of await readdir(path)) await giveTo(user, join(path, name));
}
