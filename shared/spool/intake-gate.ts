import type { Emit } from '../runtime/events.ts';
import { findPause } from '../store/intake-pauses.ts';
import type { Db } from '../store/tables.ts';

interface Guarded {
  /** Of an inbox, or `extractor`. */
  readonly name: string;
  readonly db: Db;
  readonly emit: Emit;
}

/** Whether anything new may be taken in: people may pause it. The log is told when that changes, and at the start. */
export class IntakeGate {
  readonly #guarded: Guarded;
  #open = true;

  constructor(guarded: Guarded) {
    this.#guarded = guarded;
  }

  async isOpen(): Promise<boolean> {
    const { name: intake, db, emit } = this.#guarded;
    const pause = await findPause(db, intake);
    const open = pause === undefined;
    if (open !== this.#open) {
      if (pause) emit('intake.paused', { intake, by: pause.who, since: pause.since });
      else emit('intake.resumed', { intake });
    }
    this.#open = open;
    return open;
  }
}
