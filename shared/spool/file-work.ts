import { join } from 'node:path';

import { faultFields } from '../runtime/events.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import {
  countAttempt,
  defer,
  doneBefore,
  remark,
  settleDone,
  settleRefused,
  uncountAttempt,
  type Delivery,
  type DoneFile,
} from '../store/deliveries.ts';
import { inTransaction, withSavepoint } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { withOwner } from './access.ts';
import { retryDelaySeconds } from './backoff.ts';
import { checkCompanion, checkCompanionRecords } from './companion.ts';
import { identityOf } from './identity.ts';
import type { Inbox } from './inbox.ts';
import { isAllowedName, nameBytes } from './names.ts';
import { inspectSmall, OpenedFile, type Inspected, type ReceivedFile } from './received-file.ts';
import { concernsAll, type Round } from './round.ts';
import { finishMoves } from './settle.ts';
import { sameMark } from './stability.ts';
import { together } from './together.ts';

/** What came of a file. */
export interface Outcome {
  /** The batch that was made of it, or null. */
  readonly batchId: number | null;
  /** Records that were read, where the file has records. */
  readonly records?: number;
  /** One line for the log. */
  readonly summary: string;
  /** What else is to be told once it is true. */
  readonly tell?: () => void;
}

/**
 * What is to be done with a file that was opened and checked: part of the one transaction that also settles it. Other
 * files may be settled in the same transaction; what it throws undoes its own part only.
 */
export type Decision = (trx: Db) => Promise<Outcome>;

/**
 * What a daemon does with a file: it opens and checks everything first, and only then decides. It is asked for several
 * files at the same time.
 *
 * @throws Fault: its class decides what becomes of the file
 */
export type FileHandler = (file: ReceivedFile) => Promise<Decision>;

/** A file of which everything is known but how the store takes it. */
interface Decided {
  readonly row: Delivery;
  readonly file: ReceivedFile;
  readonly identity: string;
  readonly decision: Decision;
}

/** A file whose records are in the store. */
interface Loaded extends DoneFile {
  readonly summary: string;
  readonly tell: (() => void) | undefined;
}

/** A file that could not be loaded. */
interface Failed {
  readonly row: Delivery;
  readonly fault: Fault;
  /** SHA-256 of its bytes, hex, where they could be read. */
  readonly digest: string | null;
}

/** Works on claimed files of one inbox, until each is settled or deferred. */
export class FileWork {
  readonly #inbox: Inbox;
  readonly #handle: FileHandler;

  constructor(inbox: Inbox, handle: FileHandler) {
    this.#inbox = inbox;
    this.#handle = handle;
  }

  /**
   * Files that are worked on together are opened side by side, brought into the store in one transaction, and archived
   * with one fsync for all. Who wants to know which file kills the process gives them one by one.
   */
  async work(claimed: readonly Delivery[], round: Round): Promise<void> {
    const { clock } = this.#inbox;
    const started = clock.monotonic();
    const rows = await this.#begin(claimed);
    const failed: Failed[] = [];
    const loaded: Loaded[] = [];
    {
      await using opened = new AsyncDisposableStack();
      const decided = await this.#decide(rows, opened, failed);
      for (const group of inTransactions(decided)) loaded.push(...(await this.#load(group, failed)));
    }
    // Now that their records are in the store, no fault may send these files round again.
    loaded.forEach(() => failPoint('work.committed'));
    for (const { tell } of loaded) tell?.();
    await this.#archive(loaded, started, round);
    for (const each of failed) {
      await this.#fail(each, round).catch((thrown: unknown) => round.failed(thrown, each.row));
      round.checkpoint();
    }
  }

  /** Puts a file aside, or out of the way, for good. */
  async refuse(row: Delivery, to: 'rejected' | 'held', fault: Fault, digest: string | null): Promise<void> {
    const { db, clock, emit, name } = this.#inbox;
    const { code, detail } = fault;
    const settled = await settleRefused(db, row, to, { code, detail, digest, at: clock.now() });
    failPoint('work.refused');
    try {
      await finishMoves(this.#inbox, [settled], (_, thrown) => {
        throw thrown;
      });
    } finally {
      // Refused it is, also when its way to the last folder is cut off and taken up later.
      const told = { folder: name, file: row.name, delivery: row.id, ...faultFields(fault) };
      emit(to === 'held' ? 'file.held' : 'file.rejected', told);
    }
  }

  /** Rows that count this attempt: that of a single file does so in the store as well, before anything else is done. */
  async #begin(claimed: readonly Delivery[]): Promise<Delivery[]> {
    const { db, worker, emit, name } = this.#inbox;
    const [first, ...others] = claimed;
    const rows =
      first && others.length === 0
        ? [await countAttempt(db, first, worker)]
        : claimed.map((row) => ({ ...row, attempts: row.attempts + 1 }));
    for (const { name: file, id: delivery, attempts: attempt } of rows) {
      emit('file.claimed', { folder: name, file, delivery, attempt });
      failPoint('work.counted');
    }
    return rows;
  }

