import type { Ended } from './messages.ts';

/** What came of the inputs; printed as one line of JSON, but for the outcomes. */
export interface Counts {
  readonly seed: number;
  readonly inputs: number;
  readonly done: number;
  readonly rejected: number;
  /** Refused for now, with a code of class transient that is right. */
  readonly deferred: number;
  /** The process ended, or would have: a bug, or something thrown that nobody caught. */
  readonly crashes: number;
  readonly hangs: number;
  /** Everything else that must not be: leaks, too much memory, ways that should end alike and do not. */
  readonly faults: number;
  /** Processor time of the slowest input. */
  readonly maxMilliseconds: number;
  readonly maxResidentMB: number;
}

/** Kind → how its inputs ended → how many. */
export type Outcomes = Readonly<Record<string, Readonly<Record<string, number>>>>;

const deferring = ['UNKNOWN_TRANSACTION', 'BATCH_NOT_READY', 'PGP_SIGNED_IN_FUTURE'];

export class Tally {
  readonly outcomes: Record<string, Record<string, number>> = {};
  readonly #found = { crashes: 0, hangs: 0, faults: 0 };
  #inputs = 0;
  #maxMilliseconds = 0;
  #maxResidentMB = 0;

  get inputs(): number {
    return this.#inputs;
  }

  /** An input that a worker is done with. */
  ended({ kind, outcome, finding, milliseconds, residentMB }: Ended): void {
    this.#maxMilliseconds = Math.max(this.#maxMilliseconds, milliseconds);
    this.#maxResidentMB = Math.max(this.#maxResidentMB, residentMB);
    if (!finding) this.outcome(kind, outcome);
    else this.found(finding.what === 'class bug' ? 'crashes' : 'faults');
  }

  outcome(kind: string, outcome: string): void {
    this.#inputs++;
    const ofKind = (this.outcomes[kind] ??= {});
    ofKind[outcome] = (ofKind[outcome] ?? 0) + 1;
  }

  /** Inputs that should have ended otherwise; none where it is not known which it was. */
  found(how: 'crashes' | 'hangs' | 'faults', inputs = 1): void {
    this.#inputs += inputs;
    this.#found[how]++;
  }

  counts(seed: number): Counts {
    const ends = Object.values(this.outcomes).flatMap((ofKind) => Object.entries(ofKind));
    const sum = (isCounted: (code: string) => boolean): number =>
      ends.filter(([code]) => isCounted(code)).reduce((total, [, count]) => total + count, 0);
    const [done, deferred] = [sum((code) => code === 'done'), sum((code) => deferring.includes(code))];
    return {
      seed,
      inputs: this.#inputs,
      done,
      rejected: sum(() => true) - done - deferred,
      deferred,
      ...this.#found,
      maxMilliseconds: Math.ceil(this.#maxMilliseconds),
      maxResidentMB: Math.ceil(this.#maxResidentMB),
    };
  }
}
