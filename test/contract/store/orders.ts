import { expect, test } from '@jest/globals';

import {
  findOrder,
  insertOrder,
  listDispatches,
  orderLines,
  organisationsOf,
  recordDispatch,
  requireOrder,
  setOrganisation,
  updateOrder,
} from '../../../shared/store/orders.ts';
import { addBatch, later, newOrder, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function ordersContract(store: StoreUnderTest): void {
  test('an order comes back as it was put in, and awaits dispatch', async () => {
    const organisations = { apple: '0012345', other: '9007199254740993' };
    await insertOrder(store.db, newOrder('000123', { purchaseOrderNumber: '007', organisations }), now);
    expect(await requireOrder(store.db, '000123')).toEqual({
      id: '000123',
      status: 'Awaiting Dispatch',
      customer: 'Example Ltd',
      order_date: '2026-05-01T00:00:00.000Z',
      purchase_order_number: '007',
      enrolment_required: 1,
      pending_action: null,
      created_at: now.toISOString(),
      updated_at: now.toISOString(),
    });
    expect(Object.fromEntries(await organisationsOf(store.db, '000123'))).toEqual(organisations);
    expect(await orderLines(store.db, '000123')).toEqual([
      { order_id: '000123', line_number: 1, product: 'Phone', quantity: 2, provider_id: 'apple' },
    ]);
  });

  test('an order needs neither organisations nor enrolment', async () => {
    await insertOrder(store.db, newOrder('1', { organisations: {}, enrolmentRequired: false }), now);
    expect((await requireOrder(store.db, '1')).enrolment_required).toBe(0);
    expect((await organisationsOf(store.db, '1')).size).toBe(0);
  });

  test('leading zeros and sixteen digits are part of the number', async () => {
    for (const id of ['123', '0123', '9007199254740993']) await insertOrder(store.db, newOrder(id), now);
    expect((await requireOrder(store.db, '0123')).id).toBe('0123');
    expect(await findOrder(store.db, '00123')).toBeUndefined();
    expect(await findOrder(store.db, '9007199254740992')).toBeUndefined();
  });

  test('more lines than fit into one statement come back in order', async () => {
    const lines = numbers(1201).map((n) => ({
      lineNumber: 1202 - n,
      product: null,
      quantity: n,
      providerId: null,
    }));
    await insertOrder(store.db, newOrder('1', { lines }), now);
    expect((await orderLines(store.db, '1')).map((line) => line.line_number)).toEqual(numbers(1201));
  });

  test('an order of a number that is there already is refused, and changes nothing', async () => {
    await insertOrder(store.db, newOrder('1'), now);
    const second = newOrder('1', { customer: 'Other', organisations: { other: '2' } });
    await expect(insertOrder(store.db, second, now)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect((await requireOrder(store.db, '1')).customer).toBe('Example Ltd');
    expect([...(await organisationsOf(store.db, '1'))]).toEqual([['apple', '0012345']]);
  });

  test('an order that is not there is found by nobody', async () => {
    expect(await findOrder(store.db, '1')).toBeUndefined();
    await expect(requireOrder(store.db, '1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('an organisation is added or changed, at one provider of one order', async () => {
    await insertOrder(store.db, newOrder('1'), now);
    await insertOrder(store.db, newOrder('2'), now);
    await setOrganisation(store.db, '1', 'apple', '0000001');
    await setOrganisation(store.db, '1', 'other', 'x');
    expect(Object.fromEntries(await organisationsOf(store.db, '1'))).toEqual({
      apple: '0000001',
      other: 'x',
    });
    expect(Object.fromEntries(await organisationsOf(store.db, '2'))).toEqual({ apple: '0012345' });
  });

  test('a change touches what it names, and the time', async () => {
    await insertOrder(store.db, newOrder('1'), now);
    await insertOrder(store.db, newOrder('2'), now);
    const before = await requireOrder(store.db, '1');
    await updateOrder(store.db, '1', { pending_action: 'VOID' }, later(1));
    const after = { ...before, pending_action: 'VOID', updated_at: later(1).toISOString() };
    expect(await requireOrder(store.db, '1')).toEqual(after);
    expect((await requireOrder(store.db, '2')).pending_action).toBeNull();
    await updateOrder(store.db, '1', { pending_action: null, status: 'Complete' }, later(1));
    expect(await requireOrder(store.db, '1')).toEqual({ ...after, pending_action: null, status: 'Complete' });
  });

  test('a delivery number that arrives again is the same dispatch', async () => {
    await insertOrder(store.db, newOrder('1'), now);
    await insertOrder(store.db, newOrder('2'), now);
    const first = await addBatch(store.db);
    const second = await addBatch(store.db);
    const record = (orderId: string, deliveryNumber: string, batchId: number) =>
      recordDispatch(store.db, { orderId, deliveryNumber, warehouseId: 'W', dispatchedAt: 'T', batchId });
    const id = await record('1', '0007', first.id);
    expect(await record('1', '0007', second.id)).toBe(id);
    const others = [await record('1', '7', second.id), await record('2', '0007', second.id)];
    expect(new Set([id, ...others]).size).toBe(3);
    const dispatches = await listDispatches(store.db, '1');
    expect(dispatches.map((row) => [row.id, row.delivery_number, row.batch_id])).toEqual([
      [id, '0007', first.id],
      [others[0], '7', second.id],
    ]);
  });

  test('there is no dispatch without its order', async () => {
    const { id: batchId } = await addBatch(store.db);
    const dispatch = { orderId: '1', deliveryNumber: '1', warehouseId: 'W', dispatchedAt: 'T', batchId };
    await expect(recordDispatch(store.db, dispatch)).rejects.toThrow(/foreign key/i);
  });
}
