import { setImmediate as othersTurn } from 'node:timers/promises';

import { faultFields, type Emit } from '../shared/runtime/events.ts';
import { failPoint } from '../shared/runtime/fail-point.ts';
import { toFault, type Fault } from '../shared/runtime/faults.ts';
import {
  listBatches,
  moveBatch,
  moveBatches,
  requireBatch,
  settleItem,
  type Batch,
  type BatchItem,
} from '../shared/store/batches.ts';
import { withSavepoint } from '../shared/store/open-store.ts';
import type { Db } from '../shared/store/tables.ts';
import type { JobContext, JobResult } from './job.ts';
import { portionsOf, restOf, type OpenItem, type Portion } from './portions.ts';

/**
 * Applies one item inside a transaction.
 *
 * @param emit tells an event when the item is in the store
 * @throws Fault: the item ends in error, the others go on
 */
export type ItemHandler = (trx: Db, batch: Batch, item: BatchItem, emit: Emit) => Promise<void>;

/** Reads what the items of a portion need, and says how each of them is applied. */
export type PortionHandler = (trx: Db, items: readonly OpenItem[]) => Promise<ItemHandler>;

/** Where a batch stands that a job has to work on. */
const loaded = { stage: 'Extract/Load', status: 'Complete' } as const;
/** The same, left by a run that was interrupted. */
const inHand = { stage: 'Batch', status: 'In progress' } as const;

const taking = { direction: 'inbound', from: loaded, to: inHand } as const;
const finishing = {
  direction: 'inbound',
  from: inHand,
  to: { stage: 'Batch', status: 'Complete' },
} as const;

/** Batches of a type that stand where their job begins. */
export async function loadedBatches(db: Db, type: string, limit: number): Promise<Batch[]> {
  const found = await Promise.all(
    [loaded, inHand].map((standing) =>
      listBatches(db, { direction: 'inbound', type, standing, limit, order: 'oldest' }),
    ),
  );
  return found.flat().sort((a, b) => a.id - b.id);
}

/** As `processPortions`, where each item is applied by itself from the start. */
export const processBatches = (context: JobContext, type: string, handle: ItemHandler): Promise<JobResult> =>
  processPortions(context, type, () => Promise.resolve(handle));

/**
 * Works off the loaded batches of a type, portion by portion: a commit for each item would cost many times the item. Each
 * item is a part that fails by itself. A batch ends at Batch · Complete, or at Batch · Error if some of its items cannot
 * be processed.
 */
export async function processPortions(
  context: JobContext,
  type: string,
  begin: PortionHandler,
): Promise<JobResult> {
  const { db, onlyBatch } = context;
  const batches =
    onlyBatch === undefined ? await loadedBatches(db, type, 1000) : [await requireBatch(db, onlyBatch)];
  const total = batches.reduce((sum, batch) => sum + batch.record_count, 0);
  const tally = new Tally();
  for await (const portion of portionsOf(db, batches)) {
    let rest = portion;
    do {
      const applied = await processPortion(context, rest, begin, tally);
      await context.run.progress(tally.passed, total);
      // The driver of the store never waits: without this, no signal and no timer is heard before the job has ended.
      await othersTurn();
      rest = restOf(rest, applied.tried);
    } while (rest.items.length > 0);
  }
  return { batches: batches.length, records: tally.records, problems: tally.problems };
}

interface FailedItem extends OpenItem {
  readonly fault: Fault;
}

/** What came of a portion. */
interface Applied {
  /** Items that were brought to an end, of those of the portion the first. */
  readonly tried: number;
  /** Of these: those that cannot be processed. */
  readonly failed: readonly FailedItem[];
  /** What concerns more than an item, and ended the portion before its time. */
  readonly stopped: Fault | undefined;
}

/** What a run has done so far. */
class Tally {
  readonly problems: string[] = [];
  records = 0;
  /** Records of the batches that are settled. */
  #settled = 0;
  /** Of the batch in hand. */
  #sequence = 0;
  /** Batch -> its items in error. */
  readonly #failed = new Map<number, number>();

  /** Records that need no work any more in this run. */
  get passed(): number {
    return this.#settled + this.#sequence;
  }

  add(tried: readonly OpenItem[], failed: readonly FailedItem[], ended: readonly Batch[]): void {
    this.records += tried.length;
    for (const { batch, item, fault } of failed) {
      this.problems.push(`batch ${batch.id}, item ${item.sequence}: ${fault.message}`);
      this.#failed.set(batch.id, this.failedOf(batch) + 1);
    }
    for (const batch of ended) this.#settled += batch.record_count;
    const last = tried.at(-1);
    this.#sequence = last && !ended.includes(last.batch) ? last.item.sequence : 0;
  }

