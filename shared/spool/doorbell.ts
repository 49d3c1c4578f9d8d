import { FSWatcher } from 'chokidar';

import type { Emit } from '../runtime/events.ts';
import { errnoOf } from '../runtime/faults.ts';
import { folderIdentity } from './layout.ts';

/** Seconds until a watch that failed is set up again. The scan works meanwhile. */
const retrySeconds = 30;
/** What to do when the kernel refuses a watch: its own words name no limit. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: 'raise the sysctl fs.inotify.max_user_watches',
  EMFILE: 'raise the sysctl fs.inotify.max_user_instances, or LimitNOFILE of the unit (ulimit -n)',
  ENFILE: 'raise the sysctl fs.file-max',
};

/** Seconds between two looks whether the folder is still the one that is watched. */
const lookSeconds = 1;

/**
 * chokidar's watch of a folder, without its look at what lies in it. For each change it would list the folder, ask for
 * the state of every file there, and watch each of them: with thousands of files waiting, that costs far more than
 * their processing. Whether a name came or went is in the kernel's notice, which chokidar hands on as `raw`.
 */
class FolderWatcher extends FSWatcher {
  override _readdirp(): undefined {
    return undefined;
  }
}

/**
 * Rings when something may have arrived in a folder. Only a hint that makes the next scan come sooner: the kernel
 * drops notices under load, and network file systems give none.
 *
 * The kernel watches a folder and not its name: of another folder under that name, made anew or mounted, it tells
 * nothing. So the name is looked at again and again, and another folder is watched anew.
 */
export class Doorbell {
  readonly #folder: string;
  readonly #onRing: (name?: string) => void;
  readonly #emit: Emit;
  readonly #looks: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  /** Identity of the watched folder; undefined while there is none. */
  #watched: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #looking = false;
  #blind = false;
  #closed = false;

  /** @param onRing is told which name came or went, where that is why it rings */
  constructor(folder: string, onRing: (name?: string) => void, emit: Emit) {
    this.#folder = folder;
    this.#onRing = onRing;
    this.#emit = emit;
    void this.#look();
    this.#looks = setInterval(() => void this.#look(), lookSeconds * 1000).unref();
  }

  async #look(): Promise<void> {
    if (this.#looking) return; // A dead mount answers late.
    this.#looking = true;
    try {
      // Asked before the watch is set: a folder that is replaced in between is another one at the next look.
      const found = await folderIdentity(this.#folder);
      if (found !== this.#watched) {
        this.#watched = found;
        this.#onRing();
        await this.#arm();
      }
      this.#blind = false;
    } catch (error) {
      if (!this.#blind) this.#tell(error);
      this.#blind = true;
    } finally {
      this.#looking = false;
    }
  }

  async #arm(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#watcher?.close();
    if (this.#watched === undefined || this.#closed) return;
    this.#watcher = new FolderWatcher().add(this.#folder);
    // A file that only changes was noticed when its name came, and is looked at until it is quiet.
    this.#watcher.on('raw', (change, name) => {
      if (change === 'rename') this.#onRing(name);
    });
    this.#watcher.on('ready', () => this.#onRing()); // What came before the watch stood is not told.
    this.#watcher.on('error', (error) => {
      this.#tell(error);
      void this.#watcher?.close();
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => void this.#arm(), retrySeconds * 1000);
    });
  }

  #tell(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const remedy = remedies[errnoOf(error) ?? ''];
    const detail = remedy === undefined ? message : `${message}: ${remedy}; the scan goes on meanwhile`;
    this.#emit('doorbell.failed', { inbox: this.#folder, detail });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#looks);
    clearTimeout(this.#retry);
    await this.#watcher?.close();
  }
}
