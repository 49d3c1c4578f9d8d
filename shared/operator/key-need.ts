import { createReadStream } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';

import { recipientsOf } from '../pgp/open-stream.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { errnoOf, toFault } from '../runtime/faults.ts';
import { inboxFolder, inboxNames } from '../runtime/paths.ts';

/** Which files could not be opened again without a key of ours. */

/** Folders of an inbox with files that are opened, or may be again: by a retry, a release, a reload. */
const folders = ['in', 'work', 'hold', 'rejected', 'done'] as const;
export type NeedFolder = (typeof folders)[number];

/** How many files of each folder, of all inboxes together, need the key. */
export type Need = Readonly<Record<NeedFolder, number>>;

/**
 * Counts the files that only this key opens. One whose sender has hidden for whom it is counts as well. Of each file the
 * beginning is read.
 *
 * @param ids of the key and of its subkeys, hex
 * @param others of our other keys
 * @throws Fault SPOOL_…
 */
export async function filesThatNeed(
  loaded: LoadedConfig,
  ids: ReadonlySet<string>,
  others: ReadonlySet<string>,
): Promise<Need> {
  const need = { in: 0, work: 0, hold: 0, rejected: 0, done: 0 };
  for (const inbox of inboxNames(loaded.config)) {
    for (const folder of folders) {
      for await (const path of filesBelow(join(inboxFolder(loaded, inbox), folder))) {
        if (needs(await recipients(path), ids, others)) need[folder]++;
      }
    }
  }
  return need;
}

/** Pure. @param recipients key ids, hex; null: hidden */
export const needs = (
  recipients: readonly (string | null)[],
  ids: ReadonlySet<string>,
  others: ReadonlySet<string>,
): boolean =>
  recipients.some((id) => id === null || ids.has(id)) &&
  !recipients.some((id) => id !== null && others.has(id));

/** None of what is no message, or gone meanwhile. */
async function recipients(path: string): Promise<(string | null)[]> {
  try {
    return await recipientsOf(() => createReadStream(path) as AsyncIterable<Uint8Array>);
  } catch (thrown) {
    if (errnoOf(thrown) === 'ENOENT' || toFault(thrown).class === 'permanent') return [];
    throw thrown;
  }
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}
