import { join } from 'node:path';

import { faultFields } from '../runtime/events.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import type { StepResult } from '../runtime/task-loop.ts';
import {
  countAttempt,
  countCrash,
  defer,
  due,
  remark,
  settleDone,
  settleRefused,
  takeDue,
  takeOver,
  uncountAttempt,
  unfinished,
  wasDone,
  type Delivery,
} from '../store/deliveries.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { aliveWorkerIds } from '../store/workers.ts';
import { withOwner } from './access.ts';
import { retryDelaySeconds } from './backoff.ts';
import { claim, resumeClaim, sweepWork } from './claim.ts';
import { checkCompanion, checkCompanionRecords } from './companion.ts';
import { identityOf } from './identity.ts';
import type { Inbox } from './inbox.ts';
import { Intake, type Candidate, type Scan } from './intake.ts';
import { IntakeGate } from './intake-gate.ts';
import { isAllowedName, nameBytes } from './names.ts';
import { Daily, sweepTemporary } from './orphans.ts';
import { OpenedFile, type ReceivedFile } from './received-file.ts';
import { finishMove } from './settle.ts';
import { sameMark } from './stability.ts';

/** Deferred files tried between two scans at most: a backlog of them never keeps fresh files waiting. */
const dueLimit = 50;

const nothingNew: Scan = { ready: [], waiting: 0 };

/** What came of a file. */
export interface Outcome {
  /** The batch that was made of it, or null. */
  readonly batchId: number | null;
  /** Records that were read, where the file has records. */
  readonly records?: number;
  /** One line for the log. */
  readonly summary: string;
}

/** What is to be done with a file that was opened and checked: part of the one transaction that also settles it. */
export type Decision = (trx: Db) => Promise<Outcome>;

/**
 * What a daemon does with a file: it opens and checks everything first, and only then decides.
 *
 * @throws Fault: its class decides what becomes of the file
 */
export type FileHandler = (file: ReceivedFile) => Promise<Decision>;

/** A file whose records are in the store. */
interface Loaded {
  readonly settled: Delivery;
  readonly summary: string;
}

/**
 * Works off one inbox: recovery, fresh files, and deferred files whose time has come, all by the same code. While its
 * intake is paused, recovery only.
 */
export class InboxWorker {
  readonly #inbox: Inbox;
  readonly #handle: FileHandler;
  readonly #intake: Intake;
  readonly #gate: IntakeGate;
  readonly #orphans: Daily;
  #swept = false;
  /** Files that operators were told of. */
  readonly #refusedToUs = new Set<string>();

  constructor(inbox: Inbox, handle: FileHandler) {
    this.#inbox = inbox;
    this.#handle = handle;
    this.#intake = new Intake(inbox);
    this.#gate = new IntakeGate(inbox);
    this.#orphans = new Daily(inbox.clock, () => sweepTemporary(inbox));
  }

