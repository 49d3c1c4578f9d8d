import { opendir, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { errnoOf, Fault } from '../runtime/faults.ts';
import { matchesPattern } from '../runtime/patterns.ts';
import type { FileMark } from '../store/deliveries.ts';
import { isMarkerOf, type CompanionCandidate } from './companion.ts';
import { markOf } from './files.ts';
import type { Inbox } from './inbox.ts';
import { checkInbox, folderIdentity } from './layout.ts';
import { showName } from './names.ts';
import { fileServer, quietSecondsOn } from './network.ts';
import { Portions } from './portions.ts';
import { isStable, observe, sameMark, type Observation } from './stability.ts';

/** Files claimed after one scan at most; the next scan follows at once. */
const scanLimit = 500;
/** Files looked at in one scan, about: what is remembered of them stays below ten megabytes. */
const portionSize = 10_000;
/** Names whose state is asked for at once: one after the other, each costs several times as much. */
const askedAtOnce = 32;
/** Seconds for which the files of one look are handed out, until the folder is looked at again for new ones. */
const lookSeconds = 30;
/** Seconds by which a file's time may be ahead of our clock without a word. */
const skewSeconds = 60;

/** A file in in/ that looks complete. */
export interface Candidate {
  /** Path as bytes: names need not be valid UTF-8. */
  readonly path: Buffer;
  /** The name for people. */
  readonly name: string;
  readonly mark: FileMark;
  /** The marker or manifest that came with it. */
  readonly companion?: CompanionCandidate | undefined;
}

export interface Scan {
  readonly ready: Candidate[];
  /** Files that will be ready in a moment, and those that have not been looked at yet. */
  readonly waiting: number;
}

/** A file that looks complete: its key, and what was seen of it and of its companion. */
interface Complete {
  readonly key: string;
  readonly seen: Seen;
  readonly companion?: Seen;
}

/** What is remembered of a name from look to look. */
interface Seen {
  readonly observation: Observation;
  /** How often it was handed out as complete, and was not taken. */
  offers: number;
  /** Whether operators were told that its other half is missing. */
  told: boolean;
}

const nothingLeft = { files: [], waiting: 0, since: 0 };

/**
 * Looks at the drop folder. The scan is the truth of what is there; notices of the file system only make it happen
 * sooner. It remembers what it saw, so that a file is taken only when it has been quiet, also one found at start.
 */
export class Intake {
  readonly #inbox: Inbox;
  readonly #portionSize: number;
  readonly #portions: Portions;
  #seen = new Map<string, Seen>();
  /** Files of the last look that were not handed out yet, and how many others wait since then. */
  #left: { readonly files: Complete[]; readonly waiting: number; readonly since: number } = nothingLeft;
  #place: string | undefined;
  /** Of the setting, or longer where the folder is on a file server. */
  #quietSeconds = Infinity;
  /** Looks at the present portion, and when the first was: milliseconds of the monotonic clock. */
  #turn = { looks: 0, since: 0 };

  constructor(inbox: Inbox, lookedAtOnce = portionSize) {
    this.#inbox = inbox;
    this.#portionSize = lookedAtOnce;
    this.#portions = new Portions(lookedAtOnce);
  }

  /** @throws Fault SPOOL_MISSING when a folder of the inbox is gone; SPOOL_DEVICES */
  async scan(): Promise<Scan> {
    await this.#checkPlace();
    const { files: left, since } = this.#left;
    if (left.length > 0 && this.#inbox.clock.monotonic() - since < lookSeconds * 1000) return this.#goOn();
    const files = await this.#look();
    const { complete, coming } = this.#judge();
    // What was handed out before and is still there may not be ours to take: others come first.
    complete.sort((a, b) => a.seen.offers - b.seen.offers);
    const fresh = complete.filter(({ seen }) => seen.offers === 0).length;
    const ready = complete.slice(0, scanLimit).map((file) => this.#handOut(file));
    const waiting = coming + this.#endTurn(files, fresh);
    const others = complete.slice(scanLimit, Math.max(scanLimit, fresh));
    this.#left = { files: others, waiting, since: this.#inbox.clock.monotonic() };
    return { ready, waiting: waiting + others.length };
  }

  /** Hands out what the last look has found, as far as it is still there as it was then. */
  async #goOn(): Promise<Scan> {
    const { files, waiting } = this.#left;
    const ready: Candidate[] = [];
    while (ready.length < scanLimit && files.length > 0) {
      const some = files.splice(0, Math.min(askedAtOnce, scanLimit - ready.length));
      const marks = await this.#marksOf(some.map(({ key }) => key));
      some.forEach((file, at) => {
        const mark = marks[at];
        if (mark && sameMark(mark, file.seen.observation.mark)) ready.push(this.#handOut(file));
      });
    }
    // And one for what has come since the last look.
    return { ready, waiting: waiting + files.length + 1 };
  }

  #handOut({ key, seen, companion }: Complete): Candidate {
    const candidate = this.#candidate(key, seen, companion);
    if (seen.offers++ === 0) this.#tellTimeAhead(candidate);
    return candidate;
  }

  /** Every folder is there, and another one under the name, made anew or mounted, is looked at like that of a start. */
  async #checkPlace(): Promise<void> {
    const { folders, name, settings, emit } = this.#inbox;
    const place = await folderIdentity(folders.in);
    if (place === undefined) throw missing(folders.in);
    await checkInbox(dirname(folders.in));
    if (place === this.#place) return;
    // Before the place counts as known: a folder about which nothing can be learnt is asked about again.
    const { type } = await statfs(folders.in);
    if (this.#place !== undefined) emit('inbox.replaced', { inbox: name });
    this.#place = place;
    const { quietSeconds } = settings;
    this.#quietSeconds = quietSecondsOn(type, quietSeconds);
    this.#seen = new Map();
    this.#left = nothingLeft;
    const fileSystem = fileServer(type);
    if (fileSystem === undefined || this.#quietSeconds === quietSeconds) return;
    emit('inbox.on-network', { inbox: name, fileSystem, quietSeconds, waitsSeconds: this.#quietSeconds });
  }

  /** @returns number of files in the folder, also of those that were not looked at now */
  async #look(): Promise<number> {
    const { folders, settings } = this.#inbox;
    const seen = new Map<string, Seen>();
    let files = 0;
    // Compared as bytes, so that a temporary name is one in whatever encoding its sender writes.
    const ignore = settings.ignore.map((pattern) => Buffer.from(pattern).toString('latin1'));
    const some: string[] = [];
    for await (const key of namesIn(folders.in)) {
      if (ignore.some((pattern) => matchesPattern(key, pattern))) continue;
      files++;
      const full = seen.size + some.length >= 2 * this.#portionSize;
      if (full || !this.#portions.holds(this.#fileOf(key))) continue;
      some.push(key);
      if (some.length === askedAtOnce) await this.#observe(some.splice(0), seen);
    }
    await this.#observe(some, seen);
    this.#seen = seen;
    return files;
  }

  /** Adds what is to be seen of these names to what was seen in this look. */
  async #observe(keys: readonly string[], seen: Map<string, Seen>): Promise<void> {
    const marks = await this.#marksOf(keys);
    const now = this.#inbox.clock.monotonic();
    keys.forEach((key, at) => {
      const mark = marks[at];
      if (mark === undefined) return; // Gone again: its sender's right.
      const before = this.#seen.get(key);
      const observation = observe(before?.observation, mark, now);
      const unchanged = observation.count > 1;
      const sameFile = before?.observation.mark.inode === mark.inode;
      seen.set(key, {
        observation,
        offers: unchanged ? (before?.offers ?? 0) : 0,
        told: sameFile && before.told,
      });
    });
  }

  #marksOf(keys: readonly string[]): Promise<(FileMark | undefined)[]> {
    return Promise.all(keys.map((key) => markOf(pathOf(this.#inbox.folders.in, key))));
  }

  /** The name of the file to which this name belongs: a companion stays with its file. */
  #fileOf(key: string): string {
    const { settings } = this.#inbox;
    return isMarkerOf(settings, key) ? key.slice(0, -settings.marker.length) : key;
  }

  /** What looks complete, and how many will look so in a moment. */
  #judge(): { complete: Complete[]; coming: number } {
    const { settings } = this.#inbox;
    const { marker } = settings;
    const complete: Complete[] = [];
    let coming = 0;
    for (const [key, seen] of this.#seen) {
      if (marker === '') {
        if (this.#isQuiet(seen)) complete.push({ key, seen });
        else coming++;
      } else if (isMarkerOf(settings, key)) {
        if (!this.#seen.has(key.slice(0, -marker.length))) this.#tellUnpaired(key, seen, 'its file');
      } else {
        const companion = this.#seen.get(key + marker);
        if (companion === undefined) this.#tellUnpaired(key, seen, 'its marker');
        else if (this.#isQuiet(seen) && this.#isQuiet(companion)) complete.push({ key, seen, companion });
        else coming++;
      }
    }
    return { complete, coming };
  }

  #isQuiet({ observation }: Seen): boolean {
    return isStable(observation, this.#quietSeconds, this.#inbox.clock.monotonic());
  }

  #candidate(key: string, seen: Seen, companion?: Seen): Candidate {
    const { folders, settings } = this.#inbox;
    const suffix = settings.marker;
    return {
      path: pathOf(folders.in, key),
      name: showKey(key),
      mark: seen.observation.mark,
      ...(companion && {
        companion: { path: pathOf(folders.in, key + suffix), suffix, mark: companion.observation.mark },
      }),
    };
  }

  /** Once for each file. */
  #tellUnpaired(key: string, seen: Seen, lacks: string): void {
    const { settings, clock, emit, name: folder } = this.#inbox;
    const waited = (clock.monotonic() - seen.observation.since) / 1000;
    if (seen.told || waited < settings.markerSeconds) return;
    seen.told = true;
    emit('file.unpaired', { folder, file: showKey(key), lacks, seconds: Math.round(waited) });
  }

  #tellTimeAhead({ name: file, mark }: Candidate): void {
    const { clock, emit, name: folder } = this.#inbox;
    const seconds = Math.round(Number(mark.mtimeNs) / 1e9 - clock.now().getTime() / 1000);
    if (seconds > skewSeconds) emit('file.time-ahead', { folder, file, seconds });
  }

  /**
   * In a crowded folder: lets the next portion have its turn when the files of this one were seen long enough.
   *
   * @returns 1 while there are files that had no turn yet
   */
  #endTurn(files: number, fresh: number): number {
    const crowded = files > this.#portionSize || this.#portions.count > 1;
    if (!crowded) return 0;
    const { clock, emit, name: inbox } = this.#inbox;
    if (this.#turn.looks++ === 0) this.#turn.since = clock.monotonic();
    const seenLongEnough =
      this.#turn.looks > 1 && clock.monotonic() - this.#turn.since >= this.#quietSeconds * 1000;
    if (!seenLongEnough || fresh > 0) {
      if (fresh > 0) this.#portions.hadFruit();
      return 1;
    }
    if (this.#portions.count === 1) emit('inbox.crowded', { inbox, files, lookedAtOnce: this.#portionSize });
    this.#portions.next(files);
    this.#seen = new Map();
    this.#turn.looks = 0;
    return this.#portions.unlooked ? 1 : 0;
  }
}

const pathOf = (folder: string, key: string): Buffer =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(key, 'latin1')]);

const showKey = (key: string): string => showName(Buffer.from(key, 'latin1'));

const missing = (folder: string, cause?: unknown): Fault =>
  new Fault('SPOOL_MISSING', `${folder} is missing`, { cause });

/**
 * Names in a folder, each byte as one character, without holding them all; folders are not files and stay where they
 * are.
 */
async function* namesIn(folder: string): AsyncGenerator<string> {
  let entries;
  try {
    entries = await opendir(folder, { encoding: 'latin1', bufferSize: 1000 });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw missing(folder, error);
    throw error;
  }
  for await (const entry of entries) {
    if (!entry.isDirectory()) yield entry.name;
  }
}
