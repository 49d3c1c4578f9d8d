import { faultFields } from '../runtime/events.ts';
import { toFault, type Fault } from '../runtime/faults.ts';
import type { StepResult } from '../runtime/task-loop.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Inbox } from './inbox.ts';

/** What a round over an inbox comes to: files that were brought to an end, and what kept others from it. */
export class Round {
  readonly #inbox: Pick<Inbox, 'name' | 'emit' | 'lease'>;
  #worked = 0;
  #refused = 0;
  #severe: Fault | undefined;
  #failed: Fault | undefined;

  constructor(inbox: Pick<Inbox, 'name' | 'emit' | 'lease'>) {
    this.#inbox = inbox;
  }

  /** A file was settled or deferred. */
  ended(state: Delivery['state']): void {
    this.#worked++;
    if (state === 'rejected' || state === 'held') this.#refused++;
  }

  /**
   * Something failed that is not settled with one file.
   *
   * @param file that it is about; one that others have taken over is left to them
   */
  failed(thrown: unknown, file?: Partial<Pick<Delivery, 'id' | 'name'>>): void {
    const fault = toFault(thrown);
    if (fault.code === 'LEASE_LOST') this.#takenOver(fault, file);
    else if (concernsAll(fault)) this.#severe ??= fault;
    else this.#failed ??= fault;
  }

  #takenOver(fault: Fault, file: Partial<Pick<Delivery, 'id' | 'name'>> = {}): void {
    const { name: folder, emit, lease } = this.#inbox;
    const { id: delivery, name } = file;
    if (delivery !== undefined && name !== undefined)
      emit('file.taken-over', { folder, file: name, delivery, ...faultFields(fault) });
    lease.confirm();
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

/**
 * A store that is busy is so for every file: to wait for it once for each would take long. That another has a file by now
 * says nothing of the others: when it goes for all, the process is told so and ends.
 */
export const concernsAll = ({ class: kind, code }: Fault): boolean =>
  (kind === 'environment' && code !== 'LEASE_LOST') || kind === 'bug' || code === 'STORE_BUSY';
