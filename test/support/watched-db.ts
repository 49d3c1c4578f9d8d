import type { Db } from '../../shared/store/tables.ts';

const watched = ['insertInto', 'updateTable', 'deleteFrom', 'transaction'];

/**
 * The store with an eye on it: `before` is called with the name of each call that writes, before it is made, and with
 * `committed` after each commit. What it throws, the caller gets.
 */
export function watchedDb(db: Db, before: (call: string) => void): Db {
  return new Proxy(db, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]): unknown => {
        if (watched.includes(String(key))) before(String(key));
        const result: unknown = Reflect.apply(value, target, given);
        return key === 'transaction' ? committing(result as ReturnType<Db['transaction']>, before) : result;
      };
    },
  });
}

const committing = (transaction: ReturnType<Db['transaction']>, before: (call: string) => void) => ({
  execute: async <T>(work: (trx: Db) => Promise<T>): Promise<T> => {
    const result = await transaction.execute(work);
    before('committed');
    return result;
  },
});
