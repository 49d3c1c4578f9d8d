import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import { syncFolder, writeNew } from '../runtime/durable.ts';
import { faultFields, type Emit } from '../runtime/events.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import { groupsOf } from '../runtime/groups.ts';
import type { StepResult, Task } from '../runtime/task-loop.ts';
import type { Delivery } from '../store/deliveries.ts';
import {
  markPublished,
  markSealed,
  takePublications,
  unpublished,
  type Waiting,
} from '../store/publications.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db, DeliveryPurpose } from '../store/tables.ts';
import type { Lease } from '../store/lease.ts';
import { survivors, type Worker } from '../store/workers.ts';
import { isSameFile, linkCount, linkNew, removeName } from './files.ts';
import { draftName, draftOf } from './names.ts';
import { Daily, sweepDrafts } from './orphans.ts';

/** Files published in one round at most. */
const roundLimit = 128;
/** Documents that go side by side, and their bytes. */
const limits = { count: 64, size: 4 * 1024 * 1024, sizeOf: ({ bytes }: Waiting) => bytes };

export interface PublisherOptions {
  readonly spool: string;
  readonly db: Db;
  readonly worker: Worker;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly purposes: readonly DeliveryPurpose[];
  /** The bytes of the file, from the queued document. Several are sealed at once. */
  seal(row: Delivery): Promise<Uint8Array>;
  /** Part of the transaction that marks these files as published. May be called for some of them again, after a fault. */
  onPublished(trx: Db, rows: readonly Delivery[]): Promise<void>;
}

/** What the dead have left: their numbers, and the drafts of the documents that they had in hand. */
interface Estate {
  readonly dead: readonly number[];
  readonly left: ReadonlyMap<number, readonly string[]>;
}

/** A document on its way, and the paths of its file. */
interface Document {
  readonly row: Delivery;
  readonly folder: string;
  readonly draft: string;
  readonly final: string;
}

/**
 * Publishes queued documents into folders that somebody else reads:
 *
 *   seal → write .tmp-… in the same folder, fsync → row `claimed` with the digest → link to the final name →
 *   remove .tmp-… → fsync → row `done`, and what follows from it, in one transaction
 *
 * Sealing twice gives different bytes, so the digest is recorded before the file becomes visible: after a crash exactly
 * the same bytes are published, and a reader that has copied them already recognises them.
 *
 * Whoever takes over a document that was sealed publishes that draft; otherwise he writes one of his own, under a name of
 * his own. A process that was stopped on this way, and goes on when others have taken over, finds its draft published and
 * gone, or writes one that nobody looks at. To link it to its final name once more, when its reader has taken the first
 * away, would be to publish twice: so it asks before whether it still holds the lease.
 *
 * Some documents go this way side by side: one fsync of a folder, and one commit, is enough for a step of all of them.
 * What fails for one of them takes only that one out of the group.
 */
export class Publisher implements Task {
  readonly name: string;
  readonly #options: PublisherOptions;
  readonly #orphans: Daily;

  constructor(name: string, options: PublisherOptions) {
    this.name = name;
    this.#options = options;
    this.#orphans = new Daily(options.clock, () => sweepDrafts(options, options.purposes));
  }

