import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import { syncFolder } from '../runtime/durable.ts';
import type { Emit } from '../runtime/events.ts';
import { errnoOf } from '../runtime/faults.ts';
import { companionOf, findDelivery, type Delivery } from '../store/deliveries.ts';
import { publishedFolders } from '../store/publications.ts';
import type { Db, DeliveryPurpose } from '../store/tables.ts';
import { survivors } from '../store/workers.ts';
import { findCompanion } from './companion.ts';
import { exists, isSameFile, linkFree, removeName } from './files.ts';
import type { Inbox } from './inbox.ts';
import { draftOf, freeNames, safeName, temporaryOf, workerOfUpload } from './names.ts';

/** What crashed runs, or nobody, have left under temporary names. */

/** Nothing younger is an orphan: somebody may be at work on it, here or on another host. An upload says who. */
const orphanHours = 24;
const dayMilliseconds = 24 * 3600 * 1000;

/** Work for the start of a process, and then for once a day; tried again in the next round when it failed. */
export class Daily {
  readonly #clock: Clock;
  readonly #work: () => Promise<void>;
  #last = -Infinity;

  constructor(clock: Clock, work: () => Promise<void>) {
    this.#clock = clock;
    this.#work = work;
  }

  async run(): Promise<void> {
    const now = this.#clock.monotonic();
    if (now - this.#last < dayMilliseconds) return;
    await this.#work();
    this.#last = now;
  }
}

/**
 * Clears tmp/ of an inbox. Removed is only what we made ourselves from the ledger (drafts of reason files), what a dead
 * process had begun to receive, and a second name of a file that lies where its row says. Anything else might be the only copy of what a sender gave us, and goes
 * to hold/.
 */
export async function sweepTemporary(inbox: Inbox): Promise<void> {
  const { name: folder, emit } = inbox;
  const { tmp } = inbox.folders;
  const names = await namesOf(tmp);
  // Asked after the names were read, so that no process that has started meanwhile passes for a dead one.
  const alive = await survivors(inbox.db, inbox.clock.now());
  for (const name of names) {
    const path = join(tmp, name);
    const uploader = workerOfUpload(name);
    const isOrphan =
      (uploader !== undefined && !alive.includes(uploader)) || (await isOld(path, inbox.clock));
    if (!isOrphan) continue;
    const temporary = temporaryOf(name);
    const row = temporary && (await findDelivery(inbox.db, temporary.id));
    const own = row?.direction === 'in' && row.folder === folder ? row : undefined;
    if (own?.moved_at === null) continue; // Recovery sees to it.
    // The sender of an upload was never told that it has come, and sends it again.
    const spare =
      uploader !== undefined || temporary?.isDraft === true || (await isSecondName(inbox, own, path));
    emit('file.orphan', {
      folder,
      file: name,
      became: spare ? 'removed' : await putOnHold(inbox, path, name),
    });
    if (spare) await removeName(path);
    await syncFolder(tmp);
  }
}

async function isSecondName({ spool }: Inbox, row: Delivery | undefined, path: string): Promise<boolean> {
  if (row === undefined || row.place === null) return false;
  const place = join(spool, row.place);
  const companion = companionOf(row);
  const beside = companion && (await findCompanion(row, companion, place));
  return (await isSameFile(path, place)) || (beside !== undefined && (await isSameFile(path, beside)));
}

/** @returns where it is now, for the log */
async function putOnHold({ folders }: Inbox, path: string, name: string): Promise<string> {
  const target = await linkFree(path, folders.hold, freeNames(0, safeName(name)));
  await removeName(path);
  return `moved to ${target}`;
}

interface Drafts {
  readonly spool: string;
  readonly db: Db;
  readonly clock: Clock;
  readonly emit: Emit;
}

/**
 * Removes drafts of publications that are out, or that the ledger does not know: each was made from the store, so none
 * is the only copy of anything. Only in folders into which these purposes were published: in others, a name that begins
 * with a dot is somebody else's work in progress.
 */
export async function sweepDrafts(
  { spool, db, clock, emit }: Drafts,
  purposes: readonly DeliveryPurpose[],
): Promise<void> {
  for (const folder of await publishedFolders(db, purposes)) {
    for (const name of await namesOf(join(spool, folder))) {
      const draft = draftOf(name);
      const path = join(spool, folder, name);
      if (draft === undefined || !(await isOld(path, clock))) continue;
      const row = await findDelivery(db, draft.id);
      const awaited = row?.direction === 'out' && row.name === draft.name && row.moved_at === null;
      if (awaited) continue;
      emit('file.orphan', { folder, file: name, became: 'removed' });
      await removeName(path);
      await syncFolder(join(spool, folder));
    }
  }
}

/** By the time that the name appeared here (ctime): a sender's file may bear a time of last year. */
async function isOld(path: string, clock: Clock): Promise<boolean> {
  try {
    const stat = await lstat(path);
    return !stat.isDirectory() && clock.now().getTime() - stat.ctimeMs > orphanHours * 3600 * 1000;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function namesOf(folder: string): Promise<string[]> {
  return (await exists(folder)) ? readdir(folder) : [];
}
