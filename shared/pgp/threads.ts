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

/** What came of an order. */
export type End = { readonly id: number } & ({ readonly result: Result } | { readonly fault: PackedFault });

/** What a thread says: that its keys are ready, or what came of some orders. */
export type Answer = 'ready' | readonly End[];

export interface NumberedOrder {
  readonly id: number;
  readonly order: Order;
}

/** What a thread is told: orders, or the keys for all orders that follow. */
export type Message = { readonly orders: readonly NumberedOrder[] } | { readonly keys: KeyBytes };

/**
 * Orders that one thread has in hand. More than it works on at the same time: it goes on while the caller's thread waits
 * for the store. Those that are given, or done, at about the same time go as one message, which costs little more than one.
 */
const perThread = 64;

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
      const freest = this.#freest();
      if (!this.#busy && this.#isResting()) void this.#here(job);
      else if (freest && freest.jobs < perThread) freest.take(job);
      else break;
      this.#waiting.shift();
    }
    const wanted = this.#waiting.length > 0 && (this.#threads.size > 0 || this.#row >= rowBeforeThreads);
    if (wanted && this.#threads.size < availableParallelism()) this.#start();
  }

  #isResting(): boolean {
    for (const { jobs } of this.#threads) if (jobs > 0) return false;
    return true;
  }

  /** Undefined while none is ready. */
  #freest(): Thread | undefined {
    let freest: Thread | undefined;
    for (const thread of this.#threads)
      if (thread.ready && (freest === undefined || thread.jobs < freest.jobs)) freest = thread;
    return freest;
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
  /** Taken, and not told to the thread yet. */
  #taken: NumberedOrder[] = [];
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
    this.#worker.on('message', (answer: Answer) => {
      if (answer === 'ready') this.ready = true;
      else this.#settle(answer);
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
    this.#underWay.set(id, job);
    this.#worker.ref();
    // When all have been asked for that are asked for at this moment.
    if (this.#taken.length === 0) queueMicrotask(() => this.#tell());
    this.#taken.push({ id, order: { ...job.order, bytes: ownBytes(job.order.bytes) } });
  }

  #tell(): void {
    const orders = this.#taken;
    this.#taken = [];
    this.#worker.postMessage(
      { orders } satisfies Message,
      orders.map(({ order }) => order.bytes.buffer as ArrayBuffer),
    );
  }

  renew(keys: KeyBytes): void {
    this.#tell(); // With the keys of before.
    this.#worker.postMessage({ keys } satisfies Message);
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(ends: readonly End[]): void {
    for (const end of ends) {
      const job = this.#underWay.get(end.id);
      this.#underWay.delete(end.id);
      if ('fault' in end) job?.reject(unpackFault(end.fault));
      else job?.resolve(end.result);
    }
    // While it has nothing to do it keeps no process alive.
    if (this.#underWay.size === 0) this.#worker.unref();
  }
}
