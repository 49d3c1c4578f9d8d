import { watch, type FSWatcher } from 'chokidar';

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
 * Rings when something may have arrived in a folder. Only a hint that makes the next scan come sooner: the kernel
 * drops notices under load, and network file systems give none.
 *
 * The kernel watches a folder and not its name: of another folder under that name, made anew or mounted, it tells
 * nothing. So the name is looked at again and again, and another folder is watched anew.
 */
export class Doorbell {
  readonly #folder: string;
  readonly #onRing: () => void;
  readonly #emit: Emit;
  readonly #looks: NodeJS.Timeout;
  #watcher: FSWatcher | undefined;
  /** Identity of the watched folder; undefined while there is none. */
  #watched: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #looking = false;
  #blind = false;
  #closed = false;

  constructor(folder: string, onRing: () => void, emit: Emit) {
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
    // Names are judged by the scan, so chokidar's own filter for editors' files is off.
    this.#watcher = watch(this.#folder, { depth: 0, ignoreInitial: true, atomic: false });
    this.#watcher.on('all', this.#onRing);
    this.#watcher.on('ready', this.#onRing); // What came before the watch stood is not told.
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
