import { link, lstat, rename, unlink } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

import { errnoOf, Fault } from '../runtime/faults.ts';
import {
  seenIn,
  unpackError,
  type FileOrder,
  type FileResult,
  type Seen,
  type SmallFile,
  type SystemError,
} from './file-orders.ts';

/**
 * Calls to the file system for many files. Node makes each in a thread of its pool, which costs several times as much as
 * the call itself. So those that are asked for in one turn of the event loop go to a thread of ours as one message, and
 * are made there one after the other; a few at a time are made as usual.
 */

/** What the thread is told. */
export type FileMessage = readonly FileOrder[];

/** What it says: that it can begin, or what came of each order, and how long all of them took. */
export type FileAnswer =
  | 'ready'
  | {
      readonly ends: readonly ({ readonly result: FileResult } | { readonly error: SystemError })[];
      readonly milliseconds: number;
    };

/** So many in one turn go to the thread. */
const fewest = 16;

/**
 * Calls that take so long, in milliseconds, wait for a file server or a slow disk. For the next second they are made as
 * usual then: several of them side by side.
 */
const longMilliseconds = 0.5;
const pauseMilliseconds = 1000;

type Path = string | Buffer;

export const makeLink = (path: Path, to: Path): Promise<undefined> => ask({ call: 'link', path, to });
export const moveTo = (path: Path, to: Path): Promise<undefined> => ask({ call: 'rename', path, to });
export const removeLink = (path: Path): Promise<undefined> => ask({ call: 'unlink', path });

/** Undefined when nothing has the name. A link is not followed. */
export const lookAt = (path: Path): Promise<Seen | undefined> => ask({ call: 'lstat', path });

/** A regular file of at most so many bytes; undefined when it is none, or is better opened by the caller. */
export const readAtOnce = (path: string, most: number): Promise<SmallFile | undefined> =>
  ask({ call: 'read', path, most });

interface Asked {
  readonly order: FileOrder;
  readonly resolve: (result: FileResult) => void;
  readonly reject: (thrown: unknown) => void;
}

/** Asked for in this turn. */
let asked: Asked[] = [];

function ask<Result extends FileResult>(order: FileOrder): Promise<Result> {
  return new Promise((resolve, reject) => {
    // When all have been asked for that are asked for at this moment.
    if (asked.length === 0) queueMicrotask(makeCalls);
    asked.push({ order, resolve: resolve as Asked['resolve'], reject });
  });
}

let thread: FileThread | undefined;

function makeCalls(): void {
  const calls = asked;
  asked = [];
  if (calls.length >= fewest) {
    thread ??= new FileThread(() => (thread = undefined));
    if (thread.isQuick) {
      thread.take(calls);
      return;
    }
  }
  for (const { order, resolve, reject } of calls) makeCall(order).then(resolve, reject);
}

async function makeCall(order: FileOrder): Promise<FileResult> {
  const path = order.path as Path;
  switch (order.call) {
    case 'link':
      await link(path, order.to as Path);
      return undefined;
    case 'rename':
      await rename(path, order.to as Path);
      return undefined;
    case 'unlink':
      await unlink(path);
      return undefined;
    case 'lstat':
      try {
        return seenIn(await lstat(path, { bigint: true }));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return undefined;
        throw error;
      }
    case 'read':
      return undefined;
  }
}

class FileThread {
  readonly #worker: Worker;
  /** In the order in which they were taken, which is that of the answers. */
  readonly #underWay: Asked[][] = [];
  #ready = false;
  #pausedUntil = 0;
  #failure: Error | undefined;

  constructor(onGone: () => void) {
    this.#worker = new Worker(new URL('./file-thread.ts', import.meta.url), {
      name: 'files',
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (answer: FileAnswer) => this.#settle(answer));
    // While it has nothing to do it keeps no process alive. Not before it is listened to, which would undo it.
    this.#worker.unref();
    this.#worker.on('error', (error: Error) => {
      this.#failure = error;
    });
    this.#worker.on('exit', (code) => {
      onGone();
      const why = this.#failure?.message ?? `exit code ${code}`;
      const fault = new Fault('BUG', `the thread of the file calls ended: ${why}`, { cause: this.#failure });
      for (const { reject } of this.#underWay.splice(0).flat()) reject(fault);
    });
  }

  get isQuick(): boolean {
    return this.#ready && performance.now() >= this.#pausedUntil;
  }

  take(calls: Asked[]): void {
    this.#underWay.push(calls);
    this.#worker.ref();
    this.#worker.postMessage(calls.map(({ order }) => forThread(order)) satisfies FileMessage);
  }

  #settle(answer: FileAnswer): void {
    if (answer === 'ready') {
      this.#ready = true;
      return;
    }
    const calls = this.#underWay.shift() ?? [];
    if (this.#underWay.length === 0) this.#worker.unref();
    const { ends, milliseconds } = answer;
    if (milliseconds > longMilliseconds * calls.length)
      this.#pausedUntil = performance.now() + pauseMilliseconds;
    ends.forEach((end, index) => {
      if ('error' in end) calls[index]?.reject(unpackError(end.error));
      else calls[index]?.resolve(end.result);
    });
  }
}

/** A Buffer may be a part of a larger one, which would be handed over as a whole. */
function forThread(order: FileOrder): FileOrder {
  const path = ownBytes(order.path);
  return 'to' in order ? { ...order, path, to: ownBytes(order.to) } : { ...order, path };
}

const ownBytes = (path: FileOrder['path']): FileOrder['path'] =>
  typeof path === 'string' ? path : new Uint8Array(path);
