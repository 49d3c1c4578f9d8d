import { groupsOf } from '../shared/runtime/groups.ts';
import { itemsAfter, itemsOfBatches, type Batch, type BatchItem } from '../shared/store/batches.ts';
import type { Db } from '../shared/store/tables.ts';

/** An item that is to be worked on, and its batch. */
export interface OpenItem {
  readonly batch: Batch;
  readonly item: BatchItem;
}

/**
 * What is worked off in one transaction: the end of one batch, all of some others, the beginning of the next. Each of its
 * items is about another order, so that what is read of all these orders at first still holds when an item's turn comes.
 */
export interface Portion {
  /** Batches of which this is the beginning. */
  readonly begun: readonly Batch[];
  readonly items: readonly OpenItem[];
  /** Batches of which this is the end. */
  readonly ended: readonly Batch[];
}

/** Items of a portion, and batches that end in it, at most; also items read at once. */
const size = 100;
/** Small batches whose items are read by one query. */
const readTogether = { count: size, size, sizeOf: ({ record_count: records }: Batch) => records };

/** Cuts batches into portions, each batch behind the other. Items that are complete are left out. */
export async function* portionsOf(db: Db, batches: readonly Batch[]): AsyncGenerator<Portion> {
  let portion = emptyPortion();
  for (const group of groupsOf(batches, readTogether)) {
    const small = group.length > 1 ? await itemsOfSmall(db, group) : undefined;
    for (const batch of group) {
      portion.begun.push(batch);
      for await (const item of small?.get(batch.id) ?? itemsOf(db, batch)) {
        if (item.status === 'Complete') continue;
        if (portion.items.length === size || portion.orders.has(item.customer_reference)) {
          yield portion;
          portion = emptyPortion();
        }
        portion.items.push({ batch, item });
        portion.orders.add(item.customer_reference);
      }
      portion.ended.push(batch);
      if (portion.ended.length === size) {
        yield portion;
        portion = emptyPortion();
      }
    }
  }
  if (portion.ended.length > 0) yield portion;
}

const emptyPortion = () => ({
  begun: [] as Batch[],
  items: [] as OpenItem[],
  orders: new Set<string>(),
  ended: [] as Batch[],
});

/** What is left of a portion of which so many items are done. Pure. */
export function restOf(portion: Portion, done: number): Portion {
  const items = portion.items.slice(done);
  const open = new Set(items.map(({ batch }) => batch));
  return { begun: [], items, ended: portion.ended.filter((batch) => open.has(batch)) };
}

async function itemsOfSmall(db: Db, batches: readonly Batch[]): Promise<Map<number, BatchItem[]>> {
  const ids = batches.map(({ id }) => id);
  return Map.groupBy(await itemsOfBatches(db, ids), (item) => item.batch_id);
}

async function* itemsOf(db: Db, batch: Batch): AsyncGenerator<BatchItem> {
  let items: BatchItem[] = [];
  do {
    items = await itemsAfter(db, batch.id, items.at(-1)?.sequence ?? 0, size);
    yield* items;
  } while (items.length === size);
}