  /**
   * One round. A document that cannot be published now does not keep the others waiting.
   *
   * @throws Fault of the first that failed: OUTPUT_EXISTS, SPOOL_…, NO_SPACE, STORE_…, KEY_MISSING, PGP_KEY_…
   */
  async step(stop: AbortSignal): Promise<StepResult> {
    const { db, purposes } = this.#options;
    const faults = new Faults();
    await this.#orphans.run();
    const waiting = await unpublished(db, purposes, roundLimit);
    const dead = await this.#deadHolders(waiting);
    const left = await this.#leftDrafts(waiting, dead, faults);
    let worked = 0;
    let sealed: Document[] = [];
    // While one group waits for the disk, the next one is sealed.
    for (const group of [...groupsOf(waiting, limits), []]) {
      const [ready, next] = [sealed, stop.aborted ? [] : group];
      sealed = [];
      const publishing = async () => void (worked += await this.#publish(ready, faults));
      const sealing = async () => void (sealed = await this.#seal(next, { dead, left }, faults));
      await faults.ofEach([publishing, sealing], (work) => work());
    }
    faults.throwFirst();
    return { worked, refused: 0, waiting: 0 };
  }

  /** Of the processes that have taken these documents, those that do not live any more. */
  async #deadHolders(waiting: readonly Waiting[]): Promise<number[]> {
    const { db, worker, clock } = this.#options;
    const holders = new Set(waiting.map((each) => each.worker_id));
    holders.delete(worker.id);
    const others = [...holders].filter((holder) => holder !== null);
    if (others.length === 0) return [];
    const alive = await survivors(db, clock.now());
    return others.filter((holder) => !alive.includes(holder));
  }

  /**
   * Drafts of documents that the dead had in hand, by the documents' numbers. What is not sealed when it is taken from
   * them will never be, with a draft that was there before: so it may be removed then, however late that is.
   */
  async #leftDrafts(
    waiting: readonly Waiting[],
    dead: readonly number[],
    faults: Faults,
  ): Promise<Map<number, string[]>> {
    const taken = waiting.filter(({ worker_id: holder }) => holder !== null && dead.includes(holder));
    const left = new Map<number, string[]>(taken.map(({ id }) => [id, []]));
    for (const folder of new Set(taken.map((each) => each.folder))) {
      const path = join(this.#options.spool, folder);
      for (const name of (await faults.of(() => readdir(path))) ?? [])
        left.get(draftOf(name)?.id ?? 0)?.push(join(path, name));
    }
    return left;
  }

  /** Takes documents. @returns those that are sealed now, or were before */
  async #seal(group: readonly Waiting[], { dead, left }: Estate, faults: Faults): Promise<Document[]> {
    const { db, worker } = this.#options;
    if (group.length === 0) return [];
    const rows = await takePublications(db, group, dead, worker);
    rows.forEach(() => failPoint('publish.taken'));
    const [fresh, before] = halved(rows.map(this.#place), ({ row }) => row.state === 'seen');
    for (const { row, draft } of fresh) {
      for (const path of left.get(row.id) ?? []) if (path !== draft) await removeName(path);
    }
    const now = await faults.of(() => this.#writeDrafts(fresh, faults));
    return [...before, ...(now ?? [])];
  }

  /** @returns how many were published */
  async #publish(sealed: readonly Document[], faults: Faults): Promise<number> {
    return this.#record(await this.#reveal(sealed, faults), faults);
  }

  readonly #place = (row: Delivery): Document => {
    const { spool, worker } = this.#options;
    const folder = join(spool, row.folder);
    const draft = row.place ?? join(row.folder, draftName(row.id, worker.id, row.name));
    return { row, folder, draft: join(spool, draft), final: join(folder, row.name) };
  };

  #tellLost(fault: Fault, { folder, name: file, id: delivery }: Delivery): void {
    this.#options.emit('file.taken-over', { folder, file, delivery, ...faultFields(fault) });
  }

  /** @returns those whose bytes are on the disk, and their digests in the store */
  async #writeDrafts(fresh: readonly Document[], faults: Faults): Promise<Document[]> {
    const { db, lease } = this.#options;
    const written = await faults.ofEach(fresh, async (document) => {
      const bytes = await this.#options.seal(document.row);
      await lease.hold();
      await writeDraft(document.draft, bytes);
      const digest = createHash('sha256').update(bytes).digest('hex');
      const place = join(document.row.folder, basename(document.draft));
      return { ...document, sealed: { digest, size: bytes.length, place } };
    });
    const drafts = await synced(written, faults);
    if (drafts.length === 0) return [];
    drafts.forEach(() => failPoint('publish.drafted'));
    const { done, lost } = await inTransaction(db, (trx) => markSealed(trx, drafts));
    for (const { row, thrown } of lost) {
      await removeName(this.#place(row).draft); // Nobody else gives a draft this name.
      this.#tellLost(thrown, row);
      faults.add(thrown);
    }
    done.forEach(() => failPoint('publish.sealed'));
    return done.map(this.#place);
  }

  /** @returns those that have their final names, and no others */
  async #reveal(claimed: readonly Document[], faults: Faults): Promise<Document[]> {
    const { lease } = this.#options;
    const linked = await faults.ofEach(claimed, async (document) => {
      await lease.hold();
      const names = await namesOf(document.draft);
      // With a second link it was published before, and its reader may have moved that link on.
      if (names === 1) await linkFinal(document);
      return { ...document, hasDraft: names > 0 };
    });
    // Without a draft the file was published before a crash, and may have been taken by its reader since.
    const [drafts, published] = halved(linked, ({ hasDraft }) => hasDraft);
    const visible = await synced(drafts, faults, async (document) => {
      await lease.hold();
      await takeBack(document);
    });
    visible.forEach(() => failPoint('publish.linked'));
    const alone = await faults.ofEach(visible, async (document) => {
      await lease.hold();
      await removeName(document.draft);
      return document;
    });
    alone.forEach(() => failPoint('publish.unlinked'));
    return synced([...published, ...alone], faults);
  }

