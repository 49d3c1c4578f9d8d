import { expect, test } from '@jest/globals';

import { recordAudit } from '../../../shared/store/audit.ts';
import { createBatch } from '../../../shared/store/batches.ts';
import { devicesOfOrder } from '../../../shared/store/devices.ts';
import { inTurn } from '../../../shared/store/in-turn.ts';
import { inTransaction, withSavepoint } from '../../../shared/store/open-store.ts';
import type { Db } from '../../../shared/store/tables.ts';
import { actor, addDevices, newBatch, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';
import { auditOf } from '../../support/store-lookups.ts';

export function transactionsContract(store: StoreUnderTest): void {
  const items = numbers(1201).map((n) => ({
    customerReference: String(n),
    description: '',
    payload: { n },
  }));
  const note = (db: Db, subject: string) =>
    recordAudit(db, { who: 'pat', action: 'x', subject, reason: null, before: null, after: null }, now);

  async function rowsOf(db: Db): Promise<number[]> {
    const tables = [
      'batch',
      'batch_item',
      'batch_stage',
      'device',
      'device_history',
      'dispatch',
      'sales_order',
    ];
    const found = tables.map((table) =>
      db
        .selectFrom(table as 'batch')
        .select((select) => select.fn.countAll<number | string>().as('count'))
        .executeTakeFirstOrThrow(),
    );
    return (await Promise.all(found)).map((row) => Number(row.count));
  }
  const nothing = [0, 0, 0, 0, 0, 0, 0];

  test('a batch is visible to others whole or not at all', async () => {
    const other = await store.again();
    await inTransaction(store.db, async (trx) => {
      await createBatch(trx, newBatch({ items }), actor, now);
      expect((await rowsOf(trx)).slice(0, 3)).toEqual([1, 1201, 1]);
      expect(await rowsOf(other)).toEqual(nothing);
    });
    expect((await rowsOf(other)).slice(0, 3)).toEqual([1, 1201, 1]);
  });

  test('an error after the last statement leaves nothing of any table', async () => {
    const work = inTransaction(store.db, async (trx) => {
      await createBatch(trx, newBatch({ items }), actor, now);
      await addDevices(trx, '1', [{ deviceId: 'SER1' }, { deviceId: 'SER2' }]);
      throw new Error('too late');
    });
    await expect(work).rejects.toThrow('too late');
    expect(await rowsOf(store.db)).toEqual(nothing);
  });

  test('an error of the database in the last row leaves nothing of the rows before', async () => {
    const devices = numbers(1201).map((n) => ({ deviceId: `SER${Math.min(n, 1200)}` }));
    const work = inTransaction(store.db, (trx) => addDevices(trx, '1', devices));
    await expect(work).rejects.toThrow(/unique/i);
    expect(await rowsOf(store.db)).toEqual(nothing);
  });

  test('the store is of use after a transaction that failed', async () => {
    await inTransaction(store.db, () => Promise.reject(new Error('no'))).catch(() => undefined);
    expect(await inTransaction(store.db, (trx) => addDevices(trx, '1', [{ deviceId: 'SER1' }]))).toHaveLength(
      1,
    );
    expect(await devicesOfOrder(await store.again(), '1')).toHaveLength(1);
  });

  test('a transaction within a transaction is part of it', async () => {
    const work = inTransaction(store.db, async (trx) => {
      await inTransaction(trx, (inner) => note(inner, 'inner'));
      throw new Error('the outer one fails');
    });
    await expect(work).rejects.toThrow('the outer one fails');
    expect(await auditOf(store.db, 'inner')).toEqual([]);
  });

  test('a part of a transaction that fails leaves nothing; the parts before and behind it stay', async () => {
    const results: unknown[] = [];
    await inTransaction(store.db, async (trx) => {
      const part = (subject: string, end: () => unknown) =>
        withSavepoint(trx, async () => {
          await note(trx, subject);
          await end();
        });
      const failing = new Error('no');
      results.push(await part('first', () => undefined));
      results.push(await part('second', () => Promise.reject(failing)));
      results.push(await part('third', () => part('inner', () => Promise.reject(failing))));
      // An error of the database: other databases let nothing go on behind it but what undoes it.
      results.push(await part('fourth', () => addDevices(trx, '1', [{ deviceId: 'A' }, { deviceId: 'A' }])));
      await note(trx, 'last');
      expect(results).toEqual([
        undefined,
        { thrown: failing },
        undefined,
        { thrown: expect.objectContaining({ message: expect.stringMatching(/unique/i) }) },
      ]);
    });
    const left = async (subject: string) => (await auditOf(store.db, subject)).length;
    const subjects = ['first', 'second', 'third', 'inner', 'fourth', 'last'];
    expect(await Promise.all(subjects.map(left))).toEqual([1, 0, 1, 0, 0, 1]);
    expect(await devicesOfOrder(store.db, '1')).toEqual([]);
  });

  test('a part that was done is undone with its transaction', async () => {
    const work = inTransaction(store.db, async (trx) => {
      await withSavepoint(trx, () => note(trx, 'done'));
      throw new Error('too late');
    });
    await expect(work).rejects.toThrow('too late');
    expect(await auditOf(store.db, 'done')).toEqual([]);
  });

  test('transactions of one process do not mix: each has all of its own, also when another fails meanwhile', async () => {
    const transaction = (subject: string, fails: boolean) =>
      inTransaction(store.db, async (trx) => {
        for (let step = 0; step < 5; step++) await note(trx, subject);
        if (fails) throw new Error('no');
      });
    const results = await Promise.allSettled(numbers(10).map((n) => transaction(String(n), n % 2 === 0)));
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(5);
    for (const n of numbers(10)) expect(await auditOf(store.db, String(n))).toHaveLength(n % 2 === 0 ? 0 : 5);
  });

  /** A batch whose number of records is counted up. */
  const counter = async (): Promise<number> =>
    (await createBatch(store.db, newBatch({ items: [] }), actor, now)).id;
  const valueOf = async (db: Db, id: number): Promise<number> =>
    (await db.selectFrom('batch').select('record_count').where('id', '=', id).executeTakeFirstOrThrow())
      .record_count;
  const countUp = async (trx: Db, id: number): Promise<void> => {
    const record_count = (await valueOf(trx, id)) + 1;
    await trx.updateTable('batch').set({ record_count }).where('id', '=', id).execute();
  };

  test('D03 transactions that read and then write the same row: none of them is lost, whoever has to begin anew', async () => {
    const id = await counter();
    await Promise.all(numbers(5).map(() => inTransaction(store.db, (trx) => countUp(trx, id))));
    const part = (trx: Db) => withSavepoint(trx, () => countUp(trx, id));
    const thrown = await Promise.all(numbers(5).map(() => inTransaction(store.db, part)));
    expect(thrown).toEqual(numbers(5).map(() => undefined));
    expect(await valueOf(store.db, id)).toBe(10);
  });

  test('D03 transactions that take the same rows in another order: each of them is done', async () => {
    const [one, other] = [await counter(), await counter()];
    const both = (first: number, second: number) =>
      inTransaction(store.db, async (trx) => {
        await countUp(trx, first);
        await countUp(trx, second);
      });
    await Promise.all(numbers(6).map((n) => (n % 2 === 0 ? both(one, other) : both(other, one))));
    expect([await valueOf(store.db, one), await valueOf(store.db, other)]).toEqual([6, 6]);
  });

  test('a text with NUL, which not every engine has, is made harmless, and found again', async () => {
    await note(store.db, 'a\0b');
    expect(await auditOf(store.db, 'a\u2400b')).toMatchObject([{ subject: 'a\u2400b' }]);
    expect(await auditOf(store.db, 'a\0b')).toHaveLength(1);
  });

  test('in turn, each sees what those before it have added, whichever connection they have', async () => {
    const addUnlessFull = () =>
      inTurn(store.db, 'audit', async (trx) => {
        const notes = await auditOf(trx, 'turn');
        if (notes.length < 5) await note(trx, 'turn');
        return notes.length;
      });
    const seen = await Promise.all(numbers(10).map(addUnlessFull));
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4, 5, 5, 5, 5, 5]);
    expect(await auditOf(store.db, 'turn')).toHaveLength(5);
  });

  test.each([
    ['batch', 'stage'],
    ['batch', 'status'],
    ['device', 'status'],
    ['sales_order', 'status'],
  ] as const)('a value of %s.%s that the states do not know is refused', async (table, column) => {
    await addDevices(store.db, '1', [{ deviceId: 'SER1' }]);
    const update = store.db
      .updateTable(table)
      .set({ [column]: 'Lost' })
      .execute();
    await expect(update).rejects.toThrow(/check/i);
  });
}
