import { opendir } from 'node:fs/promises';

import { errnoOf, Fault } from '../runtime/faults.ts';
import { matchesPattern } from '../runtime/patterns.ts';
import type { FileMark } from '../store/deliveries.ts';
import { markOf } from './files.ts';
import type { Inbox } from './inbox.ts';
import { showName } from './names.ts';
import { isStable, observe, type Observation } from './stability.ts';

/** Files claimed after one scan at most; the next scan follows at once. */
const scanLimit = 500;

/** A file in in/ that looks complete. */
export interface Candidate {
  /** Path as bytes: names need not be valid UTF-8. */
  readonly path: Buffer;
  /** The name for people. */
  readonly name: string;
  readonly mark: FileMark;
}

export interface Scan {
  readonly ready: Candidate[];
  /** Files that are not quiet yet. */
  readonly waiting: number;
}

/**
 * Looks at the drop folder. The scan is the truth of what is there; notices of the file system only make it happen
 * sooner. It remembers what it saw, so that a file is taken only when it has been quiet, also one found at start.
 */
export class Intake {
  readonly #inbox: Inbox;
  #seen = new Map<string, Observation>();

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  /** @throws Fault SPOOL_MISSING when the drop folder is gone */
  async scan(): Promise<Scan> {
    const { folders, settings, clock } = this.#inbox;
    const seen = new Map<string, Observation>();
    const ready: Candidate[] = [];
    for await (const name of namesIn(folders.in)) {
      if (settings.ignore.some((pattern) => followsPattern(name, pattern))) continue;
      const path = Buffer.concat([Buffer.from(`${folders.in}/`), name]);
      const mark = await markOf(path);
      if (mark === undefined) continue; // Gone again: its sender's right.
      const key = name.toString('latin1');
      const observation = observe(this.#seen.get(key), mark, clock.monotonic());
      seen.set(key, observation);
      const takes =
        ready.length < scanLimit && isStable(observation, settings.quietSeconds, clock.monotonic());
      if (takes) ready.push({ path, name: showName(name), mark });
    }
    this.#seen = seen;
    return { ready, waiting: seen.size - ready.length };
  }
}

/** Compares bytes, so that a temporary name is one in whatever encoding its sender writes. */
const followsPattern = (name: Buffer, pattern: string): boolean =>
  matchesPattern(name.toString('latin1'), Buffer.from(pattern).toString('latin1'));

/** Names in a folder as bytes, without holding them all; folders are not files and stay where they are. */
async function* namesIn(folder: string): AsyncGenerator<Buffer> {
  let entries;
  try {
    // The type of `encoding` does not know 'buffer', which opendir takes.
    entries = await opendir(folder, { encoding: 'buffer' as BufferEncoding });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new Fault('SPOOL_MISSING', `${folder} is missing`, { cause: error });
    throw error;
  }
  for await (const entry of entries) {
    if (!entry.isDirectory()) yield entry.name as unknown as Buffer;
  }
}
