import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, link, lstat, open, readdir, stat, statfs, unlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

import { inboxOf } from '../daemon/inboxes.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { syncFolder } from '../runtime/durable.ts';
import { errnoOf } from '../runtime/faults.ts';
import {
  inboxFolder,
  inboxNames,
  outboxFolder,
  providerOutbound,
  spoolFolder,
  spoolProviders,
  storeFile,
  type InboxName,
} from '../runtime/paths.ts';
import { withOwner } from '../spool/access.ts';
import { checkInbox, inboxModes, type InboxFolders } from '../spool/layout.ts';
import { fileServer, quietSecondsOn } from '../spool/network.ts';
import { checksOf, type Check } from './check.ts';
import { diskChecks } from './disk-rules.ts';
import { ownerCheck, type FolderFacts, type User } from './folder-rules.ts';
import { looking } from './looking.ts';

const spool = checksOf('Spool');

/** Files that are left behind are older than this: every daemon clears away at its start, and daily. */
const leftoverHours = 48;
/** Folders with more names are not looked through. */
const namesLooked = 10_000;

/** Every inbox, and every folder that we publish into. */
export async function lookAtSpool(loaded: LoadedConfig, user: User, now: Date): Promise<Check[]> {
  const inboxes = inboxNames(loaded.config);
  const checks = await Promise.all([
    ...inboxes.map((name) => lookAtInbox(loaded, name, user, now)),
    ...publishedInto(loaded).map((folder) => lookAtOutbound(loaded, folder, user)),
  ]);
  return checks.flat();
}

async function lookAtInbox(
  loaded: LoadedConfig,
  name: InboxName,
  user: User,
  now: Date,
): Promise<readonly Check[]> {
  const settings = inboxOf(loaded.config, name);
  return looking(spool, `${name}: folders`, async () => {
    const folders = await checkInbox(inboxFolder(loaded, name));
    const kinds = Object.keys(inboxModes) as (keyof InboxFolders)[];
    const facts = await Promise.all(
      kinds.map((kind) =>
        factsOf(folders[kind], {
          name: kind,
          madeWith: inboxModes[kind],
          isDropFolder: kind === 'in',
        }),
      ),
    );
    const { type } = await statfs(folders.in);
    return [
      spool.ok(`${name}: folders`, 'They are all there, on one device.'),
      ...(await looking(spool, `${name}: links`, () => tryLinks(name, folders))),
      ownerCheck(name, facts, user),
      ...quietChecks(
        name,
        fileServer(type),
        settings.quietSeconds,
        quietSecondsOn(type, settings.quietSeconds),
      ),
      ...(await leftovers(name, folders, now)),
    ];
  });
}

/** On a file server a file has to be quiet for longer, unless it is said that senders rename. */
function quietChecks(name: string, server: string | undefined, set: number, inForce: number): Check[] {
  if (server === undefined) return [];
  const title = `${name}: quiet time`;
  if (inForce > 0)
    return [spool.ok(title, `in/ is on ${server}: a file is taken after ${inForce} s without a change.`)];
  return [
    spool.warning(
      title,
      `in/ is on ${server}, and quietSeconds is ${set}: files are taken as soon as they have their names.`,
      'Make sure that every sender renames when the file is complete, or set quietSeconds.',
    ),
  ];
}

/** Does what every file goes through: a new file, a second name, a folder on the disk, and both names taken away. */
async function tryLinks(name: string, folders: InboxFolders): Promise<Check[]> {
  for (const folder of Object.values<string>({ ...folders })) await requireWritable(folder);
  const path = join(folders.tmp, `doctor-${randomUUID()}`);
  const second = `${path}.link`;
  await (await open(path, 'wx', 0o600)).close();
  try {
    await link(path, second);
    await syncFolder(folders.tmp);
  } finally {
    for (const made of [path, second]) await unlink(made).catch(unlessMissing);
  }
  return [
    spool.ok(`${name}: links`, 'A file in tmp/ was made, linked and removed; the folders can be written.'),
  ];
}

/** @throws Fault SPOOL_PERMISSION */
async function requireWritable(folder: string): Promise<void> {
  try {
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw await withOwner(error, folder);
  }
}

async function leftovers(name: string, { tmp, work }: InboxFolders, now: Date): Promise<Check[]> {
  const old = [...(await oldNames(tmp, now)), ...(await oldNames(work, now))];
  const title = `${name}: leftovers`;
  if (old.length === 0) return [spool.ok(title, 'Nothing old lies in tmp/ or work/.')];
  const some = old.slice(0, 3).map((path) => `${basename(dirname(path))}/${basename(path)}`);
  return [
    spool.warning(
      title,
      `${old.length} file(s) have been in tmp/ or work/ for more than ${leftoverHours} hours: ${some.join(', ')}${old.length > some.length ? ', …' : ''}`,
      'Start the daemon of this inbox, which takes them up or clears them away; then enrol spool check.',
    ),
  ];
}

async function oldNames(folder: string, now: Date): Promise<string[]> {
  const names = (await readdir(folder)).slice(0, namesLooked);
  const stats = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, since: (await lstat(path).catch(unlessMissing))?.ctimeMs ?? Infinity };
    }),
  );
  return stats
    .filter(({ since }) => now.getTime() - since > leftoverHours * 3_600_000)
    .map(({ path }) => path);
}

/** Folders that are no inbox of ours. */
function publishedInto(loaded: LoadedConfig): string[] {
  const { config } = loaded;
  const outboxes = Object.keys(config.outboxes) as (keyof typeof config.outboxes)[];
  const folders = [
    ...outboxes.map((name) => outboxFolder(loaded, name)),
    ...spoolProviders(config).map((id) => providerOutbound(loaded, id)),
  ];
  const ofInboxes = inboxNames(config).map((name) => join(inboxFolder(loaded, name), 'in'));
  return folders.filter((folder) => !ofInboxes.includes(folder));
}

async function lookAtOutbound(loaded: LoadedConfig, folder: string, user: User): Promise<readonly Check[]> {
  const name = relative(spoolFolder(loaded), folder);
  return looking(spool, `${name}: folder`, async () => {
    const facts = await factsOf(folder, { name, madeWith: 0o770, isDropFolder: true });
    await requireWritable(folder);
    return [spool.ok(`${name}: folder`, 'It is there and can be written.'), ownerCheck(name, [facts], user)];
  });
}

async function factsOf(
  path: string,
  known: Pick<FolderFacts, 'name' | 'madeWith' | 'isDropFolder'>,
): Promise<FolderFacts> {
  const { uid, gid, mode } = await stat(path);
  return { ...known, path, uid, gid, mode: mode & 0o7777 };
}

/** The disks of the spool and of an embedded store. */
export async function lookAtDisks(loaded: LoadedConfig): Promise<Check[]> {
  const file = storeFile(loaded);
  const places = [
    { name: 'spool', folder: spoolFolder(loaded) },
    ...(file === undefined ? [] : [{ name: 'store', folder: dirname(file) }]),
  ];
  const checks = await Promise.all(
    places.map((place) =>
      looking(checksOf('Disks'), `${place.name}: disk`, async () => {
        const { type, files, ffree } = await statfs(place.folder);
        return diskChecks({ ...place, type, inodes: files, freeInodes: ffree });
      }),
    ),
  );
  return checks.flat();
}

function unlessMissing(error: unknown): undefined {
  if (errnoOf(error) === 'ENOENT') return undefined;
  throw error;
}
