import { watch, type FSWatcher } from 'chokidar';

import type { Emit } from '../runtime/events.ts';

/** Seconds until a watch that failed is set up again. The scan works meanwhile. */
const retrySeconds = 30;

/**
 * Rings when something may have arrived in a folder. Only a hint that makes the next scan come sooner: the kernel
 * drops notices under load, and network file systems give none.
 */
export class Doorbell {
  readonly #folder: string;
  readonly #onRing: () => void;
  readonly #emit: Emit;
  #watcher: FSWatcher | undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(folder: string, onRing: () => void, emit: Emit) {
    this.#folder = folder;
    this.#onRing = onRing;
    this.#emit = emit;
    this.#arm();
  }

  #arm(): void {
    // Names are judged by the scan, so chokidar's own filter for editors' files is off.
    this.#watcher = watch(this.#folder, { depth: 0, ignoreInitial: true, atomic: false });
    this.#watcher.on('all', this.#onRing);
    this.#watcher.on('error', (error) => {
      this.#emit('doorbell.failed', {
        inbox: this.#folder,
        detail: error instanceof Error ? error.message : String(error),
      });
      void this.#watcher?.close();
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.#arm();
      }, retrySeconds * 1000);
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#retry);
    await this.#watcher?.close();
  }
}
