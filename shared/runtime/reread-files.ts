import { stat } from 'node:fs/promises';

import type { Clock } from './clock.ts';
import { toFault, type Fault } from './faults.ts';

export interface RereadOptions<Use> {
  /** The files, whether they are there or not. Absolute. */
  readonly paths: readonly string[];
  readonly clock: Clock;
  /** Reads them, and makes of them what is used. @throws Fault when they are of no use */
  readonly read: () => Promise<Use>;
  /** New files are refused, and those read before go on being used. Told once for each state of the files. */
  readonly onRefused: (fault: Fault) => void;
}

const lookEveryMilliseconds = 2000;

/**
 * What is made of files, made again when they change. Somebody replaces certificate and key one after the other, so what
 * does not belong together yet is no reason to stop: what was read before is used until it does.
 */
export class RereadFiles<Use> {
  readonly #options: RereadOptions<Use>;
  #known: { readonly use: Use; readonly state: string } | undefined;
  /** The state of the files that were refused last. */
  #refused: string | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<Use> | undefined;

  constructor(options: RereadOptions<Use>) {
    this.#options = options;
  }

  /** The same until the files have changed. They are looked at every two seconds at most. @throws what `read` throws the first time */
  async current(): Promise<Use> {
    const isRecent = this.#options.clock.monotonic() - this.#lookedAt < lookEveryMilliseconds;
    if (this.#known && isRecent) return this.#known.use;
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #look(): Promise<Use> {
    // Before the files are read: a change in between is seen at the next look.
    const state = await stateOf(this.#options.paths);
    this.#lookedAt = this.#options.clock.monotonic();
    const known = this.#known;
    if (known?.state === state) return known.use;
    try {
      const use = await this.#options.read();
      this.#known = { use, state };
      return use;
    } catch (error) {
      const fault = toFault(error);
      if (!known) throw fault;
      if (this.#refused !== state) this.#options.onRefused(fault);
      this.#refused = state;
      return known.use;
    }
  }
}

/** Whatever is done to a file changes its inode or the time of its last change (ctime), which nobody can set. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return found ? `${found.ino}:${found.size}:${found.ctimeNs}` : '';
    }),
  );
  return states.join(' ');
}
