import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import type { PrivateKey } from 'openpgp';

import { pgpConfig } from '../../shared/pgp/settings.ts';
import { counted, timed } from '../figures.ts';
import type { Parties } from './alone.ts';

/** OpenPGP alone, on all cores: worker threads with the keys ready in each. */

export type Task = 'open' | 'seal';

export interface WorkerSetup {
  /** Private keys without passphrase, armoured. */
  readonly signer: string;
  readonly recipient: string;
  /** Number of the next input; shared by all threads. */
  readonly taken: SharedArrayBuffer;
}

/** Every thread has all inputs. */
export interface Order {
  readonly task: Task;
  readonly inputs: readonly Uint8Array[];
  readonly inFlight: number;
}

export type Outputs = [index: number, output: Uint8Array][];

interface Arrangement {
  readonly threads: number;
  /** In each thread at the same time. */
  readonly inFlight: number;
}

/** A run of the library over all inputs. */
export interface Alone {
  readonly perSecond: number;
  /** The arrangement that was the fastest. */
  readonly how: string;
}

const cores = availableParallelism();

const arrangements: readonly Arrangement[] = [
  { threads: 1, inFlight: 4 },
  { threads: cores, inFlight: 1 },
  { threads: cores, inFlight: 2 },
  { threads: cores, inFlight: 4 },
  { threads: cores + 1, inFlight: 1 },
  { threads: 2 * cores, inFlight: 1 },
];

/** Inputs with which the arrangements are compared at most. */
const compared = 300;

export class PgpPool {
  readonly #workers: readonly Worker[];
  readonly #next: Int32Array;

  private constructor(workers: readonly Worker[], next: Int32Array) {
    this.#workers = workers;
    this.#next = next;
  }

  static async start({ signer, recipient }: Parties): Promise<PgpPool> {
    const taken = new SharedArrayBuffer(4);
    const armoured = (key: PrivateKey): string => key.armor(pgpConfig);
    const setup: WorkerSetup = { signer: armoured(signer), recipient: armoured(recipient), taken };
    const threads = Math.max(...arrangements.map((each) => each.threads));
    const workers = Array.from(
      { length: threads },
      () => new Worker(new URL('./worker.ts', import.meta.url), { workerData: setup }),
    );
    await Promise.all(workers.map((worker) => once(worker, 'online')));
    return new PgpPool(workers, new Int32Array(taken));
  }

  /** Runs a pool as long as the work needs it. */
  static async with<T>(parties: Parties, work: (pool: PgpPool) => Promise<T>): Promise<T> {
    const pool = await PgpPool.start(parties);
    try {
      return await work(pool);
    } finally {
      await pool.close();
    }
  }

  /** What comes of each input, in their order. */
  async all(task: Task, inputs: readonly Uint8Array[]): Promise<Uint8Array[]> {
    return (await this.#run(task, inputs, { threads: cores, inFlight: 2 })).outputs;
  }

  /** How fast the library is alone over all inputs: every arrangement is tried with some of them, the best takes all. */
  async alone(task: Task, inputs: readonly Uint8Array[]): Promise<Alone> {
    const some = inputs.slice(0, compared);
    for (const warm of arrangements.slice(-1)) await this.#run(task, some, warm);
    const tried: { arrangement: Arrangement; seconds: number }[] = [];
    for (const arrangement of arrangements)
      tried.push({ arrangement, seconds: (await this.#run(task, some, arrangement)).seconds });
    const [best] = tried.sort((a, b) => a.seconds - b.seconds);
    if (!best) throw new Error('there is no arrangement');
    const { threads, inFlight } = best.arrangement;
    const { seconds } = await this.#run(task, inputs, best.arrangement);
    return {
      perSecond: inputs.length / seconds,
      how: `openpgp alone, ${counted(inputs.length)} in ${threads} thread(s) with ${inFlight} in flight each`,
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** @throws what the library threw in a thread */
  async #run(
    task: Task,
    inputs: readonly Uint8Array[],
    { threads, inFlight }: Arrangement,
  ): Promise<{ seconds: number; outputs: Uint8Array[] }> {
    const workers = this.#workers.slice(0, threads);
    const order: Order = { task, inputs, inFlight };
    this.#next[0] = 0;
    await answers(workers, order);
    let done: Outputs[] = [];
    const seconds = await timed(async () => {
      done = (await answers(workers, 'go')) as Outputs[];
    });
    const outputs: Uint8Array[] = [];
    for (const [index, output] of done.flat()) outputs[index] = output;
    return { seconds, outputs };
  }
}

/** Tells all of them something. @returns what each says to it */
async function answers(workers: readonly Worker[], message: Order | 'go'): Promise<unknown[]> {
  const said = workers.map((worker) => once(worker, 'message'));
  for (const worker of workers) worker.postMessage(message);
  return (await Promise.all(said)).map(([answer]: unknown[]) => answer);
}
