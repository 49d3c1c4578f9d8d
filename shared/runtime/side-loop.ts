import type { Emit } from './events.ts';
import { toFault, type Fault } from './faults.ts';
import { Bell, runTasks, type StepResult, type Task } from './task-loop.ts';

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };

/**
 * A task in a loop of its own, beside that of the process: one that waits for the network delays nobody. It rests and
 * resumes there by itself, and has a round at the latest with each of the process; what ends it ends the process.
 */
export class SideLoop implements Task {
  readonly name: string;
  readonly #task: Task;
  readonly #options: { readonly intervalSeconds: number; readonly emit: Emit };
  readonly #bell = new Bell();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #fault: Fault | undefined;

  constructor(task: Task, options: { readonly intervalSeconds: number; readonly emit: Emit }) {
    this.name = task.name;
    this.#task = task;
    this.#options = options;
  }

  listen(ring: () => void): void {
    const options = { ...this.#options, once: false, stop: this.#stop.signal, bell: this.#bell };
    this.#running = runTasks([this.#task], options).then(
      () => undefined,
      (thrown: unknown) => {
        this.#fault = toFault(thrown);
        ring();
      },
    );
  }

  /** @throws the fault that ended the loop */
  step(): Promise<StepResult> {
    if (this.#fault) return Promise.reject(this.#fault);
    this.#bell.ring();
    return Promise.resolve(nothing);
  }

  /** Ends when the task has finished what it has in hand. */
  async finish(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