  /**
   * One round. What concerns one file only is settled with that file, and a file that cannot be claimed, settled or
   * moved now does not keep the others waiting.
   *
   * @throws Fault of class environment or bug, and STORE_BUSY, at once; at the end the first other of class transient
   */
  async step(stop: AbortSignal): Promise<StepResult> {
    let worked = 0;
    let refused = 0;
    let failed: Fault | undefined;
    const each = async (work: () => Promise<Delivery['state'] | undefined>) => {
      if (stop.aborted) return;
      try {
        const state = await work();
        if (state === undefined) return;
        worked++;
        if (state === 'rejected' || state === 'held') refused++;
      } catch (thrown) {
        const fault = toFault(thrown);
        // A store that is busy is so for every file: to wait for it once for each would take long.
        if (fault.class !== 'transient' || fault.code === 'STORE_BUSY') throw fault;
        failed ??= fault;
      }
    };
    if (!this.#swept) {
      await sweepWork(this.#inbox);
      this.#swept = true;
    }
    await this.#orphans.run();
    for (const row of await this.#unfinished()) await each(() => this.#recover(row));
    // Asked before each file, and not only once: a round may be long.
    const eachNew = (work: () => Promise<Delivery['state'] | undefined>) =>
      each(async () => ((await this.#gate.isOpen()) ? work() : undefined));
    const { ready, waiting } = (await this.#gate.isOpen()) ? await this.#intake.scan() : nothingNew;
    for (const candidate of ready) await eachNew(() => this.#claim(candidate));
    const { db, name, clock, worker } = this.#inbox;
    for (const row of await due(db, name, clock.now(), dueLimit)) {
      await eachNew(() => this.#take(takeDue(db, row, worker)));
    }
    if (failed) throw failed;
    return { worked, refused, waiting };
  }

  /** Files that a dead process held, and what an earlier round of our own could not finish. */
  async #unfinished(): Promise<Delivery[]> {
    const { db, name, clock, worker } = this.#inbox;
    const rows = await unfinished(db, name);
    // Asked after the rows were read, so that no process that has started meanwhile passes for a dead one.
    const alive = await aliveWorkerIds(db, clock.now());
    return rows.filter(({ worker_id: holder }) => holder === worker.id || !alive.some((id) => id === holder));
  }

  /** A file that is not ours to take stays where it is; the others go on, and operators are told once. */
  async #claim(candidate: Candidate): Promise<Delivery['state'] | undefined> {
    let row: Delivery | undefined;
    try {
      row = await claim(this.#inbox, candidate);
    } catch (thrown) {
      const fault = toFault(thrown);
      if (fault.code !== 'SPOOL_PERMISSION' && fault.code !== 'FILE_BUSY') throw fault;
      const { emit, name: folder } = this.#inbox;
      const file = `${candidate.mark.dev}:${candidate.mark.inode}`;
      if (!this.#refusedToUs.has(file))
        emit('file.unclaimed', { folder, file: candidate.name, ...faultFields(fault) });
      this.#refusedToUs.add(file);
      return undefined;
    }
    return row && this.#work(row);
  }

  async #take(taking: Promise<Delivery | undefined>): Promise<Delivery['state'] | undefined> {
    const row = await taking;
    return row && this.#work(row);
  }

  async #recover(found: Delivery): Promise<Delivery['state'] | undefined> {
    const { db, worker, retry, emit, name } = this.#inbox;
    const row = await takeOver(db, found, worker);
    if (row === undefined) return undefined;
    if (row.state === 'seen') return this.#take(resumeClaim(this.#inbox, row));
    if (row.state !== 'claimed') {
      await finishMove(this.#inbox, row);
      emit('file.recovered', { folder: name, file: row.name, delivery: row.id, to: row.state });
      return row.state;
    }
    const own = found.worker_id === worker.id || row.attempts === 0;
    const counted = own ? row : await countCrash(db, row, worker);
    if (counted.crashes >= retry.crashAttempts) {
      return this.#refuse(
        counted,
        'held',
        new Fault('CRASH_LOOP', `the process died ${counted.crashes} times on it`),
        null,
      );
    }
    return this.#work(counted);
  }

  /** Works on a claimed file until it is settled or deferred. */
  async #work(claimed: Delivery): Promise<Delivery['state']> {
    const { db, worker, emit, name, clock } = this.#inbox;
    const started = clock.monotonic();
    const row = await countAttempt(db, claimed, worker);
    emit('file.claimed', { folder: name, file: row.name, delivery: row.id, attempt: row.attempts });
    failPoint('work.counted');
    let digest: string | null = null;
    let loaded: Loaded;
    try {
      await using file = await this.#open(row);
      const received = await this.#inspect(row, file);
      digest = received.digest;
      checkCompanion(row, received);
      failPoint('work.read');
      loaded = await this.#load(row, received);
    } catch (thrown) {
      return this.#fail(row, toFault(thrown), digest);
    }
    // Not within the `try`: now that its records are in the store, no fault may send the file round again.
    const { settled, summary } = loaded;
    failPoint('work.committed');
    await finishMove(this.#inbox, settled);
    emit('file.done', {
      folder: name,
      file: row.name,
      delivery: row.id,
      digest,
      summary,
      milliseconds: Math.round(clock.monotonic() - started),
      ...(settled.batch_id !== null && { batch: settled.batch_id }),
    });
    return 'done';
  }

  /** @throws Fault LOST_BY_OPERATOR, BAD_NAME, NOT_REGULAR, TOO_LARGE, SPOOL_PERMISSION */
  async #open(row: Delivery): Promise<OpenedFile> {
    const { spool, settings } = this.#inbox;
    if (!isAllowedName(nameBytes(row.name))) throw new Fault('BAD_NAME', `the name is ${row.name}`);
    const path = join(spool, row.place ?? '');
    try {
      return await OpenedFile.open(path, Math.floor(settings.maxFileMegabytes * 1024 * 1024));
    } catch (error) {
      if (errnoOf(error) === 'ENOENT')
        throw new Fault('LOST_BY_OPERATOR', `${row.place ?? ''} is gone`, { cause: error });
      throw await withOwner(error, path);
    }
  }

  /** @throws Fault EMPTY_FILE, CHANGED_AFTER_CLAIM */
  async #inspect(row: Delivery, file: OpenedFile): Promise<ReceivedFile> {
    const { digest, size, mark } = await file.inspect();
    const observed = {
      dev: row.dev ?? '',
      inode: row.inode ?? '',
      size: row.size ?? 0,
      mtimeNs: row.mtime_ns ?? '',
    };
    if (!sameMark(mark, observed)) {
      await remark(this.#inbox.db, row, mark);
      throw new Fault('CHANGED_AFTER_CLAIM', 'size or time changed after the file had been quiet');
    }
    if (size === 0) throw new Fault('EMPTY_FILE', 'the file has no bytes');
    const { inMemory } = file;
    return { name: row.name, delivery: row, digest, size, inMemory, pieces: () => file.pieces() };
  }

  /**
   * Brings the file's records into the store, once.
   *
   * @throws Fault DUPLICATE, MANIFEST_MISMATCH, and whatever the handler finds
   */
  async #load(row: Delivery, file: ReceivedFile): Promise<Loaded> {
    const { db, name, clock, settings } = this.#inbox;
    const identity = identityOf({ ...row, digest: file.digest }, settings.duplicate);
    await refuseDuplicate(db, name, identity);
    const decision = await this.#handle(file);
    failPoint('work.decided');
    return inTransaction(db, async (trx) => {
      // Another process may have brought in the same bytes meanwhile.
      await refuseDuplicate(trx, name, identity);
      const { batchId, summary, records } = await decision(trx);
      checkCompanionRecords(row, records);
      const settled = await settleDone(trx, row, { digest: file.digest, identity, batchId, at: clock.now() });
      failPoint('work.written');
      return { settled, summary };
    });
  }

  /** The class of the fault decides. @throws the fault when it concerns more than this file */
  async #fail(row: Delivery, fault: Fault, digest: string | null): Promise<Delivery['state']> {
    const { db, clock, emit, name, settings, retry } = this.#inbox;
    switch (fault.class) {
      case 'permanent':
        return this.#refuse(row, 'rejected', fault, digest);
      case 'transient': {
        if (row.attempts >= retry.maxAttempts) {
          const detail = `${fault.code} after ${row.attempts} attempts: ${fault.detail}`;
          return this.#refuse(row, 'held', new Fault('TOO_MANY_ATTEMPTS', detail), digest);
        }
        const seconds = Math.max(settings.quietSeconds, retryDelaySeconds(row.attempts, retry));
        const next = new Date(clock.now().getTime() + seconds * 1000);
        await defer(db, row, fault.code, fault.detail, next);
        emit('file.deferred', {
          folder: name,
          file: row.name,
          delivery: row.id,
          attempt: row.attempts,
          nextTryAt: next.toISOString(),
          ...faultFields(fault),
        });
        return 'deferred';
      }
      case 'environment':
        await uncountAttempt(db, row);
        throw fault;
      case 'bug':
        throw fault;
    }
  }

  async #refuse(
    row: Delivery,
    to: 'rejected' | 'held',
    fault: Fault,
    digest: string | null,
  ): Promise<'rejected' | 'held'> {
    const { db, clock, emit, name } = this.#inbox;
    const settled = await settleRefused(db, row, to, {
      code: fault.code,
      detail: fault.detail,
      digest,
      at: clock.now(),
    });
    failPoint('work.refused');
    try {
      await finishMove(this.#inbox, settled);
    } finally {
      // Refused it is, also when its way to the last folder is cut off and taken up later.
      const told = { folder: name, file: row.name, delivery: row.id, ...faultFields(fault) };
      emit(to === 'held' ? 'file.held' : 'file.rejected', told);
    }
    return to;
  }
}

/** @throws Fault DUPLICATE */
async function refuseDuplicate(db: Db, inbox: string, identity: string): Promise<void> {
  const earlier = await wasDone(db, inbox, identity);
  if (earlier === undefined) return;
  const { name, seen_at: seenAt, id } = earlier;
  throw new Fault('DUPLICATE', `the same bytes came as ${name} on ${seenAt} (delivery ${id})`);
}
