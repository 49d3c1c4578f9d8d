import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Report, Request } from './messages.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

/** A process that needs more than this for its objects ends, which is a finding. */
const heapMegabytes = 256;

/** On a very busy machine. */
const startSeconds = 120;

/** Why a request came to its end: it was answered, or killed because it took too long, or the process ended. */
export type End = 'answered' | 'overdue' | { readonly died: string };

/** A worker, in a process of its own; a new one takes the place of one that has ended. */
export class WorkerProcess {
  #child: ChildProcess | undefined;
  #closed: Promise<unknown> = Promise.resolve();
  #said = '';

  /**
   * Has the worker do something, and kills it when it says nothing for too long.
   *
   * @param seconds of processor time between two reports; of time by the clock, which another process may need, more
   * @param take is given what it reports
   */
  async ask(request: Request, seconds: number, take: (report: Report) => void): Promise<End> {
    const child = (this.#child ??= await this.#start());
    const { promise, resolve } = Promise.withResolvers<End>();
    const watchdog = new Watchdog(child, seconds);
    const onReport = (report: Report) => {
      watchdog.heard();
      if ('finished' in report) resolve('answered');
      else take(report);
    };
    const onClose = (code: number | null, signal: string | null) => {
      const died = `${signal ?? `exit code ${code ?? 'none'}`}\n${this.#said}`;
      resolve(watchdog.bit ? 'overdue' : { died });
    };
    child.on('message', onReport).on('close', onClose);
    child.send(request);
    try {
      return await promise;
    } finally {
      watchdog.stop();
      child.off('message', onReport).off('close', onClose);
    }
  }

  async #start(): Promise<ChildProcess> {
    const folder = mkdtempSync(join(quickFolder(), 'fuzz-'));
    const child = fork(program, [folder], {
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      env: { ...process.env, TMPDIR: folder },
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    living.set(child, folder);
    this.#said = '';
    const hear = (text: string) => {
      this.#said = (this.#said + text).slice(-4000);
    };
    child.stdout?.setEncoding('utf8').on('data', hear);
    child.stderr?.setEncoding('utf8').on('data', hear);
    this.#closed = once(child, 'close').then(() => {
      living.delete(child);
      this.#child = undefined;
      rmSync(folder, { recursive: true, force: true });
    });
    // Its first word is that it is ready.
    const late = setTimeout(() => child.kill('SIGKILL'), startSeconds * 1000);
    const ready = once(child, 'message').then(() => true);
    const isReady = (await Promise.race([ready, this.#closed])) === true;
    clearTimeout(late);
    if (!isReady) throw new Error(`the worker did not start\n${this.#said}`);
    return child;
  }

  async stop(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#closed;
  }
}

/** Processes and their folders. What is stuck in a loop does not notice that its parent ends. */
const living = new Map<ChildProcess, string>();
process.on('exit', () => {
  for (const [child, folder] of living) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** Kills a process that was not heard of for too long. */
class Watchdog {
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  /** Processor time and time by the clock, in seconds, when it was last heard of; undefined: just now. */
  #since: { readonly processor: number; readonly clock: number } | undefined;
  /** It has killed. */
  bit = false;

  constructor(child: ChildProcess, seconds: number) {
    this.#child = child;
    this.#timer = setInterval(() => this.#look(seconds), 200);
  }

  heard(): void {
    this.#since = undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(seconds: number): void {
    const clock = performance.now() / 1000;
    const processor = processorSeconds(this.#child.pid ?? 0) ?? clock;
    this.#since ??= { processor, clock };
    const waits = clock - this.#since.clock > clockFactor * seconds;
    if (!waits && processor - this.#since.processor <= seconds) return;
    this.bit = true;
    this.#child.kill('SIGKILL');
  }
}

/** What waits for nothing uses no processor; but so does what waits for its turn. */
const clockFactor = 12;

/** The processor time of a process; undefined where the system does not tell. */
function processorSeconds(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return undefined;
  }
}

/** USER_HZ, the same on every Linux. */
const ticksPerSecond = 100;

/** A store in memory is faster, and what it would keep through a power cut is not asked here. */
function quickFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