  /** Opens and checks the files. They are closed with the stack. */
  async #decide(
    rows: readonly Delivery[],
    opened: AsyncDisposableStack,
    failed: Failed[],
  ): Promise<Decided[]> {
    const digests = new Map<Delivery, string>();
    const received = await together(
      rows,
      async (row) => {
        const file = await this.#check(row, await this.#inspect(row, opened));
        digests.set(row, file.digest);
        checkCompanion(row, file);
        failPoint('work.read');
        const identity = identityOf({ ...row, digest: file.digest }, this.#inbox.settings.duplicate);
        return { row, file, identity };
      },
      fail,
    );
    const known = await this.#known(this.#inbox.db, received);
    return together(
      received,
      async ({ row, file, identity }) => {
        refuseDuplicate(known, identity);
        const decision = await this.#handle(file);
        failPoint('work.decided');
        return { row, file, identity, decision };
      },
      ({ row }, thrown) => fail(row, thrown),
    );

    function fail(row: Delivery, thrown: unknown): void {
      failed.push({ row, fault: toFault(thrown), digest: digests.get(row) ?? null });
    }
  }

  /** @throws Fault LOST_BY_OPERATOR, BAD_NAME, NOT_REGULAR, TOO_LARGE, SPOOL_PERMISSION */
  async #inspect(row: Delivery, opened: AsyncDisposableStack): Promise<Inspected> {
    const { spool, settings } = this.#inbox;
    if (!isAllowedName(nameBytes(row.name))) throw new Fault('BAD_NAME', `the name is ${row.name}`);
    const path = join(spool, row.place ?? '');
    const maxBytes = Math.floor(settings.maxFileMegabytes * 1024 * 1024);
    const small = await inspectSmall(path, maxBytes);
    if (small) return small;
    try {
      return await opened.use(await OpenedFile.open(path, maxBytes)).inspect();
    } catch (error) {
      if (errnoOf(error) === 'ENOENT')
        throw new Fault('LOST_BY_OPERATOR', `${row.place ?? ''} is gone`, { cause: error });
      throw await withOwner(error, path);
    }
  }

  /** @throws Fault EMPTY_FILE, CHANGED_AFTER_CLAIM */
  async #check(row: Delivery, { mark, ...file }: Inspected): Promise<ReceivedFile> {
    const observed = {
      // Not compared: another host may have seen the file first, and has another number for its file server.
      dev: mark.dev,
      inode: row.inode ?? '',
      size: row.size ?? 0,
      mtimeNs: row.mtime_ns ?? '',
    };
    if (!sameMark(mark, observed)) {
      await remark(this.#inbox.db, row, mark);
      throw new Fault('CHANGED_AFTER_CLAIM', 'size or time changed after the file had been quiet');
    }
    if (file.size === 0) throw new Fault('EMPTY_FILE', 'the file has no bytes');
    return { name: row.name, delivery: row, ...file };
  }

  /** Files that were processed before and have the identity of one of these. */
  async #known(db: Db, files: readonly { readonly identity: string }[]): Promise<Known> {
    const identities = files.map(({ identity }) => identity);
    const rows = await doneBefore(db, this.#inbox.name, identities);
    return new Map(rows.map((row) => [row.identity ?? '', row]));
  }

  /**
   * Brings the records of files into the store, once. What concerns one file only does not keep back the others: they are
   * brought in once more, each apart, which is not done at first, since nearly always nothing is wrong with any of them.
   */
  async #load(group: readonly Decided[], failed: Failed[]): Promise<Loaded[]> {
    const { db } = this.#inbox;
    try {
      return await inTransaction(db, (trx) => this.#writeAll(trx, group));
    } catch (thrown) {
      const fault = toFault(thrown);
      if (group.length > 1 && !concernsAll(fault)) return this.#loadApart(group, failed);
      failed.push(...failures(group, fault));
      return [];
    }
  }

  async #loadApart(group: readonly Decided[], failed: Failed[]): Promise<Loaded[]> {
    const { db } = this.#inbox;
    try {
      const { written, refused } = await inTransaction(db, async (trx) => {
        const written: Loaded[] = [];
        const refused: Failed[] = [];
        for (const each of group) {
          const undone = await withSavepoint(trx, async () => {
            written.push(...(await this.#writeAll(trx, [each])));
          });
          if (undone === undefined) continue;
          const fault = toFault(undone.thrown);
          if (concernsAll(fault)) throw fault;
          refused.push(...failures([each], fault));
        }
        return { written, refused };
      });
      failed.push(...refused);
      return written;
    } catch (thrown) {
      failed.push(...failures(group, toFault(thrown)));
      return [];
    }
  }

  /** @throws Fault of the first that cannot be written: DUPLICATE, MANIFEST_MISMATCH, and whatever its decision finds */
  async #writeAll(trx: Db, group: readonly Decided[]): Promise<Loaded[]> {
    // Other processes may have brought in the same bytes meanwhile, and so may files of this group.
    const known = await this.#known(trx, group);
    const written: Loaded[] = [];
    for (const { row, file, identity, decision } of group) {
      refuseDuplicate(known, identity);
      const { batchId, summary, records, tell } = await decision(trx);
      checkCompanionRecords(row, records);
      known.set(identity, row);
      written.push({ row, digest: file.digest, identity, batchId, summary, tell });
    }
    const settled = await settleDone(trx, written, this.#inbox.clock.now());
    settled.forEach(() => failPoint('work.written'));
    return settled;
  }

  async #archive(loaded: readonly Loaded[], started: number, round: Round): Promise<void> {
    if (loaded.length === 0) return;
    const { emit, name, clock } = this.#inbox;
    const rows = loaded.map(({ row }) => row);
    const arrived = new Set(await finishMoves(this.#inbox, rows, (row, thrown) => round.failed(thrown, row)));
    for (const { row, digest, batchId, summary } of loaded) {
      if (!arrived.has(row)) continue;
      emit('file.done', {
        folder: name,
        file: row.name,
        delivery: row.id,
        digest,
        summary,
        milliseconds: Math.round(clock.monotonic() - started),
        ...(batchId !== null && { batch: batchId }),
      });
      round.ended('done');
    }
  }

  /** The class of the fault decides. @throws the fault when it concerns more than this file */
  async #fail({ row, fault, digest }: Failed, round: Round): Promise<void> {
    const { db, clock, emit, name, settings, retry } = this.#inbox;
    if (fault.code === 'LEASE_LOST') throw fault; // Another has the file by now, and does with it what is to be done.
    switch (fault.class) {
      case 'permanent':
        await this.refuse(row, 'rejected', fault, digest);
        round.ended('rejected');
        return;
      case 'transient': {
        if (row.attempts >= retry.maxAttempts) {
          const detail = `${fault.code} after ${row.attempts} attempts: ${fault.detail}`;
          await this.refuse(row, 'held', new Fault('TOO_MANY_ATTEMPTS', detail), digest);
          round.ended('held');
          return;
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
        round.ended('deferred');
        return;
      }
      case 'environment':
        await uncountAttempt(db, row);
        throw fault;
      case 'bug':
        throw fault;
    }
  }
}

const failures = (group: readonly Decided[], fault: Fault): Failed[] =>
  group.map(({ row, file: { digest } }) => ({ row, fault, digest }));

/** Identity -> the file of it that was processed. */
type Known = Map<string, Delivery>;

/** @throws Fault DUPLICATE */
function refuseDuplicate(known: Known, identity: string): void {
  const earlier = known.get(identity);
  if (earlier === undefined) return;
  const { name, seen_at: seenAt, id } = earlier;
  throw new Fault('DUPLICATE', `the same bytes came as ${name} on ${seenAt} (delivery ${id})`);
}

/** Small files share a transaction. A large one is read within its own, which takes its time. */
function inTransactions(decided: readonly Decided[]): Decided[][] {
  const small = decided.filter(({ file }) => file.inMemory);
  const large = decided.filter(({ file }) => !file.inMemory).map((each) => [each]);
  return small.length === 0 ? large : [small, ...large];
}