  /** One that cannot be recorded for reasons of its own does not keep the others from it. @returns how many were */
  async #record(published: readonly Document[], faults: Faults): Promise<number> {
    const rows = published.map(({ row }) => row);
    try {
      await this.#recordTogether(rows);
      return rows.length;
    } catch (thrown) {
      const fault = toFault(thrown);
      const [only, ...others] = rows;
      if (only && others.length === 0 && fault.code === 'LEASE_LOST') this.#tellLost(fault, only);
      if (others.length === 0 || !concernsOne(fault)) throw fault;
    }
    let recorded = 0;
    for (const each of published) recorded += (await faults.of(() => this.#record([each], faults))) ?? 0;
    return recorded;
  }

  async #recordTogether(rows: readonly Delivery[]): Promise<void> {
    const { db, clock, emit } = this.#options;
    if (rows.length === 0) return;
    await inTransaction(db, async (trx) => {
      // First: what follows from it is another's to do, or is done, when the document is another's by now.
      await markPublished(trx, rows, clock.now());
      await this.#options.onPublished(trx, rows);
      rows.forEach(() => failPoint('publish.written'));
    });
    for (const row of rows) {
      failPoint('publish.committed');
      emit('file.published', {
        folder: row.folder,
        file: row.name,
        delivery: row.id,
        digest: row.digest ?? '',
        ...(row.batch_id !== null && { batch: row.batch_id }),
      });
    }
  }
}

/** Whether others could do better without the one that this is about. */
const concernsOne = ({ class: kind, code }: Fault): boolean => kind === 'permanent' || code === 'LEASE_LOST';

/** What has gone wrong in a round: told at its end, so that the other documents go on. A bug ends it at once. */
class Faults {
  #first: Fault | undefined;

  /** @throws Fault of class bug */
  add(thrown: unknown): void {
    const fault = toFault(thrown);
    if (fault.class === 'bug') throw fault;
    this.#first ??= fault;
  }

  /** @returns nothing when it failed */
  async of<T>(work: () => Promise<T>): Promise<T | undefined> {
    const [value] = await this.ofEach([work], (each) => each());
    return value;
  }

  /** All at once, and none is left under way. @returns what those came to that went well */
  async ofEach<T, R>(list: readonly T[], work: (each: T) => Promise<R>): Promise<R[]> {
    const results = await Promise.allSettled(list.map(work));
    return results.flatMap((result) => {
      if (result.status === 'fulfilled') return [result.value];
      this.add(result.reason);
      return [];
    });
  }

  /** @throws Fault of the first that failed */
  throwFirst(): void {
    if (this.#first) throw this.#first;
  }
}

/**
 * Puts names on the disk that were given or taken, one fsync for each folder. When that fails, none of them is relied
 * on.
 *
 * @param undo what becomes of those in a folder that failed
 * @returns those in the other folders
 */
async function synced<T extends Document>(
  documents: readonly T[],
  faults: Faults,
  undo?: (document: T) => Promise<void>,
): Promise<T[]> {
  const folders = [...new Set(documents.map(({ folder }) => folder))];
  const good = await faults.ofEach(folders, (folder) => syncFolder(folder).then(() => folder));
  const [sure, unsure] = halved(documents, ({ folder }) => good.includes(folder));
  if (undo) await faults.ofEach(unsure, undo);
  return sure;
}

async function writeDraft(draft: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeNew(draft, bytes, 0o640);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    await removeName(draft); // Of an attempt whose digest was never recorded.
    await writeNew(draft, bytes, 0o640);
  }
}

/** How many names the file has that has this one; 0 when there is none. */
async function namesOf(draft: string): Promise<number> {
  try {
    return await linkCount(draft);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

/** @throws Fault OUTPUT_EXISTS */
async function linkFinal({ draft, final }: Document): Promise<void> {
  try {
    await linkNew(draft, final);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw new Fault('OUTPUT_EXISTS', final, { cause: error });
    throw error;
  }
}

/** The name is not relied on: unless its reader has it by now, it is taken away and given anew. */
async function takeBack({ draft, final }: Document): Promise<void> {
  if (await isSameFile(draft, final)) await removeName(final);
}

function halved<T>(list: readonly T[], belongs: (each: T) => boolean): [T[], T[]] {
  const [yes, no]: [T[], T[]] = [[], []];
  for (const each of list) (belongs(each) ? yes : no).push(each);
  return [yes, no];
}
