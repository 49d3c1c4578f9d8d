import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';

import { askProviders } from '../../../daemons/adaptor/ask-providers.ts';
import { releaseRequests } from '../../../daemons/adaptor/release-requests.ts';
import type { KeyRing } from '../../../shared/pgp/key-ring.ts';
import type { TestRuntime } from '../../support/test-runtime.ts';
import {
  adaptorRuntime,
  answer,
  apple,
  extracted,
  keyRing,
  order,
  publish,
  requestRows,
  responses,
  transform,
} from './scenes.ts';

let ring: KeyRing;
let rt: TestRuntime;
beforeAll(async () => {
  ring = await keyRing();
});
beforeEach(async () => {
  rt = await adaptorRuntime();
});
afterEach(() => rt.close());

/** A request that Apple has accepted. @returns our id */
async function accepted(orderId: number, tracking = 'tracking-1'): Promise<string> {
  await transform(rt, ring, await extracted(rt, [order(orderId, 1)]));
  await publish(rt);
  const tx = (await requestRows(rt)).at(-1)?.transaction_id ?? '';
  await answer(rt, `bulk-enroll-devices.${tx}.json`, apple.accepted(tracking));
  return tx;
}

const ask = async () => {
  const { worked } = await askProviders(rt);
  return { worked, files: await publish(rt) };
};

describe('questions for results', () => {
  test('are asked when their time has come, and again until the answer comes', async () => {
    const tx = await accepted(12);
    rt.pass(599);
    expect(await ask()).toEqual({ worked: 0, files: [] });
    rt.pass(1);
    expect(await ask()).toEqual({
      worked: 1,
      files: [
        {
          name: `provider/apple/outbound/check-transaction-status.${tx}.1.json`,
          body: expect.objectContaining({
            deviceEnrollmentTransactionId: 'tracking-1',
            depResellerId: '0F0F0F0F',
          }),
        },
      ],
    });
    expect(await ask()).toEqual({ worked: 0, files: [] });
    rt.pass(3600);
    expect((await ask()).files).toMatchObject([
      { name: `provider/apple/outbound/check-transaction-status.${tx}.2.json` },
    ]);
    expect(await requestRows(rt)).toMatchObject([{ state: 'accepted', queries: 2 }]);
  });

  test('an answer of pending moves the next question', async () => {
    const tx = await accepted(12);
    rt.pass(600);
    await ask();
    rt.pass(10);
    await answer(rt, `check-transaction-status.${tx}.1.json`, apple.pending);
    rt.pass(3599);
    expect((await ask()).worked).toBe(0);
    rt.pass(1);
    expect((await ask()).files).toHaveLength(1);
  });

  test('are not asked of a request that is finished', async () => {
    const tx = await accepted(12);
    await answer(rt, `check-transaction-status.${tx}.1.json`, apple.result({ 12: { 'S12-1': 'COMPLETE' } }));
    rt.pass(100_000);
    expect(await ask()).toEqual({ worked: 0, files: [] });
  });

  test('questions about requests that were sent together are spread out, by a fifth at most', async () => {
    for (let id = 1; id <= 16; id++) await accepted(id, `tracking-${id}`);
    const times = (await requestRows(rt)).map(
      (row) => Date.parse(row.next_query_at ?? '') - rt.clock.now().getTime(),
    );
    expect(new Set(times).size).toBe(16);
    expect(Math.min(...times)).toBe(600_000);
    expect(Math.max(...times)).toBeLessThan(720_000);
  });

  test('a provider that is no longer configured does not keep the others waiting', async () => {
    await accepted(12);
    await rt.db.updateTable('provider_request').set({ provider_id: 'gone' }).execute();
    const tx = await accepted(13, 'tracking-2');
    rt.pass(610);
    await expect(askProviders(rt)).rejects.toMatchObject({ code: 'UNKNOWN_PROVIDER' });
    expect(await publish(rt)).toMatchObject([
      { name: `provider/apple/outbound/check-transaction-status.${tx}.1.json` },
    ]);
  });
});

describe('a request without any answer', () => {
  const state = async () => (await requestRows(rt))[0]?.state;
  /** A request whose answer does not come. @returns our id */
  async function sent(): Promise<string> {
    await transform(rt, ring, await extracted(rt, [order(12, 1)]));
    await publish(rt);
    return (await requestRows(rt)).at(-1)?.transaction_id ?? '';
  }
  const reconciliation = (tx: string, n: number) => `show-order-details.${tx}.${n}.json`;
  const shown = (orders: object[]) => ({ statusCode: 'COMPLETE', orders });
  const onFile = shown([
    {
      orderNumber: '12',
      customerId: '880011',
      orderType: 'OR',
      deliveries: [{ deliveryNumber: 'DN-12', devices: [{ deviceId: 'S12-1' }] }],
    },
  ]);
  const noOrder = shown([
    { orderNumber: '12', showOrderStatusCode: 'DEP-ERR-5002', showOrderStatusMessage: 'no' },
  ]);

  test('is not sent again: after a day the provider is asked what became of it', async () => {
    const tx = await sent();
    rt.pass(86_399);
    expect((await ask()).worked).toBe(0);
    rt.pass(1);
    expect((await ask()).files).toMatchObject([
      { name: `provider/apple/outbound/${reconciliation(tx, 1)}`, body: { orderNumbers: ['12'] } },
    ]);
    expect(await state()).toBe('sent');
  });

  test('is finished by what the provider has on file', async () => {
    const tx = await sent();
    rt.pass(86_400);
    await ask();
    await answer(rt, reconciliation(tx, 1), onFile);
    expect(await state()).toBe('finished');
    expect((await responses(rt)).map((response) => response.order)).toEqual([
      { id: 12, devices: [{ deviceId: 'D1' }] },
    ]);
  });

  test('goes out again only when the provider said three times that it does not know it', async () => {
    const tx = await sent();
    rt.pass(86_400);
    for (const n of [1, 2]) {
      expect((await ask()).files).toHaveLength(1);
      await answer(rt, reconciliation(tx, n), noOrder);
      expect(await state()).toBe('sent');
      rt.pass(3600);
    }
    await ask();
    await answer(rt, reconciliation(tx, 3), noOrder);
    expect(await state()).toBe('queued');
    rt.pass(60);
    await releaseRequests(rt);
    expect((await publish(rt)).map(({ name }) => name)).toEqual([
      `provider/apple/outbound/bulk-enroll-devices.${tx}.2.json`,
    ]);
    expect(await requestRows(rt)).toMatchObject([{ state: 'sent', attempts: 2 }]);
  });

  test('the answer to an earlier question is none to the last', async () => {
    const tx = await sent();
    rt.pass(86_400);
    await ask();
    rt.pass(3600);
    await ask();
    await expect(answer(rt, reconciliation(tx, 1), onFile)).rejects.toMatchObject({
      code: 'UNEXPECTED_ANSWER',
    });
    await answer(rt, reconciliation(tx, 2), onFile);
    expect(await state()).toBe('finished');
  });

  test('an answer that comes late counts all the same', async () => {
    const tx = await sent();
    rt.pass(86_400);
    await ask();
    await answer(rt, reconciliation(tx, 1), noOrder);
    await answer(rt, `bulk-enroll-devices.${tx}.json`, apple.accepted());
    expect(await state()).toBe('accepted');
  });
});
