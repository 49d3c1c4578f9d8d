import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { bug, Fault } from '../runtime/faults.ts';
import type { KeyRing } from './key-ring.ts';
import type { Opened, OpenPolicy } from './open.ts';
import {
  carryOut,
  ownBytes,
  packKeys,
  unpackFault,
  type KeyBytes,
  type Order,
  type PackedFault,
  type Result,
} from './thread-orders.ts';

/** What a thread says: that its keys are ready, or what came of an order. */
export type Answer =
  | 'ready'
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly fault: PackedFault };

/** What a thread is told: an order, or the keys for all orders that follow. */
export type Message = { readonly id: number; readonly order: Order } | { readonly keys: KeyBytes };

/** Orders in one thread at the same time: while one waits for Node's own threads, which do a part of it, another goes on. */
const perThread = 4;

/**
 * So many in a row the caller's thread works off by itself before it starts others: these take longer to be ready, and a
 * command with a few files ends sooner without them.
 */
const rowBeforeThreads = 16;

interface Job {
  readonly order: Order;
  readonly resolve: (result: Result) => void;
  readonly reject: (fault: unknown) => void;
}

/**
 * Opens and seals messages that are in memory, in as many threads as the machine runs at once, with the keys held ready
 * in each; each message is worked on with one ring, that of when its turn came. A message that comes alone is worked on in the caller's thread, which is the quickest for it. What is asked
 * beyond what the threads take waits here: how much that is, is up to the caller.
 */
export class PgpThreads {
  #ring: KeyRing;
  readonly #waiting: Job[] = [];
  readonly #threads = new Set<Thread>();
  readonly #pending = new Set<Promise<unknown>>();
  #keys: KeyBytes | undefined;
  /** The caller's thread is at a message. */
  #busy = false;
  /** Messages worked on in the caller's thread since nothing was asked for. */
  #row = 0;
  #closed = false;

  constructor(ring: KeyRing) {
    this.#ring = ring;
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Takes other keys. What is under way ends with those it began with. */
  renew(ring: KeyRing): void {
    this.#ring = ring;
    this.#keys = undefined;
    if (this.#threads.size === 0) return;
    this.#keys = packKeys(ring);
    for (const thread of this.#threads) thread.renew(this.#keys);
  }

  get threads(): { readonly started: number; readonly ready: number } {
    const ready = [...this.#threads].filter((thread) => thread.ready);
    return { started: this.#threads.size, ready: ready.length };
  }

  /** @throws Fault as `openMessage`; BUG when its thread died */
  async open(bytes: Uint8Array, policy: OpenPolicy, now: Date): Promise<Opened> {
    const { signature, signedBy, maxPlaintextBytes } = policy;
    const wanted: OpenPolicy = { signature, signedBy, maxPlaintextBytes };
    return (await this.#ask({ task: 'open', bytes, policy: wanted, now })) as Opened;
  }

  /** @throws Fault as `sealMessage`; BUG when its thread died */
  async seal(
    bytes: Uint8Array,
    { encryptTo }: { readonly encryptTo: readonly string[] },
    now: Date,
  ): Promise<Uint8Array> {
    return (await this.#ask({ task: 'seal', bytes, encryptTo, now })).bytes;
  }

  /** Ends the threads, after everything that was asked for is done. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#pending);
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  async #ask(order: Order): Promise<Result> {
    if (this.#closed) throw bug('the OpenPGP threads were closed');
    if (this.#pending.size === 0) this.#row = 0;
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.#pending.add(promise);
    this.#waiting.push({ order, resolve, reject });
    this.#next();
    try {
      return await promise;
    } finally {
      this.#pending.delete(promise);
    }
  }

  /** Hands out what waits, as far as somebody is free. */
  #next(): void {
    for (let job; (job = this.#waiting[0]) !== undefined;) {
      const ready = [...this.#threads].filter((thread) => thread.ready);
      const resting = !this.#busy && ready.every((thread) => thread.jobs === 0);
      const [freest] = ready.filter(({ jobs }) => jobs < perThread).sort((a, b) => a.jobs - b.jobs);
      if (resting || (ready.length === 0 && !this.#busy)) void this.#here(job);
      else if (freest) freest.take(job);
      else break;
      this.#waiting.shift();
    }
    const wanted = this.#waiting.length > 0 && (this.#threads.size > 0 || this.#row >= rowBeforeThreads);
    if (wanted && this.#threads.size < availableParallelism()) this.#start();
  }

  async #here({ order, resolve, reject }: Job): Promise<void> {
    this.#busy = true;
    this.#row++;
    try {
      resolve(await carryOut(order, this.#ring));
    } catch (thrown) {
      reject(thrown);
    }
    this.#busy = false;
    this.#next();
  }

  #start(): void {
    this.#keys ??= packKeys(this.#ring);
    const thread = new Thread(this.#keys, {
      free: () => this.#next(),
      gone: (fault) => {
        this.#threads.delete(thread);
        // Nor would another get ready.
        if (!thread.ready) for (const job of this.#waiting.splice(0)) job.reject(fault);
        this.#next();
      },
    });
    this.#threads.add(thread);
  }
}

/** A thread, and what is under way in it. */
class Thread {
  ready = false;
  readonly #worker: Worker;
  readonly #underWay = new Map<number, Job>();
  #last = 0;
  /** What ended it. */
  #failure: Error | undefined;

  constructor(keys: KeyBytes, on: { free: () => void; gone: (fault: Fault) => void }) {
    this.#worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'OpenPGP',
      workerData: keys,
      // What a message leaves behind is garbage at once: so it is removed before it is a hundred megabytes.
      resourceLimits: { maxYoungGenerationSizeMb: 16 },
    });
    // While it has nothing to do it keeps no process alive.
    this.#worker.unref();
    this.#worker.on('message', (answer: Answer) => {
      this.#settle(answer);
      on.free();
    });
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#worker.on('exit', (code) => {
      const why = this.#failure?.message ?? `exit code ${code}`;
      const fault = new Fault('BUG', `an OpenPGP thread ended: ${why}`, { cause: this.#failure });
      for (const { reject } of this.#underWay.values()) reject(fault);
      this.#underWay.clear();
      on.gone(fault);
    });
  }

  get jobs(): number {
    return this.#underWay.size;
  }

  take(job: Job): void {
    const id = ++this.#last;
    const bytes = ownBytes(job.order.bytes);
    this.#underWay.set(id, job);
    this.#worker.ref();
    this.#worker.postMessage({ id, order: { ...job.order, bytes } } satisfies Message, [bytes.buffer]);
  }

  renew(keys: KeyBytes): void {
    this.#worker.postMessage({ keys } satisfies Message);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(answer: Answer): void {
    if (answer === 'ready') {
      this.ready = true;
      return;
    }
    const job = this.#underWay.get(answer.id);
    this.#underWay.delete(answer.id);
    if (this.#underWay.size === 0) this.#worker.unref();
    if ('fault' in answer) job?.reject(unpackFault(answer.fault));
    else job?.resolve(answer.result);
  }
}
