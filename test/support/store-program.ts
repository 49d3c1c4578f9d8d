import { recordAudit } from '../../shared/store/audit.ts';
import { createBatch } from '../../shared/store/batches.ts';
import { toFault } from '../../shared/runtime/faults.ts';
import { migrateStore } from '../../shared/store/migrate.ts';
import { inTransaction, openStore } from '../../shared/store/open-store.ts';
import { openSqlite } from '../../shared/store/sqlite/open-sqlite.ts';
import type { Db } from '../../shared/store/tables.ts';
import { actor, newBatch, now, numbers } from './store-examples.ts';

/**
 * A process of its own that works on a store as its parent tells it (store-process.ts), one message after the other.
 * Every message is answered when it is done; `hold` when its transaction has written, and is still open.
 */
export interface Commands {
  migrate: (file: string) => Promise<string[]>;
  open: (file: string, busySeconds: number) => Promise<void>;
  /** Begins a transaction, writes a batch too large for the cache, and leaves it open. */
  hold: () => Promise<void>;
  /** Commits what `hold` began. */
  release: () => Promise<void>;
  note: (subject: string) => Promise<void>;
  /** In each of so many transactions: counts the notes, then writes a note of that number. */
  count: (times: number) => Promise<void>;
}

export type Told = { [Name in keyof Commands]: [Name, ...Parameters<Commands[Name]>] }[keyof Commands];
export type Answer = { readonly done: unknown } | { readonly fault: string; readonly class: string };

let db: Db;
const held = Promise.withResolvers<undefined>();
let holding: Promise<void>;

const note = (to: Db, subject: string) =>
  recordAudit(to, { who: 'test', action: 'note', subject, reason: null, before: null, after: null }, now);

const commands: Commands = {
  migrate: async (file) => {
    const store = openSqlite({ file, busySeconds: 10, create: true });
    try {
      return await migrateStore(store);
    } finally {
      await store.destroy();
    }
  },
  open: async (file, busySeconds) => {
    db = await openStore({ file, busySeconds });
  },
  hold: () =>
    new Promise((resolve, reject) => {
      const payload = 'x'.repeat(40_000);
      const items = numbers(1000).map((n) => ({ customerReference: String(n), description: '', payload }));
      holding = inTransaction(db, async (trx) => {
        await createBatch(trx, newBatch({ items }), actor, now);
        await note(trx, 'holder');
        resolve();
        await held.promise;
      });
      holding.catch(reject);
    }),
  release: () => {
    held.resolve(undefined);
    return holding;
  },
  note: (subject) => inTransaction(db, (trx) => note(trx, subject)),
  count: async (times) => {
    for (let done = 0; done < times; done++) {
      await inTransaction(db, async (trx) => {
        const notes = await trx.selectFrom('audit').select('id').execute();
        await note(trx, String(notes.length));
      });
    }
  },
};

async function answer([name, ...args]: Told): Promise<Answer> {
  try {
    const command = commands[name] as (...args: unknown[]) => Promise<unknown>;
    return { done: (await command(...args)) ?? null };
  } catch (error) {
    const fault = toFault(error);
    return { fault: fault.code, class: fault.class };
  }
}

process.on('message', (told: Told) => {
  void answer(told).then((answered) => process.send?.(answered));
});
