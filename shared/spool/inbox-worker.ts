import { faultFields } from '../runtime/events.ts';
import { Fault, toFault } from '../runtime/faults.ts';
import { groupsOf } from '../runtime/groups.ts';
import type { StepResult } from '../runtime/task-loop.ts';
import { countCrash, due, takeDue, takeOver, unfinished, type Delivery } from '../store/deliveries.ts';
import { survivors } from '../store/workers.ts';
import { claim, resumeClaim, sweepWork, type DroppedFile } from './claim.ts';
import { FileWork, type FileHandler } from './file-work.ts';
import type { Inbox } from './inbox.ts';
import { Intake, type Candidate, type Scan } from './intake.ts';
import { IntakeGate } from './intake-gate.ts';
import { Daily, sweepTemporary } from './orphans.ts';
import { Round } from './round.ts';
import { finishMove } from './settle.ts';

/** Deferred files tried between two scans at most: a backlog of them never keeps fresh files waiting. */
const dueLimit = 50;

/** Groups of fresh files that are worked on side by side. */
const lanes = 3;
/** So many fsyncs and commits become one for each group. */
const mostTogether = 128 * lanes;
/** Bytes of a group, unless it is a single file: all of its files are in memory at the same time. */
const groupBytes = 1024 * 1024;

const nothingNew: Scan = { ready: [], waiting: 0 };

/**
 * Works off one inbox: recovery, fresh files, and deferred files whose time has come, all by the same code. While its
 * intake is paused, recovery only.
 */
export class InboxWorker {
  readonly #inbox: Inbox;
  readonly #together: number;
  readonly #work: FileWork;
  readonly #intake: Intake;
  readonly #gate: IntakeGate;
  readonly #orphans: Daily;
  #swept = false;
  /** Files that operators were told of. */
  readonly #refusedToUs = new Set<string>();

  /** @param together files that are handled at the same time at most */
  constructor(inbox: Inbox, handle: FileHandler, together = mostTogether) {
    this.#inbox = inbox;
    this.#together = together;
    this.#work = new FileWork(inbox, handle);
    this.#intake = new Intake(inbox);
    this.#gate = new IntakeGate(inbox);
    this.#orphans = new Daily(inbox.clock, () => sweepTemporary(inbox));
  }

  /**
   * One round. What concerns one file only is settled with that file, and a file that cannot be claimed, settled or
   * moved now does not keep the others waiting.
   *
   * @throws Fault of class environment or bug, and STORE_BUSY, soon; at the end the first other of class transient
   */
  async step(stop: AbortSignal): Promise<StepResult> {
    const round = new Round(this.#inbox);
    if (!this.#swept) {
      await sweepWork(this.#inbox);
      this.#swept = true;
    }
    await this.#orphans.run();
    for (const row of await this.#unfinished()) {
      if (stop.aborted) break;
      await attempt(round, () => this.#recover(row, round), row);
    }
    const { ready, waiting } = (await this.#gate.isOpen()) ? await this.#intake.scan() : nothingNew;
    await this.#takeIn(ready, round, stop);
    const { db, name, clock, worker } = this.#inbox;
    for (const row of await due(db, name, clock.now(), dueLimit)) {
      if (stop.aborted || !(await this.#gate.isOpen())) break;
      await attempt(round, () => this.#resume(takeDue(db, row, worker), round), row);
    }
    return round.result(waiting);
  }

  /**
   * Fresh files go in groups, and some groups side by side: while the files of one are opened, those of another are
   * written down. Asked before each group, and not only once, is whether there may be a next: a round may be long.
   */
  async #takeIn(ready: readonly Candidate[], round: Round, stop: AbortSignal): Promise<void> {
    const count = Math.min(lanes, this.#together);
    const sizeOf = ({ mark }: Candidate) => mark.size;
    const together = Math.floor(this.#together / count);
    // One way through them for all lanes: none of them takes a group that another has.
    const groups = groupsOf(ready, { count: together, size: groupBytes, sizeOf }).values();
    const lane = async () => {
      for (const group of groups) {
        if (stop.aborted || !(await this.#gate.isOpen())) return;
        await attempt(round, () => this.#claim(group, round));
      }
    };
    const ends = await Promise.allSettled(Array.from({ length: count }, lane));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  /** Files that a dead process held, and what an earlier round of our own could not finish. */
  async #unfinished(): Promise<Delivery[]> {
    const { db, name, clock, worker } = this.#inbox;
    const rows = await unfinished(db, name);
    if (rows.every(({ worker_id: holder }) => holder === worker.id)) return rows;
    // Asked after the rows were read, so that no process that has started meanwhile passes for a dead one.
    const alive = await survivors(db, clock.now());
    return rows.filter(({ worker_id: holder }) => holder === worker.id || !alive.some((id) => id === holder));
  }

  async #claim(group: readonly Candidate[], round: Round): Promise<void> {
    const rows = await claim(this.#inbox, group, (file, thrown) => this.#unclaimed(file, thrown, round));
    if (rows.length > 0) await this.#work.work(rows, round);
  }

  /** A file that is not ours to take stays where it is; the others go on, and operators are told once. */
  #unclaimed(dropped: DroppedFile, thrown: unknown, round: Round): void {
    const { name: file, dev, inode } = dropped;
    const fault = toFault(thrown);
    if (fault.code !== 'SPOOL_PERMISSION' && fault.code !== 'FILE_BUSY') {
      round.failed(fault, dropped);
      return;
    }
    const { emit, name: folder } = this.#inbox;
    const identity = `${dev ?? ''}:${inode ?? ''}`;
    if (!this.#refusedToUs.has(identity)) emit('file.unclaimed', { folder, file, ...faultFields(fault) });
    this.#refusedToUs.add(identity);
  }

  /** Alone: it has failed before, or the process has died with it in hand. */
  async #resume(taking: Promise<Delivery | undefined>, round: Round): Promise<void> {
    const row = await taking;
    if (row) await this.#work.work([row], round);
  }

  async #recover(found: Delivery, round: Round): Promise<void> {
    const { db, worker, retry, emit, name } = this.#inbox;
    const row = await takeOver(db, found, worker);
    if (row === undefined) return;
    if (row.state === 'seen') {
      await this.#resume(resumeClaim(this.#inbox, row), round);
      return;
    }
    if (row.state !== 'claimed') {
      await finishMove(this.#inbox, row);
      emit('file.recovered', { folder: name, file: row.name, delivery: row.id, to: row.state });
      round.ended(row.state);
      return;
    }
    const counted = found.worker_id === worker.id ? row : await countCrash(db, row, worker);
    // Without an attempt of its own it was one of several in hand: that alone does not make it the guilty one.
    if (counted.crashes >= retry.crashAttempts && counted.attempts > 0) {
      const fault = new Fault('CRASH_LOOP', `the process died ${counted.crashes} times on it`);
      await this.#work.refuse(counted, 'held', fault, null);
      round.ended('held');
      return;
    }
    await this.#work.work([counted], round);
  }
}

/** @throws Fault that concerns every file */
async function attempt(round: Round, work: () => Promise<void>, row?: Delivery): Promise<void> {
  await work().catch((thrown: unknown) => round.failed(thrown, row));
  round.checkpoint();
}
