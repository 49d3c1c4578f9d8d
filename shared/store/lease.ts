import type { Clock } from '../runtime/clock.ts';
import { Fault, toFault } from '../runtime/faults.ts';
import { isHanging } from '../runtime/progress.ts';
import type { Db } from './tables.ts';
import { renewLease, type Worker } from './workers.ts';

/** How often a lease is renewed while it lasts: a store that cannot be reached for a moment costs nobody his lease. */
const renewals = 6;

export interface LeaseOptions {
  readonly db: Db;
  readonly worker: Worker;
  readonly clock: Clock;
  /** How long a renewal lasts. */
  readonly seconds: number;
  /** Is told once when the lease is lost. */
  readonly onLost?: (fault: Fault) => void;
}

/**
 * What makes this process the holder of what it holds. A timer renews it beside all work, so that neither a long file nor
 * a long transaction loses it; a process that hangs, is stopped, or cannot reach the store does.
 */
export class Lease {
  readonly #options: LeaseOptions;
  #timer: NodeJS.Timeout | undefined;
  /** When the last renewal was begun that went well. */
  #renewed: Moment = { monotonic: -Infinity, wall: -Infinity };
  #lost: Fault | undefined;
  #ended = false;
  /** Renewals that nobody else waits for. */
  #underWay: Promise<void> = Promise.resolve();

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Renews from now on. What goes wrong is tried again at the next time; until then the lease lasts, or `hold` asks. */
  start(): void {
    const { seconds } = this.#options;
    this.#timer = setInterval(this.confirm, (seconds * 1000) / renewals);
  }

  /**
   * No renewal any more, and no word of a loss: before the process signs off. One that is under way is waited for, since
   * the store is closed next.
   */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    this.#ended = true;
    await this.#underWay;
  }

  /** Why the process holds nothing any more; undefined as long as it is not known to have lost its lease. */
  get lost(): Fault | undefined {
    return this.#lost;
  }

  /**
   * To be asked before every step that does harm when it comes late: when others have taken over, and gone on. Costs
   * nothing while the last renewal lasts. A process that was stopped in between asks the store.
   *
   * What it cannot see is a stop between this question and the step itself, or a system call that hangs on its way to
   * a file server. Where that could matter, the step says why it does not.
   *
   * @throws Fault LEASE_LOST; STORE_… while it cannot be renewed
   */
  async hold(): Promise<void> {
    if (this.#lost) throw this.#lost;
    if (this.#age() >= this.#options.seconds * 1000) await this.renew();
  }

  /** Something tells that the lease may be lost: finds out, beside what is under way. */
  readonly confirm = (): void => {
    // A loss is told by `onLost`; a store that fails is met by the work itself.
    const renewal = this.renew().catch(() => undefined);
    this.#underWay = this.#underWay.then(() => renewal);
  };

  /** @throws Fault LEASE_LOST, STORE_… */
  async renew(): Promise<void> {
    const { db, worker, clock, seconds } = this.#options;
    if (this.#ended) return;
    const begun = this.#now();
    if (await renewLease(db, worker, clock.now(), seconds, !isHanging())) this.#renewed = begun;
    else if (!this.#isEnded()) this.#lose();
    if (this.#lost) throw this.#lost;
  }

  /** What ended the work: whatever else was thrown, that others have everything comes first. */
  async causeOf(thrown: unknown): Promise<Fault> {
    await this.renew().catch(() => undefined);
    return this.#lost ?? toFault(thrown);
  }

  #lose(): void {
    if (this.#lost) return;
    const { worker, onLost } = this.#options;
    this.#lost = new Fault('LEASE_LOST', `${worker.actor} was taken for dead`);
    clearInterval(this.#timer);
    onLost?.(this.#lost);
  }

  /** Asked anew: a renewal may have been under way when the lease was ended. */
  #isEnded(): boolean {
    return this.#ended;
  }

  /** Milliseconds, by the clock that tells more: that of a host which slept may not have counted on. */
  #age(): number {
    const { monotonic, wall } = this.#now();
    return Math.max(monotonic - this.#renewed.monotonic, wall - this.#renewed.wall);
  }

  #now(): Moment {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now().getTime() };
  }
}

/** In milliseconds. */
interface Moment {
  readonly monotonic: number;
  readonly wall: number;
}
