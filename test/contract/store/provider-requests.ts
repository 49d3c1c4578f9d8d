import { expect, test } from '@jest/globals';

import { waitingByAge } from '../../../shared/store/backlog.ts';
import { enrolledDevices } from '../../../shared/store/enrolled-devices.ts';
import {
  findByTransaction,
  insertProviderRequest,
  moveRequest,
  messageOf,
  noteRequest,
  openOrders,
  recordOutcomes,
  requestedOrders,
  requireRequest,
  sharedOrders,
  type RequestChange,
  type RequestedOrderRecord,
} from '../../../shared/store/provider-requests.ts';
import { openProviderRequests, transactionsOfDevice } from '../../../shared/store/request-lists.ts';
import { countQueued, dueQuestions, dueRequests } from '../../../shared/store/request-queue.ts';
import type { RequestType } from '../../../shared/generic/device-enrolment-request.ts';
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

  /** Orders as they come back while nothing is known of them. */
  const asOpen = (orders: readonly RequestedOrderRecord[]) =>
    orders.map((order) => ({
      ...order,
      outcome: 'open',
      devices: order.devices.map((device) => ({ ...device, outcome: 'open' })),
    }));

  test('what waits is counted by its age', async () => {
    await addProviderRequest(store.db, 'T1');
    await walk(await addProviderRequest(store.db, 'T2'), ['sent']);
    await walk(await addProviderRequest(store.db, 'T3'), ['sent', 'refused']);
    const minutesAfter = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
    const counted = await waitingByAge(store.db, [minutesAfter(1), minutesAfter(-1)]);
    expect(counted.sort((a, b) => a.queue.localeCompare(b.queue))).toEqual([
      { queue: 'request queued', name: 'apple', youngerThan: [0, 1], total: 1 },
      { queue: 'request sent', name: 'apple', youngerThan: [0, 1], total: 1 },
    ]);
  });

  test('a request comes back with its orders and devices, ids digit for digit', async () => {
    const { id: batchId } = await addBatch(store.db);
    const orders = [
      { orderId: 7, orderNumber: 'ORDER-7', requestType: 'ORDER' as const, devices: devices('0001', '0002') },
      { orderId: 8, orderNumber: 'ORDER-8', requestType: 'VOID' as const, devices: [] },
    ];
    const message = { orders: [{ imei: '0012345678901234' }] };
    const request = { providerId: 'apple', batchId, transactionId: '0001234567890123', message, orders };
    const row = await requireRequest(store.db, await insertProviderRequest(store.db, request, now));
    expect(row).toMatchObject({
      batch_id: batchId,
      transaction_id: '0001234567890123',
      provider_transaction_id: null,
      state: 'queued',
      queries: 0,
      created_at: now.toISOString(),
    });
    expect(await messageOf(store.db, row.id)).toEqual(message);
    expect(await requestedOrders(store.db, row.id)).toEqual(asOpen(orders));
  });

  test('a request holds more orders and devices than fit into one statement', async () => {
    const orders = numbers(601).map((orderId) => ({
      orderId,
      orderNumber: `O${orderId}`,
      requestType: 'ORDER' as const,
      devices: devices(`A${orderId}`, `B${orderId}`),
    }));
    const id = await addProviderRequest(store.db, 'T1', { orders });
    expect(await requestedOrders(store.db, id)).toEqual(asOpen(orders));
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
    await recordOutcomes(store.db, id, [
      {
        orderId: 1,
        outcome: 'failed',
        devices: [
          { deviceId: 'SER1', outcome: 'failed', errors },
          { deviceId: 'SER2', outcome: 'succeeded', errors: [] },
        ],
      },
    ]);
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

  test('a message is read by itself', async () => {
    const id = await addProviderRequest(store.db, 'T1', { message: { imei: '0012345678901234' } });
    expect(await messageOf(store.db, id)).toEqual({ imei: '0012345678901234' });
    await expect(messageOf(store.db, id + 1)).rejects.toThrow();
  });

  test('what is open of a request comes in portions, each order once, while they are settled', async () => {
    const orders = numbers(251).map((orderId) => ({
      orderId,
      orderNumber: `O${orderId}`,
      requestType: 'ORDER' as const,
      devices: devices(`A${orderId}`, `B${orderId}`),
    }));
    const id = await addProviderRequest(store.db, 'T1', { orders });
    const other = await addProviderRequest(store.db, 'T2', { orders });
    const errors = [{ code: 'E1', message: 'no' }];
    const failed = { deviceId: 'A1', outcome: 'failed' as const, errors };
    await recordOutcomes(store.db, id, [{ orderId: 1, outcome: 'unknown', devices: [failed] }]);
    const [begin, ...rest] = orders;
    const open = [{ ...begin, devices: devices('B1') }, ...rest];
    const portions: RequestedOrderRecord[][] = [];
    for await (const portion of openOrders(store.db, id)) {
      portions.push(portion);
      const outcomes = portion.map((order) => ({
        orderId: order.orderId,
        outcome: order.orderId === 2 ? ('unknown' as const) : ('succeeded' as const),
        isWhole: true,
        devices: order.devices.map(({ deviceId }) => ({
          deviceId,
          outcome: deviceId === 'A2' ? ('unknown' as const) : ('succeeded' as const),
          errors: [],
        })),
      }));
      await recordOutcomes(store.db, id, outcomes);
    }
    expect(portions.length).toBeGreaterThan(2);
    expect(portions.flat()).toMatchObject(open);
    const left: RequestedOrderRecord[] = [];
    for await (const portion of openOrders(store.db, id)) left.push(...portion);
    expect(left).toMatchObject([{ ...orders[1], devices: devices('A2') }]);
    // What was settled before stays what it was.
    const [told] = await transactionsOfDevice(store.db, '1', 'A1');
    expect(told).toMatchObject({ id, outcome: 'failed', errors_json: JSON.stringify(errors) });
    expect(await requestedOrders(store.db, other)).toEqual(asOpen(orders));
  });

  test('questions that are due are asked, the longest waiting first', async () => {
    const waiting = async (
      name: string,
      states: ProviderRequestState[],
      seconds: number,
      providerId = 'apple',
    ) => {
      const id = await addProviderRequest(store.db, name, { providerId });
      await walk(id, states);
      await noteRequest(store.db, id, { queries: 1, next_query_at: later(seconds).toISOString() });
    };
    await waiting('late', ['sent', 'accepted'], 30);
    await waiting('early', ['sent', 'pending'], 10);
    await waiting('future', ['sent', 'accepted'], 31);
    await waiting('lost', ['sent'], 20);
    await waiting('unclear', ['sent', 'unknown'], 21);
    await waiting('elsewhere', ['sent', 'accepted'], 1, 'other');
    await waiting('done', ['sent', 'finished'], 1);
    await waiting('unsent', [], 1);
    const found = async (limit: number, providers = ['apple']) =>
      (await dueQuestions(store.db, providers, later(30), limit)).map((row) => row.transaction_id);
    expect(await found(10)).toEqual(['early', 'lost', 'unclear', 'late']);
    expect(await found(1)).toEqual(['early']);
    expect(await found(1, ['apple', 'other'])).toEqual(['elsewhere']);
    expect((await dueQuestions(store.db, ['apple'], later(30), 1))[0]?.queries).toBe(1);
  });

  const about = (orderId: number, ...ids: string[]) => ({
    orders: [{ orderId, orderNumber: `${orderId}`, requestType: 'ORDER' as const, devices: devices(...ids) }],
  });
  const sendable = async (providers = ['apple'], seconds = 0) =>
    (await dueRequests(store.db, providers, later(seconds), 10)).map((row) => row.transaction_id);

  test('requests are sent when their time has come, the oldest first', async () => {
    const first = await addProviderRequest(store.db, 'T1', about(1, 'A'));
    await addProviderRequest(store.db, 'T2', about(2, 'B'));
    await addProviderRequest(store.db, 'T3', { ...about(3, 'C'), providerId: 'other' });
    expect(await sendable()).toEqual(['T1', 'T2']);
    expect(await sendable(['apple', 'other'])).toEqual(['T1', 'T2', 'T3']);
    await noteRequest(store.db, first, { release_at: later(10).toISOString() });
    expect(await sendable(['apple'], 9)).toEqual(['T2']);
    expect(await sendable(['apple'], 10)).toEqual(['T1', 'T2']);
    await noteRequest(store.db, first, { release_at: null });
    expect(await sendable()).toEqual(['T2']);
  });

  test('the next request about an order, or about a device, waits until the one before is finished', async () => {
    const first = await addProviderRequest(store.db, 'T1', about(1, 'A'));
    await addProviderRequest(store.db, 'T2', about(1, 'B'));
    await addProviderRequest(store.db, 'T3', about(2, 'A'));
    await addProviderRequest(store.db, 'T4', about(3, 'C'));
    await addProviderRequest(store.db, 'T5', { ...about(1, 'A'), providerId: 'other' });
    expect(await sendable()).toEqual(['T1', 'T4']);
    expect(await sendable(['other'])).toEqual(['T5']);
    await walk(first, ['sent', 'accepted']);
    expect(await sendable()).toEqual(['T4']);
    await walk(first, ['finished']);
    expect(await sendable()).toEqual(['T2', 'T3', 'T4']);
  });

  test('a part of a request that was too large stands where that one stood', async () => {
    const first = await addProviderRequest(store.db, 'T1', { ...about(1, 'A', 'B'), preparatory: true });
    await addProviderRequest(store.db, 'T2', about(1, 'A', 'B'));
    await addProviderRequest(store.db, 'T3', about(2, 'B'));
    await walk(first, ['sent', 'refused']);
    const parts = [
      await addProviderRequest(store.db, 'T4', { ...about(1, 'A'), preparatory: true, replacesId: first }),
      await addProviderRequest(store.db, 'T5', { ...about(1, 'B'), preparatory: true, replacesId: first }),
    ];
    for (const [index, part] of parts.entries()) {
      expect(await sendable()).toEqual([`T${index + 4}`]);
      await walk(part, ['sent', 'finished']);
      const devices = [{ deviceId: 'AB'.charAt(index), outcome: 'succeeded' as const, errors: [] }];
      await recordOutcomes(store.db, part, [{ orderId: 1, outcome: 'succeeded', devices }]);
    }
    expect(await sendable()).toEqual(['T2']);
    const [enrolling] = await dueRequests(store.db, ['apple'], now, 1);
    const devices = ['A', 'B'].map((deviceId) => ({ deviceId, outcome: 'succeeded' as const, errors: [] }));
    await recordOutcomes(store.db, enrolling?.id ?? 0, [{ orderId: 1, outcome: 'succeeded', devices }]);
    // The parts were recorded later, and came before.
    expect((await enrolledDevices(store.db, 'apple', 1)).map((row) => row.transactionId)).toEqual([
      'T2',
      'T2',
    ]);
  });

  test('what is enrolled of an order is for the organisation that its batch named', async () => {
    const item = (organisationId: string) => ({
      customerReference: '1',
      description: '1',
      payload: { id: 1, organisationId },
    });
    const enrolledFor = async (name: string, organisationId: string | null, deviceId: string) => {
      const { id: batchId } = await addBatch(store.db, {
        items: organisationId === null ? [] : [item(organisationId)],
      });
      const id = await addProviderRequest(store.db, name, { batchId, ...about(1, deviceId) });
      const devices = [{ deviceId, outcome: 'succeeded' as const, errors: [] }];
      await recordOutcomes(store.db, id, [{ orderId: 1, outcome: 'succeeded', devices }]);
    };
    await enrolledFor('T1', 'C-1', 'A');
    await enrolledFor('T2', 'C-2', 'B');
    await enrolledFor('T3', null, 'C');
    const organisations = (await enrolledDevices(store.db, 'apple', 1)).map((row) => row.organisationId);
    expect(organisations).toEqual(['C-1', 'C-2', undefined]);
  });

  test('orders that other requests of the batch ask for too are shared, preparatory ones apart', async () => {
    const { id: batchId } = await addBatch(store.db);
    const own = await addProviderRequest(store.db, 'T1', { batchId, ...about(1, 'A') });
    await addProviderRequest(store.db, 'T2', { batchId, ...about(1, 'B') });
    await addProviderRequest(store.db, 'T3', { batchId, ...about(2, 'C'), preparatory: true });
    await addProviderRequest(store.db, 'T4', about(3, 'D'));
    const request = await requireRequest(store.db, own);
    expect(await sharedOrders(store.db, request, [1, 2, 3])).toEqual(new Set([1]));
    expect(await sharedOrders(store.db, request, [])).toEqual(new Set());
  });

  test('an order may have the largest number that a generic file can name', async () => {
    const orderId = Number.MAX_SAFE_INTEGER;
    const { id: batchId } = await addBatch(store.db);
    const own = await addProviderRequest(store.db, 'T1', { batchId, ...about(orderId, 'A') });
    await addProviderRequest(store.db, 'T2', { batchId, ...about(orderId, 'B') });
    expect(await sharedOrders(store.db, await requireRequest(store.db, own), [orderId])).toEqual(
      new Set([orderId]),
    );
    await walk(own, ['sent', 'accepted']);
    const outcome = { orderId, outcome: 'succeeded' as const };
    const devices = [{ deviceId: 'A', outcome: 'succeeded' as const, errors: [] }];
    await recordOutcomes(store.db, own, [{ ...outcome, devices }]);
    expect(await enrolledDevices(store.db, 'apple', orderId)).toMatchObject([{ deviceId: 'A' }]);
  });

  test('what is enrolled of an order is what succeeded last, with the provider’s own number', async () => {
    const asked = async (name: string, requestType: RequestType, ids: string[], preparatory = false) => {
      const orders = [{ orderId: 1, orderNumber: '1', requestType, devices: devices(...ids) }];
      const id = await addProviderRequest(store.db, name, { orders, preparatory });
      const outcomes = ids.map((deviceId) => ({
        deviceId,
        outcome: deviceId === 'F' ? ('failed' as const) : ('succeeded' as const),
        errors: [],
        ...(deviceId === 'A' && { providerRecordId: `${name}/A` }),
      }));
      await recordOutcomes(store.db, id, [{ orderId: 1, outcome: 'succeeded', devices: outcomes }]);
    };
    const enrolled = async (provider = 'apple') =>
      (await enrolledDevices(store.db, provider, 1)).map(
        (row) =>
          `${row.deviceId} ${row.providerDeviceId} ${row.providerRecordId ?? '-'} ${row.transactionId}`,
      );
    await asked('T1', 'ORDER', ['B', 'A', 'F']);
    expect(await enrolled()).toEqual(['A PA T1/A T1', 'B PB - T1']);
    expect(await enrolled('other')).toEqual([]);
    await asked('T2', 'RETURN', ['A']);
    expect(await enrolled()).toEqual(['B PB - T1']);
    await asked('T3', 'OVERRIDE', ['B'], true);
    expect(await enrolled()).toEqual([]);
    await asked('T4', 'OVERRIDE', ['A', 'B']);
    expect(await enrolled()).toEqual(['A PA T4/A T4', 'B PB - T4']);
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
