import { loadConfig, type LoadedConfig } from '../runtime/config.ts';
import { faultFields, type Emit } from '../runtime/events.ts';
import { toFault } from '../runtime/faults.ts';
import { renewed, type Renewed } from '../runtime/reload-rules.ts';
import type { ServiceManager } from '../runtime/systemd.ts';

/** What people read in `systemctl status`. */
export const atWork = 'At work';

/** Reads the configuration again whenever somebody asks for it, and has it ready until the process can go on with it. */
export class Reload {
  readonly #atStart: LoadedConfig;
  readonly #emit: Emit;
  readonly #manager: ServiceManager;
  #next: Renewed | undefined;
  #ready = new AbortController();
  #looking: Promise<void> = Promise.resolve();

  constructor(atStart: LoadedConfig, emit: Emit, manager: ServiceManager) {
    this.#atStart = atStart;
    this.#emit = emit;
    this.#manager = manager;
  }

  readonly ask = (): void => {
    this.#looking = this.#looking.then(() => this.#look());
  };

  /** Aborted when there is another configuration: what is in hand is to be finished, and then `take` gives it. */
  get ready(): AbortSignal {
    return this.#ready.signal;
  }

  /** Undefined: nobody has asked for it. */
  take(): Renewed | undefined {
    const next = this.#next;
    this.#next = undefined;
    this.#ready = new AbortController();
    return next;
  }

  /** Another configuration is in force from now on. */
  done({ loaded: { file }, needRestart }: Renewed): void {
    this.#emit('config.reloaded', { file, needRestart });
    const waits =
      needRestart.length === 0 ? '' : `; changed, and waits for a restart: ${needRestart.join(', ')}`;
    this.#manager.ready(`${atWork}${waits}`);
  }

  /** The one before stays in force. */
  refuse(thrown: unknown): void {
    const fault = toFault(thrown);
    this.#emit('config.refused', { file: this.#atStart.file, ...faultFields(fault) });
    this.#manager.ready(`${atWork}, with the configuration before: ${fault.code}: ${fault.detail}`);
  }

  /** Not even that one can be gone on with, until something is mended: it is tried again. */
  standStill(thrown: unknown): void {
    const { code, detail } = toFault(thrown);
    this.#manager.ready(`Does nothing until this is mended, and tries again: ${code}: ${detail}`);
  }

  async #look(): Promise<void> {
    this.#manager.reloading();
    try {
      const { home, file } = this.#atStart;
      this.#next = renewed(this.#atStart, await loadConfig({ home, file, env: process.env }));
      this.#ready.abort();
    } catch (thrown) {
      this.refuse(thrown);
    }
  }
}
