import { stat } from 'node:fs/promises';

import type { Clock } from './clock.ts';
import { toFault, type Fault } from './faults.ts';

export interface RereadOptions<Use> {
  /** The files, whether they are there or not; asked for at each look where files come and go. Absolute. */
  readonly paths: readonly string[] | (() => Promise<readonly string[]>);
  readonly clock: Clock;
  /** Reads them, and makes of them what is used. @throws Fault when they are of no use */
  readonly read: () => Promise<Use>;
  /** New files are refused, and those read before go on being used. Told once for each state of the files. */
  readonly onRefused: (fault: Fault) => void;
}

const lookEveryMilliseconds = 2000;
/** Files that change while they are read are read again so often at most. */
const readings = 3;

/**
 * What is made of files, made again when they change. Somebody replaces certificate and key one after the other, so what
 * does not belong together yet is no reason to stop: what was read before is used until it does.
 */
export class RereadFiles<Use> {
  readonly #options: RereadOptions<Use>;
  #known: { readonly use: Use; readonly state: string } | undefined;
  /** The state of the files that were refused last, and why. */
  #refused: { readonly state: string; readonly fault: Fault } | undefined;
  #lookedAt = -Infinity;
  #looking: Promise<Use> | undefined;

  constructor(options: RereadOptions<Use>) {
    this.#options = options;
  }

  /** The same until the files have changed. They are looked at every two seconds at most. @throws what `read` throws the first time */
  async current(): Promise<Use> {
    const isRecent = this.#options.clock.monotonic() - this.#lookedAt < lookEveryMilliseconds;
    if (this.#known && isRecent) return this.#known.use;
    return this.#shared();
  }

  /** The same by a look at this very moment. */
  async latest(): Promise<Use> {
    // One that is under way may have begun before the change that somebody asks about.
    await this.#looking?.catch(() => undefined);
    return this.#shared();
  }

  /** One look for all who ask meanwhile. */
  #shared(): Promise<Use> {
    this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Why the files as they were at the last look are not what is used; undefined when they are. */
  get refusal(): Fault | undefined {
    return this.#refused?.fault;
  }

  async #look(reading = 1): Promise<Use> {
    // Before the files are read: a change in between is seen at the next look.
    const state = await this.#state();
    this.#lookedAt = this.#options.clock.monotonic();
    const known = this.#known;
    try {
      const use = known?.state === state ? known.use : await this.#options.read();
      this.#known = { use, state };
      this.#refused = undefined;
      return use;
    } catch (error) {
      // Somebody is at it.
      if (reading < readings && (await this.#state()) !== state) return this.#look(reading + 1);
      const fault = toFault(error);
      if (!known) throw fault;
      const isTold = this.#refused?.state === state;
      this.#refused = { state, fault };
      if (!isTold) this.#options.onRefused(fault);
      return known.use;
    }
  }

  async #state(): Promise<string> {
    const { paths } = this.#options;
    return stateOf(typeof paths === 'function' ? await paths() : paths);
  }
}

/** Whatever is done to a file changes its inode or the time of its last change (ctime), which nobody can set. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => undefined);
      return found ? `${path}:${found.ino}:${found.size}:${found.ctimeNs}` : '';
    }),
  );
  return states.join(' ');
}
