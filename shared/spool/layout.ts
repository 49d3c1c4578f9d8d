import { chmod, mkdir, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder } from '../runtime/durable.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';

/** The folders of one inbox. All lie on one device, because claims and archiving rely on links. */
export interface InboxFolders {
  /** Drop folder: others write here, nothing in it is trusted. */
  readonly in: string;
  /** Claimed files, ours alone. */
  readonly work: string;
  /** Intermediate names, ours alone; never decrypted content. */
  readonly tmp: string;
  /** Archive: done/YYYY/MM/DD/. */
  readonly done: string;
  /** Refused files with their reason files. */
  readonly rejected: string;
  /** Files that wait for an operator. */
  readonly hold: string;
}

/** Folder -> its mode. Partners write into in/; what is refused may be looked at by the operators' group. */
export const inboxModes: Readonly<Record<keyof InboxFolders, number>> = {
  in: 0o770,
  work: 0o700,
  tmp: 0o700,
  done: 0o750,
  rejected: 0o750,
  hold: 0o750,
};

const names = Object.keys(inboxModes) as (keyof InboxFolders)[];

export function inboxFolders(root: string): InboxFolders {
  return Object.fromEntries(names.map((name) => [name, join(root, name)])) as unknown as InboxFolders;
}

/** Makes what is missing of an inbox; leaves what is there. */
export async function makeInbox(root: string): Promise<void> {
  for (const name of names) await makeFolder(join(root, name), inboxModes[name]);
}

/** Makes a folder, unless it is there, with exactly this mode: partners write where our umask would not let them. */
export async function makeFolder(path: string, mode: number): Promise<void> {
  if ((await mkdir(path, { recursive: true, mode })) !== undefined) await chmod(path, mode);
}

/** @throws Fault SPOOL_MISSING, SPOOL_DEVICES */
export async function checkInbox(root: string): Promise<InboxFolders> {
  const folders = inboxFolders(root);
  const devices = new Map<string, number>();
  for (const name of names) devices.set(folders[name], await deviceOf(folders[name]));
  if (new Set(devices.values()).size > 1) {
    const list = [...devices].map(([path, device]) => `${path} on device ${device}`).join(', ');
    throw new Fault('SPOOL_DEVICES', list);
  }
  return folders;
}

/**
 * What tells the folder of this name from another one of the name: one that was made anew, or mounted over it. Undefined
 * when there is none. The time of its making is part of it, since a file system may give the old number again.
 */
export async function folderIdentity(path: string): Promise<string | undefined> {
  try {
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
    return `${dev}:${ino}:${birthtimeNs}`;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** @throws Fault SPOOL_MISSING */
export async function checkFolder(path: string): Promise<void> {
  await deviceOf(path);
}

async function deviceOf(path: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return found.dev;
  } catch (error) {
    const { code } = toFault(error);
    if (code !== 'SPOOL_MISSING' && code !== 'BUG') throw error; // The disk cannot tell, or we may not look.
    throw new Fault('SPOOL_MISSING', `${path} is missing (enrol init makes it)`, { cause: error });
  }
  throw new Fault('SPOOL_MISSING', `${path} is not a folder`);
}

/** Archive folders of which this process has made sure that they are on the disk, with those above them. */
const durable = new Set<string>();

/** Makes done/YYYY/MM/DD (UTC) and returns it. */
export async function archiveFolder(done: string, at: Date): Promise<string> {
  const folder = join(done, ...at.toISOString().slice(0, 10).split('-'));
  const firstMade = await mkdir(folder, { recursive: true, mode: inboxModes.done });
  // One that is there may have been made by a process that died before it was on the disk.
  if (firstMade === undefined && durable.has(folder)) return folder;
  try {
    await syncDown(done, dirname(folder));
  } catch (error) {
    if (firstMade !== undefined) await unmake(firstMade, folder);
    throw error;
  }
  durable.add(folder);
  return folder;
}

/** After a failed fsync new folders are not relied on, but made anew; unless somebody has put something into them. */
async function unmake(top: string, path: string): Promise<void> {
  try {
    await rmdir(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOTEMPTY') return;
    throw error;
  }
  if (path !== top) await unmake(top, dirname(path));
}

/** Puts the names of new folders on the disk: `path` lies below `top`, or is it. */
async function syncDown(top: string, path: string): Promise<void> {
  if (path !== top) await syncDown(top, dirname(path));
  await syncFolder(path);
}
