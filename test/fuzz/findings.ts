import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Input } from './input.ts';
import type { Task } from './messages.ts';
import type { WorkerProcess } from './worker-process.ts';

/** Something that the fuzzer found. With the seed, the number is all that is needed to make the input again. */
export interface Problem {
  readonly what: string;
  readonly message: string;
  readonly number: number;
}

/** What makes two findings the same one: numbers and names differ from input to input. */
const signatureOf = ({ what, message }: Pick<Problem, 'what' | 'message'>): string =>
  [what, ...message.split('\n').map((line) => line.replaceAll(/\d+|"[^"]*"/g, '…').slice(0, 80))]
    .slice(0, 4)
    .join(' | ');

/** Findings that are shortened and kept; after so many it is time to mend something. */
const maxKept = 30;
/** Shortening one finding may take so many times as long as one input. */
const shorteningFactor = 4;

/** Keeps findings in a folder, each with its input in as few bytes as fail alike; the same finding once. */
export class Findings {
  readonly #folder: string;
  readonly #maxSeconds: number;
  readonly #seen = new Set<string>();
  readonly #kept: string[] = [];

  constructor(folder: string, maxSeconds: number) {
    this.#folder = folder;
    this.#maxSeconds = maxSeconds;
  }

  /** Paths of the descriptions. */
  get kept(): readonly string[] {
    return this.#kept;
  }

  async add(worker: WorkerProcess, task: Task, problem: Problem): Promise<void> {
    const signature = signatureOf(problem);
    if (this.#seen.has(signature) || this.#seen.size >= maxKept) return;
    this.#seen.add(signature);
    const input = await this.#make(worker, { ...task, from: problem.number });
    await this.keep(task.seed, problem, input && (await this.#shorten(worker, problem, input)));
  }

  /** Writes what it is, and the bytes. */
  async keep(seed: number, { what, message, number }: Problem, input: Partial<Input> = {}): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const stem = join(this.#folder, `${what.replaceAll(/\W+/g, '-')}-${seed}-${number}`);
    const { bytes, ...rest } = input;
    if (bytes) await writeFile(`${stem}.bin`, bytes);
    const description = { what, seed, number, ...rest, message };
    await writeFile(`${stem}.json`, `${JSON.stringify(description, null, 2)}\n`);
    this.#kept.push(`${stem}.json`);
  }

  async #make(worker: WorkerProcess, make: Task): Promise<Input | undefined> {
    const made: Input[] = [];
    await worker.ask({ make }, this.#maxSeconds, (report) => {
      if ('made' in report) made.push({ ...report.made, bytes: Buffer.from(report.made.bytes) });
    });
    return made[0];
  }

  async #shorten(worker: WorkerProcess, problem: Problem, input: Input): Promise<Input> {
    const deadline = Date.now() + shorteningFactor * this.#maxSeconds * 1000;
    const fails = (bytes: Buffer) => this.#fails(worker, problem, { ...input, bytes });
    return { ...input, bytes: await shortened(input.bytes, fails, deadline) };
  }

  /** Whether the input fails as the finding did. */
  async #fails(worker: WorkerProcess, problem: Problem, replay: Input): Promise<boolean> {
    const seen: string[] = [];
    const end = await worker.ask({ replay }, this.#maxSeconds, (report) => {
      if ('ended' in report && report.ended.finding) seen.push(signatureOf(report.ended.finding));
    });
    if (problem.what === 'hang') return end === 'overdue';
    if (problem.what === 'crash') return end !== 'overdue' && end !== 'answered';
    return seen.includes(signatureOf(problem));
  }
}

/** Leaves out ever smaller stretches, as long as it still fails. Simple, and enough to see what matters. */
async function shortened(
  bytes: Buffer,
  fails: (shorter: Buffer) => Promise<boolean>,
  deadline: number,
): Promise<Buffer> {
  let shortest = bytes;
  for (let size = Math.ceil(bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < shortest.length;) {
      if (Date.now() > deadline) return shortest;
      const shorter = Buffer.concat([shortest.subarray(0, at), shortest.subarray(at + size)]);
      if (await fails(shorter)) shortest = shorter;
      else at += size;
    }
  }
  return shortest;
}
