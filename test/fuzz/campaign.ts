import { Findings, type Problem } from './findings.ts';
import type { KindName } from './input.ts';
import type { ForTheWholeWay, Report, Task } from './messages.ts';
import { Tally, type Counts, type Outcomes } from './tally.ts';
import { wholeWay } from './whole-way.ts';
import { WorkerProcess, type End } from './worker-process.ts';

/** Many inputs, worked on by processes that may die, hang, or take too much. */

export interface Campaign {
  readonly seed: number;
  /** Number of the first input. */
  readonly first: number;
  readonly inputs: number;
  readonly kind?: KindName | undefined;
  readonly workers: number;
  /** Seconds of processor time that one input may take; one that is overdue gets a second chance, twice as long. */
  readonly maxSeconds: number;
  /** Where findings are kept. */
  readonly folder: string;
  /** Told now and then how many inputs are done with. */
  readonly onProgress?: (count: number) => void;
}

export interface Result {
  readonly counts: Counts;
  readonly outcomes: Outcomes;
  /** Paths of what describes the findings; the same one is kept once. */
  readonly kept: readonly string[];
}

const wholeWayEvery = 200;
const portion = 100;

export async function fuzz(campaign: Campaign): Promise<Result> {
  const run = new Run(campaign);
  await Promise.all(Array.from({ length: campaign.workers }, () => run.work()));
  await run.goTheWholeWay();
  return run.result();
}

class Run {
  readonly #campaign: Campaign;
  readonly #tally = new Tally();
  readonly #findings: Findings;
  readonly #drops: ForTheWholeWay[] = [];
  #next: number;

  constructor(campaign: Campaign) {
    this.#campaign = campaign;
    this.#findings = new Findings(campaign.folder, campaign.maxSeconds);
    this.#next = campaign.first;
  }

  result(): Result {
    const { outcomes } = this.#tally;
    return { counts: this.#tally.counts(this.#campaign.seed), outcomes, kept: this.#findings.kept };
  }

  /** Takes portion by portion, until there is none left. */
  async work(): Promise<void> {
    const { seed, first, inputs, kind, onProgress } = this.#campaign;
    const worker = new WorkerProcess();
    try {
      for (;;) {
        const from = this.#next;
        const to = Math.min(from + portion, first + inputs);
        if (from >= to) return;
        this.#next = to;
        await this.#runPortion(worker, { seed, from, to, wholeWayEvery, ...(kind && { kind }) });
        onProgress?.(this.#tally.inputs);
      }
    } finally {
      await worker.stop();
    }
  }

  async #runPortion(worker: WorkerProcess, task: Task): Promise<void> {
    const problems: Problem[] = [];
    for (let next = task.from; next < task.to;) {
      const end = await worker.ask({ run: { ...task, from: next } }, this.#campaign.maxSeconds, (report) => {
        this.#take(report, problems);
        next++;
      });
      if (end === 'answered') break;
      // The one behind the last that was heard of.
      const problem = await this.#lost(worker, task, next++, end);
      if (problem) problems.push(problem);
    }
    for (const problem of problems) await this.#findings.add(worker, task, problem);
  }

  #take(report: Report, problems: Problem[]): void {
    if ('drop' in report) this.#drops.push(report.drop);
    if (!('ended' in report)) return;
    this.#tally.ended(report.ended);
    const { finding, number } = report.ended;
    if (finding) problems.push({ ...finding, number });
  }

  /** The worker did not survive this input. */
  async #lost(
    worker: WorkerProcess,
    task: Task,
    number: number,
    end: Exclude<End, 'answered'>,
  ): Promise<Problem | undefined> {
    if (end !== 'overdue') {
      this.#tally.found('crashes');
      return { what: 'crash', message: end.died, number };
    }
    const { maxSeconds } = this.#campaign;
    const alone = { ...task, from: number, to: number + 1, wholeWayEvery: Infinity };
    const problems: Problem[] = [];
    const again = await worker.ask({ run: alone }, 2 * maxSeconds, (report) => this.#take(report, problems));
    if (again === 'answered') return problems[0];
    this.#tally.found('hangs');
    return { what: 'hang', message: `not done after ${maxSeconds} s, twice`, number };
  }

  /** The daemons themselves work off what was chosen for that. */
  async goTheWholeWay(): Promise<void> {
    if (this.#drops.length === 0) return;
    const { outcomes, problems } = await wholeWay(this.#drops);
    for (const { kind, outcome } of outcomes) this.#tally.outcome(kind, outcome);
    for (const { problem, counts, input } of problems) {
      this.#tally.found(counts, input ? 1 : 0);
      await this.#findings.keep(this.#campaign.seed, problem, input);
    }
  }
}
