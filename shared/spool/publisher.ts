import { createHash } from 'node:crypto';
import { join } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import { syncFolder, writeNew } from '../runtime/durable.ts';
import type { Emit } from '../runtime/events.ts';
import { failPoint } from '../runtime/fail-point.ts';
import { errnoOf, Fault, toFault } from '../runtime/faults.ts';
import type { StepResult, Task } from '../runtime/task-loop.ts';
import type { Delivery } from '../store/deliveries.ts';
import { markPublished, markSealed, takePublication, unpublished } from '../store/publications.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db, DeliveryPurpose } from '../store/tables.ts';
import { aliveWorkerIds, type Worker } from '../store/workers.ts';
import { exists, isSameFile, linkCount, linkNew, removeName } from './files.ts';
import { draftName } from './names.ts';
import { Daily, sweepDrafts } from './orphans.ts';

/** Files published in one round at most. */
const roundLimit = 100;

export interface PublisherOptions {
  readonly spool: string;
  readonly db: Db;
  readonly worker: Worker;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly purposes: readonly DeliveryPurpose[];
  /** The bytes of the file, from the queued document. */
  seal(row: Delivery): Promise<Uint8Array>;
  /** Part of the transaction that marks the file as published. */
  onPublished(trx: Db, row: Delivery): Promise<void>;
}

/**
 * Publishes queued documents into folders that somebody else reads:
 *
 *   seal → write .tmp-… in the same folder, fsync → row `claimed` with the digest → link to the final name →
 *   remove .tmp-… → fsync → row `done`, and what follows from it, in one transaction
 *
 * Sealing twice gives different bytes, so the digest is recorded before the file becomes visible: after a crash exactly
 * the same bytes are published, and a reader that has copied them already recognises them.
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
    const { db, purposes, worker } = this.#options;
    let worked = 0;
    let failed: Fault | undefined;
    await this.#orphans.run();
    for (const queued of await unpublished(db, purposes, roundLimit)) {
      if (stop.aborted) break;
      if (await this.#isHeld(queued)) continue;
      const row = await takePublication(db, queued, worker);
      if (!row) continue;
      try {
        await this.#publish(row);
        worked++;
      } catch (thrown) {
        const fault = toFault(thrown);
        if (fault.class === 'bug') throw fault;
        failed ??= fault;
      }
    }
    if (failed) throw failed;
    return { worked, refused: 0, waiting: 0 };
  }

  /** Whether another process that lives has it. */
  async #isHeld({ worker_id: holder }: Delivery): Promise<boolean> {
    const { db, worker, clock } = this.#options;
    if (holder === null || holder === worker.id) return false;
    return (await aliveWorkerIds(db, clock.now())).includes(holder);
  }

  async #publish(queued: Delivery): Promise<void> {
    const { db, spool, clock, emit } = this.#options;
    failPoint('publish.taken');
    const folder = join(spool, queued.folder);
    const draft = join(folder, draftName(queued.id, queued.name));
    const row = queued.state === 'seen' ? await this.#writeDraft(queued, folder, draft) : queued;
    // Without a draft the file was published before a crash, and may have been taken by its reader since.
    if (await exists(draft)) {
      await this.#reveal(draft, folder, row.name);
      failPoint('publish.linked');
      await removeName(draft);
      failPoint('publish.unlinked');
    }
    await syncFolder(folder);
    await inTransaction(db, async (trx) => {
      await this.#options.onPublished(trx, row);
      await markPublished(trx, row, join(row.folder, row.name), clock.now());
      failPoint('publish.written');
    });
    failPoint('publish.committed');
    emit('file.published', {
      folder: row.folder,
      file: row.name,
      delivery: row.id,
      digest: row.digest ?? '',
      ...(row.batch_id !== null && { batch: row.batch_id }),
    });
  }

  async #writeDraft(queued: Delivery, folder: string, draft: string): Promise<Delivery> {
    const bytes = await this.#options.seal(queued);
    await removeName(draft); // Of an attempt whose digest was never recorded.
    await writeNew(draft, bytes, 0o640);
    await syncFolder(folder);
    failPoint('publish.drafted');
    const digest = createHash('sha256').update(bytes).digest('hex');
    const row = await markSealed(this.#options.db, queued, { digest, size: bytes.length });
    failPoint('publish.sealed');
    return row;
  }

  /** @throws Fault OUTPUT_EXISTS */
  async #reveal(draft: string, folder: string, name: string): Promise<void> {
    const final = join(folder, name);
    try {
      // With a second link it was published before, and its reader may have moved that link on.
      if ((await linkCount(draft)) === 1) await linkNew(draft, final);
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') throw new Fault('OUTPUT_EXISTS', final, { cause: error });
      throw error;
    }
    try {
      await syncFolder(folder);
    } catch (error) {
      // The name is not relied on: unless its reader has it by now, it is taken away and given anew.
      if (await isSameFile(draft, final)) await removeName(final);
      throw error;
    }
  }
}