  failedOf(batch: Batch): number {
    return this.#failed.get(batch.id) ?? 0;
  }
}

/** Events of a transaction, which are told when it is committed. */
class Said {
  readonly #events: ((emit: Emit) => void)[] = [];

  readonly emit: Emit = (name, fields) => {
    this.#events.push((emit) => emit(name, fields));
  };

  get count(): number {
    return this.#events.length;
  }

  /** Forgets all but the first of them. */
  keep(count: number): void {
    this.#events.splice(count);
  }

  tell(emit: Emit): void {
    for (const event of this.#events) event(emit);
  }
}

/** A portion ends early after so long: whoever else writes waits for it, and gives up after `store.busySeconds`. */
const longestMilliseconds = 250;

/** Applies a portion in one transaction, or as much of it as can be. @throws Fault what concerns more than an item */
async function processPortion(
  context: JobContext,
  portion: Portion,
  begin: PortionHandler,
  tally: Tally,
): Promise<Applied> {
  const { said, applied, ended } = await context.run.transaction(async (trx) => {
    const said = new Said();
    await takeBatches(context, trx, portion.begun);
    const handle = await begin(trx, portion.items);
    const applied = await applyItems(context, trx, portion.items, handle, said);
    const rest = restOf(portion, applied.tried).ended;
    const ended = portion.ended.filter((batch) => !rest.includes(batch));
    await settleBatches(context, trx, ended, (batch) => tally.failedOf(batch) + failedIn(applied, batch));
    return { said, applied, ended };
  });
  said.tell(context.emit);
  const items = portion.items.slice(0, applied.tried);
  for (let good = items.length - applied.failed.length; good > 0; good--) failPoint('job.item-committed');
  for (let settled = ended.length; settled > 0; settled--) failPoint('job.batch-settled');
  tally.add(items, applied.failed, ended);
  if (applied.stopped) throw applied.stopped;
  return applied;
}

const failedIn = ({ failed }: Applied, batch: Batch): number =>
  failed.filter((item) => item.batch === batch).length;

const idsOf = (batches: readonly Batch[]): number[] => batches.map(({ id }) => id);

async function takeBatches(
  { worker, clock, run }: JobContext,
  trx: Db,
  batches: readonly Batch[],
): Promise<void> {
  await run.batches(trx, idsOf(batches), 'worked off');
  const fresh = batches.filter(({ stage }) => stage === loaded.stage);
  await moveBatches(trx, idsOf(fresh), taking, { actor: worker.actor, now: clock.now() });
  for (let taken = batches.length; taken > 0; taken--) failPoint('job.batch-taken');
}

async function settleBatches(
  { worker, clock }: JobContext,
  trx: Db,
  batches: readonly Batch[],
  failedOf: (batch: Batch) => number,
): Promise<void> {
  const good = batches.filter((batch) => failedOf(batch) === 0);
  await moveBatches(trx, idsOf(good), finishing, { actor: worker.actor, now: clock.now() });
  for (const batch of batches) {
    const failed = failedOf(batch);
    if (failed === 0) continue;
    const note = `${failed} item(s) in error`;
    await moveBatch(trx, batch.id, { stage: 'Batch', status: 'Error' }, worker.actor, clock.now(), note);
  }
}

/** Applies items until one of them meets what concerns more than the item, or until it is time to let others write. */
async function applyItems(
  { clock }: JobContext,
  trx: Db,
  items: readonly OpenItem[],
  handle: ItemHandler,
  said: Said,
): Promise<Applied> {
  const failed: FailedItem[] = [];
  const begin = clock.monotonic();
  let tried = 0;
  for (const { batch, item } of items) {
    const { count } = said;
    const undone = await withSavepoint(trx, async () => {
      await handle(trx, batch, item, said.emit);
      await settleItem(trx, item, null);
      failPoint('job.item-written');
    });
    if (undone) {
      said.keep(count);
      const fault = toFault(undone.thrown);
      if (fault.class === 'environment' || fault.class === 'transient')
        return { tried, failed, stopped: fault };
      // A bug, too, is kept to its item: the items behind it are somebody's devices.
      await settleItem(trx, item, fault.message);
      failed.push({ batch, item, fault });
      tellFailure(said.emit, { batch, item, fault });
    }
    tried++;
    if (clock.monotonic() - begin > longestMilliseconds) break;
  }
  return { tried, failed, stopped: undefined };
}

const tellFailure = (emit: Emit, { batch, item, fault }: FailedItem): void =>
  emit('item.failed', {
    batch: batch.id,
    interface: batch.type,
    item: item.sequence,
    ...faultFields(fault),
  });
