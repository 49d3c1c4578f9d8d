import { expect, test } from '@jest/globals';

import {
  countQueued,
  dueQueries,
  findByTransaction,
  insertProviderRequest,
  moveRequest,
  openProviderRequests,
  recordOutcome,
  requestedOrders,
  requireRequest,
  scheduleQuery,
  transactionsOfDevice,
  type RequestChange,
} from '../../../shared/store/provider-requests.ts';
import type { ProviderRequestState } from '../../../shared/store/states/provider-request.ts';
import { addBatch, addProviderRequest, later, now, numbers } from '../../support/store-examples.ts';
import type { StoreUnderTest } from '../store-suite.ts';

export function providerRequestsContract(store: StoreUnderTest): void {
  async function walk(id: number, states: ProviderRequestState[], change: RequestChange = {}) {
    let row = await requireRequest(store.db, id);
    for (const state of states) row = await moveRequest(store.db, row, state, change);
    return row;
  }
  const devices = (...ids: string[]) =>
    ids.map((deviceId) => ({ deviceId, providerDeviceId: `P${deviceId}` }));

  test('a request comes back with its orders and devices, ids digit for digit', async () => {
    const { id: batchId } = await addBatch(store.db);
    const orders = [
      { orderId: 7, orderNumber: 'ORDER-7', requestType: 'ORDER' as const, devices: devices('0001', '0002') },
      { orderId: 8, orderNumber: 'ORDER-8', requestType: 'VOID' as const, devices: [] },
    ];
    const body = { orders: [{ imei: '0012345678901234' }] };
    const request = { providerId: 'apple', batchId, transactionId: '0001234567890123', body, orders };
    const row = await requireRequest(store.db, await insertProviderRequest(store.db, request, now));
    expect(row).toMatchObject({
      batch_id: batchId,
      transaction_id: '0001234567890123',
      provider_transaction_id: null,
      state: 'queued',
      queries: 0,
      created_at: now.toISOString(),
    });
    expect(JSON.parse(row.body_json)).toEqual(body);
    expect(await requestedOrders(store.db, row.id)).toEqual(
      orders.map((order) => ({ ...order, outcome: 'open' })),
    );
  });

  test('a request holds more orders and devices than fit into one statement', async () => {
    const orders = numbers(601).map((orderId) => ({
      orderId,
      orderNumber: `O${orderId}`,
      requestType: 'ORDER' as const,
      devices: devices(`A${orderId}`, `B${orderId}`),
    }));
    const id = await addProviderRequest(store.db, 'T1', { orders });
    expect(await requestedOrders(store.db, id)).toEqual(
      orders.map((order) => ({ ...order, outcome: 'open' })),
    );
  });

  test('a transaction id is used once per provider', async () => {
    await addProviderRequest(store.db, 'T1');
    await expect(addProviderRequest(store.db, 'T1')).rejects.toThrow(/unique/i);
    await expect(addProviderRequest(store.db, 'T1', { providerId: 'other' })).resolves.toBeDefined();
  });

  test('a request is found by our id and by the provider’s, at its provider only', async () => {
    const id = await addProviderRequest(store.db, 'T1');
    await walk(id, ['sent', 'accepted'], { provider_transaction_id: 'THEIRS' });
    const find = async (provider: string, by: Parameters<typeof findByTransaction>[2]) =>
      (await findByTransaction(store.db, provider, by))?.id;
    expect(await find('apple', { ours: 'T1' })).toBe(id);
    expect(await find('apple', { theirs: 'THEIRS' })).toBe(id);
    expect(await find('apple', { ours: 'THEIRS' })).toBeUndefined();
    expect(await find('apple', { theirs: 'T1' })).toBeUndefined();
    expect(await find('other', { ours: 'T1' })).toBeUndefined();
    await expect(requireRequest(store.db, id + 1)).rejects.toMatchObject({ code: 'BUG' });
  });

  test('a move records what changed with it', async () => {
    const id = await addProviderRequest(store.db, 'T1');
    const before = await requireRequest(store.db, id);
    const change = { sent_at: now.toISOString(), last_error: 'x' };
    expect(await walk(id, ['sent'], change)).toEqual({ ...before, ...change, state: 'sent' });
    expect(await requireRequest(store.db, id)).toEqual({ ...before, ...change, state: 'sent' });
  });

  test('a move that the states do not allow is a bug, and changes nothing', async () => {
    const queued = await requireRequest(store.db, await addProviderRequest(store.db, 'T1'));
    const finish = () => moveRequest(store.db, queued, 'finished', { last_error: 'x' });
    await expect(finish()).rejects.toMatchObject({ code: 'BUG' });
    expect(await requireRequest(store.db, queued.id)).toEqual(queued);
  });

  test('the state in the store decides, not the one that the caller remembers', async () => {
    const remembered = await walk(await addProviderRequest(store.db, 'T1'), ['sent']);
    const finished = await walk(remembered.id, ['finished']);
    await expect(moveRequest(store.db, remembered, 'pending', {})).rejects.toMatchObject({ code: 'BUG' });
    expect(await requireRequest(store.db, remembered.id)).toEqual(finished);
  });

  test('outcomes belong to one order of one request', async () => {
    const orders = [1, 2].map((orderId) => ({
      orderId,
      orderNumber: 'O',
      requestType: 'ORDER' as const,
      devices: devices('SER1', 'SER2'),
    }));
    const id = await addProviderRequest(store.db, 'T1', { orders });
    const other = await addProviderRequest(store.db, 'T2', { orders });
    const errors = [{ code: 'DEP-ERR-1', message: 'no' }];
    await recordOutcome(store.db, id, {
      orderId: 1,
      outcome: 'failed',
      devices: [
        { deviceId: 'SER1', outcome: 'failed', errors },
        { deviceId: 'SER2', outcome: 'succeeded', errors: [] },
      ],
    });
    const outcomes = async (request: number) =>
      (await requestedOrders(store.db, request)).map((order) => order.outcome);
    expect(await outcomes(id)).toEqual(['failed', 'open']);
    expect(await outcomes(other)).toEqual(['open', 'open']);
    const [told, untouched] = await transactionsOfDevice(store.db, '1', 'SER1');
    expect(told).toMatchObject({ id, outcome: 'failed', provider_device_id: 'PSER1' });
    expect(JSON.parse(told?.errors_json ?? '')).toEqual(errors);
    expect(untouched).toMatchObject({ id: other, outcome: 'open', errors_json: null });
    expect((await transactionsOfDevice(store.db, '1', 'SER2'))[0]).toMatchObject({
      outcome: 'succeeded',
      errors_json: null,
    });
    expect((await transactionsOfDevice(store.db, '2', 'SER1'))[0]?.outcome).toBe('open');
  });

  test('results that are due are asked for, the longest waiting first', async () => {
    const waiting = async (name: string, states: ProviderRequestState[], seconds: number, theirs = true) => {
      const id = await addProviderRequest(store.db, name);
      await walk(id, states, theirs ? { provider_transaction_id: `P${name}` } : {});
      await scheduleQuery(store.db, id, 1, later(seconds));
    };
    await waiting('late', ['sent', 'accepted'], 30);
    await waiting('early', ['sent', 'pending'], 10);
    await waiting('future', ['sent', 'accepted'], 31);
    await waiting('nameless', ['sent', 'accepted'], 1, false);
    await waiting('done', ['sent', 'finished'], 1);
    await waiting('unsent', [], 1);
    const found = async (limit: number) =>
      (await dueQueries(store.db, later(30), limit)).map((row) => row.transaction_id);
    expect(await found(10)).toEqual(['early', 'late']);
    expect(await found(1)).toEqual(['early']);
    expect((await dueQueries(store.db, later(30), 1))[0]?.queries).toBe(1);
  });

  test('requests that wait to be sent are counted by batch', async () => {
    const [batch, other] = [await addBatch(store.db), await addBatch(store.db)];
    const first = await addProviderRequest(store.db, 'T1', { batchId: batch.id });
    await addProviderRequest(store.db, 'T2', { batchId: batch.id });
    await addProviderRequest(store.db, 'T3', { batchId: other.id });
    expect(await countQueued(store.db, batch.id)).toBe(2);
    await walk(first, ['sent']);
    expect(await countQueued(store.db, batch.id)).toBe(1);
    expect(await countQueued(store.db, 0)).toBe(0);
  });

  test('requests that are neither finished nor refused are open, the oldest first', async () => {
    const walks: Record<string, ProviderRequestState[]> = {
      queued: [],
      refused: ['sent', 'refused'],
      unknown: ['sent', 'unknown'],
      finished: ['sent', 'accepted', 'finished'],
      pending: ['sent', 'pending', 'pending'],
    };
    for (const [name, states] of Object.entries(walks)) {
      await walk(await addProviderRequest(store.db, name), states);
    }
    const open = async (limit: number) =>
      (await openProviderRequests(store.db, limit)).map((row) => row.transaction_id);
    expect(await open(10)).toEqual(['queued', 'unknown', 'pending']);
    expect(await open(2)).toEqual(['queued', 'unknown']);
  });
}
