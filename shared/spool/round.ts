import { toFault, type Fault } from '../runtime/faults.ts';
import type { StepResult } from '../runtime/task-loop.ts';
import type { Delivery } from '../store/deliveries.ts';

/** What a round over an inbox comes to: files that were brought to an end, and what kept others from it. */
export class Round {
  #worked = 0;
  #refused = 0;
  #severe: Fault | undefined;
  #failed: Fault | undefined;

  /** A file was settled or deferred. */
  ended(state: Delivery['state']): void {
    this.#worked++;
    if (state === 'rejected' || state === 'held') this.#refused++;
  }

  /** Something failed that is not settled with one file. */
  failed(thrown: unknown): void {
    const fault = toFault(thrown);
    if (concernsAll(fault)) this.#severe ??= fault;
    else this.#failed ??= fault;
  }

  /** @throws Fault that concerns every file */
  checkpoint(): void {
    if (this.#severe) throw this.#severe;
  }

  /** @throws Fault, the first that kept a file from being claimed, settled or moved */
  result(waiting: number): StepResult {
    this.checkpoint();
    if (this.#failed) throw this.#failed;
    return { worked: this.#worked, refused: this.#refused, waiting };
  }
}

/** A store that is busy is so for every file: to wait for it once for each would take long. */
export const concernsAll = ({ class: kind, code }: Fault): boolean =>
  kind === 'environment' || kind === 'bug' || code === 'STORE_BUSY';
